"""The few frames of HTTP/2 that are read and written here; h2 knows all of them.

h2 makes an object of each frame, which takes ten times as long as to read its bytes.  DATA frames
carry the load, and Go's client sends a PING and a WINDOW_UPDATE with nearly each of its packets, so
these three are read and written as bytes.  Source: RFC 9113, sections 4 and 6.
"""

from struct import Struct

from h2.errors import ErrorCodes

HEAD = Struct(">BHBBL")
"""Length as 8 and 16 bits, type, flags, stream."""
HEAD_BYTES = 9
MESSAGE = Struct(">LBLBL")
"""A head, and the prefix of the message that a DATA frame begins with: length and type, flags,
stream, whether the message is compressed, its length."""
MESSAGE_BYTES = 14
MAX_FRAME = 16_384
"""Bytes of payload; we never offer more."""
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, RST_STREAM, SETTINGS, PING = 0x0, 0x1, 0x3, 0x4, 0x6
GOAWAY, WINDOW_UPDATE, CONTINUATION = 0x7, 0x8, 0x9
ACK = 0x1
END_STREAM, END_HEADERS, PADDED = 0x1, 0x4, 0x8

STREAM_MASK = 0x7FFF_FFFF
"""The highest bit of a stream's number is reserved."""
ANY_STREAM = 2**31 - 1
"""As the last stream of a GOAWAY: all that you sent will be answered."""

WINDOW = 65_535
"""Bytes that a peer may send before it is given more; RFC 9113 begins every connection so."""

LARGEST_WINDOW = 2**31 - 1

_WINDOW_UPDATE = Struct(">BHBBLL")
_GOAWAY = Struct(">BHBBLLL")


def whole(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Put a frame together again."""
    length = len(payload)
    return HEAD.pack(length >> 16, length & 0xFFFF, kind, flags, stream) + payload


def data_head(stream: int, length: int) -> bytes:
    """Begin a DATA frame of at most `MAX_FRAME` bytes."""
    return HEAD.pack(0, length, DATA, 0, stream)


def end_of_data(stream: int) -> bytes:
    """Make the empty DATA frame that ends a stream."""
    return HEAD.pack(0, 0, DATA, END_STREAM, stream)


def window_update(stream: int, by: int) -> bytes:
    """Let the peer send so many bytes more; stream 0 stands for the connection."""
    return _WINDOW_UPDATE.pack(0, 4, WINDOW_UPDATE, 0, stream, by)


def ping(flags: int, payload: bytes) -> bytes:
    """Ask, or answer, whether somebody is there."""
    return HEAD.pack(0, len(payload), PING, flags, 0) + payload


def goaway(last_stream: int, error: ErrorCodes, reason: str = "") -> bytes:
    """Say that the connection ends, and which streams will still be answered.

    h2's own GOAWAY would forbid every further frame.
    """
    words = reason.encode()[:256]
    return _GOAWAY.pack(0, 8 + len(words), 0x7, 0, 0, last_stream, error) + words
