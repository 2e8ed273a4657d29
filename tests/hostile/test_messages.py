"""Messages that a stranger may send: by their length before their bytes, and then by content."""

import struct
from contextlib import AsyncExitStack

import attrs
import pytest

from protos.compliance_pb2 import DriftEvent
from runtime.hosts.grpc import Code, Limits
from tests.hostile import frames as f
from tests.hostile.line import Line
from tests.hostile.required import answers, goes_on
from tests.hostile.site import TIGHT, Footprint, site

MIB = 2**20


def deep(levels: int) -> bytes:
    """Nest groups, which a reader of protobuf must follow even where it does not know them."""
    return b"\x0b" * levels + b"\x0c" * levels


CONTENT: dict[str, tuple[bytes, Code]] = {
    "an announced 4 GiB": (f.message(b"", length=2**32 - 1), Code.RESOURCE_EXHAUSTED),
    "an announced 100 MiB": (f.message(b"x" * 9000, length=100 * MIB), Code.RESOURCE_EXHAUSTED),
    "an announced 1 MiB and a byte": (f.message(b"", length=MIB + 1), Code.RESOURCE_EXHAUSTED),
    "compressed": (f.message(b"x", flag=1), Code.UNIMPLEMENTED),
    "a flag of 2": (f.message(b"x", flag=2), Code.INVALID_ARGUMENT),
    "a flag of 0xff": (f.message(b"", flag=0xFF), Code.INVALID_ARGUMENT),
    "a tag that is cut": (f.message(b"\xff"), Code.INVALID_ARGUMENT),
    "a field that is longer than the message": (f.message(b"\x0a\x7fx"), Code.INVALID_ARGUMENT),
    "a field of number 0": (f.message(b"\x00\x00"), Code.INVALID_ARGUMENT),
    "a number of eleven bytes": (f.message(b"\x08" + b"\xff" * 11), Code.INVALID_ARGUMENT),
    "text that is no UTF-8": (f.message(b"\x0a\x02\xc3\x28"), Code.INVALID_ARGUMENT),
    "a group that never ends": (f.message(b"\x0b"), Code.INVALID_ARGUMENT),
    "groups in groups": (f.message(deep(30_000)), Code.INVALID_ARGUMENT),
    "the end within a message": (f.message(b"x", length=9), Code.INVALID_ARGUMENT),
    "the end within a prefix": (b"\0\0\0", Code.INVALID_ARGUMENT),
    "two messages": (f.message(b"") * 2, Code.INVALID_ARGUMENT),
    "no message": (b"", Code.INVALID_ARGUMENT),
}


@pytest.mark.parametrize(("body", "code"), CONTENT.values(), ids=CONTENT.keys())
@pytest.mark.parametrize("method", [b"Register", b"Heartbeat"])
async def test_a_call_with_a_message_that_is_none_ends_with_a_status(
    method: bytes, body: bytes, code: Code
) -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, f.request(method)), *cut(1, body), f.data(1, end=True))
        await answers(code)(line)


_FINE_ON_A_STREAM = {"two messages", "no message"}
STREAMED = {name: told for name, told in CONTENT.items() if name not in _FINE_ON_A_STREAM}


@pytest.mark.parametrize(("body", "code"), STREAMED.values(), ids=STREAMED.keys())
async def test_a_stream_with_a_message_that_is_none_ends_with_a_status_after_what_came_before(
    body: bytes, code: Code
) -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, f.request(b"ReportDrift")))
        await line.send(f.data(1, f.message(DriftEvent(agent_id="before"))))
        assert await line.until(lambda: b"before" in line.bodies[1])
        await line.send(*cut(1, body), f.data(1, end=True))
        await answers(code)(line)


def cut(stream: int, body: bytes) -> list[bytes]:
    return [f.data(stream, body[at : at + 16_384]) for at in range(0, len(body), 16_384)]


@pytest.mark.parametrize(
    ("method", "size", "code"),
    [
        (b"Register", MIB, Code.OK),
        (b"Register", MIB + 1, Code.RESOURCE_EXHAUSTED),
        (b"ReportDrift", 64 * 1024, Code.OK),
        (b"ReportDrift", 64 * 1024 + 1, Code.RESOURCE_EXHAUSTED),
    ],
)
async def test_a_message_may_be_as_long_as_its_limit(method: bytes, size: int, code: Code) -> None:
    body = b"\x9a\x06" + varint(size - 5)  # a field that nobody knows
    body += bytes(size - len(body))
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, f.request(method)))
        await send_by_the_window(line, 1, f.message(body))
        await answers(code)(line)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


async def send_by_the_window(line: Line, stream: int, body: bytes) -> None:
    """Send as an honest client does: as much as the server allows, and then the end."""
    at = 0
    while at < len(body) and stream not in line.ended:
        assert await line.until(lambda: line.room(stream) > 0 or stream in line.ended)
        room = min(line.room(stream), 16_384)
        await line.send(f.data(stream, body[at : at + room]))
        line.spend(stream, len(body[at : at + room]))
        at += room
    await line.send(f.data(stream, end=True))


async def test_a_compressed_message_is_told_what_is_taken() -> None:
    async with site() as port, port.attacker() as line:
        await line.begin()
        await line.send(f.headers(1, f.request(grpc_encoding=b"gzip")))
        await line.send(f.data(1, f.message(b"x", flag=1), end=True))
        await answers(Code.UNIMPLEMENTED)(line)
        assert line.fields[1]["grpc-accept-encoding"] == "identity"


async def test_what_is_announced_costs_nothing() -> None:
    """100 streams announce a MiB each, on eight connections."""
    async with site(attrs.evolve(TIGHT, request_s=30, idle_s=30)) as port:
        before = Footprint.now()
        lines = []
        async with AsyncExitStack() as stack:
            for _ in range(8):
                line = await stack.enter_async_context(port.attacker())
                lines.append(line)
                await line.begin()
                for stream in range(1, 201, 2):
                    await line.send(f.headers(stream, f.request(b"Register")))
                    await line.send(f.data(stream, struct.pack(">BI", 0, MIB)))
            for line in lines:
                await line.send(f.rst_stream(199))  # one of a hundred makes room for a call
                await goes_on(line)
            assert Footprint.now().rss - before.rss < 16 * MIB


async def test_unfinished_messages_of_all_share_one_pool() -> None:
    """20 connections send 1 MiB but for its last byte; the pool holds eight."""
    limits: Limits = attrs.evolve(TIGHT, request_s=30, partial_bytes=8 * MIB)
    async with site(limits) as port:
        before = Footprint.now()
        lines = []
        async with AsyncExitStack() as stack:
            for _ in range(20):
                line = await stack.enter_async_context(port.attacker())
                lines.append(line)
                await line.begin()
                await line.send(f.headers(1, f.request(b"Register")))
                await line.send(f.data(1, struct.pack(">BI", 0, MIB)))
            assert await lines[7].until(lambda: lines[7].room(1) > MIB)
            for line in lines:
                await line.send(*cut(1, bytes(min(line.room(1), MIB - 1))))
            assert Footprint.now().rss - before.rss < 24 * MIB
