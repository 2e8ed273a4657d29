"""What arrives on a connection: messages, cut out of DATA, and the windows that a peer may fill.

What a peer may send is given back when a message was taken, and for calls that are answered in
batches when its answer was sent, so that a peer which does not read, or whose events are not
durable yet, is held by HTTP/2 itself.
"""

from collections.abc import Callable

import attrs

from runtime.hosts.grpc import frames
from runtime.hosts.grpc.budget import Budget
from runtime.hosts.grpc.call import PREFIX_BYTES, Call
from runtime.hosts.grpc.callers import Caller, Code, RefusedCallError
from runtime.hosts.grpc.permits import Permit, Pool

_GIVE_BACK = frames.WINDOW // 4
"""Bytes taken in, at which their window is given back: four updates a window."""
_EARNED = 2
"""Control frames that a message allows for."""


@attrs.define(eq=False, slots=True)
class Inflow:
    """Messages of all calls of a connection."""

    out: bytearray
    """Bytes for the socket."""
    caller: Caller
    control: Budget
    pool: Pool
    news: Callable[[Call], None]
    """Is called with a call that has a message."""
    touched: Callable[[], None]
    """Is called when a window was widened later than it was asked for."""

    window: int = attrs.field(default=frames.WINDOW, init=False)
    """Bytes that the peer may still send, whichever the call."""
    _credit: int = attrs.field(default=0, init=False)
    """Bytes that were taken in, and whose window was not yet given back."""
    _lacking: dict[int, Call] = attrs.field(factory=dict[int, Call], init=False)
    """Calls with a message for which no room was asked yet."""

    # The load: frames that are a message each.

    def messages(self, call: Call, data: bytes, at: int) -> int:
        """Take in the frames from `at` on that are each a message of one call; give their end.

        Whatever is not as plain as that is left to `cut`.
        """
        begun, id_, add, unpack = at, call.id, call.inbox.append, frames.MESSAGE.unpack_from
        most, end = min(call.most, frames.MAX_FRAME - PREFIX_BYTES), len(data)
        # Only payload weighs against the windows: with the heads this is a little stricter.
        end = min(end, begun + call.window, begun + self.window)
        count = 0
        while at + frames.MESSAGE_BYTES <= end:
            head, flags, stream, packed, size = unpack(data, at)  # length and type: DATA is 0
            after = at + frames.MESSAGE_BYTES + size
            if (
                flags
                or packed
                or stream != id_
                or size > most
                or after > end
                or head != (size + PREFIX_BYTES) << 8
            ):
                break
            add(data[at + frames.MESSAGE_BYTES : after])
            at = after
            count += 1
        if count:
            taken = at - begun - frames.HEAD_BYTES * count
            call.window -= taken
            self.window -= taken
            call.heard = True
            self.control.refund(_EARNED * count)
            if not call.queued:
                self.news(call)
        return at

    # Messages that come otherwise.

    def cut(self, call: Call, payload: bytes, now: float) -> None:
        """Cut messages out of what arrived, and keep the rest until more of it comes.

        Raises:
            RefusedCallError: a message will not be taken.
        """
        if not call.partial:
            call.partial_since = now
        call.partial += payload
        while len(call.partial) >= PREFIX_BYTES:
            call.needs = call.needs or _measured(call)
            if len(call.partial) < call.needs:
                break
            self._take(call)
            call.partial_since = now
        self._ask_for_rest(call)

    def _take(self, call: Call) -> None:
        if call.heard and not call.route.client_streaming:
            raise RefusedCallError(Code.INVALID_ARGUMENT, "the call takes one message")
        body = bytes(memoryview(call.partial)[PREFIX_BYTES : call.needs])
        del call.partial[: call.needs]
        call.needs = 0
        self._settle(call)
        call.heard = True
        self.control.refund(_EARNED)
        call.inbox.append(body)
        self.news(call)

    def _ask_for_rest(self, call: Call) -> None:
        """Ask for room for a message that has begun; the window for it comes with the permit.

        Not while more than a window of this connection waits to be taken: `give_back` asks again.
        """
        rest = call.needs - len(call.partial)
        if call.permit is not None or rest <= min(call.window, self.window):
            return
        if self.window + self._credit < 0:
            self._lacking[call.id] = call
            return

        def widen() -> None:
            self._widen(call, permit)

        house = self.caller.identity or self.caller.host
        call.permit = permit = Permit(self, house, call.needs, widen)
        self.pool.ask(permit)

    def _widen(self, call: Call, permit: Permit) -> None:
        # What was given for a message that was given up is still the peer's.
        spare = max(0, self.window - frames.WINDOW)
        permit.given = max(0, permit.size - spare)
        if permit.given:
            self.window += permit.given
            self.out += frames.window_update(0, permit.given)
        call.window += permit.size
        self.out += frames.window_update(call.id, permit.size)
        self.touched()

    def _settle(self, call: Call) -> None:
        """A message is whole, or given up: its permit ends, and with it its extra window."""
        permit, call.permit = call.permit, None
        if permit is None:
            return
        if permit.granted:
            # The window was given before the message was taken; it will not be given once more.
            call.credit -= permit.size
            self._credit -= permit.given
        self.pool.give_back(permit)

    # Windows.

    def fits(self, size: int) -> bool:
        """Let bytes weigh against the window of the connection; False where they are too many."""
        self.window -= size
        return self.window >= 0

    def taken(self, call: Call, size: int) -> None:
        """Give back the window of bytes that were taken in."""
        call.credit += size
        if call.credit >= _GIVE_BACK and not (call.ended or call.gone):
            self.out += frames.window_update(call.id, call.credit)
            call.window += call.credit
            call.credit = 0
        self.give_back(size)

    def give_back(self, size: int) -> None:
        """Give back the window of bytes whose call takes no more."""
        self._credit += size
        # What is left may be too little for what others have begun.
        if self._credit >= _GIVE_BACK or (self._credit > 0 and self.window < _GIVE_BACK):
            self.out += frames.window_update(0, self._credit)
            self.window += self._credit
            self._credit = 0
        while self._lacking and self.window + self._credit >= 0:
            self._ask_for_rest(self._lacking.pop(next(iter(self._lacking))))

    def forget(self, call: Call) -> None:
        """Drop what nobody has taken yet."""
        unread = len(call.partial) + sum(PREFIX_BYTES + len(body) for body in call.inbox)
        call.inbox.clear()
        call.partial.clear()
        call.needs = 0
        self._lacking.pop(call.id, None)
        self._settle(call)
        self.give_back(unread)


def _measured(call: Call) -> int:
    """Read the prefix of a message; give its length, prefix and all."""
    flag, size = call.partial[0], int.from_bytes(call.partial[1:PREFIX_BYTES], "big")
    if flag == 1:
        raise RefusedCallError(Code.UNIMPLEMENTED, "compressed messages are not taken")
    if flag:
        raise RefusedCallError(Code.INVALID_ARGUMENT, "the prefix of a message is malformed")
    if size > call.most:
        reason = f"a message of {size} bytes; {call.most} are allowed"
        raise RefusedCallError(Code.RESOURCE_EXHAUSTED, reason)
    return PREFIX_BYTES + size
