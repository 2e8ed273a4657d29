"""One tree over many digests: every path leads to the root, and no other path does."""

import hashlib
import itertools

import pytest
from hypothesis import given, settings, strategies as st
from opentimestamps.core.op import OpAppend, OpSHA256
from opentimestamps.core.timestamp import Timestamp, make_merkle_tree

from actors.anchorer import tree
from actors.anchorer.guards import ProofError
from actors.anchorer.proof import read_stamp
from actors.anchorer.stamps import grown, issue, merged, spelled
from actors.anchorer.tree import check, plant
from tests.actors.anchorer.forge import (
    ALSO,
    DIGEST,
    SHA256,
    append,
    bitcoin,
    pending,
    prepend,
    replay,
)

A, B = b"https://a.example", b"https://b.example"


def digests(count: int, of: str = "") -> list[bytes]:
    return [hashlib.sha256(f"{of}{n}".encode()).digest() for n in range(count)]


def nonces(count: int) -> list[bytes]:
    return [hashlib.md5(b"%d" % n, usedforsecurity=False).digest() for n in range(count)]


@given(st.integers(1, 70))
@settings(max_examples=40, deadline=None)
def test_every_path_leads_to_the_root(count: int) -> None:
    planted = plant(digests(count), nonces(count))

    check(digests(count), planted.paths, planted.root)
    assert {
        replay(digest, path) for digest, path in zip(digests(count), planted.paths, strict=True)
    } == {planted.root}


@given(st.integers(1, 200), st.sampled_from([1, 2, 4, 16]))
@settings(max_examples=40, deadline=None)
def test_a_tree_in_pieces_is_the_tree_that_the_library_makes_at_once(
    count: int, piece: int
) -> None:
    at_once = make_merkle_tree(
        [
            Timestamp(digest).ops.add(OpAppend(nonce)).ops.add(OpSHA256())
            for digest, nonce in zip(digests(count), nonces(count), strict=True)
        ]
    ).msg

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tree, "_PIECE", piece)
        assert plant(digests(count), nonces(count)).root == at_once


def test_two_batches_of_one_moment_do_not_collide() -> None:
    """The predecessor named a batch by site and hour, and the second lost its root."""
    one = plant(digests(9), nonces(9))
    other = plant(digests(9, "other"), nonces(9))

    assert one.root != other.root
    with pytest.raises(ProofError, match="other_root"):
        check(digests(9), one.paths, other.root)


def test_the_same_digests_with_other_nonces_are_another_batch() -> None:
    assert plant(digests(3), nonces(3)).root != plant(digests(3), nonces(4)[1:]).root


def test_a_digest_that_stands_twice_has_two_paths() -> None:
    twins = plant([DIGEST, DIGEST], nonces(2))

    assert twins.paths[0] != twins.paths[1]
    check([DIGEST, DIGEST], twins.paths, twins.root)


def test_swapped_append_and_prepend_lead_elsewhere() -> None:
    """The predecessor replayed appends as prepends."""
    planted = plant(digests(8), nonces(8))
    swap = {0xF0: b"\xf1", 0xF1: b"\xf0"}
    path = planted.paths[3]
    for place in (place for place in range(len(path)) if path[place] in swap):
        swapped = path[:place] + swap[path[place]] + path[place + 1 :]
        with pytest.raises(ProofError):
            check([digests(8)[3]], [swapped], planted.root)


@given(st.integers(2, 40), st.data())
@settings(max_examples=40, deadline=None)
def test_a_path_of_a_neighbour_or_with_a_part_missing_leads_elsewhere(
    count: int, draw: st.DataObject
) -> None:
    planted = plant(digests(count), nonces(count))
    one, other = draw.draw(st.permutations(range(count)))[:2]
    swapped = list(planted.paths)
    swapped[one] = planted.paths[other]
    with pytest.raises(ProofError):
        check(digests(count), swapped, planted.root)

    cut = draw.draw(st.integers(0, len(planted.paths[one]) - 1))
    swapped[one] = planted.paths[one][:cut]
    with pytest.raises(ProofError):
        check(digests(count), swapped, planted.root)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (b"\xf0", "truncated"),
        (b"\xff", "unknown_operation"),
        (b"\xf0\x00", "malformed"),
        (SHA256 * 5000, "too_large"),
        (b"\xf0" + b"\x80" * 4000, "truncated"),
    ],
)
def test_a_path_that_is_none_is_refused(path: bytes, reason: str) -> None:
    with pytest.raises(ProofError) as refused:
        check([DIGEST], [path], DIGEST)
    assert refused.value.reason == reason


