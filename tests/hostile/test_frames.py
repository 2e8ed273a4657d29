"""Frames that a stranger may send: what must be ignored is, and what is wrong ends what it must."""

import struct

import attrs
import pytest
from h2.errors import ErrorCodes as E

from protos.compliance_pb2 import DriftEvent
from runtime.hosts.grpc import Code
from tests.hostile import frames as f
from tests.hostile.required import Required, answers, ends, goes_on, hangs_up, refuses, resets
from tests.hostile.site import TIGHT, site

OPEN = f.headers(1, f.request(b"ReportDrift"))
DONE = f.headers(1, f.request()) + f.data(1, f.message(b""), end=True)
"""A whole call, which is answered."""
EVENT = f.message(DriftEvent(agent_id="the event"))
SIZE = E.FRAME_SIZE_ERROR
"""h2 has one code for all; the connection ends either way."""
HIGH_BIT = 0x8000_0000


def padded(stream: int, payload: bytes, padding: int, *, end: bool = False) -> bytes:
    flags = f.PADDED | (f.END_STREAM if end else 0)
    return f.frame(f.DATA, flags, stream, bytes([padding]) + payload + bytes(padding))


IGNORED = {
    "frames of unknown types": b"".join(f.frame(kind, 0xFF, 7, b"x") for kind in (11, 42, 0xFF)),
    "a frame of an unknown type without payload": f.frame(0x0B),
    "a frame of an unknown type within a call": OPEN + f.frame(0x0B, 4, 1, b"x") + f.data(1),
    "ALTSVC": f.frame(f.ALTSVC, 0, 0, b"\x00\x01ah2=:443"),
    "ALTSVC with a length that is not its own": f.frame(f.ALTSVC, 0, 0, b"\xff\xffa"),
    "ORIGIN": f.frame(f.ORIGIN, 0, 0, b"\x00\x09https://a"),
    "PRIORITY_UPDATE": f.frame(f.PRIORITY_UPDATE, 0, 0, b"\0\0\0\1u=1"),
    "settings that nobody knows": f.settings((0x0A0A, 1), (0xFFFF, 2**32 - 1)),
    "flags that nobody knows": f.frame(f.PING, 0xFE, 0, b"12345678"),
    "an answer to a ping that nobody sent": f.frame(f.PING, f.ACK, 0, b"12345678"),
    "the reserved bit of a stream": DONE + f.frame(f.WINDOW_UPDATE, 0, HIGH_BIT, b"\0\0\0\1"),
    "priority of a stream that is not open": f.frame(f.PRIORITY, 0, 9, b"\0\0\0\0\7"),
    "RST_STREAM of a call that is over": DONE + f.rst_stream(1),
    "WINDOW_UPDATE of a call that is over": DONE + f.window_update(1, 10),
}


@pytest.mark.parametrize("sent", IGNORED.values(), ids=IGNORED.keys())
async def test_what_means_nothing_to_us_is_ignored(sent: bytes) -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(sent)
        await goes_on(line)


LEGAL = {
    "empty DATA within a message": [f.data(1, EVENT[:7]), f.data(1), f.data(1, EVENT[7:])],
    "a message byte by byte": [f.data(1, EVENT[at : at + 1]) for at in range(len(EVENT))],
    "a message in padding": [padded(1, EVENT[:3], 255), padded(1, b"", 9), padded(1, EVENT[3:], 0)],
    "the reserved bit of a stream": [f.frame(f.DATA, 0, HIGH_BIT | 1, EVENT)],
    "flags that nobody knows": [f.frame(f.DATA, 0xF0, 1, EVENT)],
}


@pytest.mark.parametrize("sent", LEGAL.values(), ids=LEGAL.keys())
async def test_a_message_arrives_however_it_is_cut(sent: list[bytes]) -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(OPEN)
        for piece in sent:
            await line.send(piece)

        assert await line.until(lambda: b"the event" in line.bodies[1])
        await line.send(f.data(1, end=True))
        await answers(Code.OK)(line)


