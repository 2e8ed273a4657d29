"""Room for messages that have not arrived whole.

A message that does not come in one piece asks for a permit of its size, and is only then given the
window for the rest.  So what a peer announces costs nothing, and all unfinished messages together
take at most the pool's bytes, besides the window that each connection has from the start.
"""

from collections import Counter, deque
from collections.abc import Callable

import attrs


@attrs.define(eq=False)
class Permit:
    """Room for one message."""

    owner: object
    """The connection."""
    house: str
    """Whose connection it is, or else its address."""
    size: int
    grant: Callable[[], None]
    """Is called when there is room; at once, or later."""
    granted: bool = attrs.field(default=False, init=False)
    given: int = attrs.field(default=0, init=False)
    """By how much the window of the connection was widened for it."""


@attrs.define(eq=False)
class Pool:
    """Shares the room: first come, first served.

    But one connection has at most `each`, and all of one house at most half.
    """

    capacity: int
    each: int
    used: int = attrs.field(default=0, init=False)
    _held: Counter[object] = attrs.field(factory=Counter[object], init=False)
    _waiting: deque[Permit] = attrs.field(factory=deque[Permit], init=False)

    def ask(self, permit: Permit) -> None:
        """Grant now, or when others have given back.  No permit may be larger than `each`."""
        if self._grant(permit):
            permit.grant()
        else:
            self._waiting.append(permit)

    def give_back(self, permit: Permit) -> None:
        """End a permit, granted or not."""
        if not permit.granted:
            self._waiting.remove(permit)
            return
        permit.granted = False
        self.used -= permit.size
        for holder in (permit.owner, permit.house):
            self._held[holder] -= permit.size
            if not self._held[holder]:
                del self._held[holder]
        granted: list[Permit] = []
        for each in list(self._waiting):
            if self.used >= self.capacity:
                break
            if self._grant(each):
                self._waiting.remove(each)
                granted.append(each)
        for each in granted:  # to tell one may end another, or come back here
            if each.granted:
                each.grant()

    def _grant(self, permit: Permit) -> bool:
        bounds = (
            (self.used, self.capacity),
            (self._held[permit.owner], self.each),
            (self._held[permit.house], max(self.each, self.capacity // 2)),
        )
        if any(held + permit.size > bound for held, bound in bounds):
            return False
        self.used += permit.size
        for holder in (permit.owner, permit.house):
            self._held[holder] += permit.size
        permit.granted = True
        return True
