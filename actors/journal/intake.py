"""How observations become durable: known already or not, and what they do to incidents.

The hot path of the appliance.  A batch is looked through in its order, and asks the file only what
nobody knows by heart; what is to be written is gathered, and written by a statement for each
table.  The tables are then as if each observation had come by itself.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs

from actors.journal import core
from actors.journal.change import EVENT, Change
from actors.journal.core import Effect
from actors.journal.memory import Drift, Key, Memory
from actors.journal.rows import INCIDENT, Cell, cells_of
from actors.journal.spelling import body_cell
from actors.journal.store import Recording
from actors.messages import Fact, Incident, Moment, Move, Observation, Recorded, State
from runtime.clock import millis
from runtime.codec import to_json

_SAME = "SELECT id, incident_id FROM observations WHERE start = ? AND seq = ?"
_PUT = f"INSERT INTO incidents ({INCIDENT}) VALUES ({', '.join('?' * (INCIDENT.count(',') + 1))})"  # noqa: S608  our own words
_CLOSE = (
    "UPDATE incidents SET state = 'closed', moved_at = ?, reason = '', due_wall = NULL,"
    " due_boot = NULL, due_monotonic = NULL, stalled_starts = 0 WHERE id = ?"
)
_AGAIN = "UPDATE incidents SET count = count + ?, last_seen = ? WHERE id = ?"
_FIRST_ANSWER = "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_OTHER_ANSWER = (
    "UPDATE answers SET status = ?, severity = ?, absent = ?, reason = ?, source = ?,"
    " answered_at = ? WHERE number = ?"
)
_SAME_ANSWER = "UPDATE answers SET answered_at = ? WHERE number = ?"
_HEARD = (
    "INSERT INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    # One that is delivered once more after a fall is here already.
    " ON CONFLICT (id) DO NOTHING"
)
# By heart, for the members of an enumeration are slow to look up.
_ABSORB, _CLOSE_IT, _RECUR = Effect.ABSORB, Effect.CLOSE, Effect.RECUR
_NOTHING = Effect.NOTHING

_Cells: TypeAlias = tuple[Cell, ...]
_Instant: TypeAlias = tuple[str, int]
"""Spelled, and in milliseconds since 1970."""


@attrs.define
class Intake:
    """Takes the observations of one commit in."""

    change: Change
    memory: Memory
    new_id: Callable[[], str]
    """Names the incidents that they open."""
    fullness: float
    """Share of the byte budget that is used."""

    _ample: bool = attrs.field(init=False)
    """Whether whatever agents say is taken, and gets a row."""
    _now: str = attrs.field(init=False)
    _due: Moment = attrs.field(init=False)
    _facts: dict[tuple[str, str, str | None], str] = attrs.field(
        factory=dict[tuple[str, str, str | None], str], init=False
    )
    _instants: dict[dt.datetime, _Instant] = attrs.field(
        factory=dict[dt.datetime, _Instant], init=False
    )
    # What is to be written.
    _closed: list[str] = attrs.field(factory=list[str], init=False)
    _opened: list[_Cells] = attrs.field(factory=list[_Cells], init=False)
    _again: dict[str, int] = attrs.field(factory=dict[str, int], init=False)
    _told: list[_Cells] = attrs.field(factory=list[_Cells], init=False)
    _first_answers: list[_Cells] = attrs.field(factory=list[_Cells], init=False)
    _other_answers: dict[int, _Cells] = attrs.field(factory=dict[int, _Cells], init=False)
    _same_answers: dict[int, str] = attrs.field(factory=dict[int, str], init=False)
    _rows: list[_Cells] = attrs.field(factory=list[_Cells], init=False)

    def __attrs_post_init__(self) -> None:
        self._ample = self.fullness < core.COALESCE
        self._now = self._spelled(self.change.at.wall)
        self._due = self.change.at.after(core.STALLED_AFTER)

    def take(self, heard: Sequence[Observation]) -> list[Recording]:
        """Take a batch in.

        Raises:
            UnicodeEncodeError, OverflowError: SQLite cannot spell what one of them says.
        """
        self.memory.begin(self.change.connection)
        self.memory.starts.meet(self.change.connection, heard, all_taken=self._ample)
        recordings = list(map(self._take, heard))
        self._write()
        self.memory.starts.write(self.change.connection)
        return recordings

    def _take(self, heard: Observation) -> Recording:
        seq, connection = heard.seq, self.change.connection
        start, jump, late = None, None, False
        if seq is not None:
            start = self.memory.starts.of((heard.agent_id, heard.boot_id))
            late = seq <= start.last
            if late and (same := self._same(start.number, seq)) is not None:
                return Recording(same)
        key = (heard.site, heard.host, heard.check)
        drift = self.memory.drift(connection, key)
        at, at_ms = self._instant(heard.observed_at)
        # Later events of its start came before it, and its check has answered since: it was put
        # off, or is a repeat that has no row.
        late = late and at <= drift.at
        effect = core.effect_of(heard.status, drift.state, late=late)
        if not self._ample and not core.admits(self.fullness, effect, heard.severity):
            return Recording(None)
        owner, opened = drift.owner, None
        if effect is not _NOTHING and (opened := self._follow(effect, heard, drift)) is not None:
            owner = opened.id
        if start is not None:
            jump = self.memory.starts.count(connection, start, heard, at_ms)
        if not late:
            self._answer(heard, key, drift, at)
        if (self._ample and heard.source == "agent") or core.keeps_row(
            self.fullness, effect, heard
        ):
            self._rows.append(
                (
                    # Exact texts: SQLite's binding asks around what a subclass may stand for.
                    heard.id, heard.host, heard.check, heard.status._value_, at, seq,
                    None if start is None else start.number, owner,
                    body_cell(heard),
                )
            )  # fmt: skip
        return Recording(Recorded(heard.id, owner, late=late), opened, jump)

    def _same(self, start: int, seq: int) -> Recorded | None:
        self._write()  # it may be one of these
        row = self.change.connection.execute(_SAME, (start, seq)).fetchone()
        return None if row is None else Recorded(row[0], row[1], duplicate=True)

    def _follow(self, effect: Effect, heard: Observation, drift: Drift) -> Incident | None:
        """Do to the open incident of the drift what is to be done; give the one that opens."""
        owner = drift.owner
        if owner is None:
            return self._opening(heard, drift, None)
        if effect is _ABSORB:
            self._again[owner] = self._again.get(owner, 0) + 1
        elif effect is _CLOSE_IT:
            self._close(heard, drift, owner)
        elif effect is _RECUR:
            self._write()  # its count is read
            incident = self._opening(heard, drift, owner)
            fact = Fact("recurred", {"as": incident.id})
            self.change.move(owner, Move(State.RECURRED, (State.HEALED,), fact))
            return incident
        else:
            self._tell(owner, "passed_meanwhile", self._fact("by", heard.source), None, None)
        return None

    def _opening(self, heard: Observation, drift: Drift, follows: str | None) -> Incident:
        incident = core.opened(heard, self.new_id(), self.change.at, self._due, follows)
        drift.owner, drift.state = incident.id, incident.state
        self._opened.append(cells_of(incident, self._spelled))
        body = self._fact("source", heard.source, heard.check)
        self._tell(incident.id, "drift_observed", body, None, incident.state)
        return incident

    def _close(self, heard: Observation, drift: Drift, owner: str) -> None:
        before, drift.owner, drift.state = drift.state, None, None
        self._closed.append(owner)
        self._tell(owner, "passed", self._fact("by", heard.source), before, State.CLOSED)

    def _fact(self, word: str, source: str, check: str | None = None) -> str:
        """Spell the body of a fact, each of them once."""
        known = self._facts.get((word, source, check))
        if known is None:
            body = {word: source} if check is None else {word: source, "check": check}
            known = self._facts[word, source, check] = to_json(body)
        return known

    def _tell(
        self, owner: str, kind: str, body: str, before: State | None, after: State | None
    ) -> None:
        was = None if before is None else before._value_
        now = None if after is None else after._value_
        self._told.append((owner, self._now, kind, was, now, body))

    def _answer(self, heard: Observation, key: Key, drift: Drift, at: str) -> None:
        said = (
            heard.status._value_,
            heard.severity._value_,
            1 if heard.absent else 0,
            heard.reason,
            heard.source,
        )
        number = drift.answer
        if number is None:
            number = drift.answer = self.memory.next_answer
            self.memory.next_answer += 1
            self._first_answers.append((number, *key, *said, at))
        elif said == drift.said:
            self._same_answers[number] = at
        else:
            self._same_answers.pop(number, None)
            self._other_answers[number] = (*said, at, number)
        drift.said, drift.at = said, at

    def _instant(self, instant: dt.datetime) -> _Instant:
        # What arrived together often has one.
        known = self._instants.get(instant)
        if known is None:
            known = self._instants[instant] = (instant.isoformat(), millis(instant))
        return known

    def _spelled(self, instant: dt.datetime) -> str:
        return self._instant(instant)[0]

    def _write(self) -> None:
        """Write what was gathered."""
        connection, now = self.change.connection, self._now
        for sql, rows in (
            # First: there is one open incident for a drift.
            (_CLOSE, [(now, owner) for owner in self._closed]),
            (_PUT, self._opened),
            (_AGAIN, [(count, now, owner) for owner, count in self._again.items()]),
            (EVENT, self._told),
            (_FIRST_ANSWER, self._first_answers),
            (_OTHER_ANSWER, self._other_answers.values()),
            (_SAME_ANSWER, [(at, number) for number, at in self._same_answers.items()]),
            (_HEARD, self._rows),
        ):
            if rows:
                connection.executemany(sql, rows)
        if self._closed:
            self.change.tickets.settle(self._closed, self.change.at)(connection)
        for written in (
            self._closed, self._opened, self._again, self._told, self._first_answers,
            self._other_answers, self._same_answers, self._rows,
        ):  # fmt: skip
            written.clear()
