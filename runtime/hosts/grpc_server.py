"""Serves gRPC through grpclib on the asyncio island.

A server that closes says so: it reads no further, answers what it has read, ends each stream with
UNAVAILABLE and only then hangs up.
"""

# First: grpclib keeps asyncio's current_task as it finds it, and from Python 3.12 on the island's
# is another.
from runtime.hosts.asyncio_island import ReadAhead, in_asyncio, in_trio, open_island  # isort: split

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import attrs
import trio
from google.protobuf.message import DecodeError, Message
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.protocol import H2Protocol
from grpclib.server import Server, Stream
from typing_extensions import override

from runtime.hosts.grpc.service import RefusedCallError
from runtime.hosts.grpc_connection import Connection
from runtime.hosts.grpc_routes import WINDOW, Route, Streamed, Unary, Unserved
from runtime.hosts.listening import ListenError

BACKLOG = 1024
"""Connections that may wait to be accepted: a whole site reconnects at once after a restart."""

GRACE_S = 5.0
"""Seconds that calls in flight have to end when the server closes."""

_CLOSING = "the appliance is closing: connect again, and send again what was not acked"

# grpclib's codec gives messages of the type that the route names; `Unary` and `Streamed` tie it.
_Stream: TypeAlias = Stream[Any, Any]


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket; port 0 takes any free one.

    Raises:
        ListenError: the address is in use or cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ListenError(f"{host}:{port}", error.strerror or str(error)) from error


async def serve_grpc(
    routes: Sequence[Route],
    listener: socket.socket,
    *,
    name: str,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled, then close as the module says, within `GRACE_S`.

    Args:
        routes: the calls of the service.
        listener: from `listen`; it is closed at the end.
        name: whose loop it is, for log lines.
        task_status: as of `nursery.start`; called with the port once connections are accepted.
    """
    with listener:
        async with open_island(name):
            service = _Service(routes)
            server = _Server(service)
            await in_asyncio(server.start, sock=listener, backlog=BACKLOG)
            task_status.started(listener.getsockname()[1])
            try:
                await trio.sleep_forever()
            finally:
                with trio.move_on_after(GRACE_S, shield=True):
                    server.stop_accepting()
                    await service.finish()
                    await server.hang_up()


@attrs.define(eq=False)
class _Service:
    """The routes as grpclib wants them, and the calls that are being answered."""

    routes: Sequence[Route]
    _running: int = attrs.field(default=0, init=False)
    _reading: set[ReadAhead[Message]] = attrs.field(factory=set[ReadAhead[Message]], init=False)
    _closing: bool = attrs.field(default=False, init=False)
    _quiet: trio.Event = attrs.field(factory=trio.Event, init=False)

    def __mapping__(self) -> dict[str, Handler]:
        return {route.path: self._handler(route) for route in self.routes}

    async def finish(self) -> None:
        """Begin no call, read no further, and wait until what was read is answered."""
        self._closing = True
        for reader in self._reading:
            reader.stop()
        if self._running:
            await self._quiet.wait()

    def _handler(self, route: Route) -> Handler:
        match route:
            case Unary():
                answer = partial(self._tracked, partial(_unary, route))
                return Handler(answer, Cardinality.UNARY_UNARY, route.takes, route.gives)
            case Streamed():
                answer = partial(self._tracked, partial(self._streamed, route))
                return Handler(answer, Cardinality.STREAM_STREAM, route.takes, route.gives)
            case Unserved():
                return Handler(_unserved, Cardinality.UNARY_UNARY, Message, Message)

    async def _tracked(self, answer: Callable[[_Stream], Awaitable[None]], stream: _Stream) -> None:
        if self._closing:
            raise GRPCError(Status.UNAVAILABLE, _CLOSING)
        self._running += 1
        try:
            await answer(stream)
        except RefusedCallError as refused:
            raise GRPCError(Status(refused.code), refused.reason) from refused
        finally:
            self._running -= 1
            if self._closing and not self._running:
                self._quiet.set()

    async def _streamed(self, route: Streamed[Any, Any], stream: _Stream) -> None:
        reader = ReadAhead(_messages(stream), window=WINDOW)
        self._reading.add(reader)
        try:
            while batch := await reader.batch():
                for reply in await in_trio(route.answer, batch):
                    await stream.send_message(reply)
        finally:
            self._reading.remove(reader)
            reader.stop()
        if self._closing:
            raise GRPCError(Status.UNAVAILABLE, _CLOSING)


async def _unary(route: Unary[Any, Any], stream: _Stream) -> None:
    async for request in _messages(stream):
        await stream.send_message(await in_trio(route.answer, request))
        return
    raise GRPCError(Status.INVALID_ARGUMENT, "the call holds no message")


async def _unserved(_: _Stream) -> None:
    raise GRPCError(Status.UNIMPLEMENTED, "not served yet")


async def _messages(stream: _Stream) -> AsyncIterator[Message]:
    """Give the messages of a stream; what is wrong with one becomes a status."""
    try:
        async for message in stream:
            yield message
    except DecodeError as error:
        raise GRPCError(Status.INVALID_ARGUMENT, "a message is not what the call takes") from error
    except NotImplementedError as error:
        raise GRPCError(Status.UNIMPLEMENTED, "compressed messages are not taken") from error
    except AssertionError as error:  # grpclib's word for it
        raise GRPCError(Status.INVALID_ARGUMENT, "the stream ends within a message") from error


class _Server(Server):
    """grpclib's server, with our connections, and a close that says so."""

    def __init__(self, service: _Service) -> None:
        super().__init__([service])
        self._connections: set[Connection] = set()
        self._lost = trio.Event()

    @override
    def _protocol_factory(self) -> H2Protocol:
        plain = super()._protocol_factory()
        connection = Connection(plain.handler, plain.config, plain.h2_config, self._forget)
        self._connections.add(connection)
        return connection

    def stop_accepting(self) -> None:
        """Accept no connection; those that are open go on."""
        if self._server is not None:
            self._server.close()

    async def hang_up(self) -> None:
        """Close all connections and wait until what was written is sent."""
        for connection in list(self._connections):
            connection.hang_up()
        while self._connections:
            self._lost = trio.Event()
            await self._lost.wait()

    def _forget(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._lost.set()
