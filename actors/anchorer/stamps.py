"""What is made of stamps: one grows by a calendar's later answer, several become one proof.

Each result is read again before it is given: what could not be read is never kept.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false

from collections.abc import Iterator, Sequence
from functools import partial

from opentimestamps.core.notary import PendingAttestation
from opentimestamps.core.op import OpSHA256
from opentimestamps.core.serialize import BytesSerializationContext
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp

from actors.anchorer.guards import ProofError, guarded, on_a_fresh_stack
from actors.anchorer.proof import Proof, Stamp, read_proof, read_stamp, stamp_of, timestamp_from


def grown(stamp: Stamp, uri: str, commitment: bytes, answer: bytes) -> Stamp:
    """Put what a calendar answers to `commitment` where that calendar had promised it.

    The answer begins at the commitment, not at the message of the stamp: beside the operations
    that lead there it would prove nothing.

    Raises:
        ProofError: it is no stamp, or the calendar promised nothing there.
    """
    return on_a_fresh_stack(lambda: _grown(stamp, uri, commitment, answer))


def _grown(stamp: Stamp, uri: str, commitment: bytes, answer: bytes) -> Stamp:
    whole = timestamp_from(stamp.message, stamp.data)
    promised = PendingAttestation(uri)
    places = [
        place
        for place in _places(whole)
        if place.msg == commitment and promised in place.attestations
    ]
    if not places:
        raise ProofError("not_promised", "this calendar promised nothing of this commitment")
    for place in places:
        place.merge(timestamp_from(commitment, answer))
    data = stamp_of(whole).data
    return stamp_of(timestamp_from(stamp.message, data))


def _places(timestamp: Timestamp) -> Iterator[Timestamp]:
    waiting = [timestamp]
    while waiting:
        place = waiting.pop()
        yield place
        waiting += place.ops.values()


def merged(stamps: Sequence[Stamp]) -> Stamp:
    """Make one stamp of several of one message; raises ProofError."""

    def merge() -> Stamp:
        first, *others = (timestamp_from(each.message, each.data) for each in stamps)
        for other in others:
            guarded(partial(first.merge, other))
        return stamp_of(first)

    whole = on_a_fresh_stack(merge)
    return read_stamp(whole.message, whole.data)


def issue(digest: bytes, path: bytes, stamp: Stamp) -> Proof:
    """Make the proof of a digest whose operations `path` lead to the message of the stamp.

    Raises:
        ProofError: they do not lead there.
    """
    proof = read_proof(spelled(digest, path, stamp))
    if [each.message for each in proof.attestations] != [
        each.message for each in stamp.attestations
    ]:
        raise ProofError("other_root", "the path does not lead to the root")
    return proof


def spelled(digest: bytes, path: bytes, stamp: Stamp) -> bytes:
    """Write the proof of a digest.  A path has one branch, so its bytes precede the stamp's."""
    context = BytesSerializationContext()
    context.write_bytes(DetachedTimestampFile.HEADER_MAGIC)
    context.write_varuint(DetachedTimestampFile.MAJOR_VERSION)
    OpSHA256().serialize(context)
    context.write_bytes(digest)
    return bytes(context.getbytes()) + path + stamp.data
