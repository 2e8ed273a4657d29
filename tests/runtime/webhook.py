"""A web server of the tests' own on loopback: it behaves as well or as badly as told."""

import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import attrs
import trio

Conduct = Callable[[trio.SocketStream], Awaitable[None]]
"""What the server does once it has read a request."""


def says(answer: bytes) -> Conduct:
    """Answer these bytes."""

    async def conduct(stream: trio.SocketStream) -> None:
        await stream.send_all(answer)

    return conduct


def status(code: int, *headers: bytes) -> Conduct:
    """Answer a status without a body."""
    lines = [b"HTTP/1.1 %d Said" % code, b"Content-Length: 0", *headers, b"", b""]
    return says(b"\r\n".join(lines))


async def hang(_: trio.SocketStream) -> None:
    """Answer nothing."""
    await trio.sleep_forever()


async def reset(stream: trio.SocketStream) -> None:
    """Break the connection off."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await stream.aclose()


async def endless(stream: trio.SocketStream) -> None:
    """Answer 200, and a body without end."""
    await stream.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await stream.send_all(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


async def dripping(stream: trio.SocketStream) -> None:
    """Answer 200, and a body of which a byte comes now and then."""
    await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        await stream.send_all(b"x")
        await trio.sleep(0.02)


async def head_without_end(stream: trio.SocketStream) -> None:
    """Answer headers without end."""
    await stream.send_all(b"HTTP/1.1 200 OK\r\n")
    while True:
        await stream.send_all(b"X: " + b"x" * 0x10000)


@attrs.define
class Receiver:
    """What stands at the other end of a webhook."""

    conducts: list[Conduct]
    """What it does to the first request, the second, ...; the last one for all that follow."""
    port: int = 0
    requests: list[tuple[dict[str, str], bytes]] = attrs.field(factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            try:
                head, body = await _read(stream)
                self.requests.append((head, body))
                conduct = self.conducts[min(len(self.requests), len(self.conducts)) - 1]
                await conduct(stream)
            except trio.BrokenResourceError:
                pass


async def _read(stream: trio.SocketStream) -> tuple[dict[str, str], bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += bytes(await stream.receive_some())
    head, body = data.split(b"\r\n\r\n", 1)
    pairs = (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    headers = {name.lower(): value for name, value in pairs}
    while len(body) < int(headers.get("content-length", 0)):
        body += bytes(await stream.receive_some())
    return headers, body


@asynccontextmanager
async def receiving(*conducts: Conduct) -> AsyncIterator[Receiver]:
    """Listen on a free port of loopback."""
    receiver = Receiver(list(conducts))
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    receiver.port = listener.socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, receiver.serve, [listener])
        yield receiver
        nursery.cancel_scope.cancel()
