"""The reader of anchors in the program in the kit, beside the library behind its guards."""

from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings, strategies as st
from opentimestamps.core.notary import (
    BitcoinBlockHeaderAttestation,
    PendingAttestation,
    TimeAttestation,
    UnknownAttestation,
)
from opentimestamps.core.op import Op, OpAppend, OpPrepend, OpRIPEMD160, OpSHA256
from opentimestamps.core.serialize import BytesDeserializationContext
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp

from actors.anchorer.guards import ProofError
from actors.anchorer.proof import Attestation, Kind, read_proof
from actors.evidence_log.kit import verify_kit
from tests.actors.evidence_log.kit.kits import spelled

Found: TypeAlias = set[tuple[str, object, bytes]]

OURS = (OpSHA256, OpRIPEMD160, OpAppend, OpPrepend)

uris = st.text("abcXYZ019-._/:", max_size=30)
attestations = st.one_of(
    st.integers(0, 10_000_000).map(BitcoinBlockHeaderAttestation),
    uris.map(PendingAttestation),
    st.builds(UnknownAttestation, st.binary(min_size=8, max_size=8), st.binary(max_size=20)),
)
arguments = st.binary(min_size=1, max_size=40)
operations = st.one_of(
    st.just(OpSHA256()),
    st.just(OpRIPEMD160()),
    arguments.map(OpAppend),
    arguments.map(OpPrepend),
)


@st.composite
def proofs(draw: st.DrawFn) -> bytes:
    """Whatever tree a calendar may hand out, as the library writes it."""
    stamp = Timestamp(draw(st.binary(min_size=32, max_size=32)))
    nodes = [stamp]
    for operation in draw(st.lists(operations, max_size=12)):
        nodes.append(draw(st.sampled_from(nodes)).ops.add(operation))
    for attestation in draw(st.lists(attestations, max_size=5)):
        draw(st.sampled_from(nodes)).attestations.add(attestation)
    for node in nodes:
        if not node.ops and not node.attestations:
            node.attestations.add(draw(attestations))
    return spelled(stamp)


def ours(data: bytes) -> Found | None:
    try:
        found = verify_kit.timestamp(data)
    except verify_kit.BROKEN:
        return None
    kinds = {verify_kit.BITCOIN: "bitcoin", verify_kit.CALENDAR: "pending"}
    return {
        (kinds[tag], said, message) if tag in kinds else ("unknown", None, message)
        for tag, said, message in found
    }


def theirs(data: bytes) -> Found | None:
    try:
        proof = read_proof(data)
    except ProofError:
        return None
    return {_told(each) for each in proof.attestations}


def _told(each: Attestation) -> tuple[str, object, bytes]:
    said = {Kind.BITCOIN: each.height, Kind.PENDING: (each.uri or "").encode()}
    return each.kind.value, said.get(each.kind), each.message


def has_others(data: bytes) -> bool:
    """Whether there is an operation, or a tag of an attestation, that only the library knows."""
    file = DetachedTimestampFile.deserialize(BytesDeserializationContext(data))

    def all_of(stamp: Timestamp) -> list[Op | TimeAttestation]:
        return [
            *stamp.ops,
            *stamp.attestations,
            *(each for after in stamp.ops.values() for each in all_of(after)),
        ]

    known = (BitcoinBlockHeaderAttestation, PendingAttestation, UnknownAttestation, *OURS)
    return not all(isinstance(each, known) for each in all_of(file.timestamp))


@settings(max_examples=150, deadline=None)
@given(data=proofs())
def test_what_the_library_writes_is_read_as_the_library_reads_it(data: bytes) -> None:
    assert theirs(data) is not None
    assert ours(data) == theirs(data)


@settings(max_examples=300, deadline=None)
@given(data=proofs(), edit=st.data())
def test_what_was_damaged_is_refused_where_the_library_and_its_guards_refuse_it(
    data: bytes, edit: st.DataObject
) -> None:
    at = edit.draw(st.integers(len(verify_kit.MAGIC), len(data) - 1))
    damaged = edit.draw(
        st.one_of(
            st.integers(0, 7).map(
                lambda bit: data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
            ),
            st.just(data[:at]),
            st.just(data[:at] + data[at + 1 :]),
            st.binary(min_size=1, max_size=3).map(lambda more: data[:at] + more + data[at:]),
        )
    )
    expected = theirs(damaged)
    if expected is not None and has_others(damaged):
        expected = None
    assert ours(damaged) == expected


@pytest.mark.parametrize("length", [1, 2, 16, 32, 64])
def test_a_calendar_without_a_name_before_more_bytes_is_refused(length: int) -> None:
    """As one flipped bit of the length leaves it."""
    begun = verify_kit.MAGIC + bytes(32) + b"\0" + verify_kit.CALENDAR + bytes([length + 1])

    assert ours(begun + bytes([length]) + b"c" * length) is not None
    assert ours(begun + b"\0" + b"c" * length) is None
    assert theirs(begun + b"\0" + b"c" * length) is None


@pytest.mark.parametrize("path", sorted(Path("tests/data/ots").rglob("*.ots")), ids=str)
def test_real_proofs_are_read_as_the_library_reads_them(path: Path) -> None:
    data = path.read_bytes()
    assert ours(data) == theirs(data)


def deep(levels: int) -> bytes:
    stamp = Timestamp(bytes(32))
    node = stamp
    for _ in range(levels):
        node = node.ops.add(OpSHA256())
    node.attestations.add(BitcoinBlockHeaderAttestation(1))
    return spelled(stamp)


@pytest.mark.parametrize(
    "data",
    [
        deep(254),
        deep(255),
        deep(256),
        deep(10) + b"\0",
        verify_kit.MAGIC + bytes(32) + b"\x08" * 70_000,
        verify_kit.MAGIC + bytes(32) + b"\0" + verify_kit.BITCOIN + b"\x04\x80\x80\x80\x05",
        verify_kit.MAGIC + bytes(32) + b"\0" + verify_kit.BITCOIN + b"\x04\xff\xff\xff\x7f",
        verify_kit.MAGIC + bytes(32) + b"\0" + verify_kit.BITCOIN + b"\x02\x81\x00",
        verify_kit.MAGIC + bytes(32) + b"\0" + verify_kit.CALENDAR + b"\x03\x02h?",
        verify_kit.MAGIC + bytes(32) + b"\xf0\x00\0" + verify_kit.BITCOIN + b"\x01\x01",
        verify_kit.MAGIC + bytes(32) + b"\xff\x08" * 5,
    ],
)
def test_limits_are_where_the_guards_have_them(data: bytes) -> None:
    assert ours(data) == theirs(data)


def test_a_height_is_read_as_a_number_and_not_as_its_length() -> None:
    # The predecessor stored block 3 for many proofs: that was the length of the number.
    stamp = Timestamp(bytes(32))
    stamp.attestations.add(BitcoinBlockHeaderAttestation(358391))
    assert ours(spelled(stamp)) == {("bitcoin", 358391, bytes(32))}
