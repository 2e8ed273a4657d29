"""A raw connection to the port: sends any bytes, and keeps what comes back, frame by frame."""

import contextlib
import ssl
import struct
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import attrs
import hpack
import trio

from tests.hostile import frames as f

PATIENCE = 10.0
"""Seconds until what must happen counts as not happening; the machine may be busy."""

_HEAD = 9


@attrs.define(eq=False)
class Line:
    """What an attacker says and hears on one connection."""

    wire: trio.abc.Stream
    polite: bool = False
    """Whether it answers pings."""
    goaway: int | None = None
    resets: dict[int, int] = attrs.field(factory=dict[int, int], init=False)
    fields: defaultdict[int, dict[str, str]] = attrs.field(
        factory=lambda: defaultdict[int, dict[str, str]](dict), init=False
    )
    """The headers and trailers that came, by stream."""
    bodies: defaultdict[int, bytearray] = attrs.field(
        factory=lambda: defaultdict[int, bytearray](bytearray), init=False
    )
    ended: set[int] = attrs.field(factory=set[int], init=False)
    heard: Counter[int] = attrs.field(factory=Counter[int], init=False)
    """How many frames of each type came."""
    pong: bytes = attrs.field(default=b"", init=False)
    given: Counter[int] = attrs.field(factory=Counter[int], init=False)
    """By how much the window of each stream was widened; less what `spend` says."""
    closed: bool = attrs.field(default=False, init=False)
    """Whether the server hung up."""
    _talking: trio.Lock = attrs.field(factory=trio.Lock, init=False)
    _news: trio.Event = attrs.field(factory=trio.Event, init=False)
    _decoder: hpack.Decoder = attrs.field(factory=hpack.Decoder, init=False)
    _buffer: bytearray = attrs.field(factory=bytearray, init=False)

    async def send(self, *pieces: bytes) -> None:
        """Send bytes; a server that has hung up is no error: that is what most cases ask for."""
        async with self._talking:
            with contextlib.suppress(trio.BrokenResourceError):
                await self.wire.send_all(b"".join(pieces))

    async def begin(self, *settings: tuple[int, int]) -> None:
        """Say the preface, as an honest client does."""
        await self.send(f.PREFACE, f.settings(*settings))

    async def flood(self, piece: bytes, times: int, *, at_once: int = 100) -> None:
        """Send a piece again and again until the server has had enough of it."""
        for _ in range(0, times, at_once):
            if self.closed:
                return
            await self.send(piece * at_once)
            await trio.lowlevel.checkpoint()

    async def until(self, true: Callable[[], bool], within: float = PATIENCE) -> bool:
        """Wait until something is true of what was heard; False where it never was."""
        with trio.move_on_after(within):
            while not true():
                await self._news.wait()
        return true()

    def room(self, stream: int) -> int:
        """Say how much an honest client may send on a stream."""
        return f.WINDOW + min(self.given[0], self.given[stream])

    def spend(self, stream: int, count: int) -> None:
        """Note what was sent of the windows."""
        self.given[stream] -= count
        self.given[0] -= count

    async def hang_up(self) -> None:
        """Close at once, as a client that crashes does."""
        await trio.aclose_forcefully(self.wire)

    async def read(self) -> None:
        """Read until the server hangs up."""
        try:
            while chunk := await self.wire.receive_some(65_536):
                self._buffer += chunk
                while len(self._buffer) >= _HEAD:
                    length = int.from_bytes(self._buffer[:3], "big")
                    if len(self._buffer) < _HEAD + length:
                        break
                    kind, flags, stream = struct.unpack_from(">BBI", self._buffer, 3)
                    payload = bytes(self._buffer[_HEAD : _HEAD + length])
                    del self._buffer[: _HEAD + length]
                    self._take(kind, flags, stream & 0x7FFF_FFFF, payload)
                    if self.polite and kind == f.PING and not flags & f.ACK:
                        await self.send(f.frame(f.PING, f.ACK, 0, payload))
                self._tell()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        self.closed = True
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        self.heard[kind] += 1
        match kind:
            case f.DATA:
                self.bodies[stream] += payload
            case f.HEADERS:
                fields = self._decoder.decode(payload, raw=True)
                self.fields[stream] |= {name.decode(): value.decode() for name, value in fields}
            case f.RST_STREAM:
                self.resets[stream] = int.from_bytes(payload, "big")
                self.ended.add(stream)
            case f.GOAWAY:
                self.goaway = int.from_bytes(payload[4:8], "big")
            case f.WINDOW_UPDATE:
                self.given[stream] += int.from_bytes(payload, "big")
            case f.PING if flags & f.ACK:
                self.pong = payload
            case _:
                pass
        if kind in {f.DATA, f.HEADERS} and flags & f.END_STREAM:
            self.ended.add(stream)


@asynccontextmanager
async def line(
    port: int, *, hears: bool = True, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[Line, None]:
    """Connect an attacker."""
    wire: trio.abc.Stream = await trio.open_tcp_stream("127.0.0.1", port)
    if tls is not None:
        wire = trio.SSLStream(wire, tls, server_hostname="localhost", https_compatible=True)
    raw = Line(wire)
    try:
        async with trio.open_nursery() as nursery:
            if hears:
                nursery.start_soon(raw.read)
            yield raw
            nursery.cancel_scope.cancel()
    finally:
        # Not within the nursery: there, its cancellation would hide what the test raised.
        await raw.hang_up()
