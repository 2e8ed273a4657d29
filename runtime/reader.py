"""How an actor reads its mailbox: one by one, in batches, or in lanes.

A reader takes messages out, hands them to the handler and settles them.  When the handler raises,
the message goes back, or to the dead letters when it fell for the third time, and the error leaves
`read`: the actor has fallen.
"""

from collections.abc import Awaitable, Callable, Collection, Hashable
from contextvars import ContextVar
from typing import Generic, Protocol, TypeVar, runtime_checkable

import attrs
import trio

from runtime.errors import ArightError
from runtime.mailbox import SLICE_MESSAGES, Letter, Mailbox
from runtime.request import Request
from runtime.vitals import QUICK, Vitals, chain_of

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)

FALLS_TO_DEATH = 3
"""The fall of one message that makes a dead letter of it."""

_SLICE_SECONDS = 0.0005
_attempt: ContextVar[int] = ContextVar("attempt", default=1)


def attempt() -> int:
    """Say how often the message in hand was delivered, this time included.  For handlers."""
    return _attempt.get()


@runtime_checkable
class Handler(Protocol[M_contra]):
    """An actor that takes messages one by one."""

    async def handle(self, message: M_contra, /) -> None:
        """Take one message out of the mailbox."""


@runtime_checkable
class BatchHandler(Protocol[M]):
    """An actor that takes at once what queued up."""

    async def handle_batch(self, messages: list[M], /) -> None:
        """Take some messages out of the mailbox, all of them or none."""


@attrs.frozen
class DeadLetter:
    """A message that made its actor fall three times."""

    mailbox: str
    actor: str
    message: object
    attempts: int
    error: Exception
    reasons: tuple[str, ...]
    """The error and what it came from, a short line each."""


class DeadLetteredError(ArightError):
    """A request made its actor fall three times and was set aside."""

    def __init__(self, letter: DeadLetter) -> None:
        super().__init__(f"{letter.actor} fell {letter.attempts} times over it: {letter.error}")
        self.letter = letter


Trace = Callable[[str, str, object], None]
"""Called with what happened (`handle`, `fell`, `dead`), the actor's name and the message."""


@attrs.define
class Desk:
    """What the supervisor lays out for an actor: its counters, and where dead letters go."""

    actor: str
    vitals: Vitals
    on_dead_letter: Callable[[DeadLetter], Awaitable[None]]
    running: Callable[[], None]
    clock: Callable[[], float]
    trace: Trace | None

    def tell(self, what: str, message: object) -> None:
        """Tell the trace hook, if there is one."""
        if self.trace is not None:
            self.trace(what, self.actor, message)


