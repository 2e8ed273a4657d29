"""Coverage in SQLite."""

import datetime as dt
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeAlias

import attrs

from actors.coverage.core import Cause, Hole, Span, account, hole_between
from actors.coverage.memory import Memory
from actors.coverage.numbers import count
from actors.coverage.rows import hole_of, instant
from actors.coverage.store import AgentCoverage, CheckCoverage, CoverageReport
from actors.coverage.times import TimesOfBatch, Watched
from actors.messages import Jump, Observation
from runtime.clock import millis
from runtime.store import Query, Write

Beat: TypeAlias = Callable[[Observation], float | None]
"""Seconds between two answers of this kind; None where no further one is expected."""

SCHEMA: Traversable = files("actors.coverage") / "schema"

LOOK_S = 900.0
"""Seconds between two signs of life of the appliance, and two looks for what is unobserved."""

_SILENT = round(2 * LOOK_S * 1000)
"""An appliance without a sign of life for longer does not run."""

_ALIVE = (
    "SELECT max((SELECT max(at) FROM alive),"
    " (SELECT coalesce(max(max(heard_at, coalesce(last_at, 0))), 0) FROM watched))"
)
"""Null before the first start; whoever answers is heard by somebody."""


@attrs.frozen
class SqliteCoverage:
    """The memory of the coverage room; see `CoverageMemory` for what each method promises."""

    beat: Beat
    _memory: Memory = attrs.field(factory=Memory, init=False, eq=False, repr=False)

    def heard(self, observations: Sequence[Observation], jumps: Sequence[Jump]) -> Write[None]:
        """Count in what is kept in the same commit."""

        def write(connection: sqlite3.Connection) -> None:
            self._memory.begin(connection)
            for jump in jumps:  # first: they say why a time was not observed
                count(connection, jump)
            times = TimesOfBatch(connection, self._memory)
            observed_at, at = None, 0
            for each in observations:
                if each.observed_at is not observed_at:  # what arrived together often has one
                    observed_at = each.observed_at
                    at = millis(observed_at)
                if (beat := self.beat(each)) is not None:
                    times.hear(each, at, round(beat * 1000))
            times.write()

        return write

    def settled(self) -> None:
        """The last batch that was counted in is durable: what it taught holds."""
        self._memory.settled()

    def begin(self, now: dt.datetime) -> Write[None]:
        """At a start: since the last sign of life the appliance was not there."""
        ended = millis(now)

        def write(connection: sqlite3.Connection) -> None:
            [began] = connection.execute(_ALIVE).fetchone()
            if began is not None and began < ended:
                connection.execute("INSERT OR REPLACE INTO outages VALUES (?, ?)", (began, ended))
            _live(connection, ended)

        return write

    def keep(
        self, now: dt.datetime, asked: Collection[tuple[str, str]], retention_days: int
    ) -> Write[None]:
        """Leave a sign of life, forget what is old, end the account of what nobody asks."""
        before = millis(now - dt.timedelta(days=retention_days))

        def write(connection: sqlite3.Connection) -> None:
            _live(connection, millis(now))
            _set_right(connection, millis(now))
            _retire(connection, asked, millis(now))
            _forget(connection, before)
            self._memory.forget()

        return write

    def report(
        self, now: dt.datetime, window_s: float, host: str = "", check: str = ""
    ) -> Query[CoverageReport]:
        """Say what was observed in the window that ends now."""
        window = Span(millis(now) - round(window_s * 1000), millis(now))

        def query(connection: sqlite3.Connection) -> CoverageReport:
            outages = list(_outages(connection, window))
            return CoverageReport(
                instant(window.first),
                now,
                list(_checks(connection, window, outages, (host, check))),
                list(_agents(connection, window, host)),
                outages,
            )

        return query


def _live(connection: sqlite3.Connection, now: int) -> None:
    connection.execute("INSERT OR REPLACE INTO alive VALUES (1, ?)", (now,))


_OF_A_CLOCK_AHEAD = (
    (
        "UPDATE watched SET last_at = min(last_at, ?1), since = min(since, ?1),"
        " heard_at = min(heard_at, ?1), retired_at = min(retired_at, ?1)"
        " WHERE last_at > ?1 OR since > ?1 OR heard_at > ?1 OR retired_at > ?1"
    ),
    "DELETE FROM holes WHERE began >= ?1",
    "DELETE FROM holes WHERE ended > ?1 AND ?1 - began <= interval_ms + interval_ms / 2",
    "UPDATE holes SET ended = ?1 WHERE ended > ?1",
    "DELETE FROM outages WHERE began >= ?1",
    "UPDATE outages SET ended = ?1 WHERE ended > ?1",
    "UPDATE lost_events SET began = min(began, ?1), ended = ?1 WHERE ended > ?1",
)


