"""The reference server: grpclib's own, on the asyncio island, with services that speak trio.

Whatever it does otherwise than ours is said, with the reason, where both are tested.
"""

# First: grpclib keeps asyncio's current_task as it finds it, and from Python 3.12 on the island's
# is another.
from runtime.hosts.asyncio_island import in_asyncio, in_trio, open_island  # isort: split

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
import trio
from google.protobuf.message import Message
from grpclib.const import Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.protocol import H2Protocol
from grpclib.server import Server, Stream
from typing_extensions import override

from runtime.hosts.grpc import RefusedCallError
from runtime.hosts.grpc.service import Service


async def serve_reference(
    service: Service,
    listener: socket.socket,
    *,
    tls: ssl.SSLContext | None = None,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; then close as grpclib does."""
    with listener:
        async with open_island("reference"):
            server = _Server([_Bridged(service)])
            await in_asyncio(server.start, sock=listener, ssl=tls)
            task_status.started(listener.getsockname()[1])
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await in_asyncio(server.end)


class _Server(Server):
    """grpclib's, and a way to close what it leaves open: pytest minds sockets that stay."""

    def __init__(self, services: Sequence[Any]) -> None:
        super().__init__(services)
        self._protocols: list[H2Protocol] = []

    @override
    def _protocol_factory(self) -> H2Protocol:
        protocol = super()._protocol_factory()
        self._protocols.append(protocol)
        return protocol

    async def end(self) -> None:
        """Close, and hang up on those who are still there, without a word."""
        self.close()
        for protocol in self._protocols:
            protocol.processor.close("closed")
        await asyncio.sleep(0.01)  # asyncio closes sockets a turn later


@attrs.define(eq=False)
class _Bridged:
    """A service whose methods run in trio."""

    service: Service

    def __mapping__(self) -> Mapping[str, Handler]:
        return {
            path: handler._replace(func=partial(_call, handler.func))
            for path, handler in self.service.__mapping__().items()
        }


async def _call(method: Callable[[Any], Awaitable[None]], stream: Stream[Any, Any]) -> None:
    try:
        await in_trio(method, _TrioStream(stream))
    except RefusedCallError as refused:  # our services raise it, and grpclib does not know it
        raise GRPCError(Status(refused.code), refused.reason) from refused


class _TrioStream:
    """grpclib's stream, for a method that runs in trio."""

    def __init__(self, stream: Stream[Any, Any]) -> None:
        self._stream = stream
        self.metadata, self.deadline = stream.metadata, stream.deadline
        self.peer, self.user_agent = stream.peer, stream.user_agent

    async def recv_message(self) -> Message | None:
        message: Message | None = await in_asyncio(self._stream.recv_message)
        return message

    def __aiter__(self) -> "_TrioStream":
        return self

    async def __anext__(self) -> Message:
        message = await self.recv_message()
        if message is None:
            raise StopAsyncIteration
        return message

    async def send_initial_metadata(self, **given: Any) -> None:
        await in_asyncio(self._stream.send_initial_metadata, **given)

    async def send_message(self, message: Message) -> None:
        await in_asyncio(self._stream.send_message, message)

    async def send_trailing_metadata(self, **given: Any) -> None:
        await in_asyncio(self._stream.send_trailing_metadata, **given)

    async def cancel(self) -> None:
        await in_asyncio(self._stream.cancel)
