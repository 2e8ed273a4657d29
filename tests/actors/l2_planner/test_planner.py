"""The planner's room: one commit a decision, a person wherever there is no plan, money counted."""

import datetime as dt
import sqlite3

import attrs
import pytest
import trio
from trio.testing import MockClock

from actors.l2_planner import Budgets, PlanAccounts, PlanMemory, PlannerSettings, PlanRecord, Prompt
from actors.messages import (
    Decision,
    Fact,
    Mode,
    Moment,
    Move,
    PlanWanted,
    Severity,
    State,
    StopKind,
    Verdict,
)
from runtime.errors import StoreError
from runtime.hosts.http_client import Reply
from runtime.logs import silenced
from runtime.scrub import ScrubError, ours
from runtime.store import Write
from tests.actors.l2_planner.room import Room, Said, fails, hangs, is_gone, plan, rich, says

PROMPT = Prompt(ours("You choose."), ours("Which?"), ours("{}"))
AUTO = PlannerSettings(mode=Mode.AUTO)


async def test_what_the_gate_accepts_is_proposed_with_the_mode_of_the_site(
    autojump_clock: MockClock,
) -> None:
    room = Room.of(says(plan()), settings=AUTO)
    message = await room.drift()

    incident = await room.planned(message)

    decision = incident.decision
    assert incident.state is State.DECIDING
    assert decision is not None
    assert decision.plan is not None
    assert (decision.runbook_id, decision.mode, decision.rule_id) == ("RB-1", Mode.AUTO, "")
    assert (decision.plan.provider, decision.plan.model) == ("a", "model-a")
    assert decision.plan.confidence == pytest.approx(0.9)
    assert decision.made_by == decision.plan.pattern_signature
    [proposed] = room.gate.waiting
    assert proposed.incident.decision == decision
    assert await room.tickets() == []


async def test_its_record_says_everything_that_explains_it(autojump_clock: MockClock) -> None:
    room = Room.of(says(plan(), after_s=1.5), settings=AUTO)
    message = await room.drift()

    incident = await room.planned(message)

    [record] = await room.records()
    assert incident.decision is not None
    assert incident.decision.plan is not None
    assert record.id == incident.decision.plan.decision_id
    assert record.incident_id == incident.id
    assert (record.ruling, record.reason, record.runbook_id) == ("accept", "ok", "RB-1")
    assert record.candidates == ("RB-1", "RB-2")
    assert record.tokens is not None
    assert record.cost == 800 + 100 + 60 * 5 == await room.spent()
    assert record.took_ms >= 1500
    assert len(record.prompt_hash) == 64
    assert [(each.provider, each.outcome) for each in record.tries] == [("a", "answered")]
    assert await room.trace(message) == ["drift_observed", "no_rule_matched", "plan_made"]


@pytest.mark.parametrize(
    ("said", "mode", "asks"),
    [
        (plan(confidence=0.5), Mode.AUTO, Mode.APPROVE),
        (plan(requires_human_review=True), Mode.AUTO, Mode.APPROVE),
        (plan(runbook_id="RB-2"), Mode.AUTO, Mode.APPROVE),
        (plan(confidence=0.5), Mode.AUDIT, Mode.AUDIT),
        (plan(), Mode.APPROVE, Mode.APPROVE),
        (plan(), Mode.AUDIT, Mode.AUDIT),
    ],
)
async def test_what_a_person_must_see_asks_at_least(
    said: str, mode: Mode, asks: Mode, autojump_clock: MockClock
) -> None:
    room = Room.of(says(said), settings=PlannerSettings(mode=mode))

    incident = await room.planned(await room.drift())

    assert incident.decision is not None
    assert incident.decision.mode is asks
    assert len(room.gate.waiting) == 1


@pytest.mark.parametrize(
    ("said", "reason", "ruling"),
    [
        (plan(runbook_id=None), "plan_abstained", "review"),
        (plan(runbook_id="RB-9"), "plan_rejected", "reject"),
        (plan(params={"cmd": "rm -rf /"}), "plan_rejected", "reject"),
        ("Sure! I would restart it.", "plan_rejected", "reject"),
    ],
)
async def test_without_a_plan_a_person_gets_the_incident(
    said: str, reason: str, ruling: str, autojump_clock: MockClock
) -> None:
    room = Room.of(says(said), settings=AUTO)
    message = await room.drift()

    incident = await room.planned(message)

    assert (incident.state, incident.reason) == (State.ESCALATED, reason)
    [ticket] = await room.tickets()
    assert (ticket.kind, ticket.key, ticket.reason) == (StopKind.NO_RULE, incident.id, reason)
    assert not room.gate.waiting
    [record] = await room.records()
    assert record.ruling == ruling
    assert record.runbook_id is None
    assert (await room.trace(message))[-2:] == ["plan_not_made", "escalated"]


