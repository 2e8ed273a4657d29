"""Rows of the coverage tables, and what they stand for."""

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from actors.coverage.core import Cause, Hole

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLI = dt.timedelta(milliseconds=1)


def hole_of(row: Iterable[object]) -> Hole:
    """Read began, ended, interval_ms, cause and reason."""
    began, ended, interval, cause, reason = map(str, row)
    return Hole(int(began), int(ended), int(interval), Cause(cause), reason)


def millis(instant: dt.datetime) -> int:
    """Count an instant in whole milliseconds since 1970."""
    return round(instant.timestamp() * 1000)


def instant(count: int) -> dt.datetime:
    """Give the instant of a count of milliseconds."""
    return _EPOCH + count * _MILLI


_CHUNK = 64
"""Rows that are written together: one that is out of step costs the others of its chunk."""

T = TypeVar("T")


def chunks(several: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut what is to be counted in into parts."""
    return (several[first : first + _CHUNK] for first in range(0, len(several), _CHUNK))


def in_step(
    connection: sqlite3.Connection, *changes: tuple[str, Sequence[tuple[str | int, ...]]]
) -> bool:
    """Write statements of which each is to change one row; if one did not, none of them did."""
    connection.execute("SAVEPOINT in_step")
    for sql, rows in changes:
        if rows and connection.executemany(sql, rows).rowcount != len(rows):
            connection.execute("ROLLBACK TO in_step")
            connection.execute("RELEASE in_step")
            return False
    connection.execute("RELEASE in_step")
    return True
