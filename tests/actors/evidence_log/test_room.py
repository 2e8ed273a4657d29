"""The room at work: it proves when woken, gives way, catches up, and tells when it is late."""

from pathlib import Path
from typing import TypeVar, cast

import attrs
import pytest
import trio

from actors.evidence_log.core import LATE_S, rest_s
from actors.evidence_log.retention import PayloadRetention
from actors.journal import Retention, trace_of
from actors.messages import JSON, State, StopKind
from runtime.errors import StoreError
from runtime.hosts.sqlite import InlineStore
from runtime.store import Query, Store, Write
from tests.actors.evidence_log.world import World, at_rest, predicate, settled

T = TypeVar("T")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_commit_wakes_it_and_a_head_follows_within_its_time(world: World) -> None:
    room = attrs.evolve(world.room(), head_every_s=0.3)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.run)
        await at_rest(room)
        for host in ("ws-1", "ws-2"):
            await world.drift(host)
            room.committed()
            await trio.sleep(0.1)
        assert len(await world.logged()) == 3
        assert len(await world.heads()) < 3
        await at_rest(room)
        nursery.cancel_scope.cancel()

    assert (await world.heads())[-1].size == 3
    await world.check_heads()


def test_it_gives_way_while_others_wait_for_acks_until_it_is_behind() -> None:
    assert rest_s(0.02, 1.0, busy=False) == 0
    assert rest_s(0.02, 1.0, busy=True) == pytest.approx(0.18)
    assert rest_s(0.02, 20.0, busy=True) == pytest.approx(0.01)


@attrs.define
class Failing(InlineStore):
    """A store that keeps nothing while it is told so."""

    fails: bool = False

    async def commit(self, *writes: Write[object]) -> list[object]:  # type: ignore[override]
        if self.fails:
            raise StoreError("no")
        return await super().commit(*writes)


async def test_what_is_not_kept_is_proved_when_it_can_be_and_a_person_is_told_it_is_late(
    world: World,
) -> None:
    store, whole = Failing(world.store.connection), world.journal.store
    world.journal.store = store
    room, clock = attrs.evolve(world.room(), again_s=0.02), world.journal.clock
    world.journal.store = whole  # the drift itself is kept
    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.run)
        await at_rest(room)
        store.fails = True
        await world.drift()
        room.committed()
        await trio.sleep(0.1)
        clock.wait(LATE_S + 1)
        store.fails = False
        await at_rest(room)
        nursery.cancel_scope.cancel()

    assert (await world.kinds())[-1] == ("check", "drift_observed")
    assert world.journal.tickets.stops == [(StopKind.EVIDENCE, "late")]


async def test_what_was_owed_at_a_start_is_proved_first_and_is_not_late(
    world: World,
) -> None:
    await world.drift()
    world.journal.clock.wait(7 * 86_400)

    await settled(world.room())

    assert len(await world.logged()) == 2
    assert world.journal.tickets.stops == []


async def test_it_does_not_fall_over_a_log_that_grew_behind_its_back(world: World) -> None:
    room = attrs.evolve(world.room(), again_s=0.02)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.run)
        await at_rest(room)
        await world.drift()
        await world.prove()
        await world.drift("ws-2")
        room.committed()
        await at_rest(room)
        nursery.cancel_scope.cancel()

    assert [kind for _, kind in await world.kinds()][1:] == ["drift_observed"] * 2
    await world.check_heads()


# Retention.


async def test_payloads_are_purged_and_leaves_stay_and_the_log_says_so(world: World) -> None:
    await world.drift()
    await world.prove()
    world.journal.clock.wait(10 * 86_400)
    await world.drift("ws-2")
    await world.prove()
    heads = await world.heads()

    desk = world.desk
    purging = PayloadRetention("site", desk.store, desk.memory, desk.clock, days=5)
    await purging.purge()
    await purging.purge()
    await world.prove()

    logged = await world.logged()
    assert [each.envelope is None for each in logged] == [False, True, False, False]
    said = cast("dict[str, JSON]", predicate(logged[-1])["fact"])
    body = cast("dict[str, JSON]", said["body"])
    assert said["kind"] == "payloads_purged"
    assert (body["from_leaf"], body["to_leaf"]) == (0, 1)
    for head in heads:
        assert len(await world.store.read(desk.memory.inclusion(1, 0, head.size))) <= 2
    assert len(logged[1].leaf_hash) == 32
    await world.check_heads()


async def test_where_nothing_is_left_to_be_purged_the_log_says_nothing(world: World) -> None:
    """Each entry that says so grew old itself, and brought another one for ever."""
    await world.drift()
    await world.prove()
    desk = world.desk
    for _ in range(3):
        world.journal.clock.wait(10 * 86_400)
        await PayloadRetention("site", desk.store, desk.memory, desk.clock, days=5).purge()
        await world.prove()

    assert [kind for _, kind in await world.kinds()][2:] == ["payloads_purged"]


async def test_what_was_purged_before_the_power_went_is_said_in_the_log(world: World) -> None:
    await world.drift()
    await world.prove()
    world.journal.clock.wait(10 * 86_400)
    desk = world.desk
    store = _GoneAfter(desk.store, commits=1)
    with pytest.raises(StoreError):
        await PayloadRetention("site", store, desk.memory, desk.clock, days=5).purge()

    await PayloadRetention("site", desk.store, desk.memory, desk.clock, days=5).purge()
    await world.prove()

    logged = await world.logged()
    assert logged[1].envelope is None
    assert [each.kind for each in logged[2:]] == ["payloads_purged"]


@attrs.define
class _GoneAfter:
    """A store whose machine loses power after some commits."""

    store: Store
    commits: int

    async def read(self, query: Query[T]) -> T:
        return await self.store.read(query)

    async def commit(self, *writes: Write[T]) -> list[T]:
        if not self.commits:
            raise StoreError("the power went")
        self.commits -= 1
        return await self.store.commit(*writes)


async def test_what_is_not_proved_is_not_forgotten_however_old(world: World) -> None:
    incident = await world.drift()
    for to in (State.DECIDING, State.CLOSED):
        await world.move(incident, to, "moved")
    world.journal.clock.wait(100 * 86_400)
    journal = world.journal
    forgetting = Retention(world.store, journal.journal, journal.clock, 90, world.memory)

    await forgetting.forget()
    assert await world.store.read(trace_of(incident.id))

    await world.prove()
    await forgetting.forget()
    assert not await world.store.read(trace_of(incident.id))
