"""How the numbers of an agent's events are counted in, within the commit that keeps the events."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import attrs

from actors.coverage.core import Span, fill, gaps
from actors.coverage.rows import millis
from actors.messages import Observation

Boot: TypeAlias = tuple[str, str]
"""A start of an agent: agent_id and boot_id."""

_NEXT = (
    "UPDATE boots SET last_seq = ?, last_at = max(last_at, ?)"
    " WHERE agent_id = ? AND boot_id = ? AND last_seq = ?"
)
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


@attrs.frozen
class Numbers:
    """Counts the numbers of one start of an agent."""

    connection: sqlite3.Connection
    boot: Boot

    def count(self, events: Sequence[Observation]) -> None:
        """Count events in; those that come in order cost one statement, however many they are."""
        numbers = {_number(each) for each in events}
        lowest, highest = min(numbers), max(numbers)
        if highest - lowest + 1 == len(numbers):
            at = max(millis(each.observed_at) for each in events)
            if self.connection.execute(_NEXT, (highest, at, *self.boot, lowest - 1)).rowcount:
                return
        self._find(numbers, lowest, highest)
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
        if row is None:
            [earlier] = execute(_EARLIER, self.boot[:1]).fetchone()
            row = (0, at if earlier is None else earlier)
        last, missing = gaps(row[0], [_number(event)])
        self._lose(missing, min(row[1], at), at)
        execute(_GO_ON, (*self.boot, event.host, last, at, at))

    def _lose(self, missing: Iterable[Span], began: int, ended: int) -> None:
        self.connection.executemany(
            _LOSE, [(*self.boot, span.first, span.last, began, ended) for span in missing]
        )


def _number(event: Observation) -> int:
    return event.seq or 0
