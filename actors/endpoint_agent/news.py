"""Tells those who wait that there is something new; what it is, they look up."""

import attrs
import trio


@attrs.define(eq=False)
class News:
    """Take `next` before you look, so that nothing comes unnoticed between look and wait."""

    next: trio.Event = attrs.field(factory=trio.Event, init=False)

    def tell(self) -> None:
        """Wake all who wait."""
        self.next.set()
        self.next = trio.Event()