def _set_right(connection: sqlite3.Connection, now: int) -> None:
    """End by now what would end later: the clock was ahead, and nothing of that was observed."""
    for statement in _OF_A_CLOCK_AHEAD:
        connection.execute(statement, (now,))


def _retire(connection: sqlite3.Connection, asked: Collection[tuple[str, str]], now: int) -> None:
    rows = connection.execute(
        "SELECT host, check_id FROM watched WHERE source = 'scanner' AND retired_at IS NULL"
    ).fetchall()
    connection.executemany(
        "UPDATE watched SET retired_at = ? WHERE host = ? AND check_id = ?",
        [(now, *row) for row in rows if row not in asked],
    )


def _forget(connection: sqlite3.Connection, before: int) -> None:
    for table in ("holes", "lost_events", "outages"):
        connection.execute(f"DELETE FROM {table} WHERE ended < ?", (before,))  # noqa: S608
    connection.execute("DELETE FROM watched WHERE coalesce(last_at, since) < ?", (before,))
    # What is forgotten is accounted for no longer, neither as seen nor as unseen.
    connection.execute("UPDATE watched SET since = ?1 WHERE since < ?1", (before,))


def _outages(connection: sqlite3.Connection, window: Span) -> Iterator[Span]:
    for began, ended in connection.execute(
        "SELECT began, ended FROM outages WHERE ended > ? ORDER BY began", (window.first,)
    ):
        yield Span(began, ended).within(window)
    [alive] = connection.execute(_ALIVE).fetchone()
    if alive is not None and window.last - alive > _SILENT:
        yield Span(alive, window.last).within(window)


def _checks(
    connection: sqlite3.Connection, window: Span, outages: Sequence[Span], which: tuple[str, str]
) -> Iterator[CheckCoverage]:
    holes: dict[tuple[str, str, str], list[Hole]] = {}
    for site, host, check, *row in connection.execute(
        "SELECT site, host, check_id, began, ended, interval_ms, cause, reason FROM holes"
        " WHERE ended > ? ORDER BY began",
        (window.first,),
    ):
        holes.setdefault((site, host, check), []).append(hole_of(row))
    for site, host, check, retired_at, *row in connection.execute(
        "SELECT site, host, check_id, retired_at, source, interval_ms, since, last_at, unanswered,"
        " reason, heard_at FROM watched WHERE coalesce(retired_at, ?) > ?"
        " AND ? IN ('', host) AND ? IN ('', check_id) ORDER BY host, check_id",
        (window.last, window.first, *which),
    ):
        kept = Watched(*row)
        until = window.last if retired_at is None else int(retired_at)
        known = [*holes.get((site, host, check), ()), *_open_hole(kept, until)]
        yield CheckCoverage(
            site,
            host,
            check,
            kept.source,
            account(Span(kept.since, until), known, outages, window),
            known,
            None if kept.last_at is None else instant(kept.last_at),
            kept.unanswered,
            retired_at is not None,
        )


def _open_hole(kept: Watched, now: int) -> Iterator[Hole]:
    hole = hole_between(kept.mark, now, kept.interval)
    if hole is not None and kept.unanswered:
        yield attrs.evolve(hole, cause=Cause.UNANSWERED, reason=kept.reason)
    elif hole is not None:
        yield hole


def _agents(connection: sqlite3.Connection, window: Span, host: str) -> Iterator[AgentCoverage]:
    lost: dict[tuple[str, str], list[Span]] = {}
    for agent_id, boot_id, first, last in connection.execute(
        "SELECT agent_id, boot_id, first_seq, last_seq FROM lost_events WHERE ended >= ?"
        " ORDER BY first_seq",
        (window.first,),
    ):
        lost.setdefault((agent_id, boot_id), []).append(Span(first, last))
    for agent_id, boot_id, name, last_seq, last_at in connection.execute(
        "SELECT agent_id, boot_id, host, last_seq, last_at FROM starts"
        " WHERE last_at >= ? AND ? IN ('', host) ORDER BY host, first_at, boot_id",
        (window.first, host),
    ):
        spans = lost.get((agent_id, boot_id), [])
        yield AgentCoverage(name, agent_id, boot_id, last_seq, spans, instant(last_at))
