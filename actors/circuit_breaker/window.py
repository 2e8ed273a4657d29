"""Maintenance windows: when a host may be worked on, by the clock on its wall.  Pure.

A window opens when the local clock first reaches `start`, and closes when it next reaches `end`.
So it never reaches into local hours that its owner did not name, also when the clocks change: of
two readings of one hour it takes the first, a start inside a skipped hour is the moment of the
skip, and a window that lies wholly inside it stays shut that day.
"""

import bisect
import datetime as dt
import fnmatch
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

import attrs

_DAY = dt.timedelta(days=1)
_AHEAD = 16
"""Days to look ahead: a weekly window may have to skip one week."""


@attrs.frozen
class Window:
    """A weekly span of hours in which fixes may run on some hosts."""

    name: str
    zone: ZoneInfo
    days: frozenset[int] = attrs.field(validator=attrs.validators.min_len(1))
    """Local days on which it opens: 0 is Monday."""
    start: dt.time
    end: dt.time
    """Local; not after `start` means the next day, equal to it a whole day."""
    hosts: Sequence[str] = ("*",)
    """Names or patterns with `*` and `?`."""
    disruptive_only: bool = True
    """Whether it holds back disruptive runbooks only, or every runbook."""

    def binds(self, host: str, *, disruptive: bool) -> bool:
        """Say whether a fix on this host has to wait for this window."""
        return (disruptive or not self.disruptive_only) and any(
            fnmatch.fnmatchcase(host, pattern) for pattern in self.hosts
        )


def next_opening(at: dt.datetime, window: Window) -> dt.datetime:
    """Give the first instant from `at` on at which the window is open, in UTC.

    It is `at` itself while the window is open.
    """
    return next(max(at, opens) for opens, closes in _openings(at, window) if at < closes)


def _openings(at: dt.datetime, window: Window) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Give the spans around and after `at`, as (opens, closes) in UTC."""
    today = at.astimezone(window.zone).date()
    overnight = _DAY if window.end <= window.start else dt.timedelta()
    for ahead in range(-2, _AHEAD):  # a span of 24 h that began the day before may still last
        day = today + ahead * _DAY
        if day.weekday() in window.days:
            opens = _first(dt.datetime.combine(day, window.start), window.zone)
            closes = _first(dt.datetime.combine(day + overnight, window.end), window.zone)
            if opens < closes:
                yield opens, closes


def _first(wall: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Give the first instant at which the local clock reads `wall` or later on that day."""
    instant = wall.replace(tzinfo=zone).astimezone(dt.UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # The clock skips this reading.  zoneinfo counts on with the offset from before the skip, or
    # with fold=1 back with the one after it; the skip itself lies between the two.
    early = wall.replace(tzinfo=zone, fold=1).astimezone(dt.UTC)

    def reached(seconds: int) -> bool:
        local = (early + dt.timedelta(seconds=seconds)).astimezone(zone)
        return local.replace(tzinfo=None) >= wall

    span = range(int((instant - early).total_seconds()))
    return early + dt.timedelta(seconds=bisect.bisect_left(span, True, key=reached))
