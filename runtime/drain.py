"""The drain: which mailbox closes when, and the count that proves that nothing was lost.

A mailbox closes when all who send to it have ended; its reader ends when it is closed and empty.
So the end ripples down the flow.  Actors that feed each other in a circle form a knot: its
mailboxes close together, when all senders outside have ended and the knot has come to rest.
"""

from collections.abc import Iterable, Sequence

import attrs
import trio

from runtime.actor import Actor, AnyMailbox
from runtime.wiring import Edge, knots


@attrs.frozen
class Tally:
    """What became of the messages of one mailbox."""

    mailbox: str
    accepted: int
    handled: int
    dead: int
    leftovers: tuple[object, ...] = attrs.field(repr=False)
    """Accepted, neither handled nor dead; oldest first."""

    @property
    def spooled(self) -> int:
        """How many are left over."""
        return len(self.leftovers)


@attrs.frozen
class Drained:
    """What became of all messages of one run."""

    mailboxes: tuple[Tally, ...]

    @property
    def accepted(self) -> int:
        """How many messages were accepted."""
        return sum(one.accepted for one in self.mailboxes)

    @property
    def handled(self) -> int:
        """How many were handled; among them requests that nobody waited for any more."""
        return sum(one.handled for one in self.mailboxes)

    @property
    def dead(self) -> int:
        """How many are dead letters."""
        return sum(one.dead for one in self.mailboxes)

    @property
    def spooled(self) -> int:
        """How many are left over."""
        return sum(one.spooled for one in self.mailboxes)

    @property
    def adds_up(self) -> bool:
        """Whether nothing was lost, in no mailbox."""
        return all(m.accepted == m.handled + m.dead + m.spooled for m in self.mailboxes)


def tally(boxes: Iterable[AnyMailbox]) -> Drained:
    """Count what became of the messages, once no actor runs any more."""
    return Drained(
        tuple(
            Tally(box.name, box.accepted, box.handled, box.dead, tuple(box.leftovers()))
            for box in boxes
        )
    )


class Ripple:
    """Closes mailboxes in the order of the flow."""

    def __init__(self, actors: Sequence[Actor], edges: Sequence[Edge]) -> None:
        self.ended = {one.name: trio.Event() for one in actors}
        self._boxes = {one.name: one.reads for one in actors if one.reads is not None}
        self._knots = knots(list(self._boxes), edges)
        self._edges = edges
        self._running = False

    async def run(self) -> None:
        """Close one mailbox after the other and wait until all readers have ended."""
        self._running = True
        for box in self._boxes.values():
            box.on_rest = self._go_on
        self._go_on()
        for name in self._boxes:
            await self.ended[name].wait()

    def end(self, name: str) -> None:
        """Note that an actor has ended for good."""
        self.ended[name].set()
        if self._running:
            self._go_on()

    def _go_on(self) -> None:
        for knot in self._knots:
            if self._may_close(knot):
                for name in self._boxes:
                    if name in knot and not self._boxes[name].closed:
                        self._boxes[name].close("the process drains")

    def _may_close(self, knot: frozenset[str]) -> bool:
        feeding = [edge for edge in self._edges if edge.reader in knot]
        if any(e.sender not in knot and not self.ended[e.sender].is_set() for e in feeding):
            return False
        is_circle = any(edge.sender in knot for edge in feeding)
        return not is_circle or all(
            self._boxes[name].closed or not self._boxes[name].unsettled
            for name in self._boxes
            if name in knot
        )
