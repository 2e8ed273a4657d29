"""After a crash everything unfinished is handed out again, and what stays so goes to a person."""

import attrs
import pytest

from actors.journal import trace_of
from actors.messages import State, Status, StopKind
from tests.actors.journal.test_due import Overtaken, Rooms

UNFINISHED = [State.OBSERVED, State.DECIDING, State.ACTING, State.VERIFYING]


@pytest.fixture
def rooms() -> Rooms:
    return Rooms()


async def start(rooms: Rooms) -> list[str]:
    """Start the appliance anew and give what it hands out."""
    rooms.world.clock.restart(off=10)
    rooms.to_l1.waiting.clear()
    rooms.to_runner.waiting.clear()
    await rooms.due_work.recover()
    return rooms.deciding + rooms.running


@pytest.mark.parametrize("state", State)
async def test_a_start_hands_out_what_is_unfinished_and_nothing_else(
    rooms: Rooms, state: State
) -> None:
    incident = await rooms.world.drift(state=state)

    handed_out = await start(rooms)

    assert handed_out == ([incident.id] if state in UNFINISHED else [])


async def test_more_than_a_room_takes_at_once_comes_later(rooms: Rooms) -> None:
    for number in range(20):
        await rooms.world.drift(f"ws-{number:02}")

    heard = await start(rooms)
    for _ in range(2):
        rooms.to_l1.waiting.clear()
        rooms.world.clock.wait(5)
        await rooms.ring()
        heard += rooms.deciding

    assert len(set(heard)) == 20


@pytest.mark.parametrize("state", UNFINISHED)
async def test_the_third_start_in_a_row_escalates_with_one_ticket(
    rooms: Rooms, state: State
) -> None:
    incident = await rooms.world.drift(state=state)

    assert await start(rooms) == [incident.id]
    assert await start(rooms) == [incident.id]
    third = await start(rooms)
    fourth = await start(rooms)

    given_up = await rooms.world.get(incident.id)
    assert (given_up.state, given_up.reason) == (State.ESCALATED, StopKind.DEAD_LETTER)
    assert rooms.world.tickets.stops == [(StopKind.DEAD_LETTER, incident.id)]
    last = (await rooms.world.store.read(trace_of(incident.id)))[-1]
    assert (last["kind"], last["body"]) == ("dead_lettered", {"starts": 3})
    # The runner hears of a fix once more, to end its intent; L1 has nothing to do.
    assert third == ([incident.id] if state in (State.ACTING, State.VERIFYING) else [])
    assert fourth == []


async def test_what_was_settled_before_it_is_given_up_stays_settled(rooms: Rooms) -> None:
    world = rooms.world
    incident = await world.drift(state=State.DECIDING)
    await start(rooms)
    await start(rooms)

    async def close_it() -> None:
        await world.record(world.heard(Status.PASS))

    [[stalled]] = await world.store.commit(world.journal.stalled())
    overtaken = Overtaken(world.store, [close_it])
    await attrs.evolve(rooms.due_work, store=overtaken)._give_up(stalled)

    assert (await world.get(incident.id)).state is State.CLOSED
    assert world.tickets.opened == []


async def test_a_move_between_two_starts_begins_the_count_anew(rooms: Rooms) -> None:
    incident = await rooms.world.drift()
    await start(rooms)
    await start(rooms)

    await rooms.world.move(await rooms.world.get(incident.id), State.DECIDING)

    assert await start(rooms) == [incident.id]
    assert rooms.world.tickets.opened == []


@pytest.mark.parametrize(("reason", "asked_again"), [("audit", True), ("rejected", False)])
async def test_what_audit_refused_is_asked_again_for_its_mode_may_have_changed(
    rooms: Rooms, reason: str, asked_again: bool
) -> None:
    incident = await rooms.world.drift(state=State.DECIDING)
    await rooms.world.move(incident, State.REFUSED, reason=reason)

    await start(rooms)
    await rooms.ring()

    assert rooms.deciding == ([incident.id] if asked_again else [])
