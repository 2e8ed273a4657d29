"""Mailboxes: bounded, named, counted queues that outlive the actors that read them.

A message leaves its mailbox when it is settled: handled, or dead-lettered.  What an actor had in
hand when it fell comes back, so that

    accepted = handled + dead + waiting + returned + in hand

holds at every instant, and after a drain `accepted = handled + dead + spooled`.

Cost: a queue is cheap, a trio checkpoint is not (3.5 us).  So `send` is always a cancel point, but
lets others run only when it has to wait, and after each 64th message.
"""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

import attrs
import outcome
import trio
from typing_extensions import override

from runtime.arrivals import Arrivals
from runtime.full import Coalesce, Full, Keyed, MailboxFullError, MailboxRefusedError, one_key

__all__ = [
    "Coalesce",
    "Full",
    "Letter",
    "Mailbox",
    "MailboxFullError",
    "MailboxRefusedError",
    "Post",
]

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)


class Post(trio.abc.SendChannel[M_contra]):
    """The sending end of a mailbox, as it is handed to actors."""

    __slots__ = ("mailbox",)

    def __init__(self, mailbox: "Mailbox[M_contra]") -> None:
        self.mailbox = mailbox

    @override
    async def send(self, value: M_contra) -> None:
        """Put a message in, waiting for room if the mailbox's rule says so.

        Raises:
            MailboxFullError: there is no room and the rule is `REFUSE`.
            MailboxRefusedError: the mailbox is closed, or its actor is down.
        """
        box = self.mailbox
        if box.accepted < box.arrivals.next_mark or not box.mark():
            await trio.lowlevel.checkpoint_if_cancelled()
        else:
            await trio.lowlevel.checkpoint()
        if len(box.waiting) < box.room:
            box.waiting.append(value)
            box.accepted += 1
            if box.reader is not None:
                box.wake()
        else:
            await box.enter(value)

    def offer(self, value: M_contra) -> bool:
        """Put a message in if that needs no waiting, and say whether it was taken."""
        return self.mailbox.take_in(value)

    @override
    async def aclose(self) -> None:
        """Close nothing: a mailbox closes when all actors that send to it have ended."""
        await trio.lowlevel.checkpoint()


@attrs.frozen
class Letter(Generic[M]):
    """A message that came back, and how often it fell."""

    message: M
    falls: int


