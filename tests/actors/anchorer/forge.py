"""Proofs spelled byte by byte, good and hostile."""

from io import BytesIO
from pathlib import Path
from typing import cast

from opentimestamps.core.op import Op
from opentimestamps.core.serialize import StreamDeserializationContext

DATA = Path(__file__).parents[2] / "data" / "ots"

MAGIC = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94"
DIGEST = bytes(range(32))
HEAD = MAGIC + b"\x01\x08" + DIGEST

BITCOIN = bytes.fromhex("0588960d73d71901")
PENDING = bytes.fromhex("83dfe30d2ef90c8e")
LITECOIN = bytes.fromhex("06869a0d73d71b45")
STRANGE = b"strange!"

SHA256 = b"\x08"
ALSO = b"\xff"
"""Another branch, or attestation, follows behind this one."""


def append(argument: bytes) -> bytes:
    return b"\xf0" + sized(argument)


def prepend(argument: bytes) -> bytes:
    return b"\xf1" + sized(argument)


def sized(content: bytes) -> bytes:
    return number(len(content)) + content


def number(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + number(rest) if rest else bytes([low])


def attested(tag: bytes, payload: bytes) -> bytes:
    return b"\x00" + tag + sized(payload)


def bitcoin(height: int) -> bytes:
    return attested(BITCOIN, number(height))


def pending(uri: bytes = b"https://a.example") -> bytes:
    return attested(PENDING, sized(uri))


def strange(payload: bytes = b"") -> bytes:
    return attested(STRANGE, payload)


def vector(name: str) -> bytes:
    return (DATA / name).read_bytes()


def replay(message: bytes, operations: bytes) -> bytes:
    """Give the message to which operations lead; raises ValueError where they are too much."""
    stream = BytesIO(operations)
    while tag := stream.read(1):
        operation = Op.deserialize_from_tag(StreamDeserializationContext(stream), tag)
        message = cast("bytes", operation(message))
    return message
