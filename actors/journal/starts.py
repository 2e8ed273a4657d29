"""The starts of agents, and how far each was heard: by it a repeat is told from what is new.

Within a start an agent numbers what it says: 1, 2, 3.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import attrs

from actors.messages import Jump, Observation
from runtime.clock import millis

Boot: TypeAlias = tuple[str, str]
"""What names a start: agent_id and boot_id."""

_MOST = 16_384
"""Starts that are known by heart: 6 MiB."""

_Row: TypeAlias = tuple[int, int, int]
"""The highest number, and when the first and the last event were observed: milliseconds."""

_BEGIN = "INSERT OR IGNORE INTO starts VALUES (?, ?, ?, ?, ?, ?, ?)"
_GET = "SELECT number, last_seq, first_at, last_at FROM starts WHERE agent_id = ? AND boot_id = ?"
_PUT = (
    "UPDATE starts SET last_seq = ?, first_at = ?, last_at = ? WHERE agent_id = ? AND boot_id = ?"
)
_EARLIER = "SELECT max(last_at) FROM starts WHERE agent_id = ? AND boot_id <> ?"
_NEWEST = "SELECT max(number) FROM starts"


@attrs.define(eq=False)
class Start:
    """How far a start was heard."""

    number: int
    """Under which its observations are found."""
    last: int
    """The highest number; 0 where none was heard."""
    first_at: int
    last_at: int
    kept: _Row
    """What of it stands in the file."""


@attrs.define(eq=False)
class Starts:
    """The starts that are known by heart, and those that the batch under way moves on."""

    _known: dict[Boot, Start] = attrs.field(factory=dict[Boot, Start], init=False)
    _moved: dict[Boot, Start] = attrs.field(factory=dict[Boot, Start], init=False)
    _next: int = attrs.field(default=0, init=False)

    def forget(self) -> None:
        """Ask the file for everything: it may have changed."""
        self._known.clear()
        self._moved.clear()
        self._next = 0

    def make_room(self) -> None:
        """Ask the file for most, if too many are known."""
        if len(self._known) > _MOST:
            self._known.clear()

    def meet(self, connection: sqlite3.Connection, heard: Sequence[Observation]) -> None:
        """Get to know the starts of a batch; those that are new are written down, by one call."""
        known, unknown = self._known, dict[Boot, Observation]()
        for each in heard:
            if each.seq is not None:
                boot = (each.agent_id, each.boot_id)
                if boot not in known and boot not in unknown:
                    unknown[boot] = each
        if not unknown:
            return
        if not self._next:
            [newest] = connection.execute(_NEWEST).fetchone()
            self._next = (newest or 0) + 1
        # As if only this one of its events were heard: most often that is so.
        firsts = [_first(number, each) for number, each in enumerate(unknown.values(), self._next)]
        self._next += len(firsts)
        written = connection.executemany(_BEGIN, firsts).rowcount
        for (boot, _), (_, _, number, _, *row) in zip(unknown.items(), firsts, strict=True):
            start = Start(number, 0, row[1], row[2], (row[0], row[1], row[2]))
            if written < len(firsts):  # some were here before
                start = _there(connection, boot, start)
            known[boot] = self._moved[boot] = start

    def of(self, boot: Boot) -> Start:
        """Give a start that was met; it is going to be moved on."""
        start = self._moved[boot] = self._known[boot]
        return start

    def count(
        self, connection: sqlite3.Connection, start: Start, heard: Observation, at: int
    ) -> Jump | None:
        """Count in an event that was observed at an instant; say so where others are missing."""
        last, seq = start.last, heard.seq or 0
        if seq == last + 1:
            start.last = seq
            start.last_at = max(start.last_at, at)
            return None
        since = start.last_at
        start.last = max(last, seq)
        start.first_at, start.last_at = min(start.first_at, at), max(since, at)
        if not last:  # they were lost since the agent was heard in an earlier start
            self.write(connection)
            boot = (heard.agent_id, heard.boot_id)
            [before] = connection.execute(_EARLIER, boot).fetchone()
            since = at if before is None else before
        return Jump(heard.agent_id, heard.boot_id, last, seq, min(since, at), at)

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what the batch moved on."""
        rows = list(_behind(self._moved.items()))
        if rows:
            connection.executemany(_PUT, rows)
        self._moved.clear()


def _there(connection: sqlite3.Connection, boot: Boot, new: Start) -> Start:
    """Give the start that stands in the file: the new one, or one that was there before it."""
    number, last, first_at, last_at = connection.execute(_GET, boot).fetchone()
    if number == new.number:
        return new
    return Start(number, last, first_at, last_at, (last, first_at, last_at))


def _first(number: int, heard: Observation) -> tuple[str, str, int, str, int, int, int]:
    at = millis(heard.observed_at)
    return (heard.agent_id, heard.boot_id, number, heard.host, heard.seq or 0, at, at)


def _behind(moved: Iterable[tuple[Boot, Start]]) -> Iterator[tuple[int, int, int, str, str]]:
    """Give the rows of those of which the file says something else."""
    for boot, start in moved:
        row = (start.last, start.first_at, start.last_at)
        if row != start.kept:
            start.kept = row
            yield (*row, *boot)
