"""Frames of HTTP/2 as an attacker makes them: any length, any flag, any header, nothing checked.

Source: RFC 9113, sections 4 and 6; RFC 7541, sections 5 and 6.
"""

import struct
from collections.abc import Iterable

from google.protobuf.message import Message

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE = 0x0, 0x1, 0x2, 0x3, 0x4, 0x5
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION, ALTSVC, ORIGIN = 0x6, 0x7, 0x8, 0x9, 0xA, 0xC
PRIORITY_UPDATE = 0x10
ACK = END_STREAM = 0x1
END_HEADERS, PADDED, PRIORITISED = 0x4, 0x8, 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 0x1, 0x2, 0x4, 0x5

WINDOW = 65_535
"""Of a stream and of a connection, until it is widened."""

Field = tuple[bytes, bytes]

SERVICE = b"/compliance.ComplianceAgent/"


def frame(
    kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"", *, length: int | None = None
) -> bytes:
    """Make a frame; `length` is what it declares where that is not what it holds."""
    declared = len(payload) if length is None else length
    return struct.pack(">I", declared)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(*values: tuple[int, int]) -> bytes:
    """Make a SETTINGS frame."""
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", *value) for value in values))


def window_update(stream: int, increment: int) -> bytes:
    """Make a WINDOW_UPDATE frame."""
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def rst_stream(stream: int, code: int = 8) -> bytes:
    """Make a RST_STREAM frame; 8 is CANCEL."""
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def data(stream: int, payload: bytes = b"", *, end: bool = False) -> bytes:
    """Make a DATA frame."""
    return frame(DATA, END_STREAM if end else 0, stream, payload)


def headers(stream: int, fields: Iterable[Field], *, end: bool = False) -> bytes:
    """Make a HEADERS frame that holds the whole block."""
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block(fields))


def request(
    called: bytes = b"Heartbeat",
    /,
    *extra: Field,
    without: Iterable[bytes] = (),
    **instead: bytes,
) -> list[Field]:
    """Give the fields of a gRPC request: `instead` by name without its colon, _ for -."""
    fields = {
        b":method": b"POST",
        b":scheme": b"http",
        b":authority": b"appliance",
        b":path": SERVICE + called,
        b"te": b"trailers",  # codespell:ignore te
        b"content-type": b"application/grpc",
    }
    for name, value in instead.items():
        spelled = name.replace("_", "-").encode()
        fields[b":" + spelled if b":" + spelled in fields else spelled] = value
    for absent in without:
        del fields[absent]
    return [*fields.items(), *extra]


def block(fields: Iterable[Field]) -> bytes:
    """Write header fields literally: never indexed, never compressed, so any byte goes."""
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in fields)


def _text(text: bytes) -> bytes:
    return integer(len(text), 7) + text


def integer(value: int, bits: int, pattern: int = 0) -> bytes:
    """Write a number of HPACK behind a bit pattern."""
    top = (1 << bits) - 1
    if value < top:
        return bytes([pattern | value])
    out, value = bytearray([pattern | top]), value - top
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def message(body: bytes | Message, *, flag: int = 0, length: int | None = None) -> bytes:
    """Make a message of gRPC; `length` is what it declares where that is not what it holds."""
    content = body if isinstance(body, bytes) else body.SerializeToString()
    return struct.pack(">BI", flag, len(content) if length is None else length) + content