@attrs.define(eq=False)
class Mailbox(Generic[M]):
    """A bounded queue with a name.  The wiring owns it, one actor reads it.

    What stands below the counters belongs to the runtime's reader and supervisor.
    """

    name: str
    capacity: int = attrs.field(kw_only=True)
    """How many messages may wait; those in hand come on top."""
    full: Full | Coalesce[M] = attrs.field(default=Full.WAIT, kw_only=True)
    weak: bool = attrs.field(default=False, kw_only=True)
    """Whoever sends here does so under a deadline: such an edge may close a cycle."""

    accepted: int = attrs.field(default=0, init=False)
    handled: int = attrs.field(default=0, init=False)
    dead: int = attrs.field(default=0, init=False)
    waits: int = attrs.field(default=0, init=False)
    refused: int = attrs.field(default=0, init=False)
    coalesced: int = attrs.field(default=0, init=False)
    redelivered: int = attrs.field(default=0, init=False)
    expired: int = attrs.field(default=0, init=False)
    high_water: int = attrs.field(default=0, init=False)

    waiting: deque[M] | Keyed[M] = attrs.field(init=False, repr=False)
    returned: list[Letter[M]] = attrs.field(factory=list[Letter[M]], init=False, repr=False)
    parked: dict[trio.lowlevel.Task, M] = attrs.field(
        factory=dict[trio.lowlevel.Task, M], init=False, repr=False
    )
    arrivals: Arrivals = attrs.field(factory=Arrivals, init=False, repr=False)
    room: int = attrs.field(init=False, repr=False)
    """How many may wait without further questions: 0 while there are questions to ask."""
    reader: trio.lowlevel.Task | None = attrs.field(default=None, init=False, repr=False)
    """The reader while it sleeps."""
    on_rest: Callable[[], None] | None = attrs.field(default=None, init=False, repr=False)
    asked: bool = attrs.field(default=False, init=False)
    """Whether there may be requests among the messages."""
    refusal: str | None = attrs.field(default=None, init=False)
    closed: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        if self.capacity < 1:
            raise ValueError(f"mailbox {self.name}: capacity {self.capacity} is not at least 1")
        if self.full is Full.LATEST and self.capacity != 1:
            raise ValueError(f"mailbox {self.name}: LATEST keeps 1 message, not {self.capacity}")
        if isinstance(self.full, Coalesce):
            self.waiting = Keyed(self.full.key)
        elif self.full is Full.LATEST:
            self.waiting = Keyed(one_key)
        else:
            self.waiting = deque[M]()
        self.reopen()

    @property
    def post(self) -> Post[M]:
        """The sending end."""
        return Post(self)

    @property
    def settled(self) -> int:
        """How many messages are done with."""
        return self.handled + self.dead

    @property
    def unsettled(self) -> int:
        """How many messages were accepted and are not done with."""
        return self.accepted - self.settled

    @property
    def in_hand(self) -> int:
        """How many messages are being handled."""
        return self.unsettled - len(self.waiting) - len(self.returned)

    @property
    def blocks(self) -> bool:
        """Whether a sender may have to wait for this mailbox without end."""
        return not self.weak and self.full not in (Full.REFUSE, Full.LATEST)

    def oldest_age(self) -> float:
        """Seconds, at most, since the oldest unsettled message came; 0 if there is none."""
        return self.arrivals.oldest_age(self.settled) if self.unsettled else 0.0

    # The senders' side.

    def mark(self) -> bool:
        """Note that a message comes now, and say whether others should run first."""
        return self.arrivals.mark(self.accepted, self.settled)

    def take_in(self, message: M) -> bool:
        """Take a message if that needs no waiting."""
        if self.refusal is not None or not self._fits(message):
            self.refused += 1
            return False
        self.put(message)
        return True

    async def enter(self, message: M) -> None:
        """Take a message that found no plain room: ask the rule, and wait if it says so."""
        if self.refusal is not None:
            self.refused += 1
            raise MailboxRefusedError(self.name, self.refusal)
        if self._fits(message):
            self.put(message)
        elif self.full is Full.REFUSE:
            self.refused += 1
            raise MailboxFullError(self.name, f"it holds {self.capacity} messages")
        else:
            await self._wait_for_room(message)

    def put(self, message: M) -> None:
        """Take a message for which there is room."""
        if self.accepted >= self.arrivals.next_mark:
            self.mark()
        before = len(self.waiting)
        self.waiting.append(message)
        if len(self.waiting) > before:
            self.accepted += 1
        else:
            self.coalesced += 1
        self.wake()

    def _fits(self, message: M) -> bool:
        waiting = self.waiting
        return len(waiting) < self.capacity or (isinstance(waiting, Keyed) and message in waiting)

    async def _wait_for_room(self, message: M) -> None:
        task = trio.lowlevel.current_task()
        self.waits += 1
        self.note_depth()
        self.parked[task] = message

        def give_up(_: object) -> trio.lowlevel.Abort:
            del self.parked[task]
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(give_up)

    # The reader's side.

    def note_depth(self) -> None:
        """Keep the high water mark; the reader calls it where the queue is deepest."""
        depth = len(self.waiting)
        if depth > self.high_water:  # noqa: PLR1730  # a third of the time of `max`
            self.high_water = depth

    def admit(self) -> None:
        """Let parked senders in, in the order in which they came, as far as there is room."""
        while self.parked and len(self.waiting) < self.capacity:
            task = next(iter(self.parked))
            self.put(self.parked.pop(task))
            trio.lowlevel.reschedule(task)

    def take_out(self, place: int) -> None:
        """Take out the message at a place, which only a plain queue allows."""
        if isinstance(self.waiting, deque):
            del self.waiting[place]

    def drop_expired(self, count: int = 1) -> None:
        """Settle requests that nobody waits for any more, unhandled."""
        self.expired += count
        self.handled += count

    def at_rest(self) -> bool:
        """Note that everything is settled, and say whether the reader has read its last."""
        self.arrivals.rest(self.accepted)
        if self.on_rest is not None:
            self.on_rest()  # which may close this mailbox
        return self.closed

    async def sleep(self) -> None:
        """Sleep until something comes, or the mailbox is closed."""
        self.reader = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._reader_left)

    def _reader_left(self, _: object) -> trio.lowlevel.Abort:
        self.reader = None
        return trio.lowlevel.Abort.SUCCEEDED

    def wake(self) -> None:
        """Wake the reader if it sleeps."""
        reader = self.reader
        if reader is not None:
            self.reader = None
            trio.lowlevel.reschedule(reader)

    # The supervisor's side.

    def refuse(self, reason: str) -> None:
        """Take nothing any more, and tell those who wait to send."""
        self.refusal, self.room = reason, 0
        for task in list(self.parked):
            del self.parked[task]
            self.refused += 1
            error = MailboxRefusedError(self.name, reason)
            trio.lowlevel.reschedule(task, outcome.Error(error))

    def reopen(self) -> None:
        """Take messages again: the actor is back."""
        self.refusal = None
        # A message that may replace another is always looked at.
        self.room = self.capacity if isinstance(self.waiting, deque) else 0

    def close(self, reason: str) -> None:
        """Let the reader end when it has read what is there."""
        self.closed = True
        self.refuse(reason)
        self.wake()

    def leftovers(self) -> list[M]:
        """Give what was not settled, oldest first.  Only true when nothing is in hand."""
        return [letter.message for letter in self.returned] + list(self.waiting)
