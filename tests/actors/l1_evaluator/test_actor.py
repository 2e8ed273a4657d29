"""The L1 room on the real journal and ticket book: one commit a decision, which may come twice."""

from collections.abc import Sequence
from typing import Any

import attrs
import pytest

from actors.escalator import SqliteTickets, Ticket
from actors.journal import SqliteJournal, trace_of
from actors.l1_evaluator import L1Evaluator, RuleSet, RulesInForce, SqliteL1Store
from actors.l1_evaluator.actor import PLAN_STALLED_AFTER
from actors.messages import (
    Decision,
    Fact,
    FixProposed,
    Incident,
    IncidentToDecide,
    Mode,
    Moment,
    Move,
    Observation,
    PlanWanted,
    Platform,
    Severity,
    State,
    Status,
    StopKind,
)
from runtime.codec import plain_json
from runtime.errors import StoreError
from runtime.hosts.sqlite import InlineStore
from runtime.ids import TimeOrderedIds
from runtime.mailbox import Full, Mailbox
from tests.actors.journal.world import SetClock
from tests.fakes.store import inline_store

CLOCK = SetClock()

HEALS: dict[str, Any] = {
    "id": "heals",
    "conditions": [{"field": "check_type", "operator": "eq", "value": "firewall"}],
    "action": "execute_runbook",
    "runbook_id": "rb-1",
    "params": {"zone": "public"},
}
ESCALATES: dict[str, Any] = {
    "id": "escalates",
    "conditions": [{"field": "check_type", "operator": "eq", "value": "door"}],
    "action": "escalate",
}


def in_force(*rules: object) -> RulesInForce:
    return RulesInForce(RuleSet.compile(list(rules)), plain_json(list(rules)))


@attrs.define
class Room:
    """The L1 room with the tables of three rooms, and the mailbox of the gate."""

    rules: RulesInForce = attrs.field(factory=lambda: in_force(HEALS, ESCALATES))
    store: InlineStore = attrs.field(
        factory=lambda: inline_store("journal", "escalator", "l1_evaluator")
    )
    ids: TimeOrderedIds = attrs.field(factory=lambda: TimeOrderedIds(CLOCK))
    gate: Mailbox[FixProposed] = attrs.field(
        factory=lambda: Mailbox[FixProposed]("proposed", capacity=16)
    )
    default_mode: Mode = Mode.AUDIT
    planner: Mailbox[PlanWanted] | None = None

    @property
    def book(self) -> SqliteTickets:
        return SqliteTickets(self.ids, ())

    @property
    def journal(self) -> SqliteJournal:
        return SqliteJournal(self.book)

    async def actor(self) -> L1Evaluator:
        """Start the room, as after each fall and each start of the appliance."""
        actor = L1Evaluator(
            self.gate.post, lambda: self.rules, self.default_mode, self.store, SqliteL1Store(),
            self.journal, self.book, CLOCK,
            None if self.planner is None else self.planner.post,
        )  # fmt: skip
        await actor.started()
        return actor

    async def drift(self, check: str = "firewall", host: str = "ws-1") -> IncidentToDecide:
        """Have drift observed; give what the journal then posts to L1."""
        observation = Observation(
            id=self.ids.new("obs"), site="clinic", host=host, check=check, status=Status.FAIL,
            severity=Severity.HIGH, observed_at=CLOCK.now(), source="scanner",
            platform=Platform.LINUX,
        )  # fmt: skip
        now = Moment.read(CLOCK)
        [[recording]] = await self.store.commit(
            self.journal.record([observation], lambda: self.ids.new("inc"), now)
        )
        assert recording.opened is not None
        return IncidentToDecide(recording.opened, observation)

    async def again(self, message: IncidentToDecide) -> IncidentToDecide:
        """Give the message as it is redelivered: with the incident as it stands now."""
        return attrs.evolve(message, incident=await self.get(message))

    async def get(self, message: IncidentToDecide) -> Incident:
        incident = await self.store.read(self.journal.get(message.incident.id))
        assert incident is not None
        return incident

    async def trace(self, message: IncidentToDecide) -> list[str]:
        trace = await self.store.read(trace_of(message.incident.id))
        return [str(fact["kind"]) for fact in trace]

    async def tickets(self) -> list[tuple[StopKind, str]]:
        listed: Sequence[Ticket] = await self.store.read(self.book.listed())
        return [(ticket.kind, ticket.key) for ticket in listed]

    def proposed(self) -> list[Incident]:
        return [message.incident for message in self.gate.waiting]