async def test_nobody_is_asked_where_no_runbook_fits(autojump_clock: MockClock) -> None:
    room = Room.of(says(plan()))

    incident = await room.planned(await room.drift(check="windows_defender"))

    assert incident.reason == "no_candidates"
    assert room.models.asked.total() == 0


async def test_what_could_not_be_scrubbed_leaves_nobody_and_a_person_is_told(
    autojump_clock: MockClock,
) -> None:
    room = Room.of(says(plan()))
    message = await room.drift()
    actor = room.actor()

    def unscrubbed(*_: object) -> None:
        raise ScrubError("a text was not scrubbed")

    actor.prompt = unscrubbed  # type: ignore[assignment]
    await actor.handle(message)

    assert (await room.get(message)).reason == "scrub_failed"
    assert room.models.asked.total() == 0


async def test_a_wish_that_somebody_settled_since_is_dropped(autojump_clock: MockClock) -> None:
    room = Room.of(says(plan()), settings=AUTO)
    message = await room.drift()
    actor = room.actor()
    await actor.handle(message)

    await actor.handle(message)  # as it stood before the plan
    closed = await room.drift(host="ws-2")
    move = Move(State.CLOSED, (State.DECIDING,), Fact("passed"))
    await room.store.commit(room.journal.move(closed.incident.id, move, Moment.read(room.clock)))
    await actor.handle(closed)

    assert len(room.gate.waiting) == 1
    assert room.models.asked.total() == 1


async def test_an_incident_that_moves_on_while_a_model_thinks_is_paid_for_and_left(
    autojump_clock: MockClock,
) -> None:
    room = Room.of(says(plan(), after_s=5), settings=AUTO)
    message = await room.drift()
    move = Move(State.CLOSED, (State.DECIDING,), Fact("passed"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.actor().handle, message)
        await trio.sleep(1)
        await room.store.commit(
            room.journal.move(message.incident.id, move, Moment.read(room.clock))
        )

    [record] = await room.records()
    assert record.reason == "incident_moved_on"
    assert record.cost == await room.spent() > 0
    assert not room.gate.waiting
    assert await room.tickets() == []


@pytest.mark.parametrize("said", [plan(), plan(runbook_id=None), "Sure!"])
async def test_what_a_rule_decides_while_a_model_thinks_stands(
    said: str, autojump_clock: MockClock
) -> None:
    room = Room.of(says(said, after_s=5), settings=AUTO)
    message = await room.drift()
    now = Moment.read(room.clock)
    by_rule = Decision("L1-FW-001", "v2", "execute_runbook", "RB-2", {}, Mode.APPROVE)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.actor().handle, message)
        await trio.sleep(1)
        await room.store.commit(
            room.journal.decide_again(
                message.incident.id, by_rule, Fact("rule_matched"), now.after(60), now
            )
        )

    incident = await room.get(message)
    assert (incident.state, incident.decision) == (State.DECIDING, by_rule)
    [record] = await room.records()
    assert record.reason == "incident_moved_on"
    assert not room.gate.waiting
    assert await room.tickets() == []


@pytest.mark.parametrize("reasoning", ["\ud800", "a\x00b\x1b[31m", "\u202e" * 3, "x" * 9_000])
async def test_whatever_a_model_says_can_be_kept_and_shown(
    reasoning: str, autojump_clock: MockClock
) -> None:
    room = Room.of(says(plan(reasoning=reasoning)), settings=AUTO)

    incident = await room.planned(await room.drift())

    assert incident.decision is not None
    [record] = await room.records()
    assert record.reasoning.isprintable()
    assert len(record.reasoning) <= 2_000


# The chain.


async def test_the_next_provider_is_asked_when_one_fails_and_each_has_its_share_of_time(
    autojump_clock: MockClock,
) -> None:
    room = Room.of(hangs, fails(503), says(plan()), settings=attrs.evolve(AUTO, timeout_s=30.0))

    begun = trio.current_time()
    incident = await room.planned(await room.drift())

    assert incident.decision is not None
    assert trio.current_time() - begun == pytest.approx(10, abs=1)
    [record] = await room.records()
    assert [each.outcome for each in record.tries] == ["timeout", "unavailable", "answered"]
    assert record.provider == "c"


