"""The L1 evaluator as an actor: decides, keeps the decision, and hands the incident on."""

from collections.abc import Callable, Mapping

import attrs
import structlog
import trio

from actors.catalogue.rules import EXECUTE_RUNBOOK, Rule
from actors.l1_evaluator.content_hash import rule_hash
from actors.l1_evaluator.cooldown import (
    Cooldowns,
    CooldownWindow,
    NoRuleMatched,
    RuleMatched,
    SuppressedByCooldown,
)
from actors.l1_evaluator.engine import RuleSet
from actors.l1_evaluator.event import event_of
from actors.l1_evaluator.store import Claim, L1Store
from actors.messages import (
    Decision,
    Fact,
    FixProposed,
    Incident,
    IncidentToDecide,
    Mode,
    Moment,
    Move,
    PlanWanted,
    State,
    Stop,
    StopKind,
)
from actors.ports import Incidents, StaleMoveError, Tickets
from runtime.clock import Clock
from runtime.mailbox import Post
from runtime.store import Store, Write

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="l1_evaluator")

STALLED_AFTER = 60.0
"""Seconds after which the journal hands an incident out again that nobody took further."""

PLAN_STALLED_AFTER = 900.0
"""The same for one that waits for a plan: others may stand before it, each with its deadline."""


@attrs.frozen
class RulesInForce:
    """The rule set that decides now, and its text for later questions."""

    rules: RuleSet
    content: str
    """The raw rules as a JSON list."""
    texts: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """What each runbook tells a person, by its id."""

    def text_for(self, rule: Rule) -> str:
        """Say what a person shall do where a rule escalates: its own text, then its runbook's."""
        texts = (rule.extra.get("text"), self.texts.get(rule.runbook_id or ""))
        return "\n\n".join(text.strip() for text in texts if isinstance(text, str) and text)