@pytest.fixture
def room() -> Room:
    return Room()


def cooling(seconds: float) -> RulesInForce:
    return in_force({**HEALS, "cooldown_seconds": seconds})


async def test_a_rule_that_heals_decides_and_asks_the_gate(room: Room) -> None:
    message = await room.drift()

    await (await room.actor()).handle(message)

    incident = await room.get(message)
    assert incident.state is State.DECIDING
    assert incident.decision is not None
    assert (incident.decision.rule_id, incident.decision.runbook_id) == ("heals", "rb-1")
    assert incident.decision.params == {"zone": "public"}
    assert incident.decision.mode is Mode.AUDIT
    [proposed] = room.proposed()
    assert (proposed.id, proposed.state) == (incident.id, State.DECIDING)
    assert proposed.decision == incident.decision
    assert await room.trace(message) == ["drift_observed", "rule_matched"]
    assert await room.tickets() == []


async def test_the_mode_of_the_rule_wins_over_that_of_the_site(room: Room) -> None:
    room.rules = in_force({**HEALS, "mode": "auto"})
    message = await room.drift()

    await (await room.actor()).handle(message)

    [proposed] = room.proposed()
    assert proposed.decision is not None
    assert proposed.decision.mode is Mode.AUTO


@pytest.mark.parametrize(
    ("check", "kind", "fact"),
    [
        ("door", StopKind.RULE_ESCALATES, "rule_matched"),
        ("window", StopKind.NO_RULE, "no_rule_matched"),
    ],
)
async def test_what_no_rule_may_heal_goes_to_a_person_there_and_then(
    room: Room, check: str, kind: StopKind, fact: str
) -> None:
    message = await room.drift(check)

    await (await room.actor()).handle(message)

    incident = await room.get(message)
    assert (incident.state, incident.reason) == (State.ESCALATED, kind)
    assert await room.trace(message) == ["drift_observed", fact, "escalated"]
    assert await room.tickets() == [(kind, incident.id)]
    assert room.proposed() == []


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({}, ""),
        ({"runbook_id": "rb-2"}, "Shut it."),
        ({"text": "Go there."}, "Go there."),
        ({"text": "Go there.\n", "runbook_id": "rb-2"}, "Go there.\n\nShut it."),
        ({"text": 5, "runbook_id": "unknown"}, ""),
    ],
)
async def test_a_person_is_told_what_the_rule_and_its_runbook_say(
    room: Room, rule: dict[str, Any], told: str
) -> None:
    room.rules = attrs.evolve(in_force({**ESCALATES, **rule}), texts={"rb-2": "Shut it."})
    message = await room.drift("door")
    await (await room.actor()).handle(message)

    assert await room.store.read(room.book.told(message.incident.id)) == told


async def test_an_incident_that_comes_twice_is_decided_twice_and_stopped_once(room: Room) -> None:
    actor = await room.actor()
    message = await room.drift("window")
    await actor.handle(message)

    await actor.handle(message)
    await actor.handle(await room.again(message))

    assert await room.trace(message) == ["drift_observed", "no_rule_matched", "escalated"]
    assert len(await room.tickets()) == 1


async def test_one_that_is_deciding_already_is_decided_anew_and_moves_nowhere(room: Room) -> None:
    actor = await room.actor()
    message = await room.drift()
    await actor.handle(message)
    room.rules = in_force({**HEALS, "runbook_id": "rb-2"})

    await actor.handle(await room.again(message))

    incident = await room.get(message)
    assert incident.state is State.DECIDING
    assert incident.decision is not None
    assert incident.decision.runbook_id == "rb-2"
    assert [each.id for each in room.proposed()] == [incident.id] * 2
    assert await room.trace(message) == ["drift_observed", "rule_matched", "rule_matched"]


async def test_one_that_was_deciding_goes_to_a_person_when_its_rule_is_gone(room: Room) -> None:
    actor = await room.actor()
    message = await room.drift()
    await actor.handle(message)
    room.rules = in_force(ESCALATES)

    await actor.handle(await room.again(message))

    assert (await room.get(message)).state is State.ESCALATED
    assert await room.tickets() == [(StopKind.NO_RULE, message.incident.id)]


