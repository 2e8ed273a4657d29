"""Agents of this bench in Python: h2 on trio sockets, one stream on a connection of its own.

They do what grpcio's client does not: stay idle by the thousand, send without ever reading, and
push a message as fast as the windows let them.
"""

import contextlib
import struct
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence

import attrs
import trio
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)

from bench.ingest.payload import STREAM, UNIQUE

REPORT_DRIFT = "/compliance.ComplianceAgent/ReportDrift"
REGISTER = "/compliance.ComplianceAgent/Register"
_CHUNK = 65_536


class EndedError(Exception):
    """The server ended the stream or the connection."""


@attrs.define(eq=False)
class Agent:
    """One connection with one call."""

    socket: trio.SocketStream
    http: H2Connection
    stream: int = 0
    status: str = ""
    """The call's, once it is over."""
    _unread: bytearray = attrs.field(factory=bytearray, init=False)
    _turn: trio.Lock = attrs.field(factory=trio.Lock, init=False)

    async def call(self, path: str) -> None:
        """Open the call."""
        self.stream = self.http.get_next_available_stream_id()
        headers = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "bench"),
            ("te", "trailers"), ("content-type", "application/grpc"),
        ]  # fmt: skip
        self.http.send_headers(self.stream, headers)
        await self.flush()

    async def send(self, messages: Sequence[bytes]) -> None:
        """Send messages, all or as much as the windows have room for: then it reads."""
        data = memoryview(b"".join(struct.pack(">xI", len(each)) + each for each in messages))
        while data:
            room = self.room()
            if not room:
                await self.flush()
                await self.receive()
                continue
            self.http.send_data(self.stream, bytes(data[:room]))
            data = data[room:]
        await self.flush()

    def room(self) -> int:
        """Say how many bytes the windows and the size of a frame have room for."""
        window = self.http.local_flow_control_window(self.stream)
        return min(window, self.http.max_outbound_frame_size)

    async def flush(self) -> None:
        """Write what h2 has to say."""
        async with self._turn:
            if waiting := self.http.data_to_send():
                await self.socket.send_all(waiting)

    async def receive(self, *, grant: bool = True) -> list[bytes]:
        """Read once; give the messages that are whole.  Without `grant` no window is returned.

        Raises:
            EndedError: the connection is over, or the call is.
        """
        data = await self.socket.receive_some(_CHUNK)
        if not data:
            raise EndedError("the connection ended")
        for event in self.http.receive_data(data):
            match event:
                case DataReceived():
                    self._unread += event.data or b""
                    if grant and event.flow_controlled_length:
                        self.http.acknowledge_received_data(
                            event.flow_controlled_length, self.stream
                        )
                case ResponseReceived() | TrailersReceived():
                    said = dict(event.headers or ())
                    self.status = str((said.get(b"grpc-status") or b"").decode()) or self.status
                case StreamEnded() | StreamReset() | ConnectionTerminated():
                    await self.flush()
                    raise EndedError(f"the call ended with status {self.status}")
                case _:
                    pass
        await self.flush()
        return list(self._whole())

    def _whole(self) -> Iterator[bytes]:
        while len(self._unread) >= 5:
            [size] = struct.unpack_from(">xI", self._unread)
            if len(self._unread) < 5 + size:
                return
            yield bytes(self._unread[5 : 5 + size])
            del self._unread[: 5 + size]


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncGenerator[Agent]:
    """Connect; the connection is cut at the end."""
    http = H2Connection(H2Configuration(header_encoding=None, validate_inbound_headers=False))
    socket = await trio.open_tcp_stream("127.0.0.1", port)
    async with socket:
        http.initiate_connection()
        agent = Agent(socket, http)
        await agent.flush()
        yield agent


@attrs.define(eq=False)
class Events:
    """The events of one agent, each with an id of its own."""

    number: int
    records: Sequence[bytes]
    _sent: int = attrs.field(default=0, init=False)

    def next(self) -> bytes:
        """Give the next event."""
        record = self.records[self._sent % len(self.records)]
        self._sent += 1
        unique = b"%08x%08x" % (self.number, self._sent)
        return record.replace(UNIQUE.encode(), unique).replace(
            STREAM.encode(), b"%08x" % self.number
        )


@attrs.define(eq=False)
class Acks:
    """What a load of this client measured; only what is acked while `measuring` counts."""

    measuring: bool = False
    sent: int = 0
    took_s: list[float] = attrs.field(factory=list[float])


async def drive(port: int, events: Events, window: int, gap_s: float, acks: Acks) -> None:
    """Report until cancelled: with `gap_s` an event every so often, else `window` in flight."""
    async with connected(port) as agent, trio.open_nursery() as nursery:
        await agent.call(REPORT_DRIFT)
        times: deque[float] = deque()

        async def put(count: int) -> None:
            times.extend([trio.current_time()] * count)
            acks.sent += count
            await agent.send([events.next() for _ in range(count)])

        async def tick() -> None:
            due = trio.current_time() + gap_s * (events.number % 97) / 97
            while True:
                await trio.sleep_until(due)
                times.append(due)  # from when it was to be sent
                acks.sent += 1
                await agent.send([events.next()])
                due += gap_s

        if gap_s:
            nursery.start_soon(tick)
        else:
            await put(window)
        while True:
            got = await agent.receive()
            now = trio.current_time()
            for _ in got:
                began = times.popleft()
                if acks.measuring:
                    acks.took_s.append(now - began)
            if not gap_s and got:
                await put(len(got))
