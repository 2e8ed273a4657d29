"""When a provider is left alone for a while.  Pure; kept in memory.

After a restart one call finds out what had been known, and costs no more than that.
"""

from typing import Final

import attrs

from actors.l2_planner.asking import SICK, Fault

FAILURES: Final = 3
"""In a row, until a provider rests."""
FIRST_REST_S: Final = 30.0
"""Doubled with each probe that fails."""
LONGEST_REST_S: Final = 900.0
AT_ONCE: Final = frozenset({Fault.UNAUTHORIZED, Fault.NOT_ALLOWED, Fault.NO_SUCH_MODEL})
"""What no repetition mends."""


@attrs.define
class ProviderBreaker:
    """How one provider does.  Times are seconds on one monotonic clock; the caller reads it."""

    failures: int = 0
    """In a row."""
    reason: Fault | None = None
    """Of the last failure."""
    rests_until: float = 0.0
    _rests: int = 0
    _probing: bool = False
    _proven: bool = False
    """Whether it answered in this life: an earlier one may have told people that it does not."""

    def wait_s(self, now: float) -> float:
        """Count the seconds until it may be asked; 0 when it may."""
        return max(0.0, self.rests_until - now)

    def admit(self, now: float) -> bool:
        """Say whether it may be asked.  After a rest one question probes, the others wait."""
        if self.wait_s(now) > 0 or self._probing:
            return False
        self._probing = self._rests > 0
        return True

    def answered(self) -> bool:
        """Note an answer; say whether people may have been told that there is none."""
        is_news, self._proven = self._rests > 0 or not self._proven, True
        self.failures, self.reason, self.rests_until = 0, None, 0.0
        self._rests, self._probing = 0, False
        return is_news

    def failed(self, fault: Fault, now: float, asked_s: float = 0.0) -> bool:
        """Note a failure; say whether it is by this one that the provider stops being asked.

        A pause that the provider asks for is kept, and is no failure by itself.
        """
        probing, self._probing = self._probing, False
        if fault not in SICK:
            return False
        self.failures, self.reason = self.failures + 1, fault
        self.rests_until = max(self.rests_until, now + min(asked_s, LONGEST_REST_S))
        if not (probing or fault in AT_ONCE or self.failures >= FAILURES):
            return False
        rest_s = min(FIRST_REST_S * 2.0**self._rests, LONGEST_REST_S)
        self.rests_until = max(self.rests_until, now + rest_s)
        self._rests += 1
        return self._rests == 1

    def left(self) -> None:
        """Note that a question was given up before there was an answer to it."""
        self._probing = False