@attrs.frozen
class Reader(Generic[M]):
    """The way in which one actor reads its mailbox."""

    box: Mailbox[M]
    lanes: int = 1
    lane_of: Callable[[M], Hashable] | None = None

    async def read(self, handler: Handler[M] | BatchHandler[M], desk: Desk) -> None:
        """Read until the mailbox is closed and empty.

        Raises:
            Exception: what the handler raised.
        """
        if isinstance(handler, BatchHandler):
            await self._in_batches(handler.handle_batch, desk)
        elif self.lanes > 1:
            await self._in_lanes(handler.handle, desk)
        else:
            await self._one_by_one(handler.handle, desk)

    async def _one_by_one(self, handle: Callable[[M], Awaitable[None]], desk: Desk) -> None:
        """Handle slices of up to 64 messages or half a millisecond.  This is the hot loop."""
        box, waiting, clock, trace = self.box, self.box.waiting, desk.clock, desk.trace
        while True:
            while box.returned:
                await self._deliver(box.returned.popleft(), handle, desk)
            if not waiting:
                if box.closed:
                    return
                await box.rest()
            box.note_depth()
            quick, left, now = 0, SLICE_MESSAGES, clock()
            end = now + _SLICE_SECONDS
            while waiting and left and now < end:
                before, left = now, left - 1
                message = waiting.popleft()
                if box.parked:
                    box.admit()
                if box.asked and isinstance(message, Request) and message.expired:
                    box.drop_expired()
                    continue
                if trace is not None:
                    trace("handle", desk.actor, message)
                try:
                    await handle(message)
                except BaseException as error:
                    desk.vitals.took.note_quick(quick)
                    await self._fell(Letter(message, 1), error, desk)
                    raise
                box.handled += 1
                now = clock()
                if now - before < QUICK:
                    quick += 1
                else:
                    desk.vitals.took.note(now - before)
            desk.vitals.took.note_quick(quick)
            if waiting:
                await trio.lowlevel.checkpoint()

    async def _in_batches(
        self, handle_batch: Callable[[list[M]], Awaitable[None]], desk: Desk
    ) -> None:
        async def handle_alone(message: M) -> None:
            await handle_batch([message])

        box = self.box
        while True:
            if box.returned:
                await self._deliver(box.returned.popleft(), handle_alone, desk)
            elif box.waiting:
                await self._batch(handle_batch, desk)
                await trio.lowlevel.checkpoint()
            elif box.closed:
                return
            else:
                await box.rest()

    async def _batch(self, handle_batch: Callable[[list[M]], Awaitable[None]], desk: Desk) -> None:
        box, started = self.box, desk.clock()
        box.note_depth()
        taken = list(box.waiting)
        box.waiting.clear()
        box.admit()
        batch = [message for message in taken if not (box.asked and _is_expired(message))]
        box.drop_expired(len(taken) - len(batch))
        if not batch:
            return
        desk.tell("handle", batch)
        try:
            await handle_batch(batch)
        except BaseException as error:
            if len(batch) == 1:
                await self._fell(Letter(batch[0], 1), error, desk)
            else:
                # Only one of them may be poison: from here on each of them comes alone.
                desk.tell("fell", batch)
                falls = int(isinstance(error, Exception))
                box.returned.extend(Letter(message, falls) for message in batch)
            raise
        box.handled += len(batch)
        desk.vitals.took.note(desk.clock() - started)

    async def _in_lanes(self, handle: Callable[[M], Awaitable[None]], desk: Desk) -> None:
        box = self.box
        busy: dict[Hashable, Letter[M]] = {}
        errors: list[Exception] = []

        async def work(key: Hashable, letter: Letter[M]) -> None:
            try:
                await self._deliver(letter, handle, desk)
            except Exception as error:  # noqa: BLE001  # raised again when all lanes have ended
                errors.append(error)
            finally:
                del busy[key]
                box.wake()

        async with trio.open_nursery() as nursery:
            # After a fall the other lanes finish what they have in hand; then all are made anew.
            while not errors:
                found = self._next_free(busy) if len(busy) < self.lanes else None
                if found is not None:
                    key, letter = found
                    busy[key] = letter
                    nursery.start_soon(work, key, letter)
                elif busy:
                    await box.sleep()
                elif box.closed:
                    return
                else:
                    await box.rest()
        raise errors[0] if len(errors) == 1 else ExceptionGroup("several lanes fell", errors)

    def _next_free(self, busy: Collection[Hashable]) -> tuple[Hashable, Letter[M]] | None:
        """Take out the oldest message whose key no lane works on; what came back goes first."""
        box = self.box
        for place, letter in enumerate(box.returned):
            if (key := self._key(letter.message)) not in busy:
                del box.returned[place]
                return key, letter
        for place, message in enumerate(box.waiting):
            if (key := self._key(message)) not in busy:
                box.take_out(place)
                box.admit()
                return key, Letter(message, 0)
        return None

    def _key(self, message: M) -> Hashable:
        return object() if self.lane_of is None else self.lane_of(message)

    async def _deliver(
        self, letter: Letter[M], handle: Callable[[M], Awaitable[None]], desk: Desk
    ) -> None:
        """Handle a message outside the hot loop: in a lane, or once more."""
        box, message = self.box, letter.message
        box.redelivered += bool(letter.falls)
        if _is_expired(message):
            box.drop_expired()
            return
        desk.tell("handle", message)
        token = _attempt.set(letter.falls + 1)
        started = desk.clock()
        try:
            await handle(message)
        except BaseException as error:
            await self._fell(Letter(message, letter.falls + 1), error, desk)
            raise
        finally:
            _attempt.reset(token)
        box.handled += 1
        desk.vitals.took.note(desk.clock() - started)

    async def _fell(self, letter: Letter[M], error: BaseException, desk: Desk) -> None:
        """Put a message back, or among the dead when it made its actor fall too often."""
        box, message = self.box, letter.message
        if not isinstance(error, Exception):  # cancelled: no fault of the message
            box.returned.appendleft(Letter(message, letter.falls - 1))
            return
        desk.tell("fell", message)
        if letter.falls < FALLS_TO_DEATH:
            box.returned.appendleft(letter)
            return
        reasons = chain_of(error)
        dead = DeadLetter(box.name, desk.actor, message, letter.falls, error, reasons)
        try:
            await desk.on_dead_letter(dead)
        except BaseException:
            box.returned.appendleft(letter)  # not kept anywhere, so it is not dead
            raise
        box.dead += 1
        desk.tell("dead", message)
        if isinstance(message, Request):
            message.fail(DeadLetteredError(dead))


def _is_expired(message: object) -> bool:
    return isinstance(message, Request) and message.expired
