"""What comes due: by the monotonic clock within a boot, by the wall across boots."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import TypeVar

import attrs
import pytest
import trio
import trio.testing

from actors.journal import DueWork, Heard, JournalActor
from actors.journal.core import NO_ROOM_PAUSE, STALLED_AFTER
from actors.messages import ExecuteRunbook, Incident, IncidentToDecide, State, Status, StopKind
from actors.requests import RecordObservation
from runtime.actor import actor, service
from runtime.alarm import Alarm
from runtime.clock import VirtualClock
from runtime.errors import StoreFullError
from runtime.mailbox import Mailbox
from runtime.store import Query, Store, Write
from tests.actors.journal.world import EPOCH, World
from tests.runtime.crew import running

T = TypeVar("T")

HOUR = dt.timedelta(hours=1)


@attrs.define
class Rooms:
    """The due work of a world, and the mailboxes that it fills."""

    world: World = attrs.field(factory=World)
    to_l1: Mailbox[IncidentToDecide] = attrs.field(
        factory=lambda: Mailbox[IncidentToDecide]("to_l1", capacity=8)
    )
    to_runner: Mailbox[ExecuteRunbook] = attrs.field(
        factory=lambda: Mailbox[ExecuteRunbook]("to_runner", capacity=8)
    )

    @property
    def due_work(self) -> DueWork:
        world = self.world
        return DueWork(
            self.to_l1.post,
            self.to_runner.post,
            world.store,
            world.journal,
            world.tickets,
            world.clock,
        )

    async def due(self) -> list[Incident]:
        return await self.world.store.read(self.world.journal.due(self.world.now, 100))

    async def ring(self) -> None:
        await self.due_work.ring(self.world.clock.now())

    @property
    def deciding(self) -> list[str]:
        return [message.incident.id for message in self.to_l1.waiting]

    @property
    def running(self) -> list[str]:
        return [message.incident.id for message in self.to_runner.waiting]


@attrs.define
class Overtaken:
    """A store in which somebody else commits just before the first commit."""

    store: Store
    others: list[Callable[[], Awaitable[object]]]

    async def commit(self, *writes: Write[T]) -> list[T]:
        while self.others:
            await self.others.pop()()
        return await self.store.commit(*writes)

    async def read(self, query: Query[T]) -> T:
        return await self.store.read(query)


@attrs.define
class FullFor:
    """A store that finds no room for its first commits but one."""

    store: Store
    commits: int
    kept: int = 1

    async def commit(self, *writes: Write[T]) -> list[T]:
        if self.kept:
            self.kept -= 1
        elif self.commits:
            self.commits -= 1
            raise StoreFullError("no room is left; nothing of it was kept")
        return await self.store.commit(*writes)

    async def read(self, query: Query[T]) -> T:
        return await self.store.read(query)


@pytest.fixture
def rooms() -> Rooms:
    return Rooms()


async def refused(world: World, *, due_in: float) -> Incident:
    deciding = await world.drift(state=State.DECIDING)
    return await world.move(deciding, State.REFUSED, due_in=due_in, reason="budget")


@pytest.mark.parametrize("jump", [-HOUR, dt.timedelta(), HOUR, dt.timedelta(days=400)])
async def test_a_wall_clock_that_is_set_changes_nothing_within_a_boot(
    rooms: Rooms, jump: dt.timedelta
) -> None:
    clock = rooms.world.clock
    await refused(rooms.world, due_in=600)

    clock.wall += jump
    clock.wait(599)
    assert await rooms.due() == []
    assert await rooms.due_work.next_due() == clock.now() + dt.timedelta(seconds=1)
    clock.wait(1)
    assert len(await rooms.due()) == 1


async def test_across_boots_the_wall_clock_counts(rooms: Rooms) -> None:
    clock = rooms.world.clock
    await refused(rooms.world, due_in=600)
    instant = clock.now() + dt.timedelta(seconds=600)

    clock.restart(off=599)
    assert await rooms.due() == []
    assert await rooms.due_work.next_due() == instant
    clock.wait(1)
    assert len(await rooms.due()) == 1


async def test_the_next_instant_is_the_first_of_both_clocks(rooms: Rooms) -> None:
    world = rooms.world
    await refused(world, due_in=600)
    world.clock.restart(off=0)
    other = await world.drift("ws-2", state=State.DECIDING)

    await world.move(other, State.REFUSED, due_in=300)

    assert await rooms.due_work.next_due() == world.clock.now() + dt.timedelta(seconds=300)


@pytest.mark.parametrize("seconds", [0.1234563, 1e-9, 59.9999999])
async def test_at_the_instant_that_is_told_the_incident_is_due(
    rooms: Rooms, seconds: float
) -> None:
    clock = rooms.world.clock
    await refused(rooms.world, due_in=seconds)

    instant = await rooms.due_work.next_due()
    assert instant is not None
    clock.wait((instant - clock.now()).total_seconds())

    assert len(await rooms.due()) == 1


async def test_nothing_is_due_when_all_is_settled(rooms: Rooms) -> None:
    await rooms.world.drift(state=State.CLOSED)

    assert await rooms.due_work.next_due() is None


@pytest.mark.parametrize("state", [State.REFUSED, State.SUPPRESSED])
async def test_what_was_held_back_is_decided_again(rooms: Rooms, state: State) -> None:
    incident = await rooms.world.drift(state=State.DECIDING)
    await rooms.world.move(incident, state, due_in=600, reason="budget")
    rooms.world.clock.wait(600)

    await rooms.ring()

    assert (await rooms.world.get(incident.id)).state is State.DECIDING
    assert [each.incident.state for each in rooms.to_l1.waiting] == [State.DECIDING]


async def test_an_approval_that_nobody_gave_expires_with_a_ticket(rooms: Rooms) -> None:
    deciding = await rooms.world.drift(state=State.DECIDING)
    incident = await rooms.world.move(deciding, State.AWAITING_APPROVAL, due_in=600)
    rooms.world.clock.wait(600)

    await rooms.ring()

    expired = await rooms.world.get(incident.id)
    assert (expired.state, expired.reason, expired.due) == (State.REFUSED, "expired", None)
    assert rooms.world.tickets.stops == [(StopKind.EXPIRED, incident.id)]


async def test_what_stayed_healed_is_closed(rooms: Rooms) -> None:
    verifying = await rooms.world.drift(state=State.VERIFYING)
    healed = await rooms.world.move(verifying, State.HEALED, due_in=7200)
    rooms.world.clock.wait(7199)
    await rooms.ring()
    assert (await rooms.world.get(healed.id)).state is State.HEALED

    rooms.world.clock.wait(1)
    await rooms.ring()

    assert (await rooms.world.get(healed.id)).state is State.CLOSED


@pytest.mark.parametrize("state", [State.OBSERVED, State.DECIDING, State.ACTING, State.VERIFYING])
async def test_work_that_nobody_took_further_is_handed_out_again(
    rooms: Rooms, state: State
) -> None:
    incident = await rooms.world.drift(state=state)
    rooms.world.clock.wait(STALLED_AFTER)

    await rooms.ring()
    await rooms.ring()

    handed_out = rooms.deciding + rooms.running
    assert handed_out == [incident.id]
    assert bool(rooms.running) is (state in (State.ACTING, State.VERIFYING))
    assert (await rooms.world.get(incident.id)).due == rooms.world.now.after(STALLED_AFTER)


async def test_what_found_no_room_is_offered_again_soon(rooms: Rooms) -> None:
    incidents = [await rooms.world.drift(f"ws-{number:02}") for number in range(20)]
    rooms.world.clock.wait(STALLED_AFTER)

    heard: list[str] = []
    for _ in range(3):
        await rooms.ring()
        heard += rooms.deciding
        rooms.to_l1.waiting.clear()
        rooms.world.clock.wait(NO_ROOM_PAUSE)

    assert heard == [each.id for each in incidents]


async def test_an_approval_expires_on_time_while_l1_is_jammed(rooms: Rooms) -> None:
    for number in range(300):
        await rooms.world.drift(f"ws-{number:03}")
    deciding = await rooms.world.drift("late", state=State.DECIDING)
    waiting = await rooms.world.move(deciding, State.AWAITING_APPROVAL, due_in=STALLED_AFTER)
    rooms.world.clock.wait(STALLED_AFTER)

    await rooms.ring()

    assert len(rooms.deciding) == 8
    assert (await rooms.world.get(waiting.id)).state is State.REFUSED


async def test_an_instant_on_a_state_that_waits_for_nothing_is_forgotten(rooms: Rooms) -> None:
    deciding = await rooms.world.drift(state=State.DECIDING)
    escalated = await rooms.world.move(deciding, State.ESCALATED, due_in=1)
    rooms.world.clock.wait(1)

    await rooms.ring()

    assert await rooms.world.get(escalated.id) == attrs.evolve(escalated, due=None)


async def test_a_person_who_was_faster_is_not_overruled(rooms: Rooms) -> None:
    world = rooms.world
    incident = await refused(world, due_in=0)

    async def close_it() -> None:
        await world.record(world.heard(Status.PASS))

    due_work = attrs.evolve(rooms.due_work, store=Overtaken(world.store, [close_it]))
    await due_work.ring(world.clock.now())

    assert (await world.get(incident.id)).state is State.CLOSED
    assert rooms.deciding == []


async def test_an_incident_that_moved_on_meanwhile_keeps_its_own_instant(rooms: Rooms) -> None:
    world = rooms.world
    incident = await world.drift(state=State.DECIDING)
    world.clock.wait(STALLED_AFTER)
    expiry = world.now.after(14_400)

    async def ask_a_person() -> None:
        await world.move(incident, State.AWAITING_APPROVAL, due_in=14_400)

    due_work = attrs.evolve(rooms.due_work, store=Overtaken(world.store, [ask_a_person]))
    await due_work.ring(world.clock.now())

    assert (await world.get(incident.id)).due == expiry


async def test_a_jammed_l1_stops_no_recording_and_what_found_no_room_comes_when_due(
    autojump_clock: trio.testing.MockClock,
) -> None:
    world, clock = World(), VirtualClock(EPOCH)
    heard = Mailbox[Heard]("heard", capacity=16)
    to_l1 = Mailbox[IncidentToDecide]("to_l1", capacity=2)
    to_runner = Mailbox[ExecuteRunbook]("to_runner", capacity=2)
    due_work = DueWork(to_l1.post, to_runner.post, world.store, world.journal, world.tickets, clock)
    alarm = Alarm(due_work.next_due, due_work.ring, clock)
    world.store.on_commit = alarm.changed
    journal = actor(
        "journal",
        reads=heard,
        make=lambda: JournalActor(
            to_l1.post, world.store, world.journal, world.coverage, clock, world.ids
        ),
    )

    async with running(journal, service("due_work", alarm.run), settle=0):
        for number in range(6):
            await RecordObservation(world.heard(host=f"ws-{number}")).ask(heard.post)
        assert trio.current_time() < 1
        assert [message.incident.host for message in to_l1.waiting] == ["ws-0", "ws-1"]

        came: list[str] = []
        to_l1.waiting.clear()
        for _ in range(20):
            await trio.sleep(NO_ROOM_PAUSE)
            came += [message.incident.host for message in to_l1.waiting]
            to_l1.waiting.clear()

    assert {"ws-2", "ws-3", "ws-4", "ws-5"} <= set(came)


async def test_a_start_in_the_middle_of_a_soak_leaves_its_end_where_it_was(rooms: Rooms) -> None:
    acting = await rooms.world.drift(state=State.ACTING)
    soaking = await rooms.world.move(acting, State.VERIFYING, due_in=5)
    rooms.world.clock.wait(1)

    await rooms.due_work.recover()

    assert rooms.running == [soaking.id]
    assert (await rooms.world.get(soaking.id)).due == soaking.due


@pytest.mark.parametrize("off", [0, 1, 8])
async def test_a_disk_without_room_makes_due_work_late_and_ends_nothing(
    rooms: Rooms, off: int, autojump_clock: trio.testing.MockClock
) -> None:
    verifying = await rooms.world.drift(state=State.VERIFYING)
    healed = await rooms.world.move(verifying, State.HEALED, due_in=0)

    due_work = attrs.evolve(rooms.due_work, store=FullFor(rooms.world.store, off, kept=0))
    await due_work.ring(rooms.world.clock.now())

    assert (await rooms.world.get(healed.id)).state is State.CLOSED
    assert {kind for kind, _ in rooms.world.tickets.stops} <= {StopKind.STORE}
    assert bool(rooms.world.tickets.stops) is (off == 1)  # while there is room for that much


async def test_what_waited_for_room_is_dated_when_there_was_some(
    rooms: Rooms, autojump_clock: trio.testing.MockClock
) -> None:
    """Of a ticket that is dated an hour back people hear at once that nobody answered it."""
    world = rooms.world

    class Late(FullFor):
        async def commit(self, *writes: Write[T]) -> list[T]:
            if self.commits == 1:  # the last one
                world.clock.wait(3600)
            return await super().commit(*writes)

    asked = await world.drift(state=State.AWAITING_APPROVAL)
    await world.store.commit(world.journal.postpone(asked, world.now))

    due_work = attrs.evolve(rooms.due_work, store=Late(world.store, 9, kept=0))
    await due_work.ring(world.clock.now())

    [opened_at] = [at for stop, at in world.tickets.opened if stop.kind is StopKind.EXPIRED]
    assert opened_at == world.now
    assert (await world.get(asked.id)).moved_at == world.clock.now()


async def test_a_start_on_a_full_disk_counts_as_one_start(
    rooms: Rooms, autojump_clock: trio.testing.MockClock
) -> None:
    incident = await rooms.world.drift(state=State.DECIDING)

    due_work = attrs.evolve(rooms.due_work, store=FullFor(rooms.world.store, 9))
    await due_work.recover()

    there = await rooms.world.get(incident.id)
    assert (there.state, there.stalled_starts) == (State.DECIDING, 1)
    assert rooms.deciding == [incident.id]