async def test_headers_arrive_however_they_are_cut() -> None:
    fields = f.block(f.request())
    prioritised = b"\x05" + b"\x80\0\0\3\xff" + fields[:9] + bytes(5)
    flags = f.PADDED | f.PRIORITISED
    cut = [f.frame(f.CONTINUATION, 0, 1, fields[at : at + 30]) for at in range(9, len(fields), 30)]
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.frame(f.HEADERS, flags, 1, prioritised), *cut)
        await line.send(f.frame(f.CONTINUATION, f.END_HEADERS, 1))
        await line.send(f.data(1, f.message(b""), end=True))
        await answers(Code.OK)(line)


async def test_a_ping_is_answered_with_its_own_words() -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.frame(f.PING, 0, 0, b"and mine"))

        assert await line.until(lambda: line.heard[f.PING] == 1)
        assert line.pong == b"and mine"


WRONG: dict[str, tuple[bytes, Required]] = {
    # Streams.  RFC 9113, section 5.1.
    "an even stream": (f.headers(2, f.request()), ends(E.PROTOCOL_ERROR)),
    "a stream below the last": (
        f.headers(5, f.request()) + f.headers(3, f.request()),
        ends(E.PROTOCOL_ERROR, E.STREAM_CLOSED),
    ),
    "HEADERS on stream 0": (f.headers(0, f.request()), ends(E.PROTOCOL_ERROR)),
    "DATA on stream 0": (f.data(0, b"x"), ends(E.PROTOCOL_ERROR)),
    "DATA on a stream that is not open": (f.data(3, b"x"), ends(E.PROTOCOL_ERROR)),
    "RST_STREAM on a stream that is not open": (f.rst_stream(3), ends(E.PROTOCOL_ERROR)),
    "RST_STREAM on stream 0": (f.rst_stream(0), ends(E.PROTOCOL_ERROR)),
    "WINDOW_UPDATE on a stream that is not open": (f.window_update(3, 1), ends(E.PROTOCOL_ERROR)),
    "PRIORITY on stream 0": (f.frame(f.PRIORITY, 0, 0, bytes(5)), ends(E.PROTOCOL_ERROR)),
    "a stream that depends on itself": (
        f.frame(f.HEADERS, 0x24, 1, b"\0\0\0\1\7" + f.block(f.request())),
        refuses(E.PROTOCOL_ERROR),
    ),
    "a priority that depends on itself": (
        OPEN + f.frame(f.PRIORITY, 0, 1, b"\0\0\0\1\7"),
        refuses(E.PROTOCOL_ERROR),
    ),
    "DATA after the end of the stream": (
        f.headers(1, f.request(b"ReportHealing"), end=True) + f.data(1, b"x"),
        refuses(E.STREAM_CLOSED),
    ),
    "HEADERS after the end of the stream": (
        f.headers(1, f.request(b"ReportHealing"), end=True) + OPEN,
        refuses(E.STREAM_CLOSED, E.PROTOCOL_ERROR),
    ),
    "a second HEADERS that does not end the stream": (OPEN + OPEN, refuses(E.PROTOCOL_ERROR)),
    "PUSH_PROMISE from a client": (
        OPEN + f.frame(f.PUSH_PROMISE, 4, 1, b"\0\0\0\2" + f.block(f.request())),
        ends(E.PROTOCOL_ERROR),
    ),
    # Blocks of headers.  Section 6.10.
    "CONTINUATION without HEADERS": (
        f.frame(f.CONTINUATION, 4, 1, b"\x82"),
        ends(E.PROTOCOL_ERROR),
    ),
    "another frame within a block": (
        f.frame(f.HEADERS, 0, 1, b"\x82") + f.frame(f.PING, 0, 0, bytes(8)),
        ends(E.PROTOCOL_ERROR),
    ),
    "DATA within a block": (
        OPEN + f.frame(f.HEADERS, 0, 3, b"\x82") + f.data(1, EVENT),
        ends(E.PROTOCOL_ERROR),
    ),
    "an unknown frame within a block": (
        f.frame(f.HEADERS, 0, 1, b"\x82") + f.frame(0x42, 0, 1, b"x"),
        ends(E.PROTOCOL_ERROR),
    ),
    "CONTINUATION of another stream": (
        f.frame(f.HEADERS, 0, 1, b"\x82") + f.frame(f.CONTINUATION, 4, 3, b"\x86"),
        ends(E.PROTOCOL_ERROR),
    ),
    # Lengths.  Section 4.2.
    "a frame that declares 2^24 - 1 bytes": (
        f.frame(f.DATA, 0, 1, b"x", length=2**24 - 1),
        ends(SIZE),
    ),
    "an unknown frame that declares 2^24 - 1 bytes": (
        f.frame(0x42, 0, 1, b"x", length=2**24 - 1),
        ends(SIZE),
    ),
    "a frame of 16 KiB and a byte": (OPEN + f.data(1, bytes(16_385)), ends(SIZE)),
    "PING of 7 bytes": (f.frame(f.PING, 0, 0, bytes(7)), ends(SIZE)),
    "PING on a stream": (f.frame(f.PING, 0, 1, bytes(8)), ends(E.PROTOCOL_ERROR)),
    "RST_STREAM of 3 bytes": (OPEN + f.frame(f.RST_STREAM, 0, 1, b"abc"), ends(SIZE)),
    "WINDOW_UPDATE of 5 bytes": (f.frame(f.WINDOW_UPDATE, 0, 0, bytes(5)), ends(SIZE)),
    "PRIORITY of 4 bytes": (
        OPEN + f.frame(f.PRIORITY, 0, 1, bytes(4)),
        refuses(SIZE),
    ),
    "GOAWAY of 3 bytes": (f.frame(f.GOAWAY, 0, 0, b"abc"), ends(SIZE)),
    "more padding than frame": (
        OPEN + f.frame(f.DATA, f.PADDED, 1, b"\xffx"),
        ends(E.PROTOCOL_ERROR),
    ),
    "padding without a length": (OPEN + f.frame(f.DATA, f.PADDED, 1), hangs_up),
    "headers with more padding than frame": (
        f.frame(f.HEADERS, f.PADDED | 4, 1, b"\xff\x82"),
        ends(E.PROTOCOL_ERROR),
    ),
    # Settings.  Section 6.5.
    "SETTINGS of 7 bytes": (f.frame(f.SETTINGS, payload=bytes(7)), ends(SIZE)),
    "SETTINGS on a stream": (f.frame(f.SETTINGS, 0, 1, bytes(6)), ends(E.PROTOCOL_ERROR)),
    "an answer to SETTINGS with content": (
        f.frame(f.SETTINGS, f.ACK, 0, bytes(6)),
        ends(SIZE, E.PROTOCOL_ERROR),
    ),
    "ENABLE_PUSH 2": (f.settings((f.ENABLE_PUSH, 2)), ends(E.PROTOCOL_ERROR)),
    "a window of 2^31": (
        f.settings((f.INITIAL_WINDOW_SIZE, 2**31)),
        ends(E.FLOW_CONTROL_ERROR),
    ),
    "a frame size of 0": (f.settings((f.MAX_FRAME_SIZE, 0)), ends(E.PROTOCOL_ERROR)),
    "a frame size of 2^24": (f.settings((f.MAX_FRAME_SIZE, 2**24)), ends(E.PROTOCOL_ERROR)),
    # Windows.  Section 6.9.
    "a connection window over 2^31": (f.window_update(0, 2**31 - 1), ends(E.FLOW_CONTROL_ERROR)),
    "a connection window that grows by 0": (f.window_update(0, 0), ends(E.PROTOCOL_ERROR)),
    "a stream window over 2^31": (
        OPEN + f.window_update(1, 2**31 - 1),
        refuses(E.FLOW_CONTROL_ERROR),
    ),
    "a stream window that grows by 0": (OPEN + f.window_update(1, 0), refuses(E.PROTOCOL_ERROR)),
    "settings that push a window over 2^31": (
        OPEN + f.window_update(1, 2**30) + f.settings((f.INITIAL_WINDOW_SIZE, 2**31 - 1)),
        ends(E.FLOW_CONTROL_ERROR),
    ),
    # HPACK.  RFC 7541.
    "an index of 0": (f.frame(f.HEADERS, 5, 1, b"\x80"), ends(E.COMPRESSION_ERROR)),
    "an index beyond the table": (
        f.frame(f.HEADERS, 5, 1, b"\xff\x80\x01"),
        ends(E.COMPRESSION_ERROR),
    ),
    "a number without end": (f.frame(f.HEADERS, 5, 1, b"\xff" * 60), ends(E.COMPRESSION_ERROR)),
    "a name that is longer than the block": (
        f.frame(f.HEADERS, 5, 1, b"\x00\x7f\xff\xff\xff\x0fx"),
        ends(E.COMPRESSION_ERROR),
    ),
    "padding of Huffman's code that is none": (
        f.frame(f.HEADERS, 5, 1, b"\x00\x82\xff\xff\x01a"),
        ends(E.COMPRESSION_ERROR),
    ),
    "a table larger than agreed": (
        f.frame(f.HEADERS, 5, 1, f.integer(2**20, 5, 0x20)),
        ends(E.COMPRESSION_ERROR),
    ),
    # The preface.  RFC 9113, section 3.4.
}  # fmt: skip


