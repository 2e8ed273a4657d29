"""What comes of a wish for a plan: a decision for the safety gate, or a person.  Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final

import attrs

from actors.catalogue.pattern_signature import pattern_signature
from actors.catalogue.rules import EXECUTE_RUNBOOK
from actors.l2_planner.core import IncidentFacts, Judgement, Ruling
from actors.l2_planner.decision import decision_of
from actors.l2_planner.ledger import OverBudget
from actors.l2_planner.record import NO_PLAN, PlanRecord
from actors.messages import (
    JSON,
    Decision,
    Fact,
    Incident,
    Mode,
    Moment,
    Observation,
    Plan,
    Stop,
    StopKind,
)
from actors.messages.suppression import drift_key
from runtime.codec import to_json

HEALS: Final = 3
WITHIN_S: Final = 4 * 3600.0
"""So many verified fixes of one drift in so many seconds ask for its cause, and for a person."""


@attrs.frozen
class Case:
    """One incident for which a plan is wanted."""

    decision_id: str
    incident: Incident
    observation: Observation

    @cached_property
    def pattern(self) -> str:
        """Name the kind of the drift."""
        seen = self.observation
        return pattern_signature(seen.check, seen.platform.value, seen.actual)

    @property
    def drift(self) -> str:
        """Name the drift."""
        return drift_key(self.incident.site, self.incident.host, self.incident.check)

    @property
    def event(self) -> str:
        """Hash what was seen: the same for the same answer to the same check of a platform."""
        seen = self.observation
        return digest([seen.check, seen.platform.value, seen.expected, seen.actual, seen.details])

    @property
    def facts(self) -> IncidentFacts:
        """Give what a plan must fit."""
        seen = self.observation
        return IncidentFacts(seen.host, seen.platform.value, seen.check)

    def record(self, at: Moment, ruling: str, reason: str) -> PlanRecord:
        """Begin the record of its decision."""
        incident = self.incident
        return PlanRecord(
            self.decision_id,
            incident.id,
            incident.site,
            incident.host,
            incident.check,
            self.pattern,
            at.wall,
            ruling,
            reason,
        )


@attrs.frozen
class Conclusion:
    """What is committed for an incident: a decision for the safety gate, or a stop."""

    record: PlanRecord
    outcome: Decision | Stop
    beside: Stop | None = None
    """What a person is told beside a decision."""

    @property
    def stops(self) -> Sequence[Stop]:
        """List what people are told."""
        return [each for each in (self.outcome, self.beside) if isinstance(each, Stop)]

    @property
    def fact(self) -> Fact:
        """Give the line of the trace."""
        record = self.record
        body: dict[str, JSON] = {
            "plan": record.id,
            "ruling": record.ruling,
            "reason": record.reason,
            "runbook_id": record.runbook_id,
            "confidence": record.confidence,
            "provider": record.provider,
            "model": record.model,
            "cost": record.cost,
            "answer_of": record.answer_of,
        }
        if isinstance(self.outcome, Decision):
            return Fact("plan_made", {**body, "mode": self.outcome.mode})
        return Fact("plan_not_made", body)


def heals_too_often(heals: Sequence[Moment], now: Moment) -> bool:
    """Say whether a drift was healed so often lately that something else must be wrong."""
    return sum(now.since(healed) < WITHIN_S for healed in heals) >= HEALS


def with_cause(case: Case, conclusion: Conclusion) -> Conclusion:
    """Have a person look for what brings a drift back; a plan for it waits for a yes."""
    kind, outcome = StopKind.ROOT_CAUSE, conclusion.outcome
    undecided = attrs.evolve(case.incident, decision=None)
    stop = Stop.of(undecided, kind, kind, key=case.drift)
    if isinstance(outcome, Stop):
        return attrs.evolve(conclusion, outcome=stop)
    asking = attrs.evolve(outcome, mode=_at_most(outcome.mode, Mode.APPROVE))
    return attrs.evolve(conclusion, outcome=asking, beside=stop)


def no_plan(case: Case, at: Moment, reason: str) -> Conclusion:
    """Give an incident to a person for which nobody could be asked, or nobody answered."""
    return _without(case, case.record(at, NO_PLAN, reason), StopKind.NO_RULE, reason)


def over_budget(case: Case, at: Moment, over: OverBudget) -> Conclusion:
    """Give an incident to a person because of what plans would cost: one ticket for the period."""
    kind = StopKind.PLAN_BUDGET
    record = case.record(at, NO_PLAN, f"over_budget_{over.use.name}")
    return _without(case, record, kind, kind, key=over.key)


def judged(case: Case, at: Moment, judgement: Judgement, source: Plan, mode: Mode) -> Conclusion:
    """Make a decision of a judged answer, or a stop.

    Args:
        case: the incident.
        at: now.
        judgement: of the gate.
        source: who answered; its signature and confidence are taken from the gate instead.
        mode: the most that plans may do by themselves on this site.
    """
    record = case.record(at, judgement.decision, judgement.reason)
    plan = decision_of(judgement, case.pattern)
    record = attrs.evolve(
        record,
        confidence=plan.confidence,
        reasoning=plan.reasoning,
        provider=source.provider,
        model=source.model,
    )
    if judgement.decision is Ruling.REJECT:
        return _without(case, record, StopKind.NO_RULE, "plan_rejected")
    if plan.runbook_id is None:
        return _without(case, record, StopKind.NO_RULE, "plan_abstained")
    record = attrs.evolve(record, runbook_id=plan.runbook_id, params=plan.params)
    decision = Decision(
        rule_id="",
        rule_version="",
        action=EXECUTE_RUNBOOK,
        runbook_id=plan.runbook_id,
        params=plan.params,
        mode=_at_most(mode, Mode.APPROVE) if plan.requires_human_review else mode,
        rule_hash=digest([plan.runbook_id, plan.params]),
        plan=attrs.evolve(
            source, pattern_signature=plan.pattern_signature, confidence=plan.confidence
        ),
    )
    return Conclusion(record, decision)


def _without(
    case: Case, record: PlanRecord, kind: StopKind, reason: str, *, key: str = ""
) -> Conclusion:
    undecided = attrs.evolve(case.incident, decision=None)
    return Conclusion(record, Stop.of(undecided, kind, reason, key=key))


def _at_most(mode: Mode, bound: Mode) -> Mode:
    return min(mode, bound, key=list(Mode).index)


def digest(value: JSON | Sequence[JSON | Mapping[str, JSON]]) -> str:
    """Name data by its content."""
    return hashlib.sha256(to_json(value).encode("utf-8", "surrogatepass")).hexdigest()[:32]