@pytest.mark.parametrize("said", [hangs, is_gone, fails(500), fails(401), fails(429), says("")])
async def test_when_every_provider_fails_a_ticket_is_there_before_the_deadline_and_a_second(
    said: Said, autojump_clock: MockClock
) -> None:
    room = Room.of(said, said, said, settings=attrs.evolve(AUTO, timeout_s=20.0))
    took = list[float]()
    actor = room.actor()
    for number in range(9):
        message = _of_kind(await room.drift(host=f"ws-{number}"), number)
        begun = trio.current_time()
        await actor.handle(message)
        took.append(trio.current_time() - begun)
        assert (await room.get(message)).reason == "providers_failed"

    assert sorted(took)[4] < 21
    assert max(took) < 21
    assert sum(ticket.kind is StopKind.NO_RULE for ticket in await room.tickets()) == 9


async def test_a_pause_that_the_only_provider_asks_for_is_kept_within_the_deadline(
    autojump_clock: MockClock,
) -> None:
    answers = iter([fails(429, retry_after="4"), says(plan())])

    async def limited() -> Reply:
        return await next(answers)()

    room = Room.of(limited, settings=AUTO)

    begun = trio.current_time()
    incident = await room.planned(await room.drift())

    assert incident.decision is not None
    assert trio.current_time() - begun == pytest.approx(4, abs=0.1)


async def test_a_provider_that_fails_again_and_again_is_left_alone_with_one_ticket(
    autojump_clock: MockClock,
) -> None:
    room = Room.of(hangs, says(plan()), settings=AUTO)
    actor = room.actor()

    for number in range(6):
        await actor.handle(_of_kind(await room.drift(host=f"ws-{number}"), number))

    assert room.models.asked["a"] == 3
    [ticket] = await room.tickets()
    assert (ticket.kind, ticket.key, ticket.reason) == (StopKind.PROVIDER_DOWN, "a", "timeout")

    room.models.said["a"] = says(plan())
    await trio.sleep(60)
    await actor.handle(await room.drift(host="ws-9", actual="1"))
    assert await room.tickets() == []


async def test_a_ticket_of_an_earlier_life_ends_with_the_first_answer_of_this_one(
    autojump_clock: MockClock,
) -> None:
    room = Room.of(fails(401), settings=AUTO)
    await room.planned(await room.drift())
    assert StopKind.PROVIDER_DOWN in {ticket.kind for ticket in await room.tickets()}

    room.models.said["a"] = says(plan())
    await room.planned(await room.drift(host="ws-2"))  # a new actor: its breakers know nothing

    assert StopKind.PROVIDER_DOWN not in {ticket.kind for ticket in await room.tickets()}


async def test_a_provider_whose_ticket_could_not_be_kept_is_told_of_with_the_next_plan(
    autojump_clock: MockClock,
) -> None:
    room = Room.of(fails(401), says(plan()), settings=AUTO)
    message = await room.drift()
    actor = room.actor()
    memory = actor.memory

    actor.memory = _Breaking(memory, _the_disk_fails)  # type: ignore[assignment]
    with pytest.raises(StoreError):
        await actor.handle(message)
    assert await room.tickets() == []
    actor.memory = memory
    for again in (message, await room.drift(host="ws-2", actual="1")):
        await actor.handle(again)

    [ticket] = await room.tickets()
    assert (ticket.kind, ticket.key, ticket.reason) == (
        StopKind.PROVIDER_DOWN,
        "a",
        "unauthorized",
    )


async def test_a_provider_whose_answer_could_not_be_kept_ends_its_ticket_with_the_next_plan(
    autojump_clock: MockClock,
) -> None:
    room = Room.of(fails(401), settings=AUTO)
    await room.planned(await room.drift())
    room.models.said["a"] = says(plan())
    message = await room.drift(host="ws-2")
    actor = room.actor()
    memory = actor.memory

    actor.memory = _Breaking(memory, _the_disk_fails)  # type: ignore[assignment]
    with pytest.raises(StoreError):
        await actor.handle(message)
    assert StopKind.PROVIDER_DOWN in {ticket.kind for ticket in await room.tickets()}
    actor.memory = memory
    await actor.handle(message)

    assert StopKind.PROVIDER_DOWN not in {ticket.kind for ticket in await room.tickets()}