@pytest.mark.parametrize(("sent", "required"), WRONG.values(), ids=WRONG.keys())
async def test_what_is_wrong_ends_the_stream_or_the_connection(
    sent: bytes, required: Required
) -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(sent)
        await required(line)


NO_PREFACE = {
    "another preface": b"PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n",
    "HTTP/1.1": b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
    "an upgrade": b"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(80),
    "nothing but zeros": bytes(100_000),
    "a frame other than SETTINGS first": f.PREFACE + f.frame(f.PING, 0, 0, bytes(8)),
    "an answer to SETTINGS first": f.PREFACE + f.frame(f.SETTINGS, f.ACK, 0),
    "DATA first": f.PREFACE + f.data(1),
}


@pytest.mark.parametrize("sent", NO_PREFACE.values(), ids=NO_PREFACE.keys())
async def test_what_does_not_begin_as_http_2_is_hung_up_on(sent: bytes) -> None:
    async with site() as port, port.attacker() as line:
        await line.send(sent)
        await ends(E.PROTOCOL_ERROR)(line)


async def test_more_data_than_the_window_of_the_stream_ends_the_stream() -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        for stream in (1, 3):  # the first has all the room that a connection gets
            await line.send(f.headers(stream, f.request(b"Register")))
            await line.send(f.data(stream, struct.pack(">BI", 0, 2**20)))
        await line.send(f.data(3, bytes(16_384)) * 4)
        await resets(3, E.FLOW_CONTROL_ERROR)(line)


