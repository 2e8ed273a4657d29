"""What the hosts of a simulated fleet say, and what came of it; nothing here speaks to anybody."""

import statistics
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

import attrs

from actors.endpoint_agent import Fate, Report

CHECKS: Final = (
    "firewall", "defender", "patches", "screenlock", "bitlocker", "audit_policy", "smb_signing",
    "dns_client", "time_service", "guest_account_disabled",
)  # fmt: skip
"""In agents' own words."""

_DRIFTS: Final = 0.02
"""Share of looks that find a change; all other events repeat what was said before."""
_LATELY: Final = 100_000
"""Events whose times are kept."""


@attrs.define
class Look:
    """What one host says, event for event: by its seed always the same."""

    host: str
    random: Random
    _passing: dict[str, bool] = attrs.field(factory=lambda: dict.fromkeys(CHECKS, True))

    def next(self, now: int) -> Report:
        """Look at a check: mostly as it was, sometimes it drifts or is right again."""
        check = self.random.choice(CHECKS)
        if self.random.random() < _DRIFTS:
            self._passing[check] = not self._passing[check]
        passed = self._passing[check]
        return Report(self.host, check, passed, "on", "on" if passed else "off", "", now)


@attrs.define
class Tally:
    """What became of the events so far."""

    connected: int = 0
    reached: set[str] = attrs.field(factory=set[str])
    """Hosts that got through to the appliance, ever."""
    sent: int = 0
    acked: int = 0
    not_taken: int = 0
    """Answered, and not durable: refused, or to be sent again later."""
    reconnects: int = 0
    commands: int = 0
    took: deque[float] = attrs.field(factory=lambda: deque[float](maxlen=_LATELY))
    """Seconds from an event to its ack, of the last events."""
    problems: Counter[str] = attrs.field(factory=Counter[str])
    """Why connections ended, and how often."""

    def answered(self, fate: Fate, seconds: float) -> None:
        """Count an ack."""
        if fate is Fate.TAKEN:
            self.acked += 1
            self.took.append(seconds)
        else:
            self.not_taken += 1

    def ended(self, problem: str) -> None:
        """Count a connection that ended, or was not made; another one follows."""
        self.reconnects += 1
        self.problems[problem] += 1

    def began(self, host: str) -> None:
        """Count a connection that stands."""
        self.connected += 1
        self.reached.add(host)

    def disconnected(self) -> None:
        """Count one connection less."""
        self.connected -= 1

    @property
    def missing(self) -> int:
        """Count the events of which nobody knows what became."""
        return self.sent - self.acked - self.not_taken

    def told(self, seconds: float) -> Mapping[str, object]:
        """Give the figures."""
        return {
            "seconds": round(seconds, 2),
            "hosts": len(self.reached),
            "sent": self.sent,
            "acked": self.acked,
            "not_taken": self.not_taken,
            "missing": self.missing,
            "acks_per_s": round(self.acked / seconds, 1) if seconds else 0.0,
            "p50_ms": _percentile(list(self.took), 50),
            "p99_ms": _percentile(list(self.took), 99),
            "reconnects": self.reconnects,
            "heal_commands": self.commands,
            "problems": dict(self.problems),
        }


def _percentile(seconds: Sequence[float], percent: int) -> float | None:
    if not seconds:
        return None
    if len(seconds) == 1:
        return round(seconds[0] * 1000, 2)
    return round(statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1] * 1000, 2)
