"""A listener in memory: the server's tests need no socket, and time may be mocked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeAlias

import trio
import trio.testing
from typing_extensions import override

from runtime.hosts.http_message import Request, Response
from runtime.hosts.http_server import Handler, serve_http
from runtime.hosts.http_wire import Limits

MemoryStream: TypeAlias = trio.StapledStream[
    trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream
]


class MemoryDoor(trio.abc.Listener[MemoryStream]):
    """Accepts what `connect` made."""

    def __init__(self) -> None:
        self._outside, self._inside = trio.open_memory_channel[MemoryStream](100)

    def connect(self, *, unread: bool = False) -> MemoryStream:
        """Connect; `unread` takes no byte of an answer."""
        ours, theirs = trio.testing.memory_stream_pair()
        if unread:
            theirs.send_stream.send_all_hook = trio.sleep_forever
        self._outside.send_nowait(theirs)
        return ours

    @override
    async def accept(self) -> MemoryStream:
        return await self._inside.receive()

    @override
    async def aclose(self) -> None:
        self._inside.close()
        await trio.lowlevel.checkpoint()


async def echo(request: Request) -> Response:
    """Say what was asked."""
    return Response.json(
        {
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "bytes": len(request.body),
        }
    )


@asynccontextmanager
async def serving(
    handler: Handler = echo, limits: Limits | None = None
) -> AsyncIterator[MemoryDoor]:
    """Serve in the background; cancelled at the end."""
    door = MemoryDoor()
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve_http, [door], handler, limits or Limits()))
        yield door
        nursery.cancel_scope.cancel()


async def heard(stream: MemoryStream) -> bytes:
    """Read until the server hangs up."""
    return b"".join([bytes(part) async for part in stream])


async def asked(door: MemoryDoor, request: bytes) -> bytes:
    """Send bytes, then nothing more; give all that comes back."""
    stream = door.connect()
    try:
        await stream.send_all(request)
        await stream.send_eof()
    except trio.BrokenResourceError:
        pass
    return await heard(stream)
