"""What the tests of the escalator say again and again."""

import datetime as dt

from actors.messages import Moment, Severity, Stop, StopKind
from runtime.clock import VirtualClock

NOON = Moment(dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC), "boot-1", 100.0)
CLOCK = VirtualClock(NOON.wall)


class CountingIds:
    """Names that count up."""

    def __init__(self) -> None:
        self.last = 0

    def new(self, kind: str) -> str:
        self.last += 1
        return f"{kind}_{self.last:04}"

    def several(self, kind: str, count: int) -> list[str]:
        return [self.new(kind) for _ in range(count)]


def spent(
    incident_id: str | None, severity: Severity = Severity.MEDIUM, key: str = "RB-SSH/ws-7"
) -> Stop:
    """Stop for a spent budget."""
    return Stop(StopKind.BUDGET, key, severity, "budget_spent", incident_id, "ws-7", "ssh_config")
