"""The breaker of one runbook on one host: a switch that failures open.  Pure.

    closed ── failures in a row ──► open ── pause over, one may probe ──► half open
       ▲                             ▲                                       │
       └───── a verified fix ────────┼───────────────────────────────────────┤
                                     └────────────── a failure ──────────────┘

Keyed by runbook *and* host: a runbook that fails on one host says little about the next, where the
canary and the rule's budget hold it back; and a host on which one runbook fails can well be healed
by another.  Checks that share a runbook share its breaker on a host.
"""

import enum

import attrs

from actors.messages import Moment
from actors.messages.suppression import drift_key


class BreakerState(enum.StrEnum):
    """How a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@attrs.frozen
class Breaker:
    """What is remembered of one runbook on one host."""

    site: str
    host: str
    runbook_id: str
    failures: int = 0
    """In a row."""
    opened_at: Moment | None = None
    """When it opened, or opened again; None while it is closed."""
    probe: str | None = None
    """The incident that may try while it is open."""
    probed_at: Moment | None = None

    @property
    def key(self) -> str:
        """Spell whose breaker it is: site/host/runbook."""
        return drift_key(self.site, self.host, self.runbook_id)

    @property
    def state(self) -> BreakerState:
        """Say how it stands."""
        if self.opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self.probe is None else BreakerState.HALF_OPEN

    def wait_s(self, now: Moment, pause_s: float) -> float:
        """Count the seconds until a run may begin: 0 when one may begin now."""
        since = self.probed_at or self.opened_at
        return 0.0 if since is None else max(0.0, pause_s - now.since(since))

    def probing(self, incident_id: str, now: Moment) -> "Breaker":
        """Let one run begin: a probe, unless the breaker is closed."""
        if self.opened_at is None:
            return self
        return attrs.evolve(self, probe=incident_id, probed_at=now)

    def failed(self, now: Moment, limit: int) -> "Breaker":
        """Count a failure: the last one too many opens, as does each one while it is open."""
        failures = self.failures + 1
        if self.opened_at is None and failures < limit:
            return attrs.evolve(self, failures=failures)
        return Breaker(self.site, self.host, self.runbook_id, failures, opened_at=now)

    def healed(self) -> "Breaker":
        """Count a verified fix, or a person's reset: closed, and nothing is held against it."""
        return Breaker(self.site, self.host, self.runbook_id)

    def did_nothing(self, incident_id: str) -> "Breaker":
        """Count a run that found nothing to do: it proved nothing, so another may probe."""
        if self.probe != incident_id:
            return self
        return attrs.evolve(self, probe=None, probed_at=None)
