"""Floods: frames that are dear to answer and cheap to send.

Names are those of the CVEs.  The port tells such a peer to calm down, and hangs up.
"""

from collections.abc import Callable, Iterable

import attrs
import pytest
from h2.errors import ErrorCodes as E

from protos.compliance_pb2 import DriftEvent, RegisterRequest
from runtime.hosts.grpc import Code
from tests.hostile import frames as f
from tests.hostile.line import Line
from tests.hostile.required import Required, answers, ends, goes_on, hangs_up
from tests.hostile.site import TIGHT, site

OPEN = f.headers(1, f.request(b"ReportDrift"))
CALM = ends(E.ENHANCE_YOUR_CALM)
MANY = 20_000


@attrs.frozen
class Flood:
    """A piece that is sent again and again, after an opening."""

    piece: bytes
    opening: bytes = b""
    required: Required = CALM


FLOODS = {
    "PING (CVE-2019-9512)": Flood(f.frame(f.PING, 0, 0, bytes(8))),
    "answers to PING": Flood(f.frame(f.PING, f.ACK, 0, bytes(8))),
    "SETTINGS (CVE-2019-9515)": Flood(f.settings()),
    "SETTINGS that change the window": Flood(
        f.settings((f.INITIAL_WINDOW_SIZE, 1)) + f.settings((f.INITIAL_WINDOW_SIZE, 2**20)), OPEN
    ),
    "SETTINGS of many values": Flood(f.settings(*[(f.HEADER_TABLE_SIZE, n) for n in range(20)])),
    "PRIORITY (CVE-2019-9513)": Flood(f.frame(f.PRIORITY, 0, 1, b"\0\0\0\0\7"), OPEN),
    "PRIORITY of streams that are not open": Flood(f.frame(f.PRIORITY, 0, 99, b"\0\0\0\0\7")),
    "WINDOW_UPDATE of the connection": Flood(f.window_update(0, 1)),
    "WINDOW_UPDATE of a stream": Flood(f.window_update(1, 1), OPEN),
    "WINDOW_UPDATE of a stream that is over": Flood(
        f.window_update(1, 1), f.headers(1, f.request()) + f.data(1, f.message(b""), end=True)
    ),
    "RST_STREAM of a stream that is over": Flood(f.rst_stream(1), OPEN + f.rst_stream(1)),
    "empty DATA (CVE-2019-9518)": Flood(f.data(1), OPEN),
    "DATA of padding alone": Flood(f.frame(f.DATA, f.PADDED, 1, b"\1\0"), OPEN),
    "empty CONTINUATION (CVE-2024-27316)": Flood(
        f.frame(f.CONTINUATION, 0, 1), f.frame(f.HEADERS, 0, 1), hangs_up
    ),
    "CONTINUATION of one field a frame": Flood(
        f.frame(f.CONTINUATION, 0, 1, f.block([(b"a", b"b")])), f.frame(f.HEADERS, 0, 1), hangs_up
    ),
    "full CONTINUATION": Flood(
        f.frame(f.CONTINUATION, 0, 1, f.block([(b"a", bytes(16_000))])),
        f.frame(f.HEADERS, 0, 1),
        hangs_up,
    ),
    "frames of unknown types": Flood(f.frame(0x42, 0, 0, b"x")),
    "ALTSVC": Flood(f.frame(f.ALTSVC, 0, 0, b"\0\1ah2=:443")),
    "GOAWAY": Flood(f.frame(f.GOAWAY, 0, 0, bytes(8)), OPEN, hangs_up),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
async def test_a_flood_is_told_to_calm_down(flood: Flood) -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(flood.opening)
        await line.flood(flood.piece, MANY)
        await flood.required(line)


def streams(most: int = 20_000) -> Iterable[int]:
    return range(1, 2 * most, 2)


Call = Callable[[int], bytes]

RESETS: dict[str, Call] = {
    "rapid reset (CVE-2023-44487)": lambda n: f.headers(n, f.request()) + f.rst_stream(n),
    "rapid reset of streams": lambda n: f.headers(n, f.request(b"ReportDrift")) + f.rst_stream(n),
    "rapid reset within a message": lambda n: (
        f.headers(n, f.request(b"Register")) + f.data(n, b"\0\0\0\x40\0") + f.rst_stream(n)
    ),
    "rapid reset of whole messages": lambda n: (
        f.headers(n, f.request(b"ReportDrift"))
        + f.data(n, f.message(DriftEvent(agent_id="a")))
        + f.rst_stream(n)
    ),
    "rapid reset of methods that nobody serves": lambda n: (
        f.headers(n, f.request(b"Nothing")) + f.rst_stream(n)
    ),
    # CVE-2025-8671: what makes the server reset.
    "made to reset by a window that overflows": lambda n: (
        f.headers(n, f.request(b"ReportDrift")) + f.window_update(n, 2**31 - 1)
    ),
    "made to reset by a window that grows by 0": lambda n: (
        f.headers(n, f.request(b"ReportDrift")) + f.window_update(n, 0)
    ),
    "made to reset by DATA after the end": lambda n: (
        f.headers(n, f.request(b"ReportHealing"), end=True) + f.data(n, b"x")
    ),
    "made to reset by HEADERS after the end": lambda n: (
        f.headers(n, f.request(b"ReportHealing"), end=True) + f.headers(n, [(b"a", b"b")], end=True)
    ),
    "made to reset by a priority on itself": lambda n: (
        f.headers(n, f.request(b"ReportDrift"))
        + f.frame(f.PRIORITY, 0, n, n.to_bytes(4, "big") + b"\7")
    ),
    "made to reset by a priority of 4 bytes": lambda n: (
        f.headers(n, f.request(b"ReportDrift")) + f.frame(f.PRIORITY, 0, n, bytes(4))
    ),
    "made to reset by another length than was said": lambda n: (
        f.headers(n, f.request(b"ReportDrift", (b"content-length", b"1")))
        + f.data(n, bytes(9), end=True)
    ),
    "made to reset by headers that are malformed": lambda n: f.headers(
        n, f.request(b"ReportDrift", (b"Upper", b"b"))
    ),
}


@pytest.mark.parametrize("call", RESETS.values(), ids=RESETS.keys())
async def test_streams_that_are_reset_again_and_again_end_the_connection(call: Call) -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await many(line, [call(n) for n in streams(3000)])
        await hangs_up(line)
        assert line.goaway in {E.ENHANCE_YOUR_CALM, E.PROTOCOL_ERROR, E.STREAM_CLOSED,
                               E.FLOW_CONTROL_ERROR, E.FRAME_SIZE_ERROR}  # fmt: skip


async def many(line: Line, pieces: list[bytes], at_once: int = 50) -> None:
    for at in range(0, len(pieces), at_once):
        if line.closed:
            return
        await line.send(*pieces[at : at + at_once])


async def test_a_client_that_resets_now_and_then_goes_on() -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await many(line, [RESETS["rapid reset (CVE-2023-44487)"](n) for n in streams(150)])
        await goes_on(line)


async def test_resets_are_counted_over_the_life_of_a_connection_too() -> None:
    async with site(attrs.evolve(TIGHT, resets=10_000)) as port, port.attacker() as line:
        await line.begin()
        await many(line, [RESETS["rapid reset (CVE-2023-44487)"](n) for n in streams(1500)])
        await CALM(line)


async def test_a_client_that_pings_as_it_measures_its_path_goes_on() -> None:
    """Go's client pings at almost every message that it reads or sends."""
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(OPEN)
        event = f.data(1, f.message(DriftEvent(agent_id="a")))
        window = f.window_update(0, 9) + f.frame(f.PING, 0, 0, bytes(8))
        await many(line, [event + window] * 4000)
        assert await line.until(lambda: line.heard[f.PING] == 4000)
        await goes_on(line)


BOMB = b"\x40" + f.block([(b"x-bomb", b"b" * 3000)])[1:]
"""A field that goes into the table; one byte names it from then on."""


async def test_a_small_block_that_unpacks_to_a_large_one_is_refused() -> None:
    """CVE-2016-6581."""
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.frame(f.HEADERS, 4, 1, f.block(f.request()) + BOMB + b"\xbe" * 12_000))
        await hangs_up(line)


