"""Proofs of a log: the ones that hold, and the ones that must not; pymerkle is the oracle."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from pymerkle import InmemoryTree

from actors.evidence_log import leaf_hash, verify_consistency, verify_inclusion
from actors.evidence_log.tlog.hashing import EMPTY_ROOT, node_hash
from actors.evidence_log.tlog.rfc6962 import judged
from tests.actors.evidence_log.trees import MemoryLog

VECTORS = Path("tests/data/tlog/rfc6962-proof-vectors.json")

LOG = MemoryLog.of(700)
"""More than two tiles, so that a second level of them stands above."""

sizes = st.integers(min_value=1, max_value=700)


def oracle(size: int) -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for entry in LOG.entries[:size]:
        tree.append_entry(entry)
    return tree


ORACLE = oracle(700)


def path_of(size: int, index: int) -> list[bytes]:
    """The siblings that pymerkle names, without the leaf with which its own form begins."""
    proof = ORACLE.prove_inclusion(index + 1, size).serialize()
    return [bytes.fromhex(each) for each in proof["path"]][1:]


def test_every_public_vector_is_judged_as_its_authors_judge_it() -> None:
    document = json.loads(VECTORS.read_bytes())
    wanted = [
        (kind, vector["name"], not vector["wantErr"])
        for kind in ("inclusion", "consistency")
        for vector in document[kind]
    ]

    assert [(each.kind, each.name, each.valid) for each in judged(document)] == wanted
    assert len(wanted) == 96


@settings(deadline=None)
@given(size=sizes)
def test_the_root_is_that_of_the_oracle(size: int) -> None:
    assert LOG.root(size) == ORACLE.get_root(size)


@settings(deadline=None)
@given(size=sizes, data=st.data())
def test_an_inclusion_proof_is_that_of_the_oracle_and_holds(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))

    path = LOG.inclusion(index, size)

    assert path == path_of(size, index)
    assert verify_inclusion(
        index=index, size=size, leaf=LOG.leaf(index), path=path, root=LOG.root(size)
    )


@settings(deadline=None)
@given(new=sizes, data=st.data())
def test_a_consistency_proof_holds_and_leads_to_the_oracles_roots(
    new: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, new))

    path = LOG.consistency(old, new)

    assert verify_consistency(
        old_size=old,
        new_size=new,
        old_root=ORACLE.get_root(old),
        new_root=ORACLE.get_root(new),
        path=path,
    )


@settings(max_examples=200, deadline=None)
@given(size=sizes, data=st.data())
def test_an_inclusion_proof_holds_for_nothing_else(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = LOG.inclusion(index, size)
    fits: dict[str, object] = {
        "index": index,
        "size": size,
        "leaf": LOG.leaf(index),
        "path": path,
        "root": LOG.root(size),
    }

    other: list[dict[str, object]] = [
        {"index": data.draw(st.integers(-1, 800).filter(lambda each: each != index))},
        {"leaf": leaf_hash(b"another")},
        {"leaf": LOG.entries[index]},
        {"root": EMPTY_ROOT},
        {"root": b""},
        {"path": [*path, EMPTY_ROOT]},
        {"path": [EMPTY_ROOT, *path]},
        {"path": path[1:] if path else [b""]},
        {"path": path[:-1] if path else [LOG.root(size)]},
        {"path": [*path[:-1], path[-1][:-1]] if path else [b""]},
        {"path": [*path[1:], *path[:1]] if len(path) > 1 else [EMPTY_ROOT]},
    ]
    for change in other:
        assert not verify_inclusion(**(fits | change))  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(new=st.integers(2, 700), data=st.data())
def test_a_consistency_proof_holds_for_nothing_else(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new - 1))
    path = LOG.consistency(old, new)
    fits: dict[str, object] = {
        "old_size": old,
        "new_size": new,
        "old_root": LOG.root(old),
        "new_root": LOG.root(new),
        "path": path,
    }
    at, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(path[at]) ^ 1 << bit).to_bytes(32)

    other: list[dict[str, object]] = [
        {"old_size": data.draw(st.integers(-1, new).filter(lambda each: each != old))},
        {"old_root": EMPTY_ROOT},
        {"new_root": EMPTY_ROOT},
        {"new_root": LOG.root(old), "old_root": LOG.root(new)},
        {"path": []},
        {"path": path[1:]},
        {"path": path[:-1]},
        {"path": [*path, EMPTY_ROOT]},
        {"path": [*path[:at], flipped, *path[at + 1 :]]},
    ]
    for change in other:
        assert not verify_consistency(**(fits | change))  # type: ignore[arg-type]


def test_a_tree_is_consistent_with_itself_without_a_path() -> None:
    for size in (0, 1, 5):
        root = LOG.root(size)
        same = {"old_size": size, "new_size": size, "old_root": root, "new_root": root}
        assert verify_consistency(**same, path=[])  # type: ignore[arg-type]
        assert not verify_consistency(**same, path=[root])  # type: ignore[arg-type]


def test_nothing_is_consistent_with_an_empty_tree_but_itself() -> None:
    def grew(new: int, new_root: bytes, path: list[bytes]) -> bool:
        return verify_consistency(
            old_size=0, new_size=new, old_root=EMPTY_ROOT, new_root=new_root, path=path
        )

    assert grew(0, EMPTY_ROOT, [])
    assert not grew(1, LOG.root(1), [])
    assert not grew(3, LOG.root(3), [LOG.root(3)])
    assert not verify_consistency(
        old_size=0, new_size=0, old_root=LOG.root(1), new_root=LOG.root(1), path=[]
    )


@pytest.mark.parametrize("size", [2**64, 2**64 + 5, 10**400])
def test_a_tree_larger_than_any_other_program_can_hold_is_none(size: int) -> None:
    leaf = LOG.leaf(0)
    assert not verify_inclusion(index=0, size=size, leaf=leaf, path=[], root=leaf)


def test_a_node_can_not_be_passed_off_as_a_leaf() -> None:
    # A log without different first bytes for both would take the two hashes for an entry.
    pair = LOG.leaf(0) + LOG.leaf(1)
    assert node_hash(LOG.leaf(0), LOG.leaf(1)) == LOG.root(2)
    assert leaf_hash(pair) != LOG.root(2)


def test_the_last_leaf_of_an_odd_row_is_not_doubled() -> None:
    # The predecessor's tree did so: two different lists of leaves had one root.
    doubled = node_hash(LOG.root(2), node_hash(LOG.leaf(2), LOG.leaf(2)))
    assert LOG.root(3) != doubled


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3), (9, 3)])
def test_no_proof_is_made_for_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        LOG.inclusion(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 3)])
def test_no_proof_is_made_of_a_growth_that_was_none(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="did not grow"):
        LOG.consistency(old, new)


@pytest.mark.parametrize(
    "broken",
    [
        {"leafIdx": "0"},
        {"leafIdx": True},
        {"leafIdx": 0.0},
        {"treeSize": None},
        {"root": "not base 64"},
        {"root": 7},
        {"proof": "AAAA"},
        {"proof": [None]},
    ],
)
def test_a_vector_with_a_value_that_is_none_is_not_valid(broken: dict[str, object]) -> None:
    document = json.loads(VECTORS.read_bytes())
    sound = next(each for each in document["inclusion"] if not each["wantErr"])

    (verdict,) = judged({"inclusion": [sound | broken]})

    assert not verdict.valid
