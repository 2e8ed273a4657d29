"""The life of an anchor: from a signed head to a checked block, whatever calendars do."""

import contextlib
import datetime as dt
import hashlib
import io
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from otsclient.args import parse_ots_args
from trio.testing import MockClock

from actors.anchorer.proof import Kind, read_proof
from actors.anchorer.sources import NoHeaderError
from actors.anchorer.verdict import Outcome, judge
from actors.evidence_log.kit import verify_kit
from actors.messages.anchor import Stage
from runtime.clock import VirtualClock
from tests.actors.anchorer.forge import ALSO, SHA256, append, bitcoin, pending, strange
from tests.actors.anchorer.world import DAY, EPOCH, HOUR, World
from tests.fakes.calendar import easy_blocks


def told_by_the_client(verb: str, file: Path) -> str:
    """Run the command of opentimestamps-client in this process; give what it prints."""
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        args = parse_ots_args(["--no-cache", verb, str(file)])
        with args.file:
            args.cmd_func(args)
    return shown.getvalue()


@pytest.fixture
def world(
    nursery: trio.Nursery,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    easy_blocks(monkeypatch)
    return World(nursery)


async def stage(world: World) -> str:
    [batch] = await world.batches()
    return batch.stage


async def test_a_head_is_submitted_promised_anchored_and_verified(
    world: World, autojump_clock: MockClock
) -> None:
    world.heads.sign()
    world.sky.down.update(world.names)
    world.start()

    await trio.sleep(1)
    assert await stage(world) == "submitted"

    world.sky.down.clear()
    await trio.sleep(HOUR)
    assert await stage(world) == "pending"

    world.headers.failure = NoHeaderError("not_at_hand", "nobody answers")
    world.mine()
    await trio.sleep(DAY)
    assert await stage(world) == "anchored"

    world.headers.failure = None
    await trio.sleep(DAY)
    assert await stage(world) == "verified"


async def test_what_is_verified_says_block_time_and_source_and_others_find_the_same(
    world: World, autojump_clock: MockClock
) -> None:
    [head] = world.heads.sign()
    world.start()
    await trio.sleep(1)
    world.mine()
    await trio.sleep(DAY)

    anchor = await world.anchor()
    assert anchor.stage is Stage.VERIFIED
    assert anchor.header_source == "chain"
    assert anchor.height in world.chain.blocks
    assert anchor.header == world.chain.blocks[anchor.height]
    assert anchor.block_time is not None
    assert anchor.proof is not None
    proof = read_proof(anchor.proof)
    verdict = judge(proof, world.chain_headers(), hashlib.sha256(head.note).digest())
    assert verdict.outcome is Outcome.VERIFIED


async def test_beside_a_verified_block_a_proof_names_no_block_that_was_not_checked(
    world: World, autojump_clock: MockClock
) -> None:
    world.heads.sign()
    world.start()
    await trio.sleep(1)
    world.mine()
    await trio.sleep(DAY)

    anchor = await world.anchor()
    assert anchor.proof is not None
    kinds = [each.kind for each in read_proof(anchor.proof).attestations]
    assert kinds.count(Kind.BITCOIN) == 1


async def test_an_hour_has_one_submission_however_many_heads_are_signed(
    world: World, autojump_clock: MockClock
) -> None:
    world.start()
    for _ in range(5 * 60):
        world.heads.sign()
        await trio.sleep(60)

    assert len(world.calendar("a").heard) <= 6
    assert sum(batch.checkpoints for batch in await world.batches()) >= 4 * 60


async def test_where_more_heads_wait_than_a_batch_takes_the_newest_is_over_them_all(
    world: World, autojump_clock: MockClock
) -> None:
    world.heads.sign(1000)
    world.start()
    await trio.sleep(1)

    [batch] = await world.batches()
    assert (batch.checkpoints, batch.size) == (256, 1000)
    assert (await world.anchor(999)).size == 1000


async def test_every_head_of_a_batch_has_its_own_proof(
    world: World, autojump_clock: MockClock
) -> None:
    heads = world.heads.sign(7)
    world.start()
    await trio.sleep(1)
    world.mine()
    await trio.sleep(DAY)

    for head in heads:
        anchor = await world.anchor(head.size - 1)
        assert (anchor.size, anchor.note) == (head.size, head.note)
        assert anchor.proof is not None
        digest = hashlib.sha256(head.note).digest()
        verdict = judge(read_proof(anchor.proof), world.chain_headers(), digest)
        assert verdict.outcome is Outcome.VERIFIED


async def test_when_enough_calendars_promised_no_other_is_asked(
    nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    names = tuple(f"https://{name}.example" for name in "abc")
    world = World(nursery, names=names)
    world.sky.down.add("https://c.example")
    world.heads.sign()
    world.start()
    await trio.sleep(1)
    world.sky.down.clear()
    await trio.sleep(DAY)

    assert world.calendar("c").heard == []


async def test_thirty_days_without_a_calendar_lose_nothing_fail_nothing_and_bring_no_burst(
    world: World, autojump_clock: MockClock
) -> None:
    world.sky.down.update(world.names)
    world.start()
    for _ in range(30 * 24):
        world.heads.sign()
        await trio.sleep(HOUR)
    assert [batch.stage for batch in await world.batches()] == ["submitted"]
    assert world.rows("select kind, key, reason from tickets") == [
        ("anchor", "calendars", "no_calendar_answers")
    ]
    away = trio.current_time()

    world.sky.down.clear()
    for _ in range(4 * 24):
        await trio.sleep(HOUR)
        world.mine()
    await trio.sleep(DAY)

    assert {batch.stage for batch in await world.batches()} == {"verified"}
    for head in world.heads.heads[::20]:
        anchor = await world.anchor(head.size - 1)
        assert anchor.stage is Stage.VERIFIED
        assert anchor.size >= head.size
    for times in world.sky.requests.values():
        after = [each for each in times if each >= away]
        assert all(later - sooner >= 1 for sooner, later in itertools.pairwise(after))
        assert len(after) < 100


async def test_one_calendar_away_for_days_is_caught_up_with_once_a_second(
    nursery: trio.Nursery,
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    easy_blocks(monkeypatch)
    world = World(nursery)
    world.sky.down.add("https://b.example")
    world.start()
    for _ in range(5 * 24):
        world.heads.sign()
        await trio.sleep(HOUR)
    assert {batch.stage for batch in await world.batches()} == {"submitted"}
    away = trio.current_time()

    world.sky.down.clear()
    await trio.sleep(2 * HOUR)

    assert {batch.stage for batch in await world.batches()} == {"pending"}
    after = [each for each in world.sky.requests["https://b.example"] if each >= away]
    assert len(after) > 100
    assert all(later - sooner >= 1 for sooner, later in itertools.pairwise(after))


async def test_what_nobody_answered_is_asked_for_less_and_less_often_and_for_ever(
    world: World, autojump_clock: MockClock
) -> None:
    world.heads.sign()
    world.start()
    await trio.sleep(20 * DAY)

    times = world.sky.requests["https://a.example"][1:]
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert gaps[0] < HOUR
    assert 6 * HOUR < gaps[-1] < 18 * HOUR
    assert times[-1] > 19 * DAY
    assert await stage(world) == "pending"


async def test_a_fall_at_any_time_loses_nothing(world: World, autojump_clock: MockClock) -> None:
    world.heads.sign(3)
    world.sky.slow["https://a.example"] = 5.0
    for _ in range(6):
        world.start()
        await trio.sleep(3)
        world.fall()
    world.start()
    await trio.sleep(30)
    world.mine()
    await trio.sleep(DAY)

    [batch] = await world.batches()
    assert (batch.stage, batch.checkpoints) == ("verified", 3)


async def test_a_slow_calendar_holds_no_other_up(world: World, autojump_clock: MockClock) -> None:
    world.sky.slow["https://a.example"] = 1e9
    world.heads.sign()
    world.start()
    await trio.sleep(5)

    assert world.rows("select calendar, stage from anchor_promises order by calendar") == [
        ("https://a.example", "submitted"),
        ("https://b.example", "pending"),
    ]


async def test_a_calendar_of_the_settings_of_before_keeps_what_it_promised(
    world: World, autojump_clock: MockClock
) -> None:
    world.heads.sign()
    world.start()
    await trio.sleep(1)
    world.fall()
    names, world.names = world.names, ("https://b.example",)
    anchorer = world.anchorer()
    anchorer.desk.allowed = set(names)
    world.nursery.start_soon(anchorer.run)
    world.calendar("a").keep_promises()
    await trio.sleep(DAY)

    assert await stage(world) == "verified"


async def test_a_new_calendar_is_asked_for_what_lacks_promises(
    world: World, autojump_clock: MockClock
) -> None:
    everybody, world.names = world.names, ("https://a.example",)
    world.heads.sign()
    world.start()
    await trio.sleep(10)
    assert await stage(world) == "submitted"

    world.fall()
    world.names = everybody
    world.start()
    await trio.sleep(10)

    assert await stage(world) == "pending"


async def test_a_person_makes_due_what_waits(world: World, autojump_clock: MockClock) -> None:
    world.heads.sign()
    anchorer = world.start()
    await trio.sleep(1)
    world.mine()
    assert await anchorer.hasten() == 2
    await trio.sleep(10)

    assert await stage(world) == "verified"
    assert await anchorer.hasten() == 0


async def begin_with_a_clock_that_is_ahead(world: World, *, away: bool) -> None:
    """Have a batch made in a boot whose clock is a year ahead; boot again, with a true one."""
    world.clock = VirtualClock(EPOCH + dt.timedelta(days=365), "boot-1")
    world.sky.down.update(world.names if away else ())
    world.heads.sign()
    world.start()
    await trio.sleep(600)
    world.fall()
    world.clock = VirtualClock(EPOCH, "boot-2")
    world.start()


async def test_what_was_put_off_while_the_clock_was_ahead_is_not_put_off_for_a_year(
    world: World, autojump_clock: MockClock
) -> None:
    await begin_with_a_clock_that_is_ahead(world, away=True)
    world.sky.down.clear()
    await trio.sleep(60)
    assert await stage(world) == "pending"

    world.mine()
    await trio.sleep(DAY)
    assert await stage(world) == "verified"


async def test_a_promise_from_a_clock_that_was_ahead_does_not_stand_behind_all_others(
    world: World, autojump_clock: MockClock
) -> None:
    await begin_with_a_clock_that_is_ahead(world, away=False)
    for _ in range(30):
        world.heads.sign()
        await trio.sleep(HOUR)
        world.mine()

    assert (await world.batches())[-1].stage == "verified"


async def test_a_batch_of_a_clock_that_was_ahead_holds_up_the_next_for_its_interval_alone(
    world: World, autojump_clock: MockClock
) -> None:
    await begin_with_a_clock_that_is_ahead(world, away=False)
    world.heads.sign()
    await trio.sleep(2 * HOUR)

    assert len(await world.batches()) == 2


async def test_a_person_hears_of_silent_calendars_though_the_clock_was_ahead(
    world: World, autojump_clock: MockClock
) -> None:
    await begin_with_a_clock_that_is_ahead(world, away=True)
    await trio.sleep(2 * DAY)

    assert world.rows("select key, reason from tickets") == [("calendars", "no_calendar_answers")]


HOSTILE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing": (lambda _: b"", "truncated"),
    "junk behind it": (lambda answer: answer + bytes(20_000), "trailing_bytes"),
    "another calendar": (lambda _: pending(b"https://evil.example"), "foreign_calendar"),
    "the cloud's own secrets": (
        lambda _: pending(b"http://169.254.169.254/latest"),
        "foreign_calendar",
    ),
    "an allowed name in another place": (
        lambda _: pending(b"https://a.example.evil.example"),
        "foreign_calendar",
    ),
    "nobody known": (lambda _: strange(), "foreign_calendar"),
    "a block without a root": (lambda _: b"\xf0\x01x" + bitcoin(7), "not_a_root"),
    "too much": (lambda _: b"\xf0\x01x" * 30_000, "too_large"),
    "a page of HTML": (lambda _: b"<html><body>Welcome</body></html>", "unknown_operation"),
    # What follows is a promise, but the proofs in which it stood nobody could read any more.
    "deeper than a proof can be": (lambda _: SHA256 * 250 + promised(), "too_deep"),
    "as long as many proofs": (
        lambda _: b"".join(ALSO + strange(b"%04d" % n * 100) for n in range(30)) + promised(),
        "too_large",
    ),
    "more operations than proofs have": (
        lambda _: (
            ALSO.join([b"", *(append(b"%03d" % n) + promised() for n in range(300))])
            + append(b"300")
            + promised()
        ),
        "too_many_operations",
    ),
    "SHA-1": (lambda _: b"\x02" + promised(), "foreign_operation"),
    "Keccak": (lambda _: b"\x67" + promised(), "foreign_operation"),
    "digits": (lambda _: b"\xf3" + promised(), "foreign_operation"),
    "backwards": (lambda _: b"\xf2" + promised(), "foreign_operation"),
}


def promised() -> bytes:
    return pending(b"https://a.example")


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_false_answer_is_refused_and_the_calendar_asked_again(
    case: str, world: World, autojump_clock: MockClock
) -> None:
    twist, reason = HOSTILE[case]
    world.calendar("a").twist = twist
    world.heads.sign()
    world.start()
    await trio.sleep(10)
    assert world.rows(
        "select stage, promised, error from anchor_promises where calendar = 'https://a.example'"
    ) == [("submitted", None, reason)]

    world.calendar("a").twist = lambda answer: answer
    await trio.sleep(HOUR)

    assert await stage(world) == "pending"
    proof = (await world.anchor()).proof
    assert proof is not None
    verify_kit.timestamp(proof)


@pytest.mark.parametrize(
    ("twist", "reason"),
    [
        (lambda _: b"", "truncated"),
        (lambda answer: answer + b"\x00", "trailing_bytes"),
        (lambda _: b"\x08" + bitcoin(99_999_999), "bad_height"),
        (lambda _: b"\x02\x08" + bitcoin(800_001), "foreign_operation"),
        (lambda _: SHA256 * 240 + bitcoin(800_001), "too_deep"),
    ],
)
async def test_a_false_upgrade_leaves_the_promise_as_it_was(
    twist: Callable[[bytes], bytes], reason: str, world: World, autojump_clock: MockClock
) -> None:
    world.heads.sign()
    world.start()
    await trio.sleep(1)
    world.mine()
    world.calendar("a").twist = world.calendar("b").twist = twist
    await trio.sleep(DAY)

    assert await stage(world) == "pending"
    assert {error for (error,) in world.rows("select error from anchor_promises")} == {reason}


async def test_a_block_with_another_root_is_an_incident_and_never_kept(
    world: World, autojump_clock: MockClock
) -> None:
    world.heads.sign()
    world.start()
    await trio.sleep(1)
    world.mine()
    other = world.chain.mine(b"o" * 32)
    world.calendar("a").twist = world.calendar("b").twist = lambda _: b"\x08" + bitcoin(other)
    await trio.sleep(3 * HOUR)

    assert await stage(world) == "pending"
    assert world.rows("select key, severity, reason from tickets order by key") == [
        ("https://a.example", "high", "other_merkle_root"),
        ("https://b.example", "high", "other_merkle_root"),
    ]

    world.calendar("a").twist = lambda answer: answer
    await trio.sleep(2 * DAY)
    assert await stage(world) == "verified"


async def test_a_calendar_that_names_a_block_at_once_is_not_believed_more(
    world: World, autojump_clock: MockClock
) -> None:
    other = world.chain.mine(b"o" * 32)
    world.calendar("a").twist = lambda _: b"\x08" + bitcoin(other)
    world.heads.sign()
    world.start()
    await trio.sleep(60)

    assert world.rows("select stage, grown from anchor_promises order by calendar")[0] == (
        "submitted",
        None,
    )


async def test_a_block_that_is_not_there_yet_is_asked_for_again(
    world: World, autojump_clock: MockClock
) -> None:
    world.heads.sign()
    world.start()
    await trio.sleep(1)
    world.mine()
    hidden, world.chain.blocks = world.chain.blocks, {}
    await trio.sleep(3 * HOUR)
    assert await stage(world) == "pending"
    assert world.rows("select count(*) from tickets") == [(0,)]

    world.chain.blocks.update(hidden)
    await trio.sleep(2 * DAY)
    assert await stage(world) == "verified"


async def test_sources_that_disagree_are_an_incident(
    world: World, autojump_clock: MockClock
) -> None:
    world.heads.sign()
    world.headers.failure = NoHeaderError("sources_disagree", "on block 1")
    world.start()
    await trio.sleep(1)
    world.mine()
    await trio.sleep(DAY)

    assert await stage(world) == "anchored"
    assert world.rows("select key, reason from tickets") == [("headers", "sources_disagree")]


async def test_the_client_of_opentimestamps_reads_every_proof(
    world: World, autojump_clock: MockClock, tmp_path: Path
) -> None:
    heads = world.heads.sign(5)
    world.start()
    await trio.sleep(1)
    for stage_now in (Stage.PENDING, Stage.VERIFIED):
        for head in heads:
            anchor = await world.anchor(head.size - 1)
            assert anchor.stage is stage_now
            file = tmp_path / f"{stage_now}-{head.size}"
            file.write_bytes(head.note)
            assert anchor.proof is not None
            file.with_name(f"{file.name}.ots").write_bytes(anchor.proof)
        world.mine()
        await trio.sleep(DAY)

    for file in list(tmp_path.glob("*.ots")):  # noqa: ASYNC240  a folder of the test's own
        shown = told_by_the_client("info", file)
        digest = hashlib.sha256(file.with_suffix("").read_bytes()).hexdigest()
        assert f"File sha256 hash: {digest}" in shown
        assert ("BitcoinBlockHeaderAttestation" in shown) == file.name.startswith("verified")
