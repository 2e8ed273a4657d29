"""One Merkle tree over many digests, so that one submission proves them all.

The tree is the library's, `make_merkle_tree`, in pieces: 100,000 leaves at once would be half a
million of its objects, 400 MB.  A piece is a power of two, so the whole is the tree that the
library would make at once.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import cast

import attrs
from opentimestamps.core.op import Op, OpAppend, OpSHA256
from opentimestamps.core.serialize import (
    BytesSerializationContext,
    StreamDeserializationContext,
)
from opentimestamps.core.timestamp import Timestamp, make_merkle_tree

from actors.anchorer.guards import ProofError, guarded

NONCE = 16
"""Bytes of chance behind each digest, so that the proof of one tells nothing of its neighbour."""

_PIECE = 1024

_LONGEST = 4096
"""Bytes of a path: over a hundred levels."""

_OWN = 12
"""Operations at the beginning of a path that it shares with few others."""


@attrs.frozen
class Tree:
    """Digests under one root, and for each the operations that lead there."""

    root: bytes
    paths: Sequence[bytes] = attrs.field(repr=False)


def plant(digests: Sequence[bytes], nonces: Sequence[bytes]) -> Tree:
    """Make a tree of digests, at least one, each with its nonce."""
    pieces = [
        _planted(digests[begin : begin + _PIECE], nonces[begin : begin + _PIECE])
        for begin in range(0, len(digests), _PIECE)
    ]
    roots = [Timestamp(piece.root) for piece in pieces]
    crown = _joined(roots, roots)
    paths = [
        path + onward
        for piece, onward in zip(pieces, crown.paths, strict=True)
        for path in piece.paths
    ]
    return Tree(crown.root, paths)


def check(digests: Sequence[bytes], paths: Sequence[bytes], root: bytes) -> None:
    """Raise ProofError where a path does not lead from its digest to the root."""
    known = {root: b""}
    for digest, path in zip(digests, paths, strict=True):
        if len(path) > _LONGEST:
            raise ProofError("too_large", f"a path of more than {_LONGEST} bytes")
        guarded(partial(_check, digest, path, known))


def _check(message: bytes, path: bytes, known: dict[bytes, bytes]) -> None:
    """Replay a path as far as it is not known: operations that lead from a message to the root."""
    stream = BytesIO(path)  # so short that the library's own context is quick with all of it
    context = StreamDeserializationContext(stream)
    rest, passed = path, list[tuple[bytes, bytes]]()
    while known.get(message) != rest:
        tag = stream.read(1)
        if not tag:
            raise ProofError("other_root", "the path does not lead to the root")
        message = cast("bytes", Op.deserialize_from_tag(context, tag)(message))
        rest = path[stream.tell() :]
        passed.append((message, rest))
    known.update(passed[_OWN:])


def _planted(digests: Sequence[bytes], nonces: Sequence[bytes]) -> Tree:
    leaves = [Timestamp(digest) for digest in digests]
    salted = [
        leaf.ops.add(OpAppend(nonce)).ops.add(OpSHA256())
        for leaf, nonce in zip(leaves, nonces, strict=True)
    ]
    return _joined(leaves, salted)


def _joined(leaves: Sequence[Timestamp], ends: Sequence[Timestamp]) -> Tree:
    """Join the ends of leaves under one root."""
    top = cast("Timestamp", make_merkle_tree(ends))
    known: dict[int, bytes] = {id(top): b""}
    return Tree(top.msg, [_path(leaf, known) for leaf in leaves])


def _path(place: Timestamp, known: dict[int, bytes]) -> bytes:
    """Spell the operations from a place to the top, and remember them for each place between."""
    steps: list[tuple[Timestamp, Op]] = []
    while id(place) not in known:
        [(operation, onward)] = place.ops.items()
        steps.append((place, operation))
        place = onward
    path = known[id(place)]
    for passed, operation in reversed(steps):
        path = known[id(passed)] = _spelled(operation) + path
    return path


def _spelled(operation: Op) -> bytes:
    context = BytesSerializationContext()
    operation.serialize(context)
    return bytes(context.getbytes())
