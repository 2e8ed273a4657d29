"""How a connection ends in order."""

import pytest

from runtime.hosts.grpc import Code
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
