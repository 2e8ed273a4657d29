"""How a connection ends in order."""

import struct
from collections.abc import Iterable, Iterator

import pytest

from protos.compliance_pb2 import DriftEvent
from runtime.hosts.grpc import Code, Limits
from runtime.hosts.grpc.call import Ending
from tests.hostile import frames as f
from tests.hostile.sans_io import World


def retiring_with_a_call() -> World:
    """Begin a call on a connection that takes no other."""
    world = World()
    world.receive(f.PREFACE + f.settings() + f.headers(1, f.request(b"Register")))
    world.connection.retire("old")
    assert not world.connection.closing
    return world


@pytest.mark.parametrize("end", ["its answer", "a reset of ours", "a reset of the peer"])
def test_a_connection_that_retires_closes_with_its_last_call_however_that_ends(end: str) -> None:
    world = retiring_with_a_call()
    [call] = world.begun

    match end:
        case "its answer":
            world.connection.finish(call, Ending(Code.OK))
        case "a reset of ours":
            world.connection.reset(call)
        case _:
            world.receive(f.rst_stream(1))

    assert world.connection.closing


def test_the_last_answer_is_said_before_a_retiring_connection_closes() -> None:
    world = retiring_with_a_call()
    [call] = world.begun
    before = len(world.connection.out)

    world.connection.finish(call, Ending(Code.OK))

    assert len(world.connection.out) > before


def test_why_it_hangs_up_does_not_wait_for_answers_that_will_not_come() -> None:
    world = World()
    world.receive(f.PREFACE + f.settings() + f.headers(1, f.request(b"ReportDrift")))

    world.receive(f.data(1, f.message(b"")) + f.data(1) * 200)

    assert world.connection.closing
    assert not world.connection.awaits


def begun(limits: Limits, method: bytes = b"ReportDrift") -> World:
    world = World(limits=limits)
    world.receive(f.PREFACE + f.settings() + f.headers(1, f.request(method)))
    world.read()
    return world


def pieces(stream: int, body: bytes, size: int = 16_384) -> Iterator[bytes]:
    for at in range(0, len(body), size):
        yield f.data(stream, body[at : at + size])


def test_the_window_holds_a_sender_whose_messages_come_in_several_frames_too() -> None:
    world = begun(Limits())
    event = f.message(DriftEvent(expected="x" * 60_000))
    call = world.connection.calls[1]

    def sent() -> int:
        """Send as much as the windows let, as an obedient client does; count the events."""
        count = 0
        while min(call.window, world.connection._inflow.window) >= len(event):
            for piece in pieces(1, event):
                world.receive(piece)
            count += 1
            assert count < 10, "nothing holds it"
        return count

    assert sent() == 1
    world.answer()
    world.read()
    assert sent() == 1


def test_messages_begun_on_many_streams_are_all_finished_in_the_end() -> None:
    world = World(limits=Limits(control_frames=10_000))
    world.receive(f.PREFACE + f.settings())
    streams = range(1, 11, 2)
    event = f.message(DriftEvent(expected="x" * 15_000))
    for stream in streams:
        world.receive(f.headers(stream, f.request(b"ReportDrift")))
    left = dict.fromkeys(streams, event * 20)
    for _ in range(10_000):
        for stream in streams:
            call = world.connection.calls[stream]
            room = min(call.window, world.connection._inflow.window, 7_001, len(left[stream]))
            if room > 0:
                world.receive(f.data(stream, left[stream][:room]))
                left[stream] = left[stream][room:]
        world.answer()
        world.read()
        if not any(left.values()):
            return
    raise AssertionError(f"stuck with {[len(rest) for rest in left.values()]}")


def test_who_gives_large_messages_up_gains_no_window() -> None:
    limits = Limits()
    world = World(limits=limits)
    world.receive(f.PREFACE + f.settings())
    announced = struct.pack(">BI", 0, limits.message_bytes) + b"x"
    for stream in range(1, 15, 2):
        world.receive(f.headers(stream, f.request(b"Register")) + f.data(stream, announced))
        world.receive(f.rst_stream(stream))
        world.read()

    assert world.connection._inflow.window <= f.WINDOW + limits.message_bytes + 5
    assert world.pool.used == 0


def test_a_stream_goes_on_whose_frames_never_end_where_a_message_does() -> None:
    world = begun(Limits())
    event = f.message(DriftEvent(expected="x" * 50))
    told, at = event * 200, 0
    for _ in range(40):
        piece = told[at : at + 3 * len(event) - 7]
        at += len(piece)
        world.receive(f.data(1, piece))
        world.answer()
        world.read()
        world.wait(1.0)

    assert 1 in world.connection.calls


def refused_again_and_again() -> Iterable[bytes]:
    yield f.headers(1, f.request(b"Nothing"))
    for _ in range(5_000):
        yield f.frame(f.HEADERS, 5, 1, b"\x83")


def called_after_a_goodbye() -> Iterable[bytes]:
    yield f.headers(1, f.request(b"ReportDrift")) + f.frame(f.GOAWAY, 0, 0, bytes(8))
    for stream in range(3, 10_003, 2):
        yield f.headers(stream, f.request(b"Heartbeat"))


@pytest.mark.parametrize("flood", [refused_again_and_again, called_after_a_goodbye])
def test_headers_that_open_no_call_are_weighed(flood: object) -> None:
    world = World(limits=Limits())
    world.receive(f.PREFACE + f.settings())
    for piece in flood():  # type: ignore[operator]
        world.connection.receive(piece, 0.0)
        if world.connection.closing:
            break
        world.connection.out.clear()

    assert world.connection.closing


def test_a_client_that_said_goodbye_is_told_so_too_when_the_server_ends() -> None:
    world = begun(Limits())
    world.receive(f.frame(f.GOAWAY, 0, 0, bytes(8)))
    before = len(world.connection.out)

    world.connection.retire("the server is closing")

    assert world.connection.calls[1].last == Ending(Code.UNAVAILABLE, "the server is closing")
    assert b"the server is closing" in world.connection.out[before:]
