"""Whom a ticket is told to, by when somebody must answer, and what may wait: pure."""

from collections.abc import Mapping, Sequence

import attrs

from actors.escalator.quiet import Quiet
from actors.messages import Moment, Severity, StopKind

LOG = "log"
"""The channel that every appliance has.  It always hears, at once, and counts as nobody."""

_MINUTE_S = 60.0

LONGEST_PAUSE_S = 7 * 86_400.0
"""However often nobody answered: once a week a ticket is told again."""


@attrs.frozen
class Promise:
    """Within how many seconds somebody answers, and within how many it is settled."""

    response_s: float = attrs.field(validator=attrs.validators.gt(0))
    resolution_s: float = attrs.field(validator=attrs.validators.gt(0))


PROMISES: Mapping[Severity, Promise] = {
    Severity.CRITICAL: Promise(15 * _MINUTE_S, 60 * _MINUTE_S),
    Severity.HIGH: Promise(60 * _MINUTE_S, 240 * _MINUTE_S),
    Severity.MEDIUM: Promise(240 * _MINUTE_S, 480 * _MINUTE_S),
    Severity.LOW: Promise(480 * _MINUTE_S, 1440 * _MINUTE_S),
}


@attrs.frozen
class Route:
    """Which channels hear of which tickets."""

    channels: tuple[str, ...]
    """All of them, at once."""
    fallback: tuple[str, ...] = ()
    """One after the other: when a channel is dead, and each time that nobody answered."""
    severities: frozenset[Severity] = frozenset(Severity)
    kinds: frozenset[StopKind] = frozenset(StopKind)

    def fits(self, kind: StopKind, severity: Severity) -> bool:
        """Say whether tickets of that kind and severity go this way."""
        return severity in self.severities and kind in self.kinds


@attrs.frozen
class Policy:
    """What a site has settled about being told."""

    routes: tuple[Route, ...] = ()
    """The first that fits decides; where none does, every channel hears."""
    promises: Mapping[Severity, Promise] = PROMISES
    quiet: Quiet | None = None
    followers: frozenset[str] = frozenset()
    """Channels that hear what became of a ticket that they were told."""

    def route(self, channels: Sequence[str], kind: StopKind, severity: Severity) -> Route:
        """Choose the way of a ticket among the channels that there are."""
        everybody = Route(tuple(name for name in channels if name != LOG))
        # That nobody could be reached is told to whomever it reaches.
        fitting = () if kind is StopKind.NOBODY_REACHED else self.routes
        return next((one for one in fitting if one.fits(kind, severity)), everybody)

    def told_at(self, channel: str, severity: Severity, at: Moment) -> Moment:
        """Give the moment from which a channel may be told."""
        if channel == LOG or self.quiet is None:
            return at
        ends = self.quiet.ends(at.wall, severity)
        return at if ends is None else at.after((ends - at.wall).total_seconds())

    def answer_due(self, severity: Severity, at: Moment) -> Moment:
        """Give the moment by which somebody must have answered what was told at `at`."""
        return self._after(severity, at, self.promises[severity].response_s)

    def settled_due(self, severity: Severity, opened_s: float, at: Moment) -> Moment:
        """Give the moment by which it must be settled, for somebody answered at `at`.

        Args:
            severity: of the ticket.
            opened_s: seconds since it was opened; who answers late still gets time.
            at: when somebody answered.
        """
        promise = self.promises[severity]
        left_s = max(promise.resolution_s - opened_s, promise.response_s)
        return self._after(severity, at, left_s)

    def late_again(self, severity: Severity, late: int, *, answered: bool, at: Moment) -> Moment:
        """Give the moment of the next reminder, after `late` of them; each pause is doubled."""
        promise = self.promises[severity]
        base_s = promise.resolution_s if answered else promise.response_s
        return self._after(severity, at, min(base_s * 2.0 ** min(late, 32), LONGEST_PAUSE_S))

    def _after(self, severity: Severity, at: Moment, seconds: float) -> Moment:
        quiet = self.quiet
        return at.after(seconds if quiet is None else quiet.stretched_s(at.wall, severity, seconds))