async def test_one_that_moved_on_is_let_drop(room: Room) -> None:
    message = await room.drift()
    actor = await room.actor()
    await actor.handle(message)
    closed = Move(State.CLOSED, (State.DECIDING,), Fact("passed"))
    await room.store.commit(room.journal.move(message.incident.id, closed, Moment.read(CLOCK)))
    room.gate.waiting.clear()

    await actor.handle(message)
    stale = attrs.evolve(message.incident, state=State.DECIDING)
    await actor.handle(attrs.evolve(message, incident=stale))

    assert (await room.get(message)).state is State.CLOSED
    assert room.proposed() == []


async def test_a_cooling_rule_tells_the_gate_and_lets_no_other_rule_take_its_place(
    room: Room,
) -> None:
    room.rules = in_force({**HEALS, "cooldown_seconds": 300}, {**HEALS, "id": "other"})
    actor = await room.actor()
    first, other_host = await room.drift(), await room.drift(host="ws-2")
    await actor.handle(first)
    await actor.handle(other_host)
    await settle(room, first)
    second = await room.drift()

    await actor.handle(second)

    decisions = [each.decision for each in room.proposed() if each.decision is not None]
    assert [each.rule_id for each in decisions] == ["heals"] * 3
    assert [each.cooldown_s for each in decisions] == [0, 0, 300]
    assert await room.tickets() == []


async def test_a_cooldown_is_kept_over_a_restart(room: Room) -> None:
    room.rules = cooling(300)
    first = await room.drift()
    await (await room.actor()).handle(first)
    await settle(room, first)
    second = await room.drift()

    await (await room.actor()).handle(second)

    decision = room.proposed()[-1].decision
    assert decision is not None
    assert decision.cooldown_s > 0


@pytest.mark.parametrize("seconds", [1 << 2_000, 1 << 63, 1e300, 1e12])
async def test_a_cooldown_longer_than_any_calendar_lasts_for_years(
    room: Room, seconds: float
) -> None:
    room.rules = cooling(seconds)
    first = await room.drift()
    await (await room.actor()).handle(first)
    await settle(room, first)

    await (await room.actor()).handle(await room.drift())

    decision = room.proposed()[-1].decision
    assert decision is not None
    assert Moment.read(CLOCK).after(decision.cooldown_s).wall.year > CLOCK.now().year + 8


async def test_its_own_cooldown_does_not_block_an_incident_that_is_decided_again(
    room: Room,
) -> None:
    room.rules = cooling(300)
    message = await room.drift()
    await (await room.actor()).handle(message)

    # Once in the same life, once in the next.
    actor = await room.actor()
    await actor.handle(await room.again(message))
    await actor.handle(await room.again(message))

    assert [each.decision and each.decision.cooldown_s for each in room.proposed()] == [0, 0, 0]