# Money.


async def test_what_was_reserved_when_the_process_died_counts_as_spent(
    autojump_clock: MockClock,
) -> None:
    room = Room.of(says(plan(), after_s=20), settings=AUTO)
    message = await room.drift()

    with trio.move_on_after(5):
        await room.actor().handle(message)  # kill -9 between send and record

    reserved = await room.spent()
    assert reserved > 0
    assert (await room.get(message)).state is State.DECIDING  # due again, so it is not stuck
    incident = await room.planned(await room.again(message))
    assert incident.decision is not None
    assert await room.spent() == reserved + 1200


async def test_a_commit_that_fails_keeps_nothing_of_the_decision(autojump_clock: MockClock) -> None:
    room = Room.of(says(plan()), settings=AUTO)
    message = await room.drift()
    actor = room.actor()

    actor.memory = _Breaking(actor.memory, _the_disk_fails)  # type: ignore[assignment]
    with pytest.raises(StoreError):
        await actor.handle(message)

    assert await room.records() == []
    assert not room.gate.waiting
    assert (await room.get(message)).decision is None


def _the_disk_fails(_: sqlite3.Connection) -> None:
    raise StoreError("the disk failed")


@attrs.define
class _Breaking:
    """A memory that cannot keep a decision."""

    memory: PlanMemory
    breaks: Write[None]

    def keep(self, _: PlanRecord) -> Write[None]:
        return self.breaks

    def __getattr__(self, name: str) -> object:
        return getattr(self.memory, name)


@pytest.mark.parametrize(
    ("budgets", "key"),
    [
        (rich(calls_hour=2), "hour_calls/2026-11-29T12"),
        (rich(calls_day=2), "day_calls/2026-11-29"),
        (rich(hour=9_000), "hour/2026-11-29T12"),
        (rich(day=9_000), "day/2026-11-29"),
    ],
)
async def test_over_budget_is_one_ticket_for_the_budget_and_its_period(
    budgets: Budgets, key: str, autojump_clock: MockClock
) -> None:
    room = Room.of(says(plan()), settings=attrs.evolve(AUTO, budgets=budgets))
    actor = room.actor()

    for number in range(20):
        await actor.handle(_of_kind(await room.drift(host=f"ws-{number}"), number))

    [ticket] = await room.tickets()
    assert (ticket.kind, ticket.key) == (StopKind.PLAN_BUDGET, key)
    assert ticket.incidents >= 10
    assert await room.spent() <= 9_000 or key.endswith("T12") or "calls" in key


def _of_kind(message: PlanWanted, number: int) -> PlanWanted:
    words = ["absent", "active", "blocked", "closed", "dead", "denied", "empty", "error", "failed"]
    words += ["invalid", "late", "locked", "masked", "missing", "never", "old", "open", "paused"]
    words += ["running", "stale"]
    return attrs.evolve(
        message, observation=attrs.evolve(message.observation, actual=words[number])
    )


async def test_ten_thousand_events_in_a_minute_stay_inside_every_budget(
    autojump_clock: MockClock,
) -> None:
    budgets = rich(day=100_000, hour=60_000, calls_hour=40, pattern_day=20_000)
    settings = attrs.evolve(AUTO, budgets=budgets, answers_s=0.0, timeout_s=5.0)
    room = Room.of(says(plan(), after_s=0.5), settings=settings)
    actor, begun = room.actor(), trio.current_time()
    actor.prompt = lambda *_: PROMPT  # how it is written is not the question here
    queue = await room.drifts([f"ws-{number}" for number in range(10_000)])

    async def lane(number: int) -> None:
        for place, message in enumerate(queue[number::4]):
            await actor.handle(_of_kind(message, place % 20))

    with silenced():
        async with trio.open_nursery() as nursery:
            for number in range(4):
                nursery.start_soon(lane, number)

    assert trio.current_time() - begun < 60
    assert room.models.asked.total() <= 40
    assert await room.spent() <= 60_000
    states = {(await room.get(message)).state for message in queue[::97]}
    assert states <= {State.DECIDING, State.ESCALATED}
    decided = len(room.gate.waiting)
    assert decided == room.models.asked.total()
    tickets = await room.tickets()
    assert {ticket.kind for ticket in tickets} == {StopKind.PLAN_BUDGET}
    assert sum(ticket.incidents for ticket in tickets) == 10_000 - decided


# Answers that are used again.


