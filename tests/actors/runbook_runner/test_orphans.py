"""A process that is killed leaves its script running: the next life lets it end first."""

import attrs
import pytest
import trio
import trio.testing

from actors.messages import ExecuteRunbook, State
from tests.actors.runbook_runner.fakes import INCIDENT, Cut, FakeHost, FakeLedgers, Power, Room

TIMEOUT_S = 10.0
"""Of the runbook."""


async def killed_in(phase: str, nth: int, acts: list[str]) -> Room:
    """Give the room whose process was killed as it began a phase for the nth time."""
    for cut_at in range(1, 30):
        power = Power(cut_at, after=True)
        room = Room(host=FakeHost(power, acts=list(acts)), ledgers=FakeLedgers(power))
        try:
            await room.live()
        except Cut:
            if room.host.log[-1] == phase and room.host.log.count(phase) == nth:
                return room
    raise AssertionError(f"{phase} is not begun {nth} times")


def changes(room: Room) -> list[str]:
    return [step for step in room.host.log if step in {"act", "undo"}]


@pytest.mark.parametrize(
    ("phase", "nth", "acts"), [("undo", 1, ["nothing"]), ("act", 2, ["timeout", "nothing"])]
)
async def test_nothing_is_done_beside_an_undo_or_a_retry_that_may_still_run(
    autojump_clock: trio.testing.MockClock, phase: str, nth: int, acts: list[str]
) -> None:
    room = await killed_in(phase, nth, acts)
    killed_at, done = trio.current_time(), changes(room)

    with trio.move_on_after(TIMEOUT_S - 1):
        await room.live()
    assert changes(room) == done

    await room.live()
    assert trio.current_time() >= killed_at + TIMEOUT_S
    assert room.now_in() in {State.ESCALATED, State.HEALED}
    assert not room.left_started


async def test_an_act_that_has_begun_to_work_is_not_undone_while_it_may_still_run(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Its check passes already, one that must pass as well does not yet."""
    room = await killed_in("act", 1, ["nothing"])
    killed_at = trio.current_time()
    room.book = attrs.evolve(room.book, checks=("setting", "also"))
    room.incident = attrs.evolve(room.incident, check="also")
    room.book = attrs.evolve(room.book, also_verify=("setting",))
    room.ledgers.rows.incidents[room.incident.id] = room.incident

    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.live)
        await trio.sleep(TIMEOUT_S / 2)
        assert "undo" not in room.host.log
        room.host.value = "no"  # the act of the earlier life goes on

    assert room.now_in() is State.HEALED
    assert trio.current_time() >= killed_at + TIMEOUT_S


async def test_an_undo_of_an_earlier_life_is_not_taken_for_a_fix_that_holds(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = await killed_in("undo", 1, ["nothing"])
    room.host.value = "no"  # for now: the undo has not come so far yet

    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.live)
        await trio.sleep(TIMEOUT_S / 2)
        room.host.value = "yes"

    assert room.now_in() is State.ESCALATED


async def test_no_fix_begins_on_a_host_where_another_is_half_done(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = await killed_in("act", 1, ["nothing"])
    allowed = attrs.evolve(INCIDENT, id="inc_0")
    room.ledgers.rows.incidents[allowed.id] = allowed

    await room.actor().handle(ExecuteRunbook(allowed))

    assert not room.left_started
    assert room.now_in() is State.HEALED
    assert room.ledgers.rows.incidents[allowed.id].state is State.CLOSED  # nothing left to heal


async def test_an_act_that_ended_is_not_waited_for_when_its_soak_is_over(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room(book=attrs.evolve(Room().book, soak_s=1.0))
    await room.live()
    assert room.now_in() is State.VERIFYING

    await trio.sleep(1)
    await room.live()

    assert room.now_in() is State.HEALED
    assert trio.current_time() < TIMEOUT_S
