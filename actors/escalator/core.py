"""When a delivery is tried again, and when no more: pure."""

from collections.abc import Sequence

import attrs

from actors.escalator.ticket import Delivery
from actors.messages import Moment

LONGEST_WAIT_S = 3600.0
"""However long the other side asks us to wait, an hour is enough."""

RESOLUTION_S = 0.001


@attrs.frozen
class Patience:
    """How often, and how long apart, a channel tries to bring a ticket.

    By default 8 times over 64 minutes, give or take a fifth of each pause.
    """

    attempts: int = attrs.field(default=8, validator=attrs.validators.ge(1))
    first_wait_s: float = 30.0
    """Seconds after the first failure; doubled after each further one."""
    spread: float = 0.2

    def wait_s(self, attempts: int, chance: float, asked_s: float = 0.0) -> float:
        """Give the seconds to wait after so many failures.

        Args:
            attempts: failures so far, this one included.
            chance: from 0.0 up to 1.0, drawn anew each time, so that not all return at once.
            asked_s: what the other side asked for.
        """
        wait = self.first_wait_s * 2.0 ** min(attempts - 1, 32)
        jittered = wait * (1 + self.spread * (2 * chance - 1))
        return min(max(jittered, asked_s), LONGEST_WAIT_S)


def seconds_until(due: Moment, now: Moment) -> float:
    """Count the seconds that are left until something is due; 0 when it is."""
    seconds = due.since(now)
    # The wall clock, by which an alarm sleeps, counts microseconds; the monotonic one counts less.
    return 0.0 if seconds < RESOLUTION_S else seconds


def first_due(deliveries: Sequence[Delivery], now: Moment) -> Delivery | None:
    """Choose what is due first; of what is due alike, the oldest ticket."""
    return min(deliveries, key=lambda one: seconds_until(one.due, now), default=None)


_UNHEARD = frozenset({"timeout", "broken_off", "bad_answer", "too_large"})


def may_have_arrived(reason: str) -> bool:
    """Say whether what failed for this reason may have reached people all the same."""
    return reason in _UNHEARD or reason.startswith("http_5")
