"""How the numbers of an agent's events are counted in, within the commit that keeps the events."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import attrs

from actors.coverage.core import Span, fill, gaps
from actors.coverage.memory import Boot, Memory
from actors.coverage.rows import chunks, in_step, millis
from actors.messages import Observation

_ON = "UPDATE boots SET last_seq = ?, last_at = max(last_at, ?) WHERE agent_id = ? AND boot_id = ?"
_NEXT = (
    "UPDATE boots SET last_seq = ?, last_at = max(last_at, ?)"
    " WHERE agent_id = ? AND boot_id = ? AND last_seq = ?"
)
_BEGIN = (
    "INSERT INTO boots VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (agent_id, boot_id) DO UPDATE"
    " SET last_seq = excluded.last_seq, last_at = max(last_at, excluded.last_at)"
    " WHERE last_seq = 0"
)
_BEGUN = 6
"""Cells of `_BEGIN`."""
_BOOT = "SELECT last_seq, last_at FROM boots WHERE agent_id = ? AND boot_id = ?"
_EARLIER = "SELECT max(last_at) FROM boots WHERE agent_id = ?"
_GO_ON = (
    "INSERT INTO boots VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (agent_id, boot_id) DO UPDATE"
    " SET last_seq = excluded.last_seq, first_at = min(first_at, excluded.first_at),"
    " last_at = max(last_at, excluded.last_at)"
)
_LOST = (
    "SELECT first_seq, last_seq, began, ended FROM lost_events"
    " WHERE agent_id = ? AND boot_id = ? AND first_seq <= ? AND last_seq >= ?"
)
_FOUND = "DELETE FROM lost_events WHERE agent_id = ? AND boot_id = ? AND first_seq = ?"
_LOSE = "INSERT OR REPLACE INTO lost_events VALUES (?, ?, ?, ?, ?, ?)"


_Cells: TypeAlias = tuple[str | int, ...]


def count_numbers(
    connection: sqlite3.Connection, memory: Memory, boots: Mapping[Boot, Sequence[Observation]]
) -> None:
    """Count the events of several starts in; those that come in order share their statements."""
    gone_on = list[_Cells]()
    others = dict[Boot, Sequence[Observation]]()
    for boot, events in boots.items():
        last = memory.last(connection, boot)
        if last is not None and _goes_on(last, events):
            last += len(events)
            gone_on.append((last, max(map(_instant, events)), *boot))
            memory.counted(boot, last)
        else:
            others[boot] = events
            memory.counted(boot, None)
    connection.executemany(_ON, gone_on)
    _count_others(connection, others)


def _goes_on(last: int, events: Sequence[Observation]) -> bool:
    return all(event.seq == number for number, event in enumerate(events, last + 1))


def _count_others(
    connection: sqlite3.Connection, boots: Mapping[Boot, Sequence[Observation]]
) -> None:
    ahead = [(boot, events, _in_order(boot, events)) for boot, events in boots.items()]
    for some in chunks(ahead):
        begun = [cells for _, _, cells in some if cells is not None and len(cells) == _BEGUN]
        gone_on = [cells for _, _, cells in some if cells is not None and len(cells) != _BEGUN]
        if in_step(connection, (_BEGIN, begun), (_NEXT, gone_on)):
            done = [cells is not None for _, _, cells in some]
        else:
            done = [False] * len(some)
        for (boot, events, _), is_done in zip(some, done, strict=True):
            if not is_done:
                Numbers(connection, boot).count(events)


def _in_order(boot: Boot, events: Sequence[Observation]) -> _Cells | None:
    """Give the cells for `_BEGIN` or `_NEXT`; None where numbers are missing among the events."""
    if len(events) == 1:
        [event] = events
        lowest = highest = _number(event)
        first_at = last_at = millis(event.observed_at)
    else:
        numbers = {_number(each) for each in events}
        lowest, highest = min(numbers), max(numbers)
        if highest - lowest + 1 != len(numbers):
            return None
        instants = [millis(each.observed_at) for each in events]
        first_at, last_at = min(instants), max(instants)
    if lowest == 1:
        return (*boot, events[0].host, highest, first_at, last_at)
    return (highest, last_at, *boot, lowest - 1)


@attrs.frozen
class Numbers:
    """Counts the numbers of one start of an agent."""

    connection: sqlite3.Connection
    boot: Boot

    def count(self, events: Sequence[Observation]) -> None:
        """Count events in, in whatever order they come."""
        numbers = {_number(each) for each in events}
        self._find(numbers, min(numbers), max(numbers))
        for each in sorted(events, key=_number):
            self._go_on(each)

    def _find(self, numbers: Iterable[int], lowest: int, highest: int) -> None:
        """What comes late is lost no longer."""
        rows = self.connection.execute(_LOST, (*self.boot, highest, lowest)).fetchall()
        for first, last, began, ended in rows:
            late = [number for number in numbers if first <= number <= last]
            if late:
                self.connection.execute(_FOUND, (*self.boot, first))
                self._lose(fill(Span(first, last), late), began, ended)

    def _go_on(self, event: Observation) -> None:
        execute = self.connection.execute
        at = millis(event.observed_at)
        row = execute(_BOOT, self.boot).fetchone()
        last, missing = gaps(0 if row is None else row[0], [_number(event)])
        if missing:
            # Lost since the agent was heard last, in this start or in an earlier one.
            [before] = execute(_EARLIER, self.boot[:1]).fetchone() if row is None else row[1:]
            self._lose(missing, at if before is None else min(before, at), at)
        execute(_GO_ON, (*self.boot, event.host, last, at, at))

    def _lose(self, missing: Iterable[Span], began: int, ended: int) -> None:
        self.connection.executemany(
            _LOSE, [(*self.boot, span.first, span.last, began, ended) for span in missing]
        )


def _number(event: Observation) -> int:
    return event.seq or 0


def _instant(event: Observation) -> int:
    return millis(event.observed_at)
