"""When a fallen actor starts again: a budget of falls and growing pauses.  Pure."""

from collections import deque

import attrs


@attrs.frozen
class Restart:
    """How an actor is started again.  Durations are seconds."""

    budget: int = attrs.field(default=5, validator=attrs.validators.ge(0))
    """How many falls within `within` are followed by a restart; one more takes the actor down."""
    within: float = attrs.field(default=60.0, validator=attrs.validators.gt(0.0))
    first_pause: float = attrs.field(default=0.1, validator=attrs.validators.ge(0.0))
    """The pause after one fall; it doubles with each further one in the window."""
    longest_pause: float = attrs.field(default=30.0, validator=attrs.validators.ge(0.0))
    again_after: float = attrs.field(default=300.0, validator=attrs.validators.gt(0.0))
    """How long an actor that is not vital stays down before it is tried again."""


@attrs.define
class Budget:
    """The falls of one actor that still count.

    Instants are seconds on one monotonic clock.  The caller reads it, and draws the jitter.
    """

    restart: Restart
    _falls: deque[float] = attrs.field(factory=deque[float], init=False)

    def fell(self, now: float, jitter: float) -> float | None:
        """Count a fall and give the pause before the next start; None when over budget.

        `jitter` lies within [0, 1) and takes up to half of the pause away, so that actors that
        fell together do not start together.
        """
        falls = self.in_window(now) + 1
        self._falls.append(now)
        if falls > self.restart.budget:
            return None
        # The exponent is bounded, for a lifted budget would overflow a float.
        pause = self.restart.first_pause * 2.0 ** min(falls - 1, 64)
        return min(pause, self.restart.longest_pause) * (1 - jitter / 2)

    def in_window(self, now: float) -> int:
        """Count the falls that are not older than the window."""
        while self._falls and self._falls[0] <= now - self.restart.within:
            self._falls.popleft()
        return len(self._falls)

    def clear(self) -> None:
        """Forget all falls: an actor that was down is tried again."""
        self._falls.clear()
