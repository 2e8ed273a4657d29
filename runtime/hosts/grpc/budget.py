"""Allowances that come back with time: for what a peer may do, and how often."""

import attrs


@attrs.define(eq=False)
class Budget:
    """So many at once, and the same again spread over `window_s`.

    Times are seconds on one monotonic clock; the caller reads it.
    """

    capacity: float
    window_s: float
    _left: float = attrs.field(init=False)
    _at: float = attrs.field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._left = self.capacity

    def spend(self, now: float, count: int = 1) -> bool:
        """Take `count`; False where there are not as many, and then nothing is taken."""
        left = self.left(now)
        if count > left:
            return False
        self._left = left - count
        return True

    def refund(self, count: float) -> None:
        """Give back what was earned."""
        self._left = min(self.capacity, self._left + count)

    def left(self, now: float) -> float:
        """Say how much could be spent."""
        if now > self._at:
            self._left = min(
                self.capacity, self._left + (now - self._at) * self.capacity / self.window_s
            )
            self._at = now
        return self._left

    def wait_s(self, now: float, count: int) -> float:
        """Give the seconds until `count` may be spent."""
        return max(0.0, (count - self.left(now)) * self.window_s / self.capacity)
