"""The starts of agents, and how far each was heard: by it a repeat is told from what is new.

Within a start an agent numbers what it says: 1, 2, 3.
"""

import sqlite3
from collections.abc import Sequence
from typing import TypeAlias

import attrs

from actors.messages import Jump, Observation
from runtime.clock import millis

Boot: TypeAlias = tuple[str, str]
"""What names a start: agent_id and boot_id."""

_MOST = 16_384
"""Starts that are known by heart: 11 MiB."""

_Row: TypeAlias = tuple[int, int, int]
"""The highest number, and when the first and the last event were observed: milliseconds."""

_Begun: TypeAlias = tuple[str, str, int, str, int, int, int]
_GoneOn: TypeAlias = tuple[int, int, int, str, str]

_BEGIN = "INSERT OR IGNORE INTO starts VALUES (?, ?, ?, ?, ?, ?, ?)"
_GET = "SELECT number, last_seq, first_at, last_at FROM starts WHERE agent_id = ? AND boot_id = ?"
_GO_ON = (
    "UPDATE starts SET last_seq = ?, first_at = ?, last_at = ? WHERE agent_id = ? AND boot_id = ?"
)
_EARLIER = "SELECT max(last_at) FROM starts WHERE agent_id = ? AND number < ?"
_NEWEST = "SELECT max(number) FROM starts"


@attrs.define(eq=False)
class Start:
    """How far a start was heard."""

    boot: Boot
    number: int
    """Under which its observations are found; 0 until one of its events is taken."""
    last: int
    """The highest number; 0 where none was heard."""
    first_at: int
    last_at: int
    host: str
    kept: _Row | None
    """What of it stands in the file; None where nothing does."""
    heard: bool
    """Whether one of its events was taken."""


@attrs.define(eq=False)
class Starts:
    """The starts that are known by heart, and those that the batch under way moves on."""

    _known: dict[Boot, Start] = attrs.field(factory=dict[Boot, Start], init=False)
    _moved: dict[Start, None] = attrs.field(factory=dict[Start, None], init=False)
    """In their order."""
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

    def meet(
        self, connection: sqlite3.Connection, heard: Sequence[Observation], *, all_taken: bool
    ) -> None:
        """Get to know the starts of a batch.

        Where all of it is going to be taken, those that are new are written at once, by one call:
        so the file need not be asked for them.
        """
        known, unknown = self._known, dict[Boot, Observation]()
        for each in heard:
            if each.seq is not None:
                boot = (each.agent_id, each.boot_id)
                start = known.get(boot)
                # One that nothing was taken of has no number yet: it gets it in its turn.
                if (start is None or not start.number) and boot not in unknown:
                    unknown[boot] = each
        if not unknown:
            return
        if not self._next:
            [newest] = connection.execute(_NEWEST).fetchone()
            self._next = (newest or 0) + 1
        new = [_new(*each) for each in unknown.items()]
        if all_taken:
            # As if only this one of its events were heard: most often that is so.
            rows = list[_Begun]()
            for start, each in zip(new, unknown.values(), strict=True):
                self._begin(start)
                start.kept = (each.seq or 0, start.first_at, start.last_at)
                rows.append(_begun(start, start.kept))
            if connection.executemany(_BEGIN, rows).rowcount == len(rows):
                known.update(zip(unknown, new, strict=True))
                return
        for start in new:
            known[start.boot] = _there(connection, start)

    def _begin(self, start: Start) -> None:
        start.number = self._next
        self._next += 1

    def of(self, boot: Boot) -> Start:
        """Give a start that was met."""
        return self._known[boot]

    def count(
        self, connection: sqlite3.Connection, start: Start, heard: Observation, at: int
    ) -> Jump | None:
        """Count in an event that is taken; say so where it is not the next of its start.

        Args:
            connection: of the batch.
            start: of the event.
            heard: the event.
            at: when it was observed, in milliseconds.
        """
        self._moved[start] = None
        if not start.number:
            self._begin(start)
        last, seq, first = start.last, heard.seq or 0, not start.heard
        if first:
            start.heard, start.first_at, start.last_at = True, at, at
        since = start.last_at
        if at > since:
            start.last_at = at
        elif at < start.first_at:
            start.first_at = at
        if seq > last:
            start.last = seq
            if seq == last + 1:
                return None
        if first:  # they were lost since the agent was heard in an earlier start
            self.write(connection)
            [before] = connection.execute(_EARLIER, (heard.agent_id, start.number)).fetchone()
            since = at if before is None else before
        return Jump(*start.boot, last, seq, min(since, at), at)

    def write(self, connection: sqlite3.Connection) -> None:
        """Write how far the batch moved them on."""
        begun, gone_on = list[_Begun](), list[_GoneOn]()
        for start in self._moved:
            row = (start.last, start.first_at, start.last_at)
            if row == start.kept:
                continue
            known, start.kept = start.kept, row
            if known is None:
                begun.append(_begun(start, row))
            else:
                gone_on.append((*row, *start.boot))
        for sql, rows in ((_BEGIN, begun), (_GO_ON, gone_on)):
            if rows:
                connection.executemany(sql, rows)
        self._moved.clear()


def _new(boot: Boot, first: Observation) -> Start:
    at = millis(first.observed_at)
    return Start(boot, 0, 0, at, at, first.host, None, heard=False)


def _there(connection: sqlite3.Connection, new: Start) -> Start:
    """Give the start that stands in the file, or the new one where none but it does."""
    row = connection.execute(_GET, new.boot).fetchone()
    if row is None or row[0] == new.number:
        return new
    number, last, first_at, last_at = row
    kept = (last, first_at, last_at)
    return Start(new.boot, number, *kept, new.host, kept, heard=True)


def _begun(start: Start, kept: _Row) -> _Begun:
    return (*start.boot, start.number, start.host, *kept)
