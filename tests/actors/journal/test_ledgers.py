"""Decisions, notes, intents and dead letters: what other rooms keep in the journal."""

import pytest

from actors.journal import DeadLetterRow, dead_letters, trace_of
from actors.messages import Decision, Fact, Intent, IntentState, Plan, State, Verdict
from actors.ports import StaleMoveError
from runtime.codec import from_json, to_json
from runtime.errors import NotFoundError
from tests.actors.journal.world import World

DECISION = Decision("L1-SSH-001", "v1", "execute_runbook", "RB-SSH", {"no": ["x", 1, None]})


@pytest.fixture
def world() -> World:
    return World()


def intent(world: World, number: int = 1, incident_id: str = "inc_1") -> Intent:
    deadline = world.now.after(30)
    return Intent(f"int_{number}", incident_id, "RB-SSH", 1, "ws-1", "hash", deadline)


async def unfinished(world: World, incident_id: str | None = None) -> list[Intent]:
    return list(await world.store.read(world.journal.unfinished(incident_id)))


async def test_a_new_decision_replaces_the_old_one_and_says_why(world: World) -> None:
    incident = await world.drift(state=State.DECIDING)
    fact, due = Fact("rule_matched", {"rule_id": DECISION.rule_id}), world.now.after(60)

    [again] = await world.store.commit(
        world.journal.decide_again(incident.id, DECISION, fact, due, world.now)
    )

    assert await world.get(incident.id) == again
    assert (again.decision, again.due) == (DECISION, due)
    assert (await world.store.read(trace_of(incident.id)))[-1]["body"] == fact.body


def test_a_plan_is_read_back_and_a_decision_of_before_there_were_plans_too() -> None:
    plan = Plan("plan_1", "a1b2", 0.8, "gpt-4o", "cloud")
    planned = Decision("", "v1", "execute_runbook", "RB-SSH", plan=plan)

    assert from_json(to_json(planned), Decision) == planned
    assert from_json(to_json(DECISION).replace(',"plan":null', ""), Decision) == DECISION


async def test_what_is_not_deciding_is_not_decided_again(world: World) -> None:
    incident = await world.drift(state=State.ACTING)
    again = world.journal.decide_again(
        incident.id, DECISION, Fact("rule_matched"), world.now, world.now
    )

    with pytest.raises(StaleMoveError):
        await world.store.commit(again)

    assert await world.get(incident.id) == incident


async def test_a_note_is_a_line_that_moves_nothing(world: World) -> None:
    incident = await world.drift()

    await world.store.commit(world.journal.note(incident.id, Fact("noticed"), world.now))

    last = (await world.store.read(trace_of(incident.id)))[-1]
    assert (last["kind"], last["from"], last["to"]) == ("noticed", None, None)
    assert await world.get(incident.id) == incident


async def test_what_is_not_there_cannot_be_moved_or_read(world: World) -> None:
    with pytest.raises(NotFoundError, match="inc_x"):
        await world.store.commit(
            world.journal.decide_again("inc_x", DECISION, Fact("x"), world.now, world.now)
        )
    with pytest.raises(NotFoundError, match="obs_x"):
        await world.store.read(world.journal.observation("obs_x"))
    assert await world.store.read(world.journal.get("inc_x")) is None


async def test_an_intent_is_planned_started_and_finished(world: World) -> None:
    planned = intent(world)
    journal, commit = world.journal, world.store.commit

    await commit(journal.plan(planned, world.now))
    assert await unfinished(world) == [planned]
    await commit(journal.start(planned.id, '{"mode":420}', world.now))
    await commit(journal.retry(planned.id, world.now))
    [started] = await unfinished(world)
    assert (started.state, started.pre_state) == (IntentState.STARTED, '{"mode":420}')
    assert started.retried
    await commit(journal.finish(planned.id, Verdict.HEALED, world.now))

    assert await unfinished(world) == []


async def test_unfinished_intents_are_listed_oldest_first_or_by_incident(world: World) -> None:
    one, two = intent(world, 1), intent(world, 2, "inc_2")
    await world.store.commit(world.journal.plan(two, world.now))
    await world.store.commit(world.journal.plan(one, world.now))

    assert await unfinished(world) == [one, two]
    assert await unfinished(world, "inc_2") == [two]


async def test_an_intent_that_was_never_planned_cannot_start(world: World) -> None:
    with pytest.raises(NotFoundError, match="int_9"):
        await world.store.commit(world.journal.start("int_9", "", world.now))


async def test_dead_letters_are_listed_newest_first_without_what_they_said(world: World) -> None:
    for number in range(2):
        letter = DeadLetterRow("heard", "journal", 3, f"error {number}", '{"secret": 1}')
        await world.store.commit(world.journal.bury(letter, world.now))

    newest, _ = await world.store.read(dead_letters)

    assert newest == {
        "at": world.now.wall.isoformat(),
        "mailbox": "heard",
        "actor": "journal",
        "attempts": 3,
        "error": "error 1",
    }
