"""How the numbers of an agent's events are counted in, within the commit that keeps the events."""

import sqlite3
from collections.abc import Iterable, Sequence
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


@attrs.define
class NumbersOfBatch:
    """Counts the numbers of a batch in; those that come in order share their statements."""

    connection: sqlite3.Connection
    memory: Memory
    _in_order: dict[Boot, int] = attrs.field(factory=dict[Boot, int], init=False)
    """Of each start that goes on, the latest instant."""
    _others: dict[Boot, list[Observation]] = attrs.field(
        factory=dict[Boot, list[Observation]], init=False
    )

    def hear(self, event: Observation, number: int, at: int) -> None:
        """Take an event that was observed at an instant."""
        boot = (event.agent_id, event.boot_id)
        others = self._others.get(boot)
        if others is not None:
            others.append(event)
        elif self.memory.last(self.connection, boot) == number - 1:
            self.memory.counted(boot, number)
            self._in_order[boot] = max(at, self._in_order.get(boot, at))
        else:
            self._others[boot] = [event]

    def write(self) -> None:
        """Write what was heard."""
        last = self.memory.last
        self.connection.executemany(
            _ON,
            [(last(self.connection, boot), at, *boot) for boot, at in self._in_order.items()],
        )
        for some in chunks([*self._others.items()]):
            self._count(some)

    def _count(self, some: Sequence[tuple[Boot, Sequence[Observation]]]) -> None:
        ahead = [_in_order(*each) for each in some]
        begun = [cells for cells in ahead if cells is not None and len(cells) == _BEGUN]
        gone_on = [cells for cells in ahead if cells is not None and len(cells) != _BEGUN]
        done = in_step(self.connection, (_BEGIN, begun), (_NEXT, gone_on))
        for (boot, events), cells in zip(some, ahead, strict=True):
            if done and cells is not None:
                self.memory.counted(boot, max(map(_number, events)))
            else:
                Numbers(self.connection, boot).count(events)
                self.memory.counted(boot, None)


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
