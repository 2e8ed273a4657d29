"""Rows of the coverage tables, and what they stand for."""

import datetime as dt
from collections.abc import Iterable

from actors.coverage.core import Cause, Hole

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLI = dt.timedelta(milliseconds=1)


def hole_of(row: Iterable[object]) -> Hole:
    """Read began, ended, interval_ms, cause and reason."""
    began, ended, interval, cause, reason = map(str, row)
    return Hole(int(began), int(ended), int(interval), Cause(cause), reason)


def instant(count: int) -> dt.datetime:
    """Give the instant of a count of milliseconds."""
    return _EPOCH + count * _MILLI
