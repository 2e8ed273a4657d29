"""Those who say nothing, or half of it, or do not listen: everything ends in time."""

import attrs
import pytest
import trio
from h2.errors import ErrorCodes as E

from protos.compliance_pb2 import DriftAck, DriftEvent
from runtime.hosts.grpc import Code
from tests.hostile import frames as f
from tests.hostile.line import Line
from tests.hostile.required import answers, ends, goes_on, hangs_up
from tests.hostile.site import TIGHT, site

BEGUN = f.PREFACE + f.settings()
OPEN = f.headers(1, f.request(b"ReportDrift"))
BLOCK = f.block(f.request())

SILENT = {
    "nothing": b"",
    "half a preface": f.PREFACE[:12],
    "a preface without settings": f.PREFACE,
    "a preface and half a frame": BEGUN[:-4],
    "no call": BEGUN,
    "half a frame of headers": BEGUN + f.headers(1, f.request())[:40],
    "headers that are not ended": BEGUN + f.frame(f.HEADERS, 0, 1, BLOCK),
    "a frame that is announced": BEGUN + f.frame(f.HEADERS, 4, 1, b"\x82", length=9000),
}


@pytest.mark.parametrize("said", SILENT.values(), ids=SILENT.keys())
async def test_one_who_does_not_call_in_time_is_hung_up_on(said: bytes) -> None:
    async with site(TIGHT) as port, port.attacker() as line:
        await line.send(said)
        await hangs_up(line)


@pytest.mark.parametrize(
    "said", [f.PREFACE, BEGUN + f.headers(1, f.request())], ids=["preface", "headers"]
)
async def test_one_who_says_a_byte_now_and_then_gains_no_time(said: bytes) -> None:
    async with site(TIGHT) as port, port.attacker() as line:
        with trio.fail_after(60):
            for byte in said:
                if line.closed:
                    break
                await line.send(bytes([byte]))
                await trio.sleep(0.05)
        await hangs_up(line)


WAITING = {
    "no message": b"",
    "half a prefix": f.data(1, b"\0\0"),
    "half a message": f.data(1, f.message(b"x", length=99)),
    "half a large message": f.data(1, f.message(b"x", length=900_000)),
}


@pytest.mark.parametrize("said", WAITING.values(), ids=WAITING.keys())
async def test_a_call_whose_message_does_not_come_in_time_ends(said: bytes) -> None:
    async with site(TIGHT) as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, f.request(b"Register")), said)
        await answers(Code.DEADLINE_EXCEEDED)(line)


async def test_a_message_that_comes_byte_by_byte_gains_no_time() -> None:
    async with site(TIGHT) as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, f.request(b"Register")))
        with trio.move_on_after(3):
            for byte in f.message(bytes(999)):
                if line.ended or line.closed:
                    break
                await line.send(f.data(1, bytes([byte])))
                await trio.sleep(0.02)
        await answers(Code.DEADLINE_EXCEEDED)(line)


async def test_half_an_event_ends_its_stream_in_time() -> None:
    async with site(TIGHT) as port, port.attacker() as line:
        await line.begin()
        await line.send(OPEN, f.data(1, f.message(b"x", length=99)))
        await answers(Code.DEADLINE_EXCEEDED)(line)


async def test_calls_that_are_never_used_end_in_time() -> None:
    """2,000 on twenty connections."""
    async with site(TIGHT) as port, trio.open_nursery() as nursery:

        async def wait() -> None:
            async with port.attacker() as line:
                await line.begin()
                await line.send(*[f.headers(n, f.request(b"Register")) for n in range(1, 201, 2)])
                assert await line.until(lambda: len(line.ended) == 100 or line.closed)

        for _ in range(20):
            nursery.start_soon(wait)


async def test_a_stream_that_is_silent_but_answers_pings_goes_on() -> None:
    """Agents keep one open and have nothing to report for hours."""
    async with site(TIGHT) as port, port.attacker() as line:
        line.polite = True
        await line.begin()
        await line.send(OPEN)
        await trio.sleep(3 * TIGHT.idle_s)
        await line.send(f.data(1, f.message(DriftEvent(agent_id="late")), end=True))
        await answers(Code.OK)(line)
        assert line.heard[f.PING] >= 1


async def test_a_stream_that_is_silent_and_answers_no_ping_ends() -> None:
    async with site(TIGHT) as port, port.attacker() as line:
        await line.begin()
        await line.send(OPEN)
        await hangs_up(line)


async def test_a_connection_without_a_call_ends() -> None:
    async with site(TIGHT) as port, port.attacker() as line:
        await line.begin()
        await goes_on(line)
        await ends(E.NO_ERROR)(line)


