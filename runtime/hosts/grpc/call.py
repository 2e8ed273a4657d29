"""One call: what has arrived of it, what is to be sent, and the stream that a method speaks to.

The methods of `Call` are those of grpclib's server stream, so that the services which grpclib
generates cannot tell the difference.
"""

from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

import attrs
import trio
from google.protobuf.message import DecodeError, Message
from grpclib.const import Status

from runtime.hosts.grpc.callers import Caller, Code, RefusedCallError
from runtime.hosts.grpc.headers import Head, Headers, Metadata, initial
from runtime.hosts.grpc.permits import Permit
from runtime.hosts.grpc.service import Route

PREFIX_BYTES = 5
"""Of a message: whether it is compressed, and its length.  Source: grpc/doc/PROTOCOL-HTTP2.md."""
ROOM = 64 * 1024
"""What a method may have sent before it waits for the peer to read."""

MetadataLike: TypeAlias = Mapping[str, str | bytes] | Sequence[tuple[str, str | bytes]]


@attrs.frozen
class Ending:
    """How a call ends."""

    code: Code
    reason: str | None = None
    metadata: tuple[tuple[str, str | bytes], ...] = ()


class Wire(Protocol):
    """The connection, as a call knows it."""

    caller: Caller

    def taken(self, call: "Call", size: int) -> None:
        """Give back the window of bytes that were taken in."""
        ...

    def begin_answer(self, call: "Call", headers: Headers) -> None:
        """Send the initial metadata."""
        ...

    def send(self, call: "Call", message: bytes, taken: int = 0) -> None:
        """Send framed messages; when they are sent, give back the window of those they answer."""
        ...

    def finish(self, call: "Call", ending: Ending) -> None:
        """End a call when all its answers are sent."""
        ...

    def fail(self, call: "Call", code: Code, reason: str) -> None:
        """End a call: its method is cancelled, what it sent already is still sent."""
        ...

    def reset(self, call: "Call") -> None:
        """End a call without a status."""
        ...