def test_a_later_answer_grows_where_it_was_promised() -> None:
    stamp = read_stamp(DIGEST, append(b"x") + SHA256 + pending(A))
    commitment = hashlib.sha256(DIGEST + b"x").digest()

    whole = grown(stamp, A.decode(), commitment, prepend(b"y") + SHA256 + bitcoin(7))

    blocks = [each for each in whole.attestations if each.height == 7]
    assert [each.message for each in blocks] == [hashlib.sha256(b"y" + commitment).digest()]


_OPERATION = st.one_of(
    st.sampled_from([SHA256, b"\x02", b"\x03", b"\xf3"]),
    st.binary(min_size=1, max_size=40).map(append),
    st.binary(min_size=1, max_size=40).map(prepend),
)
_OPERATIONS = st.lists(_OPERATION, min_size=1, max_size=12).map(b"".join)


@given(before=_OPERATIONS, after=_OPERATIONS, beside=_OPERATIONS)
@settings(max_examples=60, deadline=None)
def test_whatever_the_operations_a_grown_stamp_leads_through_the_promise_to_the_block(
    before: bytes, after: bytes, beside: bytes
) -> None:
    """The predecessor's upgrades dropped what leads from the digest to the promise."""
    try:
        commitment = replay(DIGEST, before)
        root = replay(replay(commitment, after), SHA256)
        stamp = merged(
            [
                read_stamp(DIGEST, before + pending(A)),
                read_stamp(DIGEST, b"\xf1\x04side" + beside + pending(B)),
            ]
        )
    except (ProofError, ValueError):  # too long for the format
        return

    whole = grown(stamp, A.decode(), commitment, after + SHA256 + bitcoin(7))

    assert [each.message for each in whole.attestations if each.height == 7] == [root]
    assert {each.uri for each in whole.attestations if each.uri} == {A.decode(), B.decode()}
    assert read_stamp(DIGEST, whole.data) == whole


def test_an_answer_is_never_glued_to_the_digest() -> None:
    """The predecessor dropped the operations between the digest and the promise."""
    stamp = read_stamp(DIGEST, append(b"x") + SHA256 + pending(A))
    answer = SHA256 + bitcoin(7)
    commitment = hashlib.sha256(DIGEST + b"x").digest()

    whole = grown(stamp, A.decode(), commitment, answer)
    glued = read_stamp(DIGEST, answer)

    assert whole.data != glued.data
    assert whole.attestations[-1].message == hashlib.sha256(commitment).digest()
    with pytest.raises(ProofError, match="not_promised"):
        grown(stamp, A.decode(), DIGEST, answer)


def test_an_answer_of_another_calendar_than_promised_is_refused() -> None:
    stamp = read_stamp(DIGEST, SHA256 + pending(A))
    with pytest.raises(ProofError, match="not_promised"):
        grown(stamp, B.decode(), hashlib.sha256(DIGEST).digest(), SHA256 + bitcoin(7))


@given(st.permutations([(A, b"1"), (B, b"2"), (b"https://c.example", b"3")]))
@settings(max_examples=40, deadline=None)
def test_several_stamps_become_one_in_whatever_order(order: list[tuple[bytes, bytes]]) -> None:
    stamps = [read_stamp(DIGEST, append(arg) + SHA256 + pending(uri)) for uri, arg in order]
    whole = merged(stamps)

    assert {each.uri for each in whole.attestations} == {uri.decode() for uri, _ in order}
    assert merged([whole, *stamps]).data == whole.data


@given(st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_a_proof_is_issued_for_every_leaf_of_one_submission(count: int) -> None:
    planted = plant(digests(count), nonces(count))
    stamp = read_stamp(
        planted.root, ALSO + append(b"x") + pending(A) + append(b"y") + SHA256 + bitcoin(7)
    )
    proofs = [
        issue(digest, path, stamp)
        for digest, path in zip(digests(count), planted.paths, strict=True)
    ]

    assert [proof.digest for proof in proofs] == digests(count)
    for one, other in itertools.pairwise(proofs):
        assert one.attestations == other.attestations == stamp.attestations


def test_no_proof_is_issued_of_what_leads_elsewhere() -> None:
    planted = plant(digests(4), nonces(4))
    stamp = read_stamp(planted.root, pending(A))
    with pytest.raises(ProofError, match="other_root"):
        issue(digests(4)[0], planted.paths[1], stamp)
    assert spelled(digests(4)[0], planted.paths[0], stamp).endswith(stamp.data)
