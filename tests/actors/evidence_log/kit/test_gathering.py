"""Gathering kits out of a log as the appliance keeps it; each must verify afterwards."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from actors.evidence_log.kit.gathering import Selection, Sources, gathered
from actors.evidence_log.kit.making import make_kit
from actors.evidence_log.kit.parts import KitParts
from actors.evidence_log.opening import begun_anew
from actors.messages import Fact, State
from actors.messages.anchor import Anchor, Stage
from actors.messages.evidence import ProofKind
from runtime.errors import InvalidRequestError, NotFoundError
from runtime.store import Query
from tests.actors.evidence_log.kit.kits import Chain, checked
from tests.actors.evidence_log.world import World

YEAR = dt.timedelta(days=365)
EVER = Selection(since=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))


@attrs.define
class Anchors:
    """The anchors of heads, as the anchorer gives them."""

    chain: Chain = attrs.field(factory=Chain)
    kept: list[Anchor] = attrs.field(factory=list[Anchor])

    async def over(self, world: World, size: int, height: int) -> None:
        head = next(each for each in await world.heads() if each.size == size)
        proof = self.chain.anchor(head.note, height)
        raw = self.chain.blocks[height]
        stage = Stage.VERIFIED
        self.kept.append(Anchor(1, size, head.note, stage, proof, height, None, raw, "test"))

    def anchor_over(self, log: int, leaf: int) -> Query[Anchor | None]:
        fitting = (each for each in self.kept if each.log == log and each.size > leaf)
        found = min(fitting, key=lambda each: each.size, default=None)
        return lambda _connection: found


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def gather(
    world: World, selection: Selection = EVER, anchors: Anchors | None = None
) -> KitParts:
    found = anchors or Anchors()

    def query(connection: object) -> KitParts:
        ask: Callable[..., object] = lambda query: query(connection)  # noqa: E731
        sources = Sources(ask, world.memory, found.anchor_over, anchors is not None)  # type: ignore[arg-type]
        return gathered(sources, selection, "site", "2026-11-29T04:00:00+00:00", "1.0")

    return await world.store.read(query)


async def verdict(world: World, parts: KitParts, known: str | None = None) -> tuple[str, object]:
    appender = await world.open()
    kit = make_kit(parts, appender.signer)
    found = checked(kit, known or appender.signer.fingerprint).data
    return str(found["outcome"]), found["reason"]


async def drifted(world: World, host: str = "ws-1") -> str:
    incident = await world.drift(host)
    await world.move(incident, State.DECIDING, "rule_matched")
    await world.move(incident, State.ESCALATED, "escalated")
    return incident.id


async def test_a_kit_of_an_incident_has_its_statements_and_verifies(world: World) -> None:
    wanted = await drifted(world, "ws-1")
    await drifted(world, "ws-2")
    await world.prove()

    parts = await gather(world, Selection(incident=wanted))

    told = [json.loads(each.envelope) for each in parts.statements]
    assert len(told) == 3
    assert parts.selection == {"incident": wanted}
    assert await verdict(world, parts) == ("verified", None)


async def test_a_kit_since_a_date_has_all_that_followed(world: World) -> None:
    await drifted(world)
    await world.prove()
    parts = await gather(world)
    assert len(parts.statements) == len(await world.logged())
    assert await verdict(world, parts) == ("verified", None)


async def test_each_statement_stands_under_the_first_head_that_is_anchored(world: World) -> None:
    anchors = Anchors()
    for height, host in enumerate(("ws-1", "ws-2", "ws-3"), 800_000):
        await drifted(world, host)
        appender = await world.prove()
        if host != "ws-3":
            await anchors.over(world, appender.tree.size, height)

    parts = await gather(world, anchors=anchors)

    sizes = [each.head for each in parts.statements]
    assert sorted(set(sizes)) == [head.size for head in parts.heads]
    assert [head.ots is not None for head in parts.heads] == [True, True, False]
    assert json.loads(parts.headers).keys() == {"800000", "800001"}
    assert await verdict(world, parts) == ("pending", "anchor_pending")


async def test_a_kit_under_anchored_heads_alone_is_verified(world: World) -> None:
    anchors = Anchors()
    await drifted(world)
    appender = await world.prove()
    await anchors.over(world, appender.tree.size, 800_000)
    assert await verdict(world, await gather(world, anchors=anchors)) == ("verified", None)


async def test_what_no_head_is_over_waits_and_is_counted(world: World) -> None:
    await drifted(world, "ws-1")
    await world.prove()
    await drifted(world, "ws-2")
    await world.prove(head=False)

    parts = await gather(world)

    assert parts.waiting == 3
    assert await verdict(world, parts) == ("verified", None)


async def test_a_kit_over_a_change_of_key_is_believed_by_either_key(world: World) -> None:
    await drifted(world, "ws-1")
    appender = await world.prove()
    old = appender.signer.fingerprint
    await appender.rotate("ann", "yearly")
    wanted = await drifted(world, "ws-2")
    new = (await world.prove()).signer.fingerprint
    assert new != old

    for selection in (EVER, Selection(incident=wanted)):
        parts = await gather(world, selection)
        assert len(parts.keys) == 2
        assert await verdict(world, parts, old) == ("verified", None)
        assert await verdict(world, parts, new) == ("verified", None)


async def test_a_log_whose_key_was_lost_is_left_out_and_counted(world: World) -> None:
    await drifted(world, "ws-1")
    await world.prove()
    (world.folder / "evidence_key.pem").unlink()
    await begun_anew(world.desk, "ann", "the key was lost")
    await drifted(world, "ws-2")
    await world.prove()

    parts = await gather(world)

    assert parts.left_out > 0
    assert {each.log for each in parts.statements} == {2}
    assert await verdict(world, parts) == ("verified", None)


async def test_a_log_that_began_anew_with_the_same_key_stays_in_the_kit(world: World) -> None:
    await drifted(world, "ws-1")
    await world.prove()
    await begun_anew(world.desk, "ann", "a backup was restored")
    await drifted(world, "ws-2")
    await world.prove()

    parts = await gather(world)

    assert {each.log for each in parts.statements} == {1, 2}
    assert await verdict(world, parts) == ("verified", None)


async def test_a_selection_of_nothing_says_so(world: World) -> None:
    waiting = await drifted(world)
    await world.prove(head=False)
    with pytest.raises(InvalidRequestError, match="--incident"):
        await gather(world, Selection())
    with pytest.raises(NotFoundError, match="incident inc_none"):
        await gather(world, Selection(incident="inc_none"))
    with pytest.raises(NotFoundError, match="wait for the next head"):
        await gather(world, Selection(incident=waiting))


async def test_a_key_from_before_a_change_vouches_for_today_after_the_change_is_old(
    world: World,
) -> None:
    appender = await world.prove()
    before = appender.key.fingerprint
    await world.drift()
    await world.prove()
    await (await world.open()).rotate("ada", "yearly")
    await world.store.commit(world.memory.purge(world.journal.clock.now() + YEAR, 1000))
    await world.drift("ws-2")
    appender = await world.prove()

    parts = await gather(world)

    assert (len(parts.purged), parts.waiting) == (1, 0)
    kit = make_kit(parts, appender.signer)
    assert checked(kit, before).outcome == "verified"


async def test_what_is_of_the_site_under_another_name_is_left_out_and_counted(
    world: World,
) -> None:
    """A kit is of one site: with them it seemed to be forged, whenever a site was renamed."""
    await world.prove()
    world.journal.clock.wait(10)
    renamed = world.journal.clock.now()
    for number in range(3):
        fact = Fact("breaker_reset", {"number": number})
        owe = world.memory.owe(ProofKind.OPERATION, fact, world.journal.now, site="default")
        await world.store.commit(owe)
    await world.prove()
    world.journal.clock.wait(10)
    await drifted(world)
    await world.prove()

    parts = await gather(world)

    assert parts.left_out == 3
    assert await verdict(world, parts) == ("verified", None)
    with pytest.raises(NotFoundError, match="site_id"):
        await gather(world, Selection(since=renamed, until=renamed + dt.timedelta(seconds=5)))


@pytest.mark.parametrize("payload", ["", "[]", "{}", '{"predicate":5}'])
async def test_a_statement_that_was_overwritten_is_for_whoever_checks_the_kit(
    world: World, payload: str
) -> None:
    await drifted(world)
    await world.prove()
    connection = world.store.connection
    connection.execute("DROP TRIGGER statements_stand")
    connection.execute("UPDATE statements SET payload = ? WHERE leaf = 1", (payload.encode(),))

    outcome, _ = await verdict(world, await gather(world))

    assert outcome in ("mismatch", "unusable")