@attrs.define(eq=False, slots=True)
class Call:
    """A stream of HTTP/2 on which a method is called."""

    connection: Wire
    id: int
    route: Route
    head: Head
    most: int
    """Bytes of the largest message that is taken."""
    window: int
    """Bytes that the peer may still send."""
    began_at: float
    checked_at: float

    inbox: deque[bytes] = attrs.field(factory=deque[bytes], init=False)
    """Whole messages that nobody has taken yet."""
    partial: bytearray = attrs.field(factory=bytearray, init=False)
    needs: int = attrs.field(default=0, init=False)
    """Bytes of the message that has begun to arrive, prefix and all."""
    permit: Permit | None = attrs.field(default=None, init=False)
    partial_since: float = attrs.field(default=0.0, init=False)
    heard: bool = attrs.field(default=False, init=False)
    """A whole message has arrived."""
    ended: bool = attrs.field(default=False, init=False)
    """The peer sends no more."""
    last: Ending | None = attrs.field(default=None, init=False)
    """Set when no message will be taken in any more: how it ends once those in the inbox are
    answered, where its method does not say otherwise."""
    credit: int = attrs.field(default=0, init=False)
    """Bytes that were taken in, and whose window was not yet given back."""

    outbox: bytearray = attrs.field(factory=bytearray, init=False)
    owed: int = attrs.field(default=0, init=False)
    """Window to be given back once the outbox is sent."""
    begun: bool = attrs.field(default=False, init=False)
    """The initial metadata is sent."""
    ending: Ending | None = attrs.field(default=None, init=False)
    """Set when nothing follows what is in the outbox."""
    gone: bool = attrs.field(default=False, init=False)
    """Nothing can be sent any more."""

    queued: bool = attrs.field(default=False, init=False)
    """It stands in the queue of the batches, or in one."""
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)
    _news: trio.Event | None = attrs.field(default=None, init=False)
    _sent_one: bool = attrs.field(default=False, init=False)

    @property
    def open(self) -> bool:
        """Say whether messages are taken in: neither side has begun to end it."""
        return not self.ended and self.last is None and self.ending is None

    # What grpclib's stream offers.

    @property
    def caller(self) -> Caller:
        """Who calls."""
        return self.connection.caller

    @property
    def metadata(self) -> Metadata:
        """What the client sent before its first message."""
        return self.head.metadata

    async def recv_message(self) -> Message | None:
        """Take the next message; None when the client sends no more.

        Raises:
            RefusedCallError: INVALID_ARGUMENT, it is not what the method takes, or there is none
                where the method takes one.
        """
        await trio.lowlevel.checkpoint()
        while not self.inbox:
            if self.last is not None:
                self._no_more(self.last)
                return None
            await self._change()
        body = self.inbox.popleft()
        self.connection.taken(self, PREFIX_BYTES + len(body))
        return decoded(self.route, body)

    def _no_more(self, last: Ending) -> None:
        if last.code is not Code.OK:
            raise RefusedCallError(last.code, last.reason or "")
        if not self.route.client_streaming and not self.heard:
            raise RefusedCallError(Code.INVALID_ARGUMENT, "the call holds no message")

    def __aiter__(self) -> AsyncIterator[Message]:
        return self._messages()

    async def _messages(self) -> AsyncIterator[Message]:
        while (message := await self.recv_message()) is not None:
            yield message

    async def send_initial_metadata(self, *, metadata: MetadataLike | None = None) -> None:
        """Begin the answer before its first message.

        Raises:
            RuntimeError: it has begun.
        """
        if self.begun:
            raise RuntimeError("the initial metadata was already sent")
        self.connection.begin_answer(self, initial(_pairs(metadata)))
        await trio.lowlevel.checkpoint()

    async def send_message(self, message: Message) -> None:
        """Send a message; waits while the client does not read.

        Raises:
            RuntimeError: the method gives one message, and has given it.
        """
        if self._sent_one and not self.route.server_streaming:
            raise RuntimeError("the message was already sent")
        self._sent_one = True
        self.connection.send(self, framed([message]))
        await trio.lowlevel.checkpoint()
        while len(self.outbox) > ROOM and not self.gone:
            await self._change()

    async def send_trailing_metadata(
        self,
        *,
        status: Status = Status.OK,
        status_message: str | None = None,
        metadata: MetadataLike | None = None,
    ) -> None:
        """End the answer.

        Raises:
            RuntimeError: it has ended.
        """
        if self.ending is not None:
            raise RuntimeError("the trailing metadata was already sent")
        ending = Ending(Code(status.value), status_message, tuple(_pairs(metadata)))
        self.connection.finish(self, ending)
        await trio.lowlevel.checkpoint()

    async def cancel(self) -> None:
        """Reset the stream: the client is told that nothing follows."""
        self.connection.reset(self)
        await trio.lowlevel.checkpoint()

    # What the connection tells it.

    def changed(self) -> None:
        """Wake the method, if it waits for a message or for room."""
        if self._news is not None:
            self._news.set()
            self._news = None

    async def _change(self) -> None:
        if self._news is None:
            self._news = trio.Event()
        await self._news.wait()

    def lacks_answer(self) -> bool:
        """Say whether the method gives one message, and has not."""
        return not self.route.server_streaming and not self._sent_one


def decoded(route: Route, body: bytes) -> Message:
    """Read a message; raises RefusedCallError where it is malformed."""
    try:
        return route.takes.FromString(body)
    except DecodeError as error:
        raise malformed() from error


def malformed() -> RefusedCallError:
    """Say that a message cannot be read."""
    return RefusedCallError(Code.INVALID_ARGUMENT, "a message is not what the call takes")


def framed(messages: Sequence[Message]) -> bytes:
    """Spell messages, each with its prefix."""
    bodies = [message.SerializeToString() for message in messages]
    return b"".join([len(body).to_bytes(PREFIX_BYTES, "big") + body for body in bodies])


def _pairs(metadata: MetadataLike | None) -> Iterable[tuple[str, str | bytes]]:
    if metadata is None:
        return ()
    return list(metadata.items()) if isinstance(metadata, Mapping) else metadata
