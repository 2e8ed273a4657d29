"""OpenTimestamps proofs: what one says, once it was read and found fit to be kept.

Whatever is known of the format, and every number in it, is read by the library `opentimestamps`.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false

from collections.abc import Iterator
from enum import StrEnum

import attrs
from opentimestamps.core.notary import (
    BitcoinBlockHeaderAttestation,
    PendingAttestation,
    TimeAttestation,
)
from opentimestamps.core.op import OpAppend, OpPrepend, OpRIPEMD160, OpSHA256
from opentimestamps.core.serialize import BytesSerializationContext
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp

from actors.anchorer.guards import MAX_PROOF, Guarded, ProofError, guarded, on_a_fresh_stack

MAX_HEIGHT = 10_000_000
"""Of a Bitcoin block: a century and a half away.  The library would take 57,000 bits."""


_USUAL = (OpSHA256, OpRIPEMD160, OpAppend, OpPrepend)
"""Of what calendars hand out; the program in an auditor's kit reads no others."""


class Kind(StrEnum):
    """What an attestation is, to us."""

    BITCOIN = "bitcoin"
    PENDING = "pending"
    UNKNOWN = "unknown"
    """Kept byte for byte, and believed in nothing; Litecoin and Ethereum are of these."""


@attrs.frozen
class Attestation:
    """Somebody's word that a message was there at some time."""

    kind: Kind
    message: bytes
    """At which the operations arrived: for Bitcoin the Merkle root of a block, as its header has
    it."""
    height: int | None = None
    """Of the Bitcoin block."""
    uri: str | None = None
    """Of the calendar that will know more later.  Whoever wrote the proof chose it."""


@attrs.frozen
class Extent:
    """How much of a proof a stamp takes up."""

    operations: int
    depth: int
    """Operations from the message to the furthest attestation."""
    usual: bool
    """Whether calendars hand out operations of these kinds, and no others are there."""


@attrs.frozen
class Stamp:
    """What is attested of one message, after it was read and found fit to be kept."""

    message: bytes
    attestations: tuple[Attestation, ...]
    data: bytes = attrs.field(repr=False)
    """The operations and attestations; the message does not stand in it."""
    extent: Extent


@attrs.frozen
class Proof:
    """What a proof says, after it was read and found fit to be kept."""

    digest: bytes
    """Of the file that was stamped."""
    attestations: tuple[Attestation, ...]
    data: bytes = attrs.field(repr=False)
    """The proof itself."""


def read_proof(data: bytes) -> Proof:
    """Read a proof.

    Raises:
        ProofError: it is none, or it is not written as the library would write it again.
    """
    return on_a_fresh_stack(lambda: _proof(data))


def read_stamp(message: bytes, data: bytes) -> Stamp:
    """Read what is attested of `message`, as a calendar answers it; raises ProofError."""
    return on_a_fresh_stack(lambda: stamp_of(timestamp_from(message, data)))


def timestamp_from(message: bytes, data: bytes) -> Timestamp:
    """Read the library's form of a stamp; raises ProofError."""
    _check_size(data)
    context = Guarded(data)
    timestamp: Timestamp = guarded(lambda: Timestamp.deserialize(context, message))
    guarded(context.assert_eof)
    _check_canonical(timestamp, data)
    return timestamp


def stamp_of(timestamp: Timestamp) -> Stamp:
    """Write the library's form of a stamp; raises ProofError."""
    return Stamp(
        timestamp.msg, tuple(_attestations(timestamp)), _written(timestamp), _extent(timestamp)
    )


def _proof(data: bytes) -> Proof:
    _check_size(data)
    file = guarded(lambda: DetachedTimestampFile.deserialize(Guarded(data)))
    _check_canonical(file, data)
    return Proof(file.file_digest, tuple(_attestations(file.timestamp)), data)


def _check_size(data: bytes) -> None:
    if len(data) > MAX_PROOF:
        raise ProofError("too_large", f"more than {MAX_PROOF} bytes")


def _check_canonical(read: DetachedTimestampFile | Timestamp, data: bytes) -> None:
    if _written(read) != data:
        # The library keeps one of two branches that begin with the same operation, so that an
        # attestation would disappear; and it takes a number in more bytes than it needs.
        raise ProofError("not_canonical", "written again it has other bytes")


def _written(read: DetachedTimestampFile | Timestamp) -> bytes:
    context = BytesSerializationContext()
    guarded(lambda: read.serialize(context))
    return bytes(context.getbytes())


def _attestations(timestamp: Timestamp) -> Iterator[Attestation]:
    """Give them in the order of the file."""
    waiting = [timestamp]
    while waiting:
        stamp = waiting.pop()
        for each in sorted(stamp.attestations):
            yield _attestation(stamp.msg, each)
        waiting += [after for _, after in sorted(stamp.ops.items(), reverse=True)]


def _extent(timestamp: Timestamp) -> Extent:
    waiting, operations, deepest, usual = [(timestamp, 0)], 0, 0, True
    while waiting:
        stamp, depth = waiting.pop()
        deepest = max(deepest, depth)
        for operation, after in stamp.ops.items():
            operations += 1
            usual = usual and isinstance(operation, _USUAL)
            waiting.append((after, depth + 1))
    return Extent(operations, deepest, usual)


def _attestation(message: bytes, attestation: TimeAttestation) -> Attestation:
    match attestation:
        case BitcoinBlockHeaderAttestation():
            if attestation.height > MAX_HEIGHT:
                raise ProofError("bad_height", f"a block higher than {MAX_HEIGHT}")
            return Attestation(Kind.BITCOIN, message, height=attestation.height)
        case PendingAttestation():
            return Attestation(Kind.PENDING, message, uri=attestation.uri)
        case _:
            return Attestation(Kind.UNKNOWN, message)
