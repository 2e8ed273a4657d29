"""The arithmetic of what was not observed: numbers that are missing, time that nobody saw.  Pure.

Instants and durations are whole milliseconds, so that sums are exact.
"""

import enum
from collections.abc import Iterable, Sequence

import attrs


class Cause(enum.StrEnum):
    """Why a time was not observed."""

    SEQUENCE_GAP = "sequence_gap"
    """Events that the agent numbered within it never came."""
    MISSED = "missed"
    """Nobody answered."""
    RESTART = "restart"
    """The agent started anew, or the appliance was not there."""
    UNANSWERED = "unanswered"
    """There were answers, but error and unknown observe nothing."""


@attrs.frozen
class Span:
    """Whole numbers from `first` to `last`: of events both are in it, of time `last` is not."""

    first: int
    last: int

    def within(self, other: "Span") -> "Span":
        """Give the part of a time that lies within another; empty where there is none."""
        first = max(self.first, other.first)
        return Span(first, max(first, min(self.last, other.last)))

    @property
    def length(self) -> int:
        """How long a time is."""
        return self.last - self.first


def fill(missing: Span, late: int) -> Sequence[Span]:
    """Give what is missing still of a span of numbers when one of them was heard late."""
    parts = (Span(missing.first, late - 1), Span(late + 1, missing.last))
    return [part for part in parts if part.first <= part.last]


def reach(interval: int) -> int:
    """Say how far apart two observations may be without a hole between them.

    Half an interval is forgiven: a look that is late is not a look that was missed.
    """
    return interval + interval // 2


@attrs.frozen
class Hole:
    """Two observations that are too far apart, with none between them."""

    began: int
    """The first of the two."""
    ended: int
    interval: int
    cause: Cause
    reason: str = ""

    @property
    def unobserved(self) -> Span:
        """What is unobserved: an observation holds for one interval."""
        return Span(self.began + self.interval, self.ended)

    def split(self, at: int) -> Iterable["Hole"]:
        """Give what is left when it turns out that something was observed within."""
        for began, ended in ((self.began, at), (at, self.ended)):
            if ended - began > reach(self.interval):
                yield attrs.evolve(self, began=began, ended=ended)


def hole_between(began: int, ended: int, interval: int) -> Hole | None:
    """Make the hole between two observations in a row, if they are too far apart."""
    if ended - began <= reach(interval):
        return None
    return Hole(began, ended, interval, Cause.MISSED)


@attrs.frozen
class Account:
    """What of a time was observed."""

    elapsed: int
    unobserved: int
    by_cause: dict[Cause, int]
    away: int = 0
    """What of `unobserved` fell into outages of the appliance; counted as a restart too."""

    @property
    def observed(self) -> int:
        """The rest."""
        return self.elapsed - self.unobserved


def account(watched: Span, holes: Iterable[Hole], outages: Sequence[Span], window: Span) -> Account:
    """Settle the account of a check within a window.

    Args:
        watched: since when, and until when, answers are expected.
        holes: of that time; they do not overlap.
        outages: when the appliance was not there; they do not overlap.
        window: the time asked about.
    """
    asked = watched.within(window)
    by_cause = dict.fromkeys(Cause, 0)
    away = 0
    for hole in holes:
        dark = hole.unobserved.within(asked)
        lost = sum(outage.within(dark).length for outage in outages)
        by_cause[Cause.RESTART] += lost
        by_cause[hole.cause] += dark.length - lost
        away += lost
    return Account(asked.length, sum(by_cause.values()), by_cause, away)
