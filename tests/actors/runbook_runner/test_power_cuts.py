"""The power goes at every call that the runner makes, before it and after it."""

from collections.abc import Callable

import pytest
import trio
import trio.testing

from actors.messages import State
from tests.actors.runbook_runner.fakes import Cut, FakeHost, FakeLedgers, Power, Room, runbook

SCENARIOS: dict[str, Callable[[Power], Room]] = {
    "healed": lambda power: Room(host=FakeHost(power), ledgers=FakeLedgers(power)),
    "soaked": lambda power: Room(
        book=runbook(soak_s=30), host=FakeHost(power), ledgers=FakeLedgers(power)
    ),
    "rolled_back": lambda power: Room(
        host=FakeHost(power, acts=["nothing"] * 3), ledgers=FakeLedgers(power)
    ),
    "retried": lambda power: Room(
        host=FakeHost(power, acts=["timeout"]), ledgers=FakeLedgers(power)
    ),
    "not_idempotent": lambda power: Room(
        book=runbook(idempotent=False), host=FakeHost(power), ledgers=FakeLedgers(power)
    ),
}
ENDS = {State.HEALED, State.ESCALATED}
MOST_CALLS = 30


async def to_the_end(room: Room) -> bool:
    """Live again and again as the journal asks for it; say whether the power went."""
    was_cut = False
    for _ in range(9):
        try:
            await room.live()
        except Cut:
            was_cut = True
        if room.now_in() in ENDS:
            return was_cut
        await trio.sleep(30)
    pytest.fail(f"still {room.now_in()}: {room.told}")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_a_cut_at_any_call_leaves_nothing_started_and_nothing_done_blindly(
    autojump_clock: trio.testing.MockClock, scenario: str, *, after: bool
) -> None:
    for cut_at in range(1, MOST_CALLS):
        room = SCENARIOS[scenario](Power(cut_at, after))
        was_cut = await to_the_end(room)

        assert not room.left_started
        for before, step in zip(room.host.log, room.host.log[1:], strict=False):
            assert step != "act" or before in {"look", "capture"}
        assert room.host.log.count("act") <= 2
        if scenario in {"healed", "soaked"}:
            assert room.now_in() is State.HEALED
            assert room.host.value == "no"
        elif scenario == "rolled_back":
            assert room.host.value == "yes"
        elif scenario == "not_idempotent":
            assert room.host.log.count("act") <= 1
        if not was_cut:
            assert cut_at > 5
            return
    pytest.fail(f"{scenario} makes more calls than {MOST_CALLS}")
