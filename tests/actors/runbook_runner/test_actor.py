# ruff: noqa: ARG002  # a fake takes what its port takes
"""The runbook runner: what a fix leaves behind on the host, in the journal and for people."""

from collections.abc import Sequence
from typing import TypeVar

import attrs
import pytest
import structlog.testing
import trio
import trio.lowlevel
import trio.testing

from actors.messages import (
    Decision,
    ExecuteRunbook,
    IntentState,
    Severity,
    State,
    Stop,
    StopKind,
    Verdict,
)
from runtime.errors import StoreError
from runtime.hosts.processes import Completed
from runtime.store import Write
from tests.actors.runbook_runner.fakes import INCIDENT, FakeHost, FakeLedgers, Room, runbook

T = TypeVar("T")


async def test_a_fix_is_captured_begun_done_and_verified(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room()
    await room.live()

    assert room.host.log == ["look", "capture", "act", "look", "look"]
    assert room.now_in() is State.HEALED
    assert room.told == [
        "detect_failed", "fix_started", "act_finished", "verifying", "verify_passed", "healed",
    ]  # fmt: skip
    assert room.ledgers.rows.verdicts == [Verdict.HEALED]
    assert room.stopped == []
    assert room.ledgers.power.calls == 3
    (intent,) = room.ledgers.rows.intents.values()
    assert (intent.state, intent.verdict) == (IntentState.FINISHED, Verdict.HEALED)
    assert intent.pre_state == '{"value":"yes"}'


async def test_a_healed_incident_is_watched_until_its_flap_window_is_over(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room()
    await room.live()
    due = room.ledgers.rows.incidents["inc_1"].due
    assert due is not None
    assert due.monotonic == trio.current_time() + 7200


async def test_drift_that_is_gone_is_closed_without_an_act(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room(host=FakeHost(value="no"))
    await room.live()

    assert room.host.log == ["look"]
    assert room.now_in() is State.CLOSED
    assert room.ledgers.rows.verdicts == [Verdict.NO_DRIFT]
    assert room.ledgers.rows.settled == ["inc_1"]
    assert not room.ledgers.rows.intents


@pytest.mark.parametrize("how", ["nothing", "fail"])
async def test_a_fix_that_does_not_hold_is_undone_and_goes_to_a_person(
    autojump_clock: trio.testing.MockClock, how: str
) -> None:
    room = Room(host=FakeHost(acts=[how]))
    await room.live()

    assert room.host.log[-2:] == ["undo", "capture"]
    assert room.ledgers.rows.states == [State.VERIFYING, State.ROLLED_BACK, State.ESCALATED]
    assert room.ledgers.rows.verdicts == [Verdict.ROLLED_BACK]
    assert room.stopped == [StopKind.ROLLED_BACK]
    assert not room.left_started


async def test_an_exit_code_neither_heals_nor_fails(autojump_clock: trio.testing.MockClock) -> None:
    room = Room(host=FakeHost(acts=["fail"]))
    room.host.value = "yes"
    await room.live()
    assert "act_finished" in room.told
    assert room.now_in() is State.ESCALATED


async def test_without_undo_a_failed_verify_has_failed(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room(book=runbook(undo=None), host=FakeHost(acts=["nothing"]))
    await room.live()

    assert "undo" not in room.host.log
    assert room.now_in() is State.ESCALATED
    assert room.ledgers.rows.verdicts == [Verdict.FAILED]
    assert room.stopped == [StopKind.FIX_FAILED]


async def test_an_undo_counts_only_when_the_host_is_as_it_was(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room(host=FakeHost(acts=["break"], undo_works=False))
    await room.live()

    assert room.ledgers.rows.verdicts == [Verdict.FAILED]
    assert room.ledgers.rows.stops[0].reason == "undo_failed"


async def test_an_act_at_its_deadline_is_looked_after_and_retried_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room(host=FakeHost(acts=["timeout", "ok"]))
    await room.live()

    assert room.host.log == ["look", "capture", "act", "look", "act", "look", "look"]
    assert room.now_in() is State.HEALED
    assert "fix_retried" in room.told


async def test_an_act_at_its_deadline_that_was_done_counts_when_verified(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room(host=FakeHost(acts=["late"]))
    await room.live()
    assert room.host.log.count("act") == 1
    assert room.now_in() is State.HEALED


@pytest.mark.parametrize(("idempotent", "acts"), [(True, 2), (False, 1)])
async def test_an_act_that_never_answers_is_unknown_and_goes_to_a_person(
    autojump_clock: trio.testing.MockClock, *, idempotent: bool, acts: int
) -> None:
    room = Room(
        book=runbook(idempotent=idempotent), host=FakeHost(acts=["timeout", "timeout", "timeout"])
    )
    await room.live()

    assert room.host.log.count("act") == acts
    assert room.now_in() is State.ESCALATED
    assert room.ledgers.rows.verdicts == [Verdict.UNKNOWN]
    assert room.stopped == [StopKind.FIX_UNKNOWN]
    assert not room.left_started


@pytest.mark.parametrize(("silent", "state"), [(1, State.HEALED), (2, State.ESCALATED)])
async def test_a_check_without_an_answer_is_asked_once_more(
    autojump_clock: trio.testing.MockClock, silent: int, state: State
) -> None:
    room = Room(host=FakeHost(silent=silent))
    await room.live()
    assert room.now_in() is state
    assert ("act" in room.host.log) is (state is State.HEALED)


async def test_a_check_that_hangs_is_no_pass(autojump_clock: trio.testing.MockClock) -> None:
    class Hanging(FakeHost):
        async def read_text(self, path: str, cap_bytes: int) -> str:
            await trio.sleep_forever()
            raise AssertionError

    room = Room(host=Hanging())
    await room.live()
    assert room.ledgers.rows.stops[0].reason == "detect_unknown"


async def test_nothing_is_done_where_undo_could_not_be_prepared(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room(host=FakeHost(capture_works=False))
    await room.live()
    assert "act" not in room.host.log
    assert room.ledgers.rows.stops[0].reason == "capture_failed"


@pytest.mark.parametrize(
    ("decision", "host", "reason"),
    [
        (Decision("R", "v", "execute_runbook", "RB-9"), "host-1", "runbook_missing"),
        (Decision("R", "v", "execute_runbook", "RB-1", {"path": "/x"}), "host-1", "params_invalid"),
        (Decision("R", "v", "execute_runbook", "RB-1"), "host-9", "host_unreachable"),
    ],
)
async def test_what_cannot_be_run_goes_to_a_person_untouched(
    autojump_clock: trio.testing.MockClock, decision: Decision, host: str, reason: str
) -> None:
    room = Room(incident=attrs.evolve(INCIDENT, decision=decision, host=host))
    await room.live()
    assert room.host.log == []
    assert room.ledgers.rows.stops[0].reason == reason
    assert room.now_in() is State.ESCALATED


async def test_a_runbook_for_another_check_is_not_run(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room(book=attrs.evolve(runbook(), checks=("other",)))
    await room.live()
    assert room.host.log == []
    assert room.ledgers.rows.stops[0].reason == "runbook_does_not_fit"


async def test_a_message_about_an_incident_that_went_on_is_dropped(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room()
    await room.live()
    before = list(room.host.log)
    await room.live()
    assert room.host.log == before


async def test_a_soak_leaves_the_lane_and_is_verified_again_when_it_is_over(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room(book=runbook(soak_s=30.0))
    await room.live()
    assert room.now_in() is State.VERIFYING
    assert room.told[-1] == "soak_started"
    due = room.ledgers.rows.incidents["inc_1"].due
    assert due is not None
    assert due.monotonic == trio.current_time() + 30

    await room.live()
    assert room.now_in() is State.VERIFYING

    await trio.sleep(30)
    await room.live()
    assert room.now_in() is State.HEALED
    assert room.host.log.count("act") == 1


async def test_a_fix_that_does_not_survive_its_soak_is_undone(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room(book=runbook(soak_s=30.0))
    await room.live()
    room.host.value = "yes"
    await trio.sleep(30)
    await room.live()
    assert room.ledgers.rows.verdicts == [Verdict.ROLLED_BACK]


async def test_every_check_that_must_pass_as_well_is_asked(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room(host=FakeHost(acts=["break"]))
    await room.live()
    assert room.ledgers.rows.verdicts == [Verdict.ROLLED_BACK]


async def test_stops_of_the_accounts_get_their_tickets_in_the_same_commit(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room(host=FakeHost(acts=["nothing"]))
    breaker = Stop(StopKind.BREAKER, "RB-1", Severity.HIGH, "breaker")
    room.ledgers.stops_of_accounts = (breaker,)
    await room.live()
    assert room.stopped == [StopKind.ROLLED_BACK, StopKind.BREAKER]


async def test_a_fix_that_was_overtaken_leaves_no_intent_behind(
    autojump_clock: trio.testing.MockClock,
) -> None:
    class Overtaken(FakeHost):
        def _act(self, _asked: object) -> Completed:
            rows.incidents["inc_1"] = attrs.evolve(INCIDENT, state=State.ESCALATED)
            return super()._act(_asked)

    room = Room(host=Overtaken())
    rows = room.ledgers.rows
    await room.live()
    assert room.now_in() is State.ESCALATED
    assert not room.left_started


async def test_a_fix_cut_by_a_drain_is_taken_up_by_a_look(
    autojump_clock: trio.testing.MockClock,
) -> None:
    class Slow(FakeHost):
        slow = True

        async def run(self, argv: Sequence[str], *, stdin: bytes, timeout_s: float) -> Completed:
            if self.slow and b'"act"' in stdin:
                await trio.sleep(9)
            return await super().run(argv, stdin=stdin, timeout_s=timeout_s)

    room = Room(host=Slow())
    with trio.move_on_after(5):
        await room.live()
    assert room.left_started
    Slow.slow = False

    await room.live()
    # Not before the deadline of the first act, in case it still runs somewhere.
    assert trio.current_time() >= 10
    assert room.now_in() is State.HEALED
    assert not room.left_started


async def test_no_output_of_a_script_and_no_value_reaches_trace_or_log(
    autojump_clock: trio.testing.MockClock,
) -> None:
    room = Room(host=FakeHost(acts=["fail"]))
    with structlog.testing.capture_logs() as lines:
        await room.live()
    said = repr(room.ledgers.rows.facts) + repr(lines) + repr(room.ledgers.rows.stops)
    assert "SECRET" not in said
    assert "setting yes" not in said


async def test_a_store_that_fails_lets_the_room_fall(
    autojump_clock: trio.testing.MockClock,
) -> None:
    class Broken(FakeLedgers):
        async def commit(self, *writes: Write[T]) -> list[T]:
            raise StoreError

    room = Room(ledgers=Broken())
    with pytest.raises(StoreError):
        await room.actor().handle(ExecuteRunbook(INCIDENT))
    assert "act" not in room.host.log
