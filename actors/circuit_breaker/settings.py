"""The limits of the safety gate, with their units and defaults."""

from collections.abc import Mapping

import attrs

from actors.circuit_breaker.window import Window
from actors.messages import Mode

_positive = attrs.validators.gt(0.0)
_at_least_one = attrs.validators.ge(1)


@attrs.frozen
class GateSettings:
    """What may be done, how often, and for how long an answer holds."""

    runs_per_day: int = attrs.field(default=3, validator=_at_least_one)
    """Runs of one runbook on one host in 24 hours, before a person is needed."""
    hosts_share: float = attrs.field(default=0.05, validator=(_positive, attrs.validators.le(1.0)))
    """Share of the site's hosts that one rule may touch in an hour; one host always may."""
    failures: int = attrs.field(default=3, validator=_at_least_one)
    """Failures in a row that open the breaker of a runbook on a host."""
    pause_s: float = attrs.field(default=1800.0, validator=_positive)
    """Seconds until an open breaker lets one run probe, and until a probe that never told how it
    ended gives way to the next."""
    canary_s: float = attrs.field(default=3600.0, validator=_positive)
    """Seconds that the first host of a changed rule or runbook has to prove it; then another may
    go first."""
    approval_s: float = attrs.field(default=4 * 3600.0, validator=_positive)
    """Seconds after which a fix that nobody approved is refused."""
    grant_s: float = attrs.field(default=7 * 24 * 3600.0, validator=_positive)
    """Seconds for which a person's yes holds when the fix has to wait, say for a window."""
    stall_s: float = attrs.field(default=900.0, validator=_positive)
    """Seconds after which an incident that is still acting is given to the runner again."""
    windows: tuple[Window, ...] = ()
    """A fix that some of these bind runs while one of them is open; any other runs at any time."""
    host_modes: Mapping[str, Mode] = attrs.field(factory=dict[str, Mode])
    """The most that any rule may do on a host; a host that is not named leaves it to the rules."""
    force_audit: bool = False
    """A dry run: every rule is in audit, and no person can lift that."""
