"""No server is asked more than once a second, however much there is to catch up with."""

import attrs
import trio

from runtime.clock import Clock


@attrs.define
class Pace:
    """Gives turns, by host, in the order in which they are asked for."""

    clock: Clock
    apart_s: float = 1.0
    _free: dict[str, float] = attrs.field(factory=dict[str, float], init=False)

    async def turn(self, host: str) -> None:
        """Wait for the next turn with a host."""
        now = self.clock.monotonic()
        turn = max(now, self._free.get(host, 0.0))
        self._free[host] = turn + self.apart_s
        await trio.sleep(turn - now)
