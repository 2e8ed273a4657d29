"""What is forgotten, what never is, and where the room goes."""

import datetime as dt
from pathlib import Path

import attrs
import pytest
import trio
import trio.testing

from actors.journal import SCHEMA, Retention
from actors.messages import State, Status
from runtime.clock import VirtualClock
from runtime.hosts.sqlite import open_database
from tests.actors.journal.world import EPOCH, World

DAY = 86_400.0


@pytest.fixture
def world() -> World:
    return World()


def retention(world: World, days: int = 90) -> Retention:
    return Retention(world.store, world.journal, world.clock, days)


def ids(table: str, world: World) -> set[str]:
    return {row[0] for row in world.store.connection.execute(f"SELECT id FROM {table}")}  # noqa: S608


@pytest.mark.parametrize("state", State)
async def test_only_what_is_settled_is_forgotten(world: World, state: State) -> None:
    incident = await world.drift(state=state)
    world.clock.wait(91 * DAY)

    await retention(world).forget()

    forgotten = state in (State.CLOSED, State.RECURRED)
    assert (incident.id in ids("incidents", world)) is not forgotten
    assert (incident.observation_id in ids("observations", world)) is not forgotten
    events = world.store.connection.execute("SELECT count(*) FROM incident_events").fetchone()[0]
    assert bool(events) is not forgotten


async def test_what_is_not_old_enough_stays(world: World) -> None:
    incident = await world.drift(state=State.CLOSED)
    world.clock.wait(89 * DAY)

    await retention(world).forget()

    assert ids("incidents", world) == {incident.id}


async def test_old_repeats_of_an_open_incident_are_forgotten_and_their_count_is_not(
    world: World,
) -> None:
    incident = await world.drift(state=State.ESCALATED)
    await world.record(world.heard(), world.heard(Status.UNKNOWN))
    world.clock.wait(91 * DAY)
    await world.record(fresh := world.heard())

    await retention(world).forget()

    assert ids("observations", world) == {incident.observation_id, fresh.id}
    assert (await world.get(incident.id)).count == 3


async def test_last_answers_stay(world: World) -> None:
    await world.record(world.heard(Status.PASS))
    world.clock.wait(91 * DAY)

    await retention(world).forget()

    count = world.store.connection.execute("SELECT count(*) FROM answers").fetchone()[0]
    assert count == 1


async def test_it_goes_in_small_steps(world: World) -> None:
    commits: list[None] = []
    for number in range(450):
        await world.drift(f"ws-{number}", state=State.CLOSED)
    world.store.on_commit = lambda: commits.append(None)
    world.clock.wait(91 * DAY)

    await retention(world).forget()

    assert ids("incidents", world) == set()
    assert len(commits) >= 6


async def test_the_room_goes_back_to_the_disk(world: World, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    wordy = [
        attrs.evolve(world.heard(Status.UNKNOWN, f"ws-{number}"), actual="x" * 4000)
        for number in range(400)
    ]
    async with open_database(path, {"journal": SCHEMA}) as database:
        await database.commit(world.journal.record(wordy, lambda: world.ids.new("inc"), world.now))
    before = path.stat().st_size

    world.clock.wait(91 * DAY)
    async with open_database(path, {"journal": SCHEMA}) as database:
        await attrs.evolve(retention(world), store=database).forget()

    assert path.stat().st_size < before / 4


async def test_it_runs_at_the_start_and_every_six_hours(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world = World()
    await world.drift(state=State.CLOSED)
    clock = VirtualClock(EPOCH + dt.timedelta(days=89, hours=23))
    service = Retention(world.store, world.journal, clock, 90)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(service.run)
        await trio.sleep(5 * 3600)
        assert ids("incidents", world) != set()
        await trio.sleep(2 * 3600)
        assert ids("incidents", world) == set()
        nursery.cancel_scope.cancel()
