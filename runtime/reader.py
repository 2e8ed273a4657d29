"""How an actor reads its mailbox: one by one, in batches, or in lanes.

A reader takes messages out, hands them to the handler and settles them.  When the handler raises,
the message goes back, or to the dead letters when it fell for the third time, and the error leaves
`read`: the actor has fallen.
"""

from collections.abc import Awaitable, Callable, Collection, Hashable
from typing import Generic, Protocol, TypeVar, runtime_checkable

import attrs
import trio

from runtime.arrivals import SLICE_MESSAGES
from runtime.delivery import Desk, deliver, fell, is_expired
from runtime.mailbox import Letter, Mailbox
from runtime.vitals import QUICK

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)

_SLICE_SECONDS = 0.0005


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

    async def _one_by_one(  # noqa: C901  # the hot loop: each call more costs a tenth
        self, handle: Callable[[M], Awaitable[None]], desk: Desk
    ) -> None:
        """Handle slices of up to 64 messages or half a millisecond."""
        box, waiting, clock, trace = self.box, self.box.waiting, desk.clock, desk.trace
        while True:
            while box.returned:
                await deliver(box, box.returned.pop(0), handle, desk)
            if not waiting:
                if box.at_rest():
                    return
                await box.sleep()
            box.note_depth()
            quick, left, now = 0, SLICE_MESSAGES, clock()
            end = now + _SLICE_SECONDS
            while waiting and left and now < end:
                before, left = now, left - 1
                message = waiting.popleft()
                if box.parked:
                    box.admit()
                if box.asked and is_expired(message):
                    box.drop_expired()
                    continue
                if trace is not None:
                    trace("handle", desk.actor, message)
                try:
                    await handle(message)
                except BaseException as error:
                    desk.vitals.took.note_quick(quick)
                    await fell(box, Letter(message, 1), error, desk)
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
                await deliver(box, box.returned.pop(0), handle_alone, desk)
            elif box.waiting:
                await self._batch(handle_batch, desk)
                await trio.lowlevel.checkpoint()
            elif box.at_rest():
                return
            else:
                await box.sleep()

    async def _batch(self, handle_batch: Callable[[list[M]], Awaitable[None]], desk: Desk) -> None:
        box, started = self.box, desk.clock()
        box.note_depth()
        taken = list(box.waiting)
        box.waiting.clear()
        box.admit()
        batch = [message for message in taken if not (box.asked and is_expired(message))]
        box.drop_expired(len(taken) - len(batch))
        if not batch:
            return
        desk.tell("handle", batch)
        try:
            await handle_batch(batch)
        except BaseException as error:
            if len(batch) == 1:
                await fell(box, Letter(batch[0], 1), error, desk)
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
                await deliver(box, letter, handle, desk)
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
                elif box.at_rest():
                    return
                else:
                    await box.sleep()
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
