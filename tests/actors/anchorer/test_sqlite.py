"""What is remembered of anchors: nothing is written that does not verify as it is written."""

import hashlib
import sqlite3

import attrs
import pytest

from actors.anchorer.core import Promise
from actors.anchorer.guards import ProofError
from actors.anchorer.sqlite import SqliteAnchors
from actors.anchorer.store import Batch, Member
from actors.anchorer.tree import plant
from actors.messages import Moment
from actors.messages.anchor import Stage
from runtime.hosts.sqlite import InlineStore
from tests.actors.anchorer.forge import SHA256, append, bitcoin, pending, strange
from tests.actors.anchorer.world import EPOCH, SignedHeads
from tests.fakes.calendar import Chain, easy_blocks
from tests.fakes.store import inline_store

MEMORY = SqliteAnchors()
NOW = Moment(EPOCH, "boot-1", 100.0)
A, B = "https://a.example", "https://b.example"
PROMISED = append(b"salt") + SHA256 + pending(A.encode())


def batch_of(count: int, *, quorum: int = 1) -> Batch:
    heads = SignedHeads().sign(count)
    digests = [hashlib.sha256(head.note).digest() for head in heads]
    tree = plant(digests, [b"n" * 16] * count)
    members = [Member(head, path) for head, path in zip(heads, tree.paths, strict=True)]
    return Batch(tree.root, members, (A, B), quorum, NOW)


@pytest.fixture
def store() -> InlineStore:
    return inline_store("anchorer")


async def first(store: InlineStore) -> Promise:
    promise = await store.read(MEMORY.next_of(A))
    assert promise is not None
    return promise


async def test_a_batch_is_kept_with_every_head_or_not_at_all(store: InlineStore) -> None:
    """The predecessor kept 1,198 proofs of roots that it had dropped."""
    good = batch_of(5)
    swapped = [good.members[1].path, good.members[0].path, *(m.path for m in good.members[2:])]
    members = [attrs.evolve(m, path=p) for m, p in zip(good.members, swapped, strict=True)]
    with pytest.raises(ProofError, match="other_root"):
        await store.commit(MEMORY.add(attrs.evolve(good, members=members)))
    assert await store.read(MEMORY.last()) is None

    await store.commit(MEMORY.add(good))
    assert await store.read(MEMORY.taken(1)) == 5
    assert await store.read(MEMORY.taken(2)) == -1


async def test_two_batches_with_one_root_or_one_head_do_not_replace_each_other(
    store: InlineStore,
) -> None:
    await store.commit(MEMORY.add(batch_of(3)))
    for again in (batch_of(3), batch_of(4)):
        with pytest.raises(sqlite3.IntegrityError):
            await store.commit(MEMORY.add(again))
    [count] = store.connection.execute("select count(*) from anchor_members").fetchone()
    assert count == 3


@pytest.mark.parametrize(
    ("promised", "grown", "reason"),
    [
        (b"junk", None, "unknown_operation"),
        (PROMISED + b"\x00", None, "trailing_bytes"),
        (PROMISED, SHA256 + bitcoin(99_999_999), "bad_height"),
        (append(b"x") + bitcoin(7), None, "not_a_root"),
        (SHA256 + strange(), None, "no_known_attestation"),
    ],
)
async def test_what_does_not_verify_is_not_written(
    promised: bytes, grown: bytes | None, reason: str, store: InlineStore
) -> None:
    await store.commit(MEMORY.add(batch_of(1)))
    promise = await first(store)
    with pytest.raises(ProofError, match=reason):
        await store.commit(MEMORY.keep(attrs.evolve(promise, promised=promised, grown=grown)))

    assert await first(store) == promise


async def test_verified_is_written_only_beside_a_header_that_holds(
    store: InlineStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    easy_blocks(monkeypatch)
    await store.commit(MEMORY.add(batch_of(1)))
    promise = await first(store)
    chain = Chain()
    true = chain.blocks[chain.mine(hashlib.sha256(promise.root).digest())]
    false = chain.blocks[chain.mine(b"o" * 32)]
    without_work = true[:72] + bytes(4) + true[76:]
    named = attrs.evolve(promise, promised=PROMISED, grown=SHA256 + bitcoin(7), height=7)

    with pytest.raises(ProofError, match="other_merkle_root"):
        await store.commit(MEMORY.keep(attrs.evolve(named, header=false)))
    await store.commit(MEMORY.keep(attrs.evolve(named, header=without_work)))
    assert await stage(store) == Stage.ANCHORED
    await store.commit(MEMORY.keep(attrs.evolve(named, header=true, height=8)))
    assert await stage(store) == Stage.ANCHORED

    await store.commit(MEMORY.keep(attrs.evolve(named, header=true, header_source="file")))
    assert await stage(store) == Stage.VERIFIED
    anchor = await store.read(MEMORY.anchor_over(1, 0))
    assert anchor is not None
    assert (anchor.height, anchor.header, anchor.header_source) == (7, true, "file")


async def stage(store: InlineStore) -> str:
    anchor = await store.read(MEMORY.anchor_over(1, 0))
    assert anchor is not None
    return anchor.stage


async def test_what_is_verified_is_never_rewritten(
    store: InlineStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    easy_blocks(monkeypatch)
    await store.commit(MEMORY.add(batch_of(1)))
    promise = await first(store)
    chain = Chain()
    raw = chain.blocks[chain.mine(hashlib.sha256(promise.root).digest())]
    verified = attrs.evolve(
        promise, promised=PROMISED, grown=SHA256 + bitcoin(7), height=7, header=raw
    )
    await store.commit(MEMORY.keep(verified))

    with pytest.raises(sqlite3.IntegrityError, match="never rewritten"):
        await store.commit(MEMORY.keep(attrs.evolve(promise, promised=PROMISED)))
    with pytest.raises(sqlite3.IntegrityError, match="stays in its batch"):
        await store.commit(lambda connection: connection.execute("update anchor_members set log=2"))
    assert await store.read(MEMORY.next_of(A)) is None
    assert await store.read(MEMORY.next_unchecked()) is None


async def test_pending_needs_as_many_calendars_as_are_wanted(store: InlineStore) -> None:
    await store.commit(MEMORY.add(batch_of(1, quorum=2)))
    for calendar, is_stage in ((A, Stage.SUBMITTED), (B, Stage.PENDING)):
        promise = await store.read(MEMORY.next_of(calendar))
        assert promise is not None
        kept = attrs.evolve(promise, promised=PROMISED)
        await store.commit(MEMORY.keep(kept), MEMORY.answered(kept.batch, NOW))
        assert await stage(store) == is_stage


async def test_a_head_that_no_batch_has_has_no_anchor(store: InlineStore) -> None:
    await store.commit(MEMORY.add(batch_of(3)))

    assert await store.read(MEMORY.anchor_over(1, 3)) is None
    assert await store.read(MEMORY.anchor_over(2, 0)) is None
    before = await store.read(MEMORY.anchor_over(1, 2))
    assert before is not None
    assert (before.size, before.stage, before.proof) == (3, Stage.SUBMITTED, None)