async def test_headers_beyond_their_limit_are_refused() -> None:
    fields = f.block([(b"x-%d" % n, b"v" * 1000) for n in range(100)])
    cut = [fields[at : at + 16_000] for at in range(0, len(fields), 16_000)]
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.frame(f.HEADERS, 0, 1, f.block(f.request())))
        await line.send(*[f.frame(f.CONTINUATION, 0, 1, piece) for piece in cut])
        await line.send(f.frame(f.CONTINUATION, 4, 1))
        await hangs_up(line)


async def test_calls_over_their_number_are_refused_and_the_others_go_on() -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await many(line, [f.headers(n, f.request(b"ReportDrift")) for n in streams(103)])

        assert await line.until(lambda: len(line.resets) == 3)
        assert set(line.resets.values()) == {E.REFUSED_STREAM}
        await line.send(f.data(1, f.message(DriftEvent(agent_id="a")), end=True))
        await answers(Code.OK)(line)


async def test_calls_over_their_number_again_and_again_end_the_connection() -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await many(line, [f.headers(n, f.request(b"ReportDrift")) for n in streams(2000)])
        await CALM(line)


REFUSED: dict[str, Call] = {
    "half a message": lambda n: (
        f.headers(n, f.request(b"ReportDrift")) + f.data(n, b"\0\0\0\0\x09", end=True)
    ),
    "a method that nobody serves": lambda n: f.headers(n, f.request(b"Nothing")),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED.keys())
