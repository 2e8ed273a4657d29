"""Quiet hours: when a person sleeps, and what waits for the morning.  Pure."""

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import attrs

from actors.messages import Severity

_DAY = dt.timedelta(days=1)


def _bound(_: object, field: "attrs.Attribute[frozenset[Severity]]", value: object) -> None:
    if isinstance(value, frozenset) and Severity.CRITICAL in value:
        raise ValueError(f"{field.name}: what is critical never waits")


@attrs.frozen
class Quiet:
    """A span of each night in which people are told of the gravest only.

    It begins and ends by the clock on the wall; of two readings of one hour the first counts, and
    a reading that is skipped is as if the clock had not been changed.
    """

    zone: ZoneInfo
    start: dt.time
    end: dt.time
    """Local; not after `start` means the next day, equal to it a whole day."""
    severities: frozenset[Severity] = attrs.field(
        default=frozenset({Severity.LOW, Severity.MEDIUM}), validator=_bound
    )
    """What waits until the end."""

    def ends(self, at: dt.datetime, severity: Severity) -> dt.datetime | None:
        """Give when what is to be told at `at` may be told, in UTC; None: at once."""
        if severity not in self.severities:
            return None
        # A whole day of quiet is followed by the next one; the end of each lets things through.
        begins, ends = next(self._spans(at))
        return ends if begins <= at else None

    def stretched_s(self, at: dt.datetime, severity: Severity, seconds: float) -> float:
        """Count the seconds that pass until `seconds` of them were not quiet."""
        if severity not in self.severities or self.start == self.end:
            return seconds
        now, left = at, seconds
        for begins, ends in self._spans(at):
            awake = max(0.0, (begins - now).total_seconds())
            if left <= awake:
                break
            left -= awake
            now = max(now, ends)
        return (now - at).total_seconds() + left

    def _spans(self, at: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        """Give the spans around and after `at`, as (begins, ends) in UTC."""
        day = at.astimezone(self.zone).date() - 2 * _DAY
        overnight = _DAY if self.end <= self.start else dt.timedelta()
        while True:
            begins, ends = self._instant(day, self.start), self._instant(day + overnight, self.end)
            if begins < ends and ends > at:
                yield begins, ends
            day += _DAY

    def _instant(self, day: dt.date, wall: dt.time) -> dt.datetime:
        return dt.datetime.combine(day, wall, tzinfo=self.zone).astimezone(dt.UTC)
