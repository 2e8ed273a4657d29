"""Room for messages that have not arrived whole.

A message that does not come in one piece asks for a permit of its size, and is only then given the
window for the rest.  So what a peer announces costs nothing, and all unfinished messages together
take at most the pool's bytes, besides the window that each connection has from the start.
"""

from collections import deque
from collections.abc import Callable

import attrs


@attrs.define(eq=False)
class Permit:
    """Room for one message."""

    owner: object
    """The connection."""
    size: int
    grant: Callable[[], None]
    """Is called when there is room; at once, or later."""
    granted: bool = attrs.field(default=False, init=False)


@attrs.define(eq=False)
class Pool:
    """Shares the room: first come, first served, but one connection has at most `each`."""

    capacity: int
    each: int
    used: int = attrs.field(default=0, init=False)
    _held: dict[object, int] = attrs.field(factory=dict[object, int], init=False)
    _waiting: deque[Permit] = attrs.field(factory=deque[Permit], init=False)

    def ask(self, permit: Permit) -> None:
        """Grant now, or when others have given back.  No permit may be larger than `each`."""
        if not self._grant(permit):
            self._waiting.append(permit)

    def give_back(self, permit: Permit) -> None:
        """End a permit, granted or not."""
        if not permit.granted:
            self._waiting.remove(permit)
            return
        permit.granted = False
        self.used -= permit.size
        held = self._held[permit.owner] - permit.size
        if held:
            self._held[permit.owner] = held
        else:
            del self._held[permit.owner]
        for each in list(self._waiting):
            if self.used >= self.capacity:
                break
            if self._grant(each):
                self._waiting.remove(each)

    def _grant(self, permit: Permit) -> bool:
        held = self._held.get(permit.owner, 0)
        if self.used + permit.size > self.capacity or held + permit.size > self.each:
            return False
        self.used += permit.size
        self._held[permit.owner] = held + permit.size
        permit.granted = True
        permit.grant()
        return True