async def test_a_decision_that_was_not_kept_claims_no_cooldown_for_the_next_life(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.rules = cooling(300)
    message = await room.drift()
    actor = await room.actor()

    async def fails(*_: object) -> None:
        raise StoreError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(type(room.store), "commit", fails)
        with pytest.raises(StoreError):
            await actor.handle(message)
    assert room.proposed() == []

    await (await room.actor()).handle(message)

    [proposed] = room.proposed()
    assert proposed.decision is not None
    assert proposed.decision.cooldown_s == 0


async def test_a_decision_that_came_too_late_claims_no_cooldown(room: Room) -> None:
    actor = await room.actor()
    message = await room.drift()
    await actor.handle(message)
    deciding = await room.again(message)
    await settle(room, message)
    room.rules = cooling(300)
    room.gate.waiting.clear()

    await actor.handle(deciding)
    assert room.proposed() == []
    await actor.handle(await room.drift())

    [proposed] = room.proposed()
    assert proposed.decision is not None
    assert proposed.decision.cooldown_s == 0


async def test_a_decision_that_came_too_late_lets_an_earlier_cooldown_last(room: Room) -> None:
    room.rules = cooling(300)
    actor = await room.actor()
    message = await room.drift()
    await actor.handle(message)
    deciding = await room.again(message)
    await settle(room, message)
    room.gate.waiting.clear()

    await actor.handle(deciding)
    assert room.proposed() == []
    await actor.handle(await room.drift())

    [proposed] = room.proposed()
    assert proposed.decision is not None
    assert proposed.decision.cooldown_s > 0


async def test_every_rule_set_that_decided_is_kept_for_why(room: Room) -> None:
    actor = await room.actor()
    await actor.handle(await room.drift())
    first, room.rules = room.rules, in_force(ESCALATES)
    await actor.handle(await room.drift("door"))

    for rules in (first, room.rules):
        kept = await room.store.read(SqliteL1Store().rules_of(rules.rules.version))
        assert kept == rules.content
    assert await room.store.read(SqliteL1Store().rules_of("never decided")) is None


async def settle(room: Room, message: IncidentToDecide) -> None:
    """Close an incident, so that the next drift opens another."""
    closed = Move(State.CLOSED, (State.DECIDING,), Fact("passed"))
    await room.store.commit(room.journal.move(message.incident.id, closed, Moment.read(CLOCK)))


# What no rule knows, where there is a planner.


@pytest.fixture
def planned() -> Room:
    return Room(planner=Mailbox[PlanWanted]("to_plan", capacity=1, full=Full.REFUSE))


async def test_what_no_rule_knows_is_handed_to_the_planner_and_stays_undecided(
    planned: Room,
) -> None:
    message = await planned.drift(check="unheard_of")

    await (await planned.actor()).handle(message)

    incident = await planned.get(message)
    assert (incident.state, incident.decision) == (State.DECIDING, None)
    assert planned.planner is not None
    [wish] = planned.planner.waiting
    assert (wish.incident.id, wish.incident.state) == (incident.id, State.DECIDING)
    assert await planned.trace(message) == ["drift_observed", "no_rule_matched"]
    assert await planned.tickets() == []


async def test_a_rule_that_escalates_never_reaches_the_planner(planned: Room) -> None:
    message = await planned.drift(check="door")

    await (await planned.actor()).handle(message)

    assert (await planned.get(message)).state is State.ESCALATED
    assert planned.planner is not None
    assert not planned.planner.waiting


async def test_where_the_planner_has_no_room_a_person_gets_it_and_nobody_waits(
    planned: Room,
) -> None:
    actor = await planned.actor()
    await actor.handle(await planned.drift(check="unheard_of"))
    message = await planned.drift(check="unheard_of", host="ws-2")

    await actor.handle(message)

    incident = await planned.get(message)
    assert (incident.state, incident.reason) == (State.ESCALATED, "planner_busy")
    assert await planned.tickets() == [(StopKind.NO_RULE, incident.id)]


async def test_what_the_planner_lost_is_handed_to_it_again(planned: Room) -> None:
    message = await planned.drift(check="unheard_of")
    actor = await planned.actor()
    await actor.handle(message)
    assert planned.planner is not None
    planned.planner.waiting.clear()

    await actor.handle(await planned.again(message))

    assert len(planned.planner.waiting) == 1
    assert (await planned.get(message)).state is State.DECIDING


async def test_what_waits_for_the_planner_after_a_restart_is_not_handed_to_it_each_minute(
    planned: Room,
) -> None:
    message = await planned.drift(check="unheard_of")
    await (await planned.actor()).handle(message)
    assert planned.planner is not None
    planned.planner.waiting.clear()  # the planner's queue ended with the appliance
    taken_up = await planned.again(message)
    CLOCK.wait(5)
    now = Moment.read(CLOCK)

    await (await planned.actor()).handle(taken_up)
    await planned.store.commit(planned.journal.postpone(taken_up.incident, now.after(60)))

    due = (await planned.get(message)).due
    assert due is not None
    assert due.since(now) == PLAN_STALLED_AFTER


async def test_what_was_decided_meanwhile_is_not_undone_by_a_second_hand_over(
    planned: Room,
) -> None:
    message = await planned.drift(check="unheard_of")
    actor = await planned.actor()
    await actor.handle(message)
    undecided, now = await planned.again(message), Moment.read(CLOCK)
    decision = Decision("", "v1", "execute_runbook", "rb-1")
    await planned.store.commit(
        planned.journal.decide_again(message.incident.id, decision, Fact("planned"), now, now)
    )

    await actor.handle(undecided)

    assert (await planned.get(message)).decision == decision
