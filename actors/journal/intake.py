"""How observations become durable: known already or not, and what they do to incidents.

The hot path of the appliance.  A batch is looked through in its order, and asks the file only what
it must; what is to be written is gathered, and written by a statement for each table.  The tables
are then as if each observation had come by itself.
"""

import datetime as dt
import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeAlias

import attrs

from actors.journal import core
from actors.journal.change import EVENT, Change
from actors.journal.core import Effect
from actors.journal.marks import Marks
from actors.journal.rows import INCIDENT, Cell, cells_of
from actors.journal.spelling import spelled
from actors.journal.store import Recording
from actors.messages import Fact, Incident, Moment, Move, Observation, Recorded, State
from runtime.codec import to_json

_SAME = "SELECT id, incident_id FROM observations WHERE agent_id = ? AND boot_id = ? AND seq = ?"
_OPEN = (
    "SELECT id, state FROM incidents"
    " WHERE site = ? AND host = ? AND check_id = ? AND state NOT IN ('closed', 'recurred')"
)
_PUT = f"INSERT INTO incidents ({INCIDENT}) VALUES ({', '.join('?' * (INCIDENT.count(',') + 1))})"  # noqa: S608  our own words
_CLOSE = (
    "UPDATE incidents SET state = 'closed', moved_at = ?, reason = '', due_wall = NULL,"
    " due_boot = NULL, due_monotonic = NULL, stalled_starts = 0 WHERE id = ?"
)
_AGAIN = "UPDATE incidents SET count = count + ?, last_seen = ? WHERE id = ?"
_ANSWER = "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_HEARD = (
    "INSERT INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    # One that is delivered once more after a fall is here already.
    " ON CONFLICT (id) DO NOTHING"
)
_NOTHING = Effect.NOTHING
_STATES = {state.value: state for state in State}

_Key: TypeAlias = tuple[str, str, str]
"""Site, host and check."""
_Cells: TypeAlias = tuple[Cell, ...]


def fullness_of(connection: sqlite3.Connection) -> float:
    """Give the share of its byte budget that a file uses; a page that is free counts as free."""
    used, free, limit = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "max_page_count")
    )
    return float((used - free) / limit)


