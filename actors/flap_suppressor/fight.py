"""Does something change a setting back on a beat of its own?  Pure.

A drift that was healed, verified and came back several times has a sequence of instants at which
the setting was changed.  Who works on a schedule leaves gaps of one length; ordinary drift does
not.  How sure that is can be said exactly: of `n` gaps that are exponential, with whatever mean,
the chance that they differ by no more than a share `a` of their mean is about `a ** (n - 1)` times
`n! / n ** n`, which is below 1/4.  So the mean of ordinary drift need not be known, and the test is
as strict on a host that drifts every hour as on one that drifts once a month.
"""

import datetime as dt
import hashlib
import itertools
import math
from collections.abc import Sequence
from typing import Final

import attrs

from actors.messages import JSON, Observation

REMEMBERED: Final = 16
"""Verified fixes of one drift from which a beat is read, the newest."""
KEPT_S: Final = 30 * 86_400.0
"""Seconds for which one is remembered: three gaps of a week fit in."""

_BY_CHANCE: Final = 1e-6
"""How likely a beat may be chance.  A drift that returns every 6 hours asks 120 times a month, so a
hundred hosts that all do so see one false alarm in some twenty years.  Every 90 minutes exactly,
3 gaps say enough when they differ by less than 5 s; with 30 s of jitter it takes 5."""
_FEWEST_GAPS: Final = 3
_EXACT_S: Final = 0.5
"""What is left open by the time that a file system gives, and by the start of a job."""


@attrs.frozen
class Change:
    """One time that a setting was changed away from its baseline."""

    incident_id: str
    at: dt.datetime
    within_s: float
    """It was changed at most so many seconds before that; infinite where nobody can say."""
    path: str = ""
    """The file that was changed, where it is one."""
    state: str = ""
    """A fingerprint of what it was changed to."""
    healed_at: dt.datetime | None = None
    """None for the one that stands."""


@attrs.frozen
class Beat:
    """Gaps so even that they are no chance."""

    period_s: float
    changes: int
    """How often the setting was changed on this beat."""


@attrs.frozen
class Partner:
    """What is known of who changes a setting back."""

    changes: Sequence[Change]
    """Oldest first, the last is the one that stands."""
    beat: Beat | None = None
    writer: str = ""
    """Name of the program that made the change that stands."""
    writer_seen: bool = True
    """It was seen with the file open for writing; else it had just started, and is a guess."""
    named_in: tuple[str, ...] = ()
    """Schedules and scripts of the host that name the file."""

    @property
    def path(self) -> str:
        """Give the file that is changed, empty where it is none."""
        return self.changes[-1].path

    @property
    def same_state(self) -> bool:
        """Say whether it was the same change each time."""
        return len({change.state for change in self.changes}) == 1

    def facts(self) -> dict[str, JSON]:
        """Give it for the trace."""
        beat = self.beat
        return {
            "period_s": None if beat is None else round(beat.period_s, 1),
            "changes": len(self.changes) if beat is None else beat.changes,
            "path": self.path,
            "same_state": self.same_state,
            "writer": self.writer,
            "writer_seen": self.writer_seen and bool(self.writer),
            "named_in": list(self.named_in),
        }

    def __str__(self) -> str:
        beat = "" if self.beat is None else f" every {_spoken(self.beat.period_s)}"
        state = "the same state" if self.same_state else "different states"
        parts = [f"{self.path or 'the setting'} is changed{beat} to {state}"]
        if self.writer:
            parts.append(f"changed {'' if self.writer_seen else 'perhaps '}by {self.writer}")
        if self.named_in:
            parts.append(f"named in {', '.join(self.named_in)}")
        return "; ".join(parts)


def change_of(observation: Observation, incident_id: str, ours: dt.datetime | None) -> Change:
    """Read what a failing answer tells of the change behind it.

    `ours` is when we healed something in the same file last: a file that is no younger than that
    was last written by us, and its time says nothing of when the setting was changed.
    """
    details = observation.details
    path, content = details.get("path"), details.get("content")
    written = _instant(details.get("changed_at"))
    every = details.get("asked_every_s")
    at, within_s = observation.observed_at, math.inf
    if written is not None and written <= at and (ours is None or written > ours):
        at, within_s = written, _EXACT_S
    elif isinstance(every, int | float) and not isinstance(every, bool) and every > 0:
        within_s = float(every)
    state = content if isinstance(content, str) else fingerprint(observation.actual)
    return Change(incident_id, at, within_s, path if isinstance(path, str) else "", state)


def fingerprint(text: str) -> str:
    """Give a few digits that tell contents apart and cannot be read back."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def beat_of(changes: Sequence[Change]) -> Beat | None:
    """Find the beat of the latest changes, the shortest stretch that says enough.

    Each instant may be late by up to `within_s`, so each gap is off by as much in either direction:
    two of them may differ by twice that more than is seen, and that counts as unevenness.
    """
    gaps = [gap for pair in itertools.pairwise(changes) if (gap := _gap(*pair)) is not None]
    for count in range(_FEWEST_GAPS, len(gaps) + 1):
        lengths, late = zip(*gaps[-count:], strict=True)
        mean = sum(lengths) / count
        uneven = max(lengths) - min(lengths) + 2 * max(late)
        if (uneven / mean) ** (count - 1) <= _BY_CHANCE:
            return Beat(mean, count + 1)
    return None


def _gap(before: Change, after: Change) -> tuple[float, float] | None:
    """Give the seconds between two changes, and how late one of them may have been seen.

    None where the drift stood for most of that time, because healing was held back: whoever works
    on a schedule changed it unseen meanwhile, and the gap is no single period.
    """
    length = (after.at - before.at).total_seconds()
    stood = 0.0 if before.healed_at is None else (before.healed_at - before.at).total_seconds()
    if length <= 0 or stood > length / 2:
        return None
    return length, max(before.within_s, after.within_s)


def _instant(value: JSON) -> dt.datetime | None:
    try:
        instant = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return instant if instant is None or instant.tzinfo is not None else None


_ROUND: Final = 9.95
_UNITS: Final = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"))


def _spoken(seconds: float) -> str:
    """Give a period in one unit, as people say it: 90 min, 24 h, 7 d."""
    for unit, name in _UNITS:
        if seconds >= 2 * unit:
            many = seconds / unit
            return f"{many:.0f} {name}" if many >= _ROUND else f"{many:.1f} {name}"
    return f"{seconds:.0f} s"