async def test_a_connection_ends_when_it_is_old_and_its_calls_are_answered() -> None:
    async with site(attrs.evolve(TIGHT, age_s=0.4)) as port, port.attacker() as line:
        port.honest.retires = True
        line.polite = True
        await line.begin()
        await line.send(OPEN)
        assert await line.until(lambda: line.goaway is not None)
        await line.send(f.data(1, f.message(DriftEvent(agent_id="last")), end=True))
        await ends(E.NO_ERROR)(line)
        assert line.fields[1]["grpc-status"] == str(int(Code.UNAVAILABLE))


async def _ask_much(line: Line) -> None:
    """Have more to be sent than a socket takes, and read none of it."""
    await line.begin((f.INITIAL_WINDOW_SIZE, 2**31 - 1))
    await line.send(f.window_update(0, 2**30), OPEN)
    event = f.data(1, f.message(DriftEvent(agent_id="x" * 900)) * 16)
    with trio.move_on_after(1):
        while True:
            await line.send(event * 4)


async def test_one_who_does_not_read_its_answers_is_hung_up_on() -> None:
    async with site(TIGHT) as port, port.attacker(hears=False) as line:
        await _ask_much(line)
        await gone(line)


async def test_one_who_does_not_read_answers_to_pings_is_hung_up_on() -> None:
    limits = attrs.evolve(TIGHT, control_frames=10_000_000)
    async with site(limits) as port, port.attacker(hears=False) as line:
        await line.begin()
        with trio.move_on_after(1.5):
            while True:
                await line.send(f.frame(f.PING, 0, 0, bytes(8)) * 1000)
        await gone(line)


async def gone(line: Line) -> None:
    """Wait until the server has closed; what is unread stays unread until then."""
    with trio.fail_after(60):
        try:
            while True:
                await line.wire.send_all(f.window_update(0, 1))
                await trio.sleep(0.05)
        except trio.BrokenResourceError:
            return


async def test_one_who_gives_no_window_is_held_and_then_hung_up_on() -> None:
    """Its answers wait in its streams, a bounded part of each."""
    async with site(TIGHT) as port, port.attacker() as line:
        await line.begin((f.INITIAL_WINDOW_SIZE, 0))
        await line.send(*[f.headers(n, f.request(b"ReportDrift")) for n in range(1, 201, 2)])
        event = f.message(DriftEvent(agent_id="x" * 900))
        for n in range(1, 201, 2):
            if line.room(n) < len(event):
                break
            await line.send(f.data(n, event))
            line.spend(n, len(event))
        await hangs_up(line)
        assert not line.bodies[1]


async def test_answers_for_which_nobody_gives_a_window_are_given_up() -> None:
    async with site(TIGHT) as port, port.attacker() as line:
        line.polite = True
        await line.begin((f.INITIAL_WINDOW_SIZE, 0))
        for n in range(1, 201, 2):
            await line.send(f.headers(n, f.request()), f.data(n, f.message(b""), end=True))
        assert await line.until(lambda: len(line.resets) == 100)


async def test_one_who_does_not_read_is_held_by_its_window_and_recovers() -> None:
    event = f.message(DriftEvent(agent_id="x" * 900))
    ack = len(f.message(DriftAck(event_id="x" * 900, received=True)))
    limits = attrs.evolve(TIGHT, idle_s=30)
    async with site(limits) as port, port.attacker() as line:
        await line.begin()
        await line.send(OPEN)
        sent = 0
        while await line.until(lambda: line.room(1) >= len(event), 0.3) and sent < 10_000:
            await line.send(f.data(1, event))
            line.spend(1, len(event))
            sent += 1
        assert sent * len(event) < 1024 * 1024

        await line.send(f.window_update(0, 2**30), f.window_update(1, 2**30), f.data(1, end=True))
        await answers(Code.OK)(line)
        assert len(line.bodies[1]) == sent * ack


async def test_one_who_only_reads_may_say_how_much_it_has_read() -> None:
    """Each KiB with two updates, as clients do, many more of them than are taken for nothing."""
    event = f.message(DriftEvent(agent_id="x" * 1000))
    limits = attrs.evolve(TIGHT, idle_s=30, control_frames=300)
    async with site(limits) as port, port.attacker() as line:
        await line.begin()
        await line.send(OPEN)
        for _ in range(1000):
            had = len(line.bodies[1])
            await line.send(f.data(1, event))
            assert await line.until(lambda had=had: len(line.bodies[1]) > had)  # type: ignore[misc]
            await line.send(f.window_update(0, 1010) + f.window_update(1, 1010))
        await goes_on(line)
