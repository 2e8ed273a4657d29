"""Headers of Bitcoin blocks: when a block was, under which Merkle root, and that work went into it.

The library `bitcoin` hashes and compares; a header without work is no header.
"""

# The library has no type annotations.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import cast

import attrs
from bitcoin.core import CBlockHeader, CheckProofOfWork, CheckProofOfWorkError
from bitcoin.core.serialize import uint256_from_compact

from runtime.errors import InvalidFileError

MAX_HEADERS_FILE = 64 * 1024 * 1024
"""Bytes of a file of headers."""

_EASIEST = uint256_from_compact(0x1D00FFFF)
"""The target of difficulty 1.  No block of the main chain was ever easier; the library takes one
that is easier by a hair."""
_NEGATIVE = 0x00800000  # the sign that a target of the main chain never has; the library reads past

_HEIGHT = re.compile(r"0|[1-9][0-9]{0,7}")
_HEX = re.compile(r"[0-9a-fA-F]{160}")


@attrs.frozen
class Header:
    """A header into which work went."""

    root: bytes
    """Of the Merkle tree of its block, in the order of bytes in which the header has it."""
    time: dt.datetime
    """As the miner set it: hours may be wrong with it."""
    id: bytes
    """The hash of the block, in the order in which people write it."""
    raw: bytes = attrs.field(repr=False)


def header_of(raw: bytes) -> Header | None:
    """Read the 80 bytes of a header; None where its work fails, or is less than the least ever."""
    parsed = CBlockHeader.deserialize(raw)
    target = uint256_from_compact(parsed.nBits)
    if parsed.nBits & _NEGATIVE or target > _EASIEST:
        return None
    try:
        CheckProofOfWork(parsed.GetHash(), parsed.nBits)
    except CheckProofOfWorkError:
        return None
    return Header(
        parsed.hashMerkleRoot,
        dt.datetime.fromtimestamp(parsed.nTime, dt.UTC),
        parsed.GetHash()[::-1],
        raw,
    )


@attrs.frozen
class HeadersFile:
    """Headers by height that somebody fetched before."""

    _raw: Mapping[int, str]

    def at(self, height: int) -> Header | None:
        """Give the header of a block; None where it is not here, or has no work in it."""
        raw = self._raw.get(height)
        return None if raw is None else header_of(bytes.fromhex(raw))


def read_headers(path: str, data: bytes) -> HeadersFile:
    """Read a file of headers: `{"358391": {"header": "0200...", "hash": ..., "time": ...}}`.

    `hash` and `time` are for people: they are computed from the header.

    Raises:
        InvalidFileError: it is none.
    """
    if len(data) > MAX_HEADERS_FILE:
        raise InvalidFileError(path, f"has more than {MAX_HEADERS_FILE} bytes")
    try:
        entries: object = json.loads(data.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:  # no UTF-8, no JSON, or a key that comes twice
        raise InvalidFileError(path, f"is no JSON of headers: {str(error)[:200]}") from error
    if not isinstance(entries, dict):
        raise InvalidFileError(path, "is no JSON object of headers by height")
    return HeadersFile(
        {
            _height(path, height): _header(path, height, entry)
            for height, entry in cast("dict[str, object]", entries).items()
        }
    )


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(entries := dict(pairs)) != len(pairs):
        raise ValueError("a key comes twice")
    return entries


def _height(path: str, text: str) -> int:
    if _HEIGHT.fullmatch(text) is None:
        raise InvalidFileError(path, f"{text[:40]!r} is no height of a block")
    return int(text)


def _header(path: str, height: str, entry: object) -> str:
    text = cast("dict[str, object]", entry).get("header") if isinstance(entry, dict) else None
    if not isinstance(text, str) or _HEX.fullmatch(text) is None:
        raise InvalidFileError(path, f"block {height} has no header of 80 bytes in hex")
    return text