async def test_calls_that_are_refused_are_answers_and_no_resets(call: Call) -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await many(line, [call(n) for n in streams(2000)])
        await goes_on(line)
        assert {line.fields[n]["grpc-status"] for n in streams(2000)} <= {"3", "12"}


async def test_small_messages_in_masses_are_all_answered() -> None:
    async with site() as port, port.attacker() as line:
        await line.begin((f.INITIAL_WINDOW_SIZE, 2**24))
        await line.send(f.window_update(0, 2**24), OPEN)
        await many(line, [f.data(1, f.message(b"") * 100)] * 100)
        await line.send(f.data(1, end=True))
        await answers(Code.OK)(line)
        assert len(line.bodies[1]) == 10_000 * 7


async def test_a_long_deadline_is_forgotten_with_its_call() -> None:
    forever = f.request(b"ReportDrift", grpc_timeout=b"99999999H")
    async with site() as port, port.attacker() as line:
        await line.begin()
        for n in range(1, 41, 2):
            await line.send(f.headers(n, forever, end=True))
        assert await line.until(lambda: len(line.ended) == 20)
        assert {line.fields[n]["grpc-status"] for n in range(1, 41, 2)} == {"0"}


async def test_calls_one_after_the_other_leave_nothing_behind() -> None:
    register = f.message(RegisterRequest(hostname="ws-7"))
    async with site() as port, port.attacker() as line:
        await line.begin()
        for at in range(1, 2001, 50):
            calls = [
                f.headers(n, f.request(b"Register")) + f.data(n, register, end=True)
                for n in range(at, at + 50, 2)
            ]
            await line.send(*calls)
            assert await line.until(lambda most=at // 2 + 25: len(line.ended) >= most)  # type: ignore[misc]
        assert {line.fields[n]["grpc-status"] for n in range(1, 2001, 2)} == {"0"}
