"""Mailboxes: bounded, named, counted queues that outlive the actors that read them.

A message leaves its mailbox when it is settled: handled, or dead-lettered.  What an actor had in
hand when it fell comes back, so that

    accepted = handled + dead + waiting + in hand

holds at every instant, and after a drain `accepted = handled + dead + spooled`.

Cost: a queue is cheap, a trio checkpoint is not (3.5 us).  So `send` is always a cancel point, but
lets others run only when it has to wait, and after each 64th message.
"""

import enum
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

import attrs
import outcome
import trio
from typing_extensions import override

from runtime.errors import ArightError

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)

SLICE_MESSAGES = 64
"""How many messages pass before a sender or a reader lets other tasks run."""

_HURRY = 0.001  # seconds: marks closer than this double their distance, up to 64 messages


class Full(enum.Enum):
    """What happens to a message that finds its mailbox full."""

    WAIT = "wait"
    """The sender waits: back-pressure."""
    REFUSE = "refuse"
    """The sender gets a `MailboxFullError`: for an ingress that can answer "later"."""
    LATEST = "latest"
    """The newest message replaces the one that waits: for feedback; the capacity is 1."""


@attrs.frozen
class Coalesce(Generic[M]):
    """A rule for "full": a waiting message is replaced, in its place, by a newer one of its key."""

    key: Callable[[M], Hashable]


class MailboxRefusedError(ArightError):
    """A mailbox takes no message now: its actor is down, or it drains."""

    def __init__(self, mailbox: str, reason: str) -> None:
        super().__init__(f"mailbox {mailbox} refuses: {reason}")
        self.mailbox, self.reason = mailbox, reason


class MailboxFullError(MailboxRefusedError):
    """A mailbox with the rule `REFUSE` holds as much as it may."""


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
        if box.accepted < box.next_mark or not box.mark():
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