async def test_an_answer_is_used_again_for_drift_of_its_kind_and_judged_anew(
    autojump_clock: MockClock,
) -> None:
    room = Room.of(says(plan()), settings=AUTO)
    first = await room.planned(await room.drift())

    second = await room.planned(await room.drift(host="ws-2"))
    room.catalogue = attrs.evolve(room.catalogue, min_confidence=0.95)
    third = await room.planned(await room.drift(host="ws-3"))

    assert room.models.asked.total() == 1
    assert first.decision is not None
    assert second.decision is not None
    assert third.decision is not None
    assert (second.decision.mode, third.decision.mode) == (Mode.AUTO, Mode.APPROVE)
    newest, middle, oldest = await room.records()
    assert newest.answer_of == middle.answer_of == oldest.id
    assert newest.cost == middle.cost == 0


async def test_an_answer_is_not_used_for_another_kind_after_its_time_or_for_other_choices(
    autojump_clock: MockClock,
) -> None:
    room = Room.of(says(plan()), settings=attrs.evolve(AUTO, answers_s=3600.0))
    await room.planned(await room.drift())

    await room.planned(await room.drift(host="ws-2", actual="missing"))
    assert room.models.asked.total() == 2

    choices = {name: choice for name, choice in room.catalogue.choices.items() if name == "RB-1"}
    room.catalogue = attrs.evolve(room.catalogue, choices=choices)
    await room.planned(await room.drift(host="ws-3"))
    assert room.models.asked.total() == 3

    await trio.sleep(3601)
    await room.planned(await room.drift(host="ws-4"))
    assert room.models.asked.total() == 4


async def test_an_answer_whose_fix_failed_is_not_used_again(autojump_clock: MockClock) -> None:
    room = Room.of(says(plan()), settings=AUTO)
    incident = await room.planned(await room.drift())

    accounts = PlanAccounts(room.plans)
    now = Moment.read(room.clock)
    await room.store.commit(accounts.finished(incident, Verdict.ROLLED_BACK, now))
    await room.planned(await room.drift(host="ws-2"))

    assert room.models.asked.total() == 2
    assert [record.verdict for record in await room.records()] == [None, Verdict.ROLLED_BACK]


# Drift that comes back.


async def test_drift_healed_thrice_in_four_hours_asks_for_its_cause_and_a_person(
    autojump_clock: MockClock,
) -> None:
    room = Room.of(says(plan()), settings=AUTO)
    message = await room.drift()
    await _healed(room, message, times=3)

    incident = await room.planned(message)

    assert incident.decision is not None
    assert incident.decision.mode is Mode.APPROVE
    assert "root cause" in room.models.bodies[0]["messages"][1]["content"]
    [ticket] = await room.tickets()
    assert (ticket.kind, ticket.key) == (StopKind.ROOT_CAUSE, "clinic/ws-1/firewall")
    assert ticket.severity is Severity.HIGH


@pytest.mark.parametrize(("times", "later_s"), [(2, 0.0), (3, 4 * 3600.0)])
async def test_fewer_heals_or_older_ones_do_not(
    times: int, later_s: float, autojump_clock: MockClock
) -> None:
    room = Room.of(says(plan()), settings=AUTO)
    message = await room.drift()
    await _healed(room, message, times=times)
    await trio.sleep(later_s)

    incident = await room.planned(message)

    assert incident.decision is not None
    assert incident.decision.mode is Mode.AUTO


async def test_without_a_plan_the_cause_is_the_ticket(autojump_clock: MockClock) -> None:
    room = Room.of(says(plan(runbook_id=None)), settings=AUTO)
    message = await room.drift()
    await _healed(room, message, times=3)

    incident = await room.planned(message)

    assert (incident.state, incident.reason) == (State.ESCALATED, StopKind.ROOT_CAUSE)
    assert [ticket.kind for ticket in await room.tickets()] == [StopKind.ROOT_CAUSE]


async def _healed(room: Room, message: PlanWanted, *, times: int) -> None:
    accounts = PlanAccounts(room.plans)
    incident = message.incident
    decision = Decision("L1-1", "v1", "execute_runbook")
    for attempt in range(times):
        healed = attrs.evolve(incident, attempt=attempt, decision=decision)
        for _ in range(2):  # told twice, counted once
            await room.store.commit(
                accounts.finished(healed, Verdict.HEALED, Moment.read(room.clock))
            )
        await trio.sleep(dt.timedelta(minutes=20).total_seconds())
