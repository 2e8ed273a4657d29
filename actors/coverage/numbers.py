"""Which events of agents were lost: kept within the commit that keeps the events."""

import sqlite3
from collections.abc import Iterable

from actors.coverage.core import Span, fill
from actors.messages import Jump

# They never overlap, so that only the nearest before it can hold a number.
_LOST = (
    "SELECT first_seq, last_seq, began, ended FROM lost_events"
    " WHERE agent_id = ? AND boot_id = ? AND first_seq <= ? ORDER BY first_seq DESC LIMIT 1"
)
_FOUND = "DELETE FROM lost_events WHERE agent_id = ? AND boot_id = ? AND first_seq = ?"
_LOSE = "INSERT OR REPLACE INTO lost_events VALUES (?, ?, ?, ?, ?, ?)"


def count(connection: sqlite3.Connection, jump: Jump) -> None:
    """Count in an event that is not the next one of its start."""
    if jump.seq > jump.last:
        missing = [Span(jump.last + 1, jump.seq - 1)]
        _lose(connection, jump, missing, jump.since, jump.at)
        return
    # What comes late is lost no longer.
    boot = (jump.agent_id, jump.boot_id)
    row = connection.execute(_LOST, (*boot, jump.seq)).fetchone()
    if row is not None and jump.seq <= row[1]:
        first, last, began, ended = row
        connection.execute(_FOUND, (*boot, first))
        _lose(connection, jump, fill(Span(first, last), jump.seq), began, ended)


def _lose(
    connection: sqlite3.Connection, jump: Jump, missing: Iterable[Span], began: int, ended: int
) -> None:
    connection.executemany(
        _LOSE,
        [(jump.agent_id, jump.boot_id, span.first, span.last, began, ended) for span in missing],
    )
