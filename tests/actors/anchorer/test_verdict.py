"""What a proof proves, in the order in which it is asked."""

import datetime as dt

import attrs
import pytest
from hypothesis import given, settings, strategies as st

from actors.anchorer.headers import Header, read_headers
from actors.anchorer.proof import Attestation, Kind, Proof, read_proof
from actors.anchorer.verdict import Outcome, judge
from tests.actors.anchorer.forge import vector

ROOT = b"r" * 32
TRUE, FALSE = (
    Header(root, dt.datetime(2026, 1, 1, tzinfo=dt.UTC), b"i" * 32, b"h" * 80)
    for root in (ROOT, b"x" * 32)
)
HEADERS = {1: TRUE, 2: FALSE, 3: TRUE}

CONFIRMED = Attestation(Kind.BITCOIN, ROOT, height=1)
CONTRADICTED = Attestation(Kind.BITCOIN, ROOT, height=2)
UNCHECKED = Attestation(Kind.BITCOIN, ROOT, height=9)
PENDING = Attestation(Kind.PENDING, b"m", uri="https://a.example")
UNKNOWN = Attestation(Kind.UNKNOWN, b"m")


def proof_of(*attestations: Attestation) -> Proof:
    return Proof(b"d" * 32, attestations, b"")


@pytest.mark.parametrize(
    ("attestations", "outcome"),
    [
        ([UNKNOWN], Outcome.REFUSED),
        ([UNKNOWN, PENDING], Outcome.PENDING),
        ([UNKNOWN, PENDING, UNCHECKED], Outcome.ANCHORED),
        ([UNKNOWN, PENDING, UNCHECKED, CONFIRMED], Outcome.VERIFIED),
        ([UNKNOWN, PENDING, UNCHECKED, CONFIRMED, CONTRADICTED], Outcome.MISMATCH),
    ],
)
def test_the_gravest_counts(attestations: list[Attestation], outcome: Outcome) -> None:
    assert judge(proof_of(*attestations), HEADERS.get).outcome is outcome


@given(st.permutations([CONFIRMED, CONTRADICTED, UNCHECKED, PENDING, UNKNOWN]), st.integers(1, 5))
@settings(deadline=None)
def test_the_order_of_attestations_does_not_count(said: list[Attestation], count: int) -> None:
    first = judge(proof_of(*said[:count]), HEADERS.get)

    assert judge(proof_of(*reversed(said[:count])), HEADERS.get) == first


def test_another_digest_is_a_mismatch_whatever_the_proof_says() -> None:
    verdict = judge(proof_of(CONFIRMED), HEADERS.get, b"e" * 32)

    assert (verdict.outcome, verdict.reason) == (Outcome.MISMATCH, "other_digest")


def test_a_message_that_is_no_root_is_contradicted_by_any_header() -> None:
    short = attrs.evolve(CONFIRMED, message=ROOT[:31])

    assert judge(proof_of(short), HEADERS.get).outcome is Outcome.MISMATCH


def test_of_two_blocks_the_earlier_one_counts() -> None:
    later = attrs.evolve(CONFIRMED, height=3)

    assert judge(proof_of(later, CONFIRMED), HEADERS.get).height == 1


def test_the_real_proof_is_verified_by_the_real_header() -> None:
    headers = read_headers("headers.json", vector("bitcoin-headers.json"))
    verdict = judge(read_proof(vector("hello-world.txt.ots")), headers.at)

    assert (verdict.outcome, verdict.height) == (Outcome.VERIFIED, 358391)
    assert verdict.header is not None
    assert verdict.header.time.year == 2015
