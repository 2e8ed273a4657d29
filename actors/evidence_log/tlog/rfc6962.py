"""Proofs in JSON: the answers of RFC 6962 logs, and single probes such as test vectors.

Source: RFC 6962, sections 4.3 to 4.5; the probes have the names of transparency-dev/merkle.
"""

from collections.abc import Iterator, Mapping
from typing import Final, cast

import attrs

from actors.evidence_log.tlog import base64
from actors.evidence_log.tlog.checking import verify_consistency, verify_inclusion
from actors.evidence_log.tlog.checkpoint import Checkpoint
from runtime.errors import EvidenceFormatError

KINDS: Final = ("inclusion", "consistency")
"""The lists of a file of vectors, in the order in which they are told."""


@attrs.frozen
class Head:
    """How long a log was and the root over it, from whatever said so."""

    size: int
    root: bytes


@attrs.frozen
class Verdict:
    """What the verifier says of one vector."""

    kind: str
    name: str
    valid: bool


def judged(document: object) -> Iterator[Verdict]:
    """Judge every vector of a file; what the file itself expects is not looked at.

    A vector with a value that is none, such as a hash that is no base 64, is not valid.

    Raises:
        EvidenceFormatError: this is no file of vectors.
    """
    lists = {kind: _vectors(document, kind) for kind in KINDS}
    for vector in lists["inclusion"]:
        yield Verdict("inclusion", str(vector.get("name", "")), _included(vector))
    for vector in lists["consistency"]:
        yield Verdict("consistency", str(vector.get("name", "")), _consistent(vector))


def head_in(document: object) -> Head:
    """Read a signed tree head (`get-sth`); its signature is not looked at.

    Raises:
        EvidenceFormatError: it is none.
    """
    plain = _mapping(document, "a tree head")
    return Head(number(plain, "tree_size"), one_hash(plain, "sha256_root_hash"))


def head_of(checkpoint: Checkpoint) -> Head:
    """Give what a checkpoint says."""
    return Head(checkpoint.size, checkpoint.root)


def inclusion_in(document: object) -> tuple[int, list[bytes]]:
    """Read an audit path (`get-proof-by-hash`): the leaf's index, and its siblings.

    Raises:
        EvidenceFormatError: it is none.
    """
    plain = _mapping(document, "an audit path")
    return number(plain, "leaf_index"), hashes(plain, "audit_path")


def consistency_in(document: object) -> list[bytes]:
    """Read a consistency proof (`get-sth-consistency`).

    Raises:
        EvidenceFormatError: it is none.
    """
    return hashes(_mapping(document, "a consistency proof"), "consistency")


def number(plain: Mapping[str, object], key: str) -> int:
    """Read a whole number."""
    value = plain.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise EvidenceFormatError("bad_number", f"{key} is not a whole number")
    return value


def one_hash(plain: Mapping[str, object], key: str) -> bytes:
    """Read one hash in base 64, whatever its length."""
    value = plain.get(key)
    if not isinstance(value, str):
        raise EvidenceFormatError("not_base64", f"{key} is not base 64")
    return base64.read(value, key)


def hashes(plain: Mapping[str, object], key: str) -> list[bytes]:
    """Read a list of hashes; null is a list without any."""
    values = plain.get(key)
    if values is None and key in plain:
        return []
    if not isinstance(values, list):
        raise EvidenceFormatError("not_a_list", f"{key} is not a list")
    return [one_hash({key: value}, key) for value in cast("list[object]", values)]


def _included(vector: Mapping[str, object]) -> bool:
    try:
        return verify_inclusion(
            index=number(vector, "leafIdx"),
            size=number(vector, "treeSize"),
            leaf=one_hash(vector, "leafHash"),
            path=hashes(vector, "proof"),
            root=one_hash(vector, "root"),
        )
    except EvidenceFormatError:
        return False


def _consistent(vector: Mapping[str, object]) -> bool:
    try:
        return verify_consistency(
            old_size=number(vector, "size1"),
            new_size=number(vector, "size2"),
            old_root=one_hash(vector, "root1"),
            new_root=one_hash(vector, "root2"),
            path=hashes(vector, "proof"),
        )
    except EvidenceFormatError:
        return False


def _vectors(document: object, kind: str) -> list[Mapping[str, object]]:
    vectors = _mapping(document, "a file of vectors").get(kind, [])
    if not isinstance(vectors, list):
        raise EvidenceFormatError("no_vectors", f"{kind} is not a list")
    return [_mapping(vector, "a vector") for vector in cast("list[object]", vectors)]


def _mapping(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise EvidenceFormatError("not_a_mapping", f"{what} is a mapping, and this is none")
    return cast("Mapping[str, object]", value)