class Mailbox(Generic[M]):
    """A bounded queue with a name.  The wiring owns it, one actor reads it.

    `capacity` bounds the messages that wait; those in hand come on top.  `weak` says that whoever
    sends to this mailbox does so under a deadline: such edges may close a cycle in the wiring.

    The lower half of the attributes belongs to the runtime's reader and supervisor.
    """

    def __init__(
        self,
        name: str,
        *,
        capacity: int,
        full: Full | Coalesce[M] = Full.WAIT,
        weak: bool = False,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"mailbox {name}: capacity {capacity} is not at least 1")
        if full is Full.LATEST and capacity != 1:
            raise ValueError(f"mailbox {name}: the rule LATEST keeps 1 message, not {capacity}")
        self.name, self.capacity, self.full, self.weak = name, capacity, full, weak

        self.accepted = self.handled = self.dead = 0
        self.waits = self.refused = self.coalesced = self.redelivered = self.expired = 0
        self.high_water = 0

        self.waiting: deque[M] | _Keyed[M] = deque()
        self.returned: deque[Letter[M]] = deque()
        self.reader: trio.lowlevel.Task | None = None
        self.asked = False
        self.closed = False
        self.refusal: str | None = None
        self.on_idle: Callable[[], None] | None = None
        self.clock: Callable[[], float] = time.perf_counter
        self.parked: dict[trio.lowlevel.Task, M] = {}
        # Where a message may enter without further questions: `room` is 0 while there are some.
        self.room = capacity
        if isinstance(full, Coalesce):
            self.waiting, self.room = _Keyed[M](full.key), 0
        elif full is Full.LATEST:
            self.waiting, self.room = _Keyed[M](_one_key), 0
        self._plain_room = self.room

        self.next_mark = 0
        self._marks: deque[tuple[int, float]] = deque()
        self._marked_seq, self._marked_at = 0, -math.inf
        self._stride = 1
        self._since_yield = 0

    @property
    def post(self) -> Post[M]:
        """The sending end."""
        return Post(self)

    @property
    def in_hand(self) -> int:
        """How many messages are being handled."""
        return self.unsettled - len(self.waiting) - len(self.returned)

    @property
    def unsettled(self) -> int:
        """How many messages were accepted and are neither handled nor dead."""
        return self.accepted - self.handled - self.dead

    @property
    def blocks(self) -> bool:
        """Whether a sender may have to wait for this mailbox without end."""
        return not self.weak and self.full not in (Full.REFUSE, Full.LATEST)

    def oldest_age(self) -> float:
        """Seconds since the oldest unsettled message came, at most; 0 if there is none.

        Messages that came within the same millisecond or so share one reading of the clock.
        """
        if not self.unsettled:
            return 0.0
        self._forget_marks()
        return self.clock() - self._marks[0][1]

    # The senders' side.

    def mark(self) -> bool:
        """Note when the next message comes, and say whether others should run first.

        Reading the clock for each message would cost a tenth of the throughput.  A mailbox at
        leisure marks each message; one in a hurry each second, fourth, ... sixty-fourth.
        """
        now, marks = self.clock(), self._marks
        in_hurry = now - self._marked_at < _HURRY
        self._stride = min(2 * self._stride, SLICE_MESSAGES) if in_hurry else 1
        self._since_yield += self.accepted - self._marked_seq
        self._marked_seq, self._marked_at = self.accepted, now
        if marks:
            self._forget_marks()
        marks.append((self.accepted, now))
        self.next_mark = self.accepted + self._stride
        if self._since_yield < SLICE_MESSAGES:
            return False
        self._since_yield = 0
        return True

    def _forget_marks(self) -> None:
        settled = self.handled + self.dead
        while len(self._marks) > 1 and self._marks[1][0] <= settled:
            self._marks.popleft()

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

    async def _wait_for_room(self, message: M) -> None:
        task = trio.lowlevel.current_task()
        self.waits += 1
        self.note_depth()
        self.parked[task] = message

        def give_up(_: object) -> trio.lowlevel.Abort:
            del self.parked[task]
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(give_up)

    def _fits(self, message: M) -> bool:
        waiting = self.waiting
        return len(waiting) < self.capacity or (isinstance(waiting, _Keyed) and message in waiting)

    def put(self, message: M) -> None:
        """Take a message for which there is room."""
        if self.accepted >= self.next_mark:
            self.mark()
        before = len(self.waiting)
        self.waiting.append(message)
        if len(self.waiting) > before:
            self.accepted += 1
        else:
            self.coalesced += 1
        if self.reader is not None:
            self.wake()

    # The reader's side.

    def note_depth(self) -> None:
        """Keep the high water mark; the reader calls it where the queue is deepest."""
        depth = len(self.waiting)
        if depth > self.high_water:  # three times as fast as `max`, in the hot path
            self.high_water = depth

    def drop_expired(self, count: int = 1) -> None:
        """Settle requests that nobody waits for any more, unhandled."""
        self.expired += count
        self.handled += count

    def take_out(self, place: int) -> None:
        """Take out the message at a place, which only a plain queue allows."""
        if isinstance(self.waiting, deque):
            del self.waiting[place]

    def admit(self) -> None:
        """Let parked senders in, in the order in which they came, as far as there is room."""
        while self.parked and len(self.waiting) < self.capacity:
            task = next(iter(self.parked))
            self.put(self.parked.pop(task))
            trio.lowlevel.reschedule(task)

    def wake(self) -> None:
        """Wake the reader if it sleeps."""
        reader = self.reader
        if reader is not None:
            self.reader = None
            trio.lowlevel.reschedule(reader)

    async def rest(self) -> None:
        """Sleep until there is something to read; only when everything is settled."""
        self.next_mark = self.accepted  # the next message opens a new count
        self._marks.clear()
        if self.on_idle is not None:
            self.on_idle()
        if not self.closed:
            self.reader = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._reader_left)

    async def sleep(self) -> None:
        """Sleep until somebody calls `wake`: what waits cannot be read yet."""
        self.reader = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._reader_left)

    def _reader_left(self, _: object) -> trio.lowlevel.Abort:
        self.reader = None
        return trio.lowlevel.Abort.SUCCEEDED

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
        self.refusal, self.room = None, self._plain_room

    def close(self, reason: str) -> None:
        """Let the reader end when it has read what is there."""
        self.closed = True
        self.refuse(reason)
        self.wake()

    def leftovers(self) -> list[M]:
        """Give what was not settled, oldest first.  Only true when nothing is in hand."""
        return [letter.message for letter in self.returned] + list(self.waiting)


@attrs.frozen
class Letter(Generic[M]):
    """A message that came back, and how often it fell."""

    message: M
    falls: int


class _Keyed(Generic[M]):
    """A queue like a deque in which a message takes the place of its elder of the same key."""

    def __init__(self, key: Callable[[M], Hashable]) -> None:
        self._key = key
        self._by_key: OrderedDict[Hashable, M] = OrderedDict()

    def append(self, message: M) -> None:
        self._by_key[self._key(message)] = message

    def popleft(self) -> M:
        return self._by_key.popitem(last=False)[1]

    def clear(self) -> None:
        self._by_key.clear()

    def __contains__(self, message: M) -> bool:
        return self._key(message) in self._by_key

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[M]:
        return iter(self._by_key.values())


def _one_key(_: object) -> None:
    return None