@attrs.define
class L1Evaluator:
    """Finds the first matching rule; what no rule knows goes to the planner, or to a person."""

    outbox: trio.abc.SendChannel[FixProposed]
    rules: Callable[[], RulesInForce]
    """Asked for each incident: a reload takes effect between two decisions, whole."""
    default_mode: Mode
    """For rules that name none."""
    store: Store
    memory: L1Store
    incidents: Incidents
    tickets: Tickets
    clock: Clock
    planner: Post[PlanWanted] | None = None
    """Takes what no rule knows; None: it goes to a person."""
    default_cooldown: float = 0.0
    _cooldowns: Cooldowns = attrs.field(init=False)
    _claimed_by: dict[tuple[str, str | None], str] = attrs.field(
        factory=dict[tuple[str, str | None], str], init=False
    )
    _remembered: str = attrs.field(default="", init=False)

    def __attrs_post_init__(self) -> None:
        self._cooldowns = Cooldowns(self.default_cooldown)

    async def started(self) -> None:
        """Take up the cooldowns of an earlier life."""
        claims = await self.store.read(self.memory.claims())
        self._cooldowns.restore((claim.window for claim in claims), Moment.read(self.clock))
        for claim in claims:
            self._claimed_by[claim.window.rule_id, claim.window.host] = claim.incident_id

    async def handle(self, message: IncidentToDecide) -> None:
        """Decide one incident."""
        incident, event = message.incident, event_of(message.observation)
        in_force, now = self.rules(), Moment.read(self.clock)
        winner = in_force.rules.winner(event)
        rested = None if winner is None else self._cooldowns.window(winner.id, incident.host)
        if winner is not None and self._claimed_by.get((winner.id, incident.host)) == incident.id:
            # Its own earlier decision must not stand in the way of a second one.
            self._cooldowns.release(winner.id, incident.host)
        outcome = self._cooldowns.decide(in_force.rules, event, now)
        writes = self._remember(in_force, now)
        try:
            match outcome:
                case NoRuleMatched():
                    fact = Fact("no_rule_matched", {"rule_version": in_force.rules.version})
                    if self.planner is None:
                        stop = _no_rule(incident, StopKind.NO_RULE)
                        await self._escalate(writes, incident, fact, stop, None, now)
                    else:
                        await self._hand_over(writes, message, fact, self.planner, now)
                case RuleMatched(rule, window) if rule.action == EXECUTE_RUNBOOK:
                    decision = self._decision(rule, in_force)
                    await self._propose(writes, message, decision, window, now)
                case SuppressedByCooldown(rule, _, remaining) if rule.action == EXECUTE_RUNBOOK:
                    decision = self._decision(rule, in_force)
                    decision = attrs.evolve(decision, cooldown_s=remaining)
                    await self._propose(writes, message, decision, None, now)
                case RuleMatched(rule) | SuppressedByCooldown(rule):
                    decision = self._decision(rule, in_force)
                    decided = attrs.evolve(incident, decision=decision)
                    kind = StopKind.RULE_ESCALATES
                    stop = Stop.of(decided, kind, kind, text=in_force.text_for(rule))
                    await self._escalate(writes, incident, _matched(decision), stop, decision, now)
        except StaleMoveError:
            if winner is not None:  # nothing was decided: what was claimed is given back
                self._cooldowns.put_back(winner.id, incident.host, rested)
            log.debug("incident_moved_on", incident_id=incident.id)
        else:
            self._remembered = in_force.rules.version

    def _decision(self, rule: Rule, in_force: RulesInForce) -> Decision:
        return Decision(
            rule_id=rule.id,
            rule_version=in_force.rules.version,
            action=rule.action,
            runbook_id=rule.runbook_id or "",
            params=rule.params,
            mode=self.default_mode if rule.mode is None else Mode(rule.mode),
            rule_hash=rule_hash(rule),
            max_per_hour=rule.max_per_hour,
        )

    async def _propose(
        self,
        writes: list[Write[object]],
        message: IncidentToDecide,
        decision: Decision,
        window: CooldownWindow | None,
        now: Moment,
    ) -> None:
        incident = message.incident
        if window is not None:
            writes.append(self.memory.claim(Claim(window, incident.id)))
        writes.append(self._to_deciding(incident, _matched(decision), decision, now))
        await self.store.commit(*writes)
        if window is not None:
            self._claimed_by[window.rule_id, window.host] = incident.id
        decided = attrs.evolve(incident, state=State.DECIDING, decision=decision)
        await self.outbox.send(FixProposed(decided, message.observation))

    async def _hand_over(
        self,
        writes: list[Write[object]],
        message: IncidentToDecide,
        fact: Fact,
        planner: Post[PlanWanted],
        now: Moment,
    ) -> None:
        """Leave an incident to the planner; where that has no room, a person gets it at once."""
        incident = message.incident
        to_deciding = self._to_deciding(incident, fact, None, now, PLAN_STALLED_AFTER)
        await self.store.commit(*writes, to_deciding)
        deciding = attrs.evolve(incident, state=State.DECIDING)
        # Never waits: what rules can heal must not stand behind what a model thinks about.
        if not planner.offer(PlanWanted(deciding, message.observation)):
            stop = _no_rule(incident, "planner_busy")
            await self.store.commit(
                self.incidents.move(incident.id, _escalated(stop, None), now),
                self.tickets.open(stop, now),
            )

    async def _escalate(  # noqa: PLR0913, PLR0917  everything that the one commit says
        self,
        writes: list[Write[object]],
        incident: Incident,
        fact: Fact,
        stop: Stop,
        decision: Decision | None,
        now: Moment,
    ) -> None:
        escalated = _escalated(stop, decision)
        await self.store.commit(
            *writes,
            self._to_deciding(incident, fact, decision, now),
            self.incidents.move(incident.id, escalated, now),
            self.tickets.open(stop, now),
        )

    def _to_deciding(
        self,
        incident: Incident,
        fact: Fact,
        decision: Decision | None,
        now: Moment,
        stalled_after: float = STALLED_AFTER,
    ) -> Write[object]:
        due = now.after(stalled_after)
        if incident.state is not State.DECIDING:
            move = Move(State.DECIDING, (State.OBSERVED,), fact, due=due, decision=decision)
            return self.incidents.move(incident.id, move, now)
        # Decided once more: after a refusal, or because nobody took it further.
        return self.incidents.decide_again(incident.id, decision, fact, due, now)

    def _remember(self, in_force: RulesInForce, now: Moment) -> list[Write[object]]:
        version = in_force.rules.version
        if version == self._remembered:
            return []
        return [self.memory.remember_rules(version, in_force.content, now)]


def _no_rule(incident: Incident, reason: str) -> Stop:
    return Stop.of(attrs.evolve(incident, decision=None), StopKind.NO_RULE, reason)


def _escalated(stop: Stop, decision: Decision | None) -> Move:
    return Move(
        State.ESCALATED,
        (State.DECIDING,),
        Fact("escalated", {"reason": stop.reason}),
        reason=stop.reason,
        decision=decision,
    )


def _matched(decision: Decision) -> Fact:
    return Fact(
        "rule_matched",
        {
            "rule_id": decision.rule_id,
            "rule_version": decision.rule_version,
            "rule_hash": decision.rule_hash,
            "action": decision.action,
            "runbook_id": decision.runbook_id,
            "mode": decision.mode.value,
            "cooldown_s": decision.cooldown_s,
        },
    )
