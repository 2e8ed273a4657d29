"""The hashes of an RFC 6962 tree: leaves and nodes are kept apart by their first byte."""

import hashlib
from typing import Final

SIZE: Final = 32
"""Bytes of every hash in the tree."""

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of the tree without leaves."""

BIGGEST_TREE: Final = 2**64 - 1
"""A size or an index above it is none: that is what other implementations can hold."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry of the log."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbours into the node above them."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_hash(value: bytes) -> bool:
    """Say whether `value` has the length of a hash."""
    return len(value) == SIZE
