"""The connection without sockets, told anything: nothing escapes it, and nothing stays in it."""

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from tests.hostile import frames as f
from tests.hostile.sans_io import World, play

SECONDS = settings(
    deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@SECONDS
@given(st.binary(max_size=600))
def test_any_conversation_is_survived(tape: bytes) -> None:
    play(tape)


@SECONDS
@given(st.lists(st.binary(max_size=100), max_size=9), st.booleans())
def test_any_bytes_are_survived(parts: list[bytes], begun: bool) -> None:
    world = World()
    if begun:
        world.receive(f.PREFACE + f.settings())
    for part in parts:
        world.receive(part)
        world.answer()
    world.end()


class Peer(RuleBasedStateMachine):
    """A peer that mostly does what is allowed, in any order, and is cut off in the end."""

    streams = Bundle("streams")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.next = 1
        self.unsent = b""

    @initialize()
    def begin(self) -> None:
        self.say(f.PREFACE + f.settings())

    def say(self, piece: bytes) -> None:
        self.unsent += piece

    @rule(at=st.integers(1, 60))
    def deliver(self, at: int) -> None:
        arrived, self.unsent = self.unsent[:at], self.unsent[at:]
        self.world.receive(arrived)

    @rule()
    def deliver_all(self) -> None:
        arrived, self.unsent = self.unsent, b""
        self.world.receive(arrived)

    @rule(target=streams, method=st.sampled_from([b"ReportDrift", b"Register", b"Nothing"]))
    def open(self, method: bytes) -> int:
        stream, self.next = self.next, self.next + 2
        self.say(f.headers(stream, f.request(method)))
        return stream

    @rule(target=streams, streams=st.lists(streams, max_size=2))
    def know(self, streams: list[int]) -> object:
        return multiple(*streams)

    @rule(stream=streams, body=st.binary(max_size=40), short=st.integers(0, 9), end=st.booleans())
    def send(self, stream: int, body: bytes, short: int, end: bool) -> None:
        framed = f.message(body)
        self.say(f.data(stream, framed[: len(framed) - short], end=end))

    @rule(stream=streams, size=st.integers(0, 300_000))
    def announce(self, stream: int, size: int) -> None:
        self.say(f.data(stream, f.message(b"", length=size)))

    @rule(stream=streams, size=st.integers(1, 16_384))
    def send_much(self, stream: int, size: int) -> None:
        self.say(f.data(stream, bytes(size)))

    @rule(stream=streams)
    def reset(self, stream: int) -> None:
        self.say(f.rst_stream(stream))

    @rule(stream=streams | st.just(0), increment=st.integers(0, 2**31 - 1))
    def widen(self, stream: int, increment: int) -> None:
        self.say(f.window_update(stream, increment))

    @rule(window=st.integers(0, 2**31 - 1))
    def set_window(self, window: int) -> None:
        self.say(f.settings((f.INITIAL_WINDOW_SIZE, window)))

    @rule(at=st.integers(0, 500), bit=st.integers(0, 7))
    def flip(self, at: int, bit: int) -> None:
        if at < len(self.unsent):
            changed = bytearray(self.unsent)
            changed[at] ^= 1 << bit
            self.unsent = bytes(changed)

    @rule()
    def answer(self) -> None:
        self.world.answer()

    @rule()
    def read(self) -> None:
        self.world.read()

    @rule(seconds=st.floats(0, 9))
    def wait(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule()
    def retire(self) -> None:
        self.world.connection.retire("idle")

    def teardown(self) -> None:
        self.world.answer()
        self.world.read()
        self.world.end()


TestPeer = Peer.TestCase
TestPeer.settings = settings(
    deadline=None, max_examples=150, stateful_step_count=40, derandomize=True
)