async def test_more_data_than_the_window_of_the_connection_ends_the_connection() -> None:
    async with site(attrs.evolve(TIGHT, partial_bytes=1)) as port, port.attacker() as line:
        await line.begin()
        for stream in (1, 3):
            await line.send(f.headers(stream, f.request(b"Register")))
            await line.send(f.data(stream, struct.pack(">BI", 0, 2**20)))
            await line.send(f.data(stream, bytes(16_000)) * 3)
        await ends(E.FLOW_CONTROL_ERROR)(line)


async def test_a_stream_reset_by_a_client_ends_its_call_alone() -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(
            f.headers(1, f.request(b"ReportHealing")),
            OPEN.replace(b"\1\4\0\0\0\1", b"\1\4\0\0\0\3"),
        )
        while not port.echo.running:
            await line.until(lambda: bool(port.echo.running), 0.01)

        await line.send(f.rst_stream(1), f.data(3, EVENT))

        assert await line.until(lambda: b"the event" in line.bodies[3])
        while port.echo.running:
            await line.until(lambda: not port.echo.running, 0.01)


async def test_a_client_that_says_goodbye_is_let_go_when_its_calls_are_answered() -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(OPEN, f.frame(f.GOAWAY, 0, 0, bytes(8)), f.data(1, EVENT, end=True))

        assert await line.until(lambda: line.closed)
        assert line.fields[1]["grpc-status"] == "0"
