"""A connection of the engine without sockets, for fuzzing: bytes in, and what must hold after each.

`play` turns any bytes into a conversation: mostly frames that are legal or nearly so, cut anywhere,
with calls answered, time passing and answers read in between.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

import attrs

from protos.compliance_pb2 import DriftAck
from runtime.hosts.grpc import Caller, Code, Doorman, Limits, OpenDoor, RefusedCallError
from runtime.hosts.grpc.call import Call, Ending, decoded, framed
from runtime.hosts.grpc.connection import Connection, Floor
from runtime.hosts.grpc.permits import Pool
from runtime.hosts.grpc.service import Route, routes_of
from tests.hostile import frames as f
from tests.hostile.site import Echo

SMALL = Limits(
    message_bytes=200_000,
    batched_message_bytes=4_000,
    partial_bytes=300_000,
    streams=8,
    resets=30,
    resets_in_all=60,
    control_frames=100,
    request_s=5,
    idle_s=20,
    recheck_s=1,
)

_MOST_OUT = 2 * 1024 * 1024
_METHODS = (b"ReportDrift", b"Register", b"Heartbeat", b"ReportHealing", b"Nothing")


@attrs.define(eq=False)
class World(Floor):
    """One connection, and a floor that answers what the test tells it to."""

    limits: Limits = SMALL
    doorman: Doorman = attrs.field(factory=OpenDoor)
    routes: Mapping[str, Route] = attrs.field(factory=lambda: routes_of(Echo()))
    now: float = 0.0
    begun: list[Call] = attrs.field(factory=list[Call], init=False)
    queue: deque[Call] = attrs.field(factory=deque[Call], init=False)
    pool: Pool = attrs.field(init=False)
    connection: Connection = attrs.field(init=False)
    refused: list[str] = attrs.field(factory=list[str], init=False)

    def __attrs_post_init__(self) -> None:
        self.pool = Pool(self.limits.partial_bytes, self.limits.message_bytes + 5)
        self.connection = Connection(self, Caller("192.0.2.1:1"), self.now, lambda: None)

    # What a connection asks of its floor.

    def begin(self, call: Call) -> None:
        self.begun.append(call)

    def arrived(self, call: Call) -> None:
        call.queued = True
        self.queue.append(call)

    def offended(self, caller: Caller, reason: str) -> None:
        self.refused.append(f"{caller.address}: {reason}")

    # What a test does.

    def receive(self, data: bytes) -> None:
        """Let bytes arrive, and look whether all is well."""
        self.connection.receive(data, self.now)
        self.check()

    def answer(self) -> None:
        """Answer whatever has arrived, as methods do."""
        for call in self.begun:
            self._answer(call)
        self.begun = [call for call in self.begun if not (call.gone or call.ending)]
        for _ in range(len(self.queue)):
            self._answer_batch(self.queue.popleft())
        self.check()

    def _answer(self, call: Call) -> None:
        if call.gone or call.ending is not None or not call.inbox:
            return
        body = call.inbox.popleft()
        call.connection.taken(call, len(body) + 5)
        try:
            message = decoded(call.route, body)
        except RefusedCallError as refused:
            call.connection.finish(call, Ending(refused.code, refused.reason))
            return
        if call.route.path.endswith("ReportHealing"):
            call.connection.finish(call, Ending(Code.UNKNOWN, "ü\n%"))
            return
        call.connection.send(call, framed([call.route.gives()] * (1 + message.ByteSize() % 7)))
        call.connection.finish(call, Ending(Code.OK))

    def _answer_batch(self, call: Call) -> None:
        bodies = [call.inbox.popleft() for _ in range(len(call.inbox))]
        size = sum(len(body) + 5 for body in bodies)
        wire, refused, answers = call.connection, None, list[DriftAck]()
        for body in bodies:
            try:
                decoded(call.route, body)
            except RefusedCallError as error:
                refused = error
                break
            answers.append(DriftAck(event_id="x" * 50, received=True))
        if answers:
            wire.send(call, framed(answers), size)
        elif size:
            wire.taken(call, size)
        call.queued = False
        if refused is not None:
            wire.finish(call, Ending(refused.code, refused.reason))
        elif call.last is not None:
            wire.finish(call, call.last)

    def read(self) -> None:
        """Let the peer read what waits for it: whole frames, none larger than agreed."""
        out = bytes(self.connection.out)
        at = 0
        while at < len(out):
            length = int.from_bytes(out[at : at + 3], "big")
            assert length <= 16_384
            at += 9 + length
        assert at == len(out), "half a frame was sent"
        self.connection.out.clear()
        self.connection.sent()
        self.check()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        if not self.connection.closing:
            self.connection.look(self.now)
        self.check()

    def check(self) -> None:
        """Hold the connection to its bounds."""
        connection = self.connection
        assert len(connection.calls) <= self.limits.streams
        assert len(connection._held) <= 16_384 + 9
        assert len(connection.out) <= _MOST_OUT
        assert 0 <= self.pool.used <= self.pool.capacity
        held = 0
        for call in connection.calls.values():
            assert not call.gone
            held += len(call.partial) + sum(map(len, call.inbox))
        assert held <= f.WINDOW + self.limits.message_bytes + 16_384
        if connection.closing and not connection.retiring:
            assert not connection.calls

    def end(self) -> None:
        """Take the socket away: nothing may be left."""
        self.connection.drop()
        self.answer()
        assert not self.connection.calls
        assert self.pool.used == 0
        assert not self.pool._waiting
        assert not self.begun


def play(data: bytes) -> World:
    """Hold the conversation that the bytes tell; fails where something does not hold."""
    world, tape = World(), _Tape(data)
    if tape.take() % 8:
        world.receive(f.PREFACE + f.settings())
    talk = _Talk(tape)
    pauses = (world.answer, world.read, lambda: world.wait(tape.take() / 4), lambda: None)
    pending = b""
    while not tape.over():
        op = tape.take()
        pending += talk.piece(op % len(talk.pieces), op // len(talk.pieces))
        when = tape.take()
        if when % 3:  # else it arrives with what follows
            for part in _cut(pending, tape if when % 5 == 0 else None):
                world.receive(part)
            pending = b""
        pauses[when // 15 % 4]()
    world.receive(pending)
    world.answer()
    world.read()
    world.end()
    return world


@attrs.define(eq=False)
class _Talk:
    """Makes frames of what a tape says; `detail` is a small number that varies them."""

    tape: "_Tape"
    opened: int = -1
    """The last stream."""

    @property
    def pieces(self) -> Sequence[Callable[[int, int], bytes]]:
        return (
            self._call, self._call, self._message, self._message, self._zeros, self._announcement,
            self._end, self._reset, self._window, self._settings, self._ping, self._padded,
            self._any_frame, self._lying_frame, self._noise, self._continued,
        )  # fmt: skip

    def piece(self, kind: int, detail: int) -> bytes:
        """Make the next frames, mostly on the last stream, else on one before it."""
        if kind == 0:
            self.opened += 2
        back = self.tape.take() % 4 if detail % 4 == 3 else 0
        return self.pieces[kind](max(1, self.opened - 2 * back), detail)

    def _call(self, stream: int, detail: int) -> bytes:
        fields = f.request(_METHODS[detail % 5])
        if detail > 12:
            fields.append((self.tape.some(3), self.tape.some(3)))
        return f.headers(stream, fields, end=detail == 12)

    def _message(self, stream: int, detail: int) -> bytes:
        size = self.tape.take() & 0x7F
        body = f.message(b"\x9a\x06" + bytes([size]) + bytes(size))
        return f.data(stream, body * (1 + detail % 3), end=detail == 9)

    def _zeros(self, stream: int, detail: int) -> bytes:
        body = bytes(self.tape.take() * 60)
        return f.data(stream, f.message(body, length=len(body) + 9 * (detail % 2)))

    def _announcement(self, stream: int, detail: int) -> bytes:
        size = self.tape.take() * 900
        return f.data(stream, f.message(self.tape.some(9), flag=detail // 15, length=size))

    def _end(self, stream: int, detail: int) -> bytes:
        return f.data(stream, self.tape.some(detail // 4), end=True)

    def _reset(self, stream: int, detail: int) -> bytes:
        return f.rst_stream(stream, detail)

    def _window(self, stream: int, detail: int) -> bytes:
        by = self.tape.number(detail // 2 % 5)
        return f.window_update(stream if detail % 2 else 0, by & 0xFFFF_FFFF)

    def _settings(self, _: int, detail: int) -> bytes:
        return f.settings((detail % 7, self.tape.number(detail % 5) & 0xFFFF_FFFF))

    def _ping(self, _: int, detail: int) -> bytes:
        return f.frame(f.PING, detail & 1, 0, self.tape.some(8).ljust(8, b"\0"))

    def _padded(self, stream: int, detail: int) -> bytes:
        return f.frame(f.DATA, f.PADDED, stream, bytes([detail]) + self.tape.some(20))

    def _any_frame(self, stream: int, detail: int) -> bytes:
        return f.frame(self.tape.take() % 20, self.tape.take(), stream, self.tape.some(detail))

    def _lying_frame(self, stream: int, detail: int) -> bytes:
        length = self.tape.number(2) % 80
        return f.frame(detail % 10, 4, stream, self.tape.some(40), length=length)

    def _noise(self, _: int, detail: int) -> bytes:
        return self.tape.some(detail * 3)

    def _continued(self, stream: int, detail: int) -> bytes:
        fields = f.block(f.request())
        at = self.tape.take() % (len(fields) + 1)
        opening = f.frame(f.HEADERS, detail & 1, stream, fields[:at])
        return opening + f.frame(f.CONTINUATION, detail & 4, stream, fields[at:])


def _cut(data: bytes, tape: "_Tape | None") -> Sequence[bytes]:
    if tape is None:
        return [data]
    parts: list[bytes] = []
    while data:
        at = 1 + tape.take() % 40
        parts.append(data[:at])
        data = data[at:]
    return parts


@attrs.define
class _Tape:
    """Bytes that decide; zeros when they are at their end."""

    data: bytes
    at: int = 0

    def over(self) -> bool:
        return self.at >= len(self.data)

    def take(self) -> int:
        self.at += 1
        return self.data[self.at - 1] if self.at <= len(self.data) else 0

    def some(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, count: int) -> int:
        return int.from_bytes(self.some(count), "big")
