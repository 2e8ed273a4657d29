"""How the answers to a check are counted in, within the commit that keeps them."""

import sqlite3
from collections.abc import Sequence

import attrs

from actors.coverage.core import Cause, Hole, hole_between
from actors.coverage.memory import Account, Key, Memory
from actors.coverage.rows import hole_of
from actors.messages import Observation, Status
from runtime.clock import millis

_ON = "UPDATE watched SET last_at = ? WHERE number = ?"
_FIRST = (
    "INSERT INTO watched (site, host, check_id, source, interval_ms, since, last_at, unanswered,"
    " reason, heard_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0, '', ?)"
)
_GET = (
    "SELECT source, interval_ms, since, last_at, unanswered, reason, heard_at FROM watched"
    " WHERE site = ? AND host = ? AND check_id = ? AND retired_at IS NULL"
)
_PUT = (
    "INSERT OR REPLACE INTO watched (site, host, check_id, source, interval_ms, since, last_at,"
    " unanswered, reason, heard_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_DIG = "INSERT OR REPLACE INTO holes VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_HOLE = (
    "SELECT began, ended, interval_ms, cause, reason FROM holes"
    " WHERE site = ? AND host = ? AND check_id = ? AND began < ? AND ended > ?"
)
_CLOSE = "DELETE FROM holes WHERE site = ? AND host = ? AND check_id = ? AND began = ?"
_WHY = (
    "SELECT (SELECT first_at FROM starts WHERE agent_id = :agent AND boot_id = :boot),"
    " EXISTS (SELECT 1 FROM lost_events"
    " WHERE agent_id = :agent AND began < :ended AND ended > :began)"
)

_OBSERVING = frozenset({Status.PASS, Status.FAIL})


@attrs.frozen
class Watched:
    """The account of one check, as it is kept."""

    source: str
    interval: int
    since: int
    last_at: int | None = None
    unanswered: int = 0
    reason: str = ""
    heard_at: int = 0

    @property
    def mark(self) -> int:
        """From where the next hole counts; one that was never observed has been one throughout."""
        return self.since - self.interval if self.last_at is None else self.last_at


@attrs.define
class TimesOfBatch:
    """Counts the answers of a batch in; those in time move nothing but `last_at`.

    `source` and `heard_at` are then left as they were.
    """

    connection: sqlite3.Connection
    memory: Memory
    _in_time: dict[int, int] = attrs.field(factory=dict[int, int], init=False)
    """By number, the instant of the last of them."""
    _others: dict[Key, list[Observation]] = attrs.field(
        factory=dict[Key, list[Observation]], init=False
    )
    _intervals: dict[Key, int] = attrs.field(factory=dict[Key, int], init=False)
    """Of the others."""

    def hear(self, answer: Observation, at: int, interval: int) -> None:
        """Take an answer that was given at an instant, with its interval."""
        key = (answer.site, answer.host, answer.check)
        if observes(answer) and key not in self._others:
            known = self.memory.account(self.connection, key)
            if known is None:
                cells = (*key, answer.source, interval, at, at, at)
                number = self.connection.execute(_FIRST, cells).lastrowid or 0
                self.memory.opened(key, Account(number, at, interval))
                return
            if known.interval == interval and 0 <= at - known.last_at <= known.reach:
                known.last_at = self._in_time[known.number] = at
                return
        self._others.setdefault(key, []).append(answer)
        self._intervals[key] = interval

    def write(self) -> None:
        """Write what was heard."""
        self.connection.executemany(_ON, [(at, each) for each, at in self._in_time.items()])
        for key, answers in self._others.items():
            Times(self.connection, key, self._intervals[key]).count(answers)
            self.memory.changed(key)


@attrs.frozen
class Times:
    """Counts the answers to one check of a host."""

    connection: sqlite3.Connection
    key: Key
    interval: int

    def count(self, answers: Sequence[Observation]) -> None:
        """Count answers in, in whatever order they come."""
        instants = [millis(each.observed_at) for each in answers]
        for at, each in sorted(zip(instants, answers, strict=True), key=lambda pair: pair[0]):
            self._count(each, at)

    def _count(self, answer: Observation, at: int) -> None:
        row = self.connection.execute(_GET, self.key).fetchone()
        if row is None:
            seen = at if observes(answer) else None
            kept = Watched(answer.source, self.interval, at, seen)
        else:
            kept = Watched(*row)
            if observes(answer):
                kept = self._observed(kept, answer, at)
        if not observes(answer) and at >= kept.mark:
            kept = attrs.evolve(
                kept,
                unanswered=kept.unanswered + 1,
                reason=answer.reason or answer.status.value,
            )
        kept = attrs.evolve(
            kept,
            source=answer.source,
            interval=self.interval,
            heard_at=max(kept.heard_at, at),
        )
        self.connection.execute(_PUT, (*self.key, *attrs.astuple(kept)))

    def _observed(self, kept: Watched, answer: Observation, at: int) -> Watched:
        if at < kept.since:  # heard late, from before the account began
            if kept.last_at is None:
                return attrs.evolve(kept, since=at, last_at=at)
            self._dig(hole_between(at, kept.since, kept.interval))
            return attrs.evolve(kept, since=at)
        if at < kept.mark:  # heard late, from what counted as a hole, or from beside it
            self._split(at)
            return kept
        hole = hole_between(kept.mark, at, kept.interval)
        if hole is not None:
            self._dig(self._explained(hole, kept, answer))
        return attrs.evolve(kept, last_at=at, unanswered=0, reason="")

    def _dig(self, hole: Hole | None) -> None:
        if hole is not None:
            self.connection.execute(_DIG, (*self.key, *attrs.astuple(hole)))

    def _split(self, at: int) -> None:
        row = self.connection.execute(_HOLE, (*self.key, at, at)).fetchone()
        if row is not None:
            hole = hole_of(row)
            self.connection.execute(_CLOSE, (*self.key, hole.began))
            for part in hole.split(at):
                self._dig(part)

    def _explained(self, hole: Hole, kept: Watched, answer: Observation) -> Hole:
        """Say why nothing was observed, now that something is again."""
        if kept.unanswered:
            return attrs.evolve(hole, cause=Cause.UNANSWERED, reason=kept.reason)
        if answer.seq is None:
            return hole
        names = {"agent": answer.agent_id, "boot": answer.boot_id}
        began, lost = self.connection.execute(
            _WHY, {**names, "began": hole.began, "ended": hole.ended}
        ).fetchone()
        if began > hole.began:
            return attrs.evolve(hole, cause=Cause.RESTART)
        return attrs.evolve(hole, cause=Cause.SEQUENCE_GAP) if lost else hole


def observes(answer: Observation) -> bool:
    """Say whether an answer observed something; that nothing is there to ask about does too."""
    return answer.status in _OBSERVING or answer.absent