@attrs.define
class Intake:
    """Takes the observations of one commit in."""

    change: Change
    marks: Marks
    new_id: Callable[[], str]
    """Names the incidents that they open."""
    fullness: float
    """Share of the byte budget that is used."""

    _ample: bool = attrs.field(init=False)
    """Whether whatever agents say is taken, and gets a row."""
    _now: str = attrs.field(init=False)
    _due: Moment = attrs.field(init=False)
    _open: dict[_Key, tuple[str, State] | None] = attrs.field(
        factory=dict[_Key, tuple[str, State] | None], init=False
    )
    """The open incidents of the drifts that were looked up."""
    _facts: dict[tuple[str, str, str | None], str] = attrs.field(
        factory=dict[tuple[str, str, str | None], str], init=False
    )
    _instant: tuple[dt.datetime, str] = attrs.field(init=False)
    # What is to be written.
    _closed: list[_Cells] = attrs.field(factory=list[_Cells], init=False)
    _opened: list[_Cells] = attrs.field(factory=list[_Cells], init=False)
    _again: dict[str, int] = attrs.field(factory=dict[str, int], init=False)
    _told: list[_Cells] = attrs.field(factory=list[_Cells], init=False)
    _answers: dict[_Key, _Cells] = attrs.field(factory=dict[_Key, _Cells], init=False)
    _rows: list[_Cells] = attrs.field(factory=list[_Cells], init=False)

    def __attrs_post_init__(self) -> None:
        self._ample = self.fullness < core.COALESCE
        self._now = self.change.at.wall.isoformat()
        self._due = self.change.at.after(core.STALLED_AFTER)
        self._instant = (self.change.at.wall, self._now)

    def take(self, heard: Sequence[Observation]) -> list[Recording]:
        """Take a batch in.

        Raises:
            UnicodeEncodeError, OverflowError: SQLite cannot spell what one of them says.
        """
        self.marks.begin(self.change.connection)
        recordings = [self._take(each) for each in heard]
        self._write()
        return recordings

    def _take(self, heard: Observation) -> Recording:
        if heard.seq is not None and (known := self._known(heard, heard.seq)) is not None:
            return Recording(known)
        key = (heard.site, heard.host, heard.check)
        if key in self._open:
            found = self._open[key]
        else:
            found = self._open[key] = self._looked_up(key)
        owner, state = found or (None, None)
        effect = core.effect_of(heard.status, state)
        if not self._ample and not core.admits(self.fullness, effect, heard.severity):
            return Recording(None)
        opened = None
        if effect is not _NOTHING:
            opened = self._follow(effect, heard, key, owner)
            if opened is not None:
                owner = opened.id
        self._keep(heard, key, effect, owner)
        return Recording(Recorded(heard.id, owner), opened)

    def _known(self, heard: Observation, seq: int) -> Recorded | None:
        connection = self.change.connection
        boot = (heard.agent_id, heard.boot_id)
        if self.marks.passes(connection, boot, seq):
            return None
        self._write()  # it may be one of these
        row = connection.execute(_SAME, (*boot, seq)).fetchone()
        return None if row is None else Recorded(row[0], row[1], duplicate=True)

    def _looked_up(self, key: _Key) -> tuple[str, State] | None:
        row = self.change.connection.execute(_OPEN, key).fetchone()
        return None if row is None else (row[0], _STATES[row[1]])

    def _follow(
        self, effect: Effect, heard: Observation, key: _Key, owner: str | None
    ) -> Incident | None:
        """Do to the open incident of the drift what is to be done; give the one that opens."""
        match effect, owner:
            case Effect.OPEN, None:
                return self._opening(heard, key, None)
            case Effect.RECUR, str():
                self._write()  # its count is read
                incident = self._opening(heard, key, owner)
                fact = Fact("recurred", {"as": incident.id})
                self.change.move(owner, Move(State.RECURRED, (State.HEALED,), fact))
                return incident
            case Effect.CLOSE, str():
                self._close(heard, key, owner)
            case Effect.ABSORB, str():
                self._again[owner] = self._again.get(owner, 0) + 1
            case Effect.NOTE, str():
                self._tell(owner, "passed_meanwhile", self._fact("by", heard.source), None, None)
            case _:
                pass
        return None

    def _opening(self, heard: Observation, key: _Key, follows: str | None) -> Incident:
        incident = core.opened(heard, self.new_id(), self.change.at, self._due, follows)
        self._open[key] = (incident.id, incident.state)
        self._opened.append(cells_of(incident, self._spelled))
        body = self._fact("source", heard.source, heard.check)
        self._tell(incident.id, "drift_observed", body, None, incident.state)
        return incident

    def _close(self, heard: Observation, key: _Key, owner: str) -> None:
        found = self._open[key]
        self._open[key] = None
        self._closed.append((self._now, owner))
        before = None if found is None else found[1]
        self._tell(owner, "passed", self._fact("by", heard.source), before, State.CLOSED)
        self.change.tickets.settle(owner, self.change.at)(self.change.connection)

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

    def _keep(self, heard: Observation, key: _Key, effect: Effect, owner: str | None) -> None:
        # Exact texts and numbers: SQLite's binding asks around what a subclass may stand for.
        status: str = heard.status._value_
        severity: str = heard.severity._value_
        when = self._spelled(heard.observed_at)
        said = (status, severity, int(heard.absent), heard.reason, heard.source, when)
        self._answers[key] = (*key, *said)
        if (self._ample and heard.source == "agent") or core.keeps_row(
            self.fullness, effect, heard
        ):
            identity = (heard.agent_id, heard.boot_id, heard.seq)
            self._rows.append(
                (heard.id, *key, status, when, *identity, owner, spelled(heard, when))
            )

    def _spelled(self, instant: dt.datetime) -> str:
        """Spell an instant; what arrived together often has one."""
        if instant is self.change.at.wall:
            return self._now
        if instant is not self._instant[0]:
            self._instant = (instant, instant.isoformat())
        return self._instant[1]

    def _write(self) -> None:
        """Write what was gathered."""
        connection = self.change.connection
        write = connection.executemany
        if self._closed:  # first: there is one open incident for a drift
            write(_CLOSE, self._closed)
            self._closed.clear()
        if self._opened:
            write(_PUT, self._opened)
            self._opened.clear()
        if self._again:
            write(_AGAIN, [(count, self._now, owner) for owner, count in self._again.items()])
            self._again.clear()
        if self._told:
            write(EVENT, self._told)
            self._told.clear()
        if self._answers:
            write(_ANSWER, self._answers.values())
            self._answers.clear()
        if self._rows:
            write(_HEARD, self._rows)
            self._rows.clear()
