"""What a proof proves: the one place that says how far it has come."""

from collections.abc import Callable, Sequence
from enum import StrEnum

import attrs

from actors.anchorer.headers import Header
from actors.anchorer.proof import Attestation, Kind, Proof

HeaderAt = Callable[[int], Header | None]
"""Gives the header of a block that is at hand.  Each has work in it."""


class Outcome(StrEnum):
    """How far a proof has come."""

    VERIFIED = "verified"
    """A block of Bitcoin has the digest in its Merkle tree."""
    PENDING = "pending"
    """A calendar promised to see to it."""
    ANCHORED = "anchored"
    """It names a block of Bitcoin whose header is not at hand."""
    MISMATCH = "mismatch"
    """It proves something else, or names a block that has something else."""
    REFUSED = "refused"
    """It proves nothing."""


@attrs.frozen
class Verdict:
    """What a proof proves."""

    outcome: Outcome
    reason: str | None = None
    """A code in snake_case; None where the outcome says all."""
    height: int | None = None
    """Of the first block that confirms it."""
    header: Header | None = None


def judge(proof: Proof, header_at: HeaderAt, digest: bytes | None = None) -> Verdict:
    """Say what a proof proves of `digest`, or of its own digest.

    One contradiction outweighs all else: a proof that is wrong in one place is not to be relied on.
    """
    if digest is not None and digest != proof.digest:
        return Verdict(Outcome.MISMATCH, "other_digest")
    return weigh(proof.attestations, header_at)


def weigh(attestations: Sequence[Attestation], header_at: HeaderAt) -> Verdict:
    """Say what attestations prove of the message on which they stand."""
    bitcoin = [each for each in attestations if each.kind is Kind.BITCOIN]
    checked = [(each, header) for each in bitcoin if (header := _header(each, header_at))]
    if any(each.message != header.root for each, header in checked):
        return Verdict(Outcome.MISMATCH, "other_merkle_root")
    if checked:
        first, header = min(checked, key=lambda pair: pair[0].height or 0)
        return Verdict(Outcome.VERIFIED, None, first.height, header)
    if bitcoin:
        return Verdict(Outcome.ANCHORED, "no_header")
    if any(each.kind is Kind.PENDING for each in attestations):
        return Verdict(Outcome.PENDING)
    return Verdict(Outcome.REFUSED, "no_known_attestation")


def _header(attestation: Attestation, header_at: HeaderAt) -> Header | None:
    return None if attestation.height is None else header_at(attestation.height)
