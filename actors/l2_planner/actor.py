"""The planner as an actor: asks a model where no rule fits, and hands on what the gate lets stand.

All of one decision is one commit: the record, what the calls cost, the decision or the stop.
"""

import datetime as dt
import sqlite3
from collections.abc import Callable

import attrs
import structlog
import trio

from actors.l2_planner.candidates import candidates
from actors.l2_planner.chain import Asked, Chain, Stake
from actors.l2_planner.closed_catalogue import ClosedCatalogue
from actors.l2_planner.conclusion import (
    Case,
    Conclusion,
    digest,
    heals_too_often,
    judged,
    no_plan,
    over_budget,
    with_cause,
)
from actors.l2_planner.core import Ruling, judge
from actors.l2_planner.prompt import Prompt
from actors.l2_planner.record import KeptAnswer
from actors.l2_planner.settings import PlannerSettings
from actors.l2_planner.store import Desk, PlanMemory
from actors.messages import (
    Decision,
    Fact,
    FixProposed,
    Moment,
    Move,
    Observation,
    Plan,
    PlanWanted,
    Severity,
    State,
    Stop,
    StopKind,
)
from actors.ports import Incidents, StaleMoveError
from runtime.clock import Clock
from runtime.ids import Ids
from runtime.scrub import ScrubError
from runtime.store import Store, Write

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="l2_planner")

DUE_S = 60.0
"""Seconds after which an incident is handed out again whose plan nobody took further."""


@attrs.frozen
class Brief:
    """What is asked about one incident, and by what the answer is judged."""

    prompt: Prompt
    offered: ClosedCatalogue

    @property
    def catalogue(self) -> str:
        """Name what the model may choose from."""
        return digest(self.prompt.schema.text)


@attrs.frozen
class Planned:
    """What one decision keeps."""

    conclusion: Conclusion
    asked: Asked = attrs.field(factory=Asked)
    answer: KeptAnswer | None = None
    """To be used again."""


@attrs.define
class L2PlannerActor:
    """Plans for several kinds of drift at once; of one kind, one after the other."""

    gate: trio.abc.SendChannel[FixProposed]
    chain: Chain
    catalogue: Callable[[], ClosedCatalogue]
    """What plans may name now."""
    prompt: Callable[[Observation, ClosedCatalogue, bool], Prompt]
    """Writes the prompt; the last says that fixes of the drift do not hold.  Raises ScrubError."""
    settings: PlannerSettings
    store: Store
    memory: PlanMemory
    incidents: Incidents
    tickets: Desk
    clock: Clock
    ids: Ids

    async def handle(self, message: PlanWanted) -> None:
        """Plan for one incident."""
        begun = trio.current_time()
        case = Case(self.ids.new("plan"), message.incident, message.observation)
        incident, heals = await self.store.read(
            lambda connection: (
                self.incidents.get(message.incident.id)(connection),
                self.memory.heals(case.drift)(connection),
            )
        )
        if incident is None or incident.state is not State.DECIDING:
            return
        if incident.decision != message.incident.decision:
            return  # somebody decided since this was sent
        case = attrs.evolve(case, incident=incident)
        planned = await self._plan(case, came_back=heals_too_often(heals, self._now()))
        took_ms = round((trio.current_time() - begun) * 1000)
        record = attrs.evolve(planned.conclusion.record, took_ms=took_ms)
        conclusion = attrs.evolve(planned.conclusion, record=record)
        is_ours = await self._commit(case, attrs.evolve(planned, conclusion=conclusion))
        self.chain.told(planned.asked.news)
        if not is_ours:
            return
        if isinstance(conclusion.outcome, Decision):
            decided = attrs.evolve(incident, decision=conclusion.outcome)
            await self.gate.send(FixProposed(decided, message.observation))

    async def _plan(self, case: Case, *, came_back: bool) -> Planned:
        planned = await self._planned(case, self._now(), came_back=came_back)
        if not came_back:
            return planned
        conclusion = with_cause(case, planned.conclusion)
        return attrs.evolve(planned, conclusion=conclusion, answer=None)

    async def _planned(self, case: Case, now: Moment, *, came_back: bool) -> Planned:
        offered = candidates(self.catalogue(), case.facts)
        if not offered.choices:
            return Planned(no_plan(case, now, "no_candidates"))
        try:
            brief = Brief(self.prompt(case.observation, offered, came_back), offered)
            kept = None if came_back else await self._kept(case, brief, now)
            if kept is not None:
                return Planned(self._reused(case, brief, kept))
            stake = Stake(case.decision_id, case.incident.site, case.pattern)
            asked = await self.chain.ask(brief.prompt, stake)
        except ScrubError as error:
            # It fails closed: nothing left, and a person is told.
            log.error("prompt_not_scrubbed", incident_id=case.incident.id, error=str(error))  # noqa: TRY400  no trace: it could show the text
            return Planned(no_plan(case, now, "scrub_failed"))
        return self._answered(case, brief, asked)

    async def _kept(self, case: Case, brief: Brief, now: Moment) -> KeptAnswer | None:
        if self.settings.answers_s <= 0:
            return None
        since = now.wall - dt.timedelta(seconds=self.settings.answers_s)
        return await self.store.read(
            self.memory.answer(case.pattern, brief.catalogue, case.event, since)
        )

    def _reused(self, case: Case, brief: Brief, kept: KeptAnswer) -> Conclusion:
        judgement = judge(kept.output, case.facts, brief.offered)
        source = Plan(case.decision_id, case.pattern, 0.0, kept.model, kept.provider)
        conclusion = judged(case, self._now(), judgement, source, self.settings.mode)
        record = attrs.evolve(
            conclusion.record,
            prompt_hash=kept.prompt_hash,
            candidates=tuple(brief.offered.choices),
            answer_of=kept.decision_id,
        )
        return attrs.evolve(conclusion, record=record)

    def _answered(self, case: Case, brief: Brief, asked: Asked) -> Planned:
        now, keep = self._now(), None
        if asked.answer is None:
            conclusion = (
                no_plan(case, now, "providers_failed")
                if asked.over is None
                else over_budget(case, now, asked.over)
            )
        else:
            judgement = judge(asked.answer.text, case.facts, brief.offered)
            source = Plan(case.decision_id, case.pattern, 0.0, asked.model, asked.provider)
            conclusion = judged(case, now, judgement, source, self.settings.mode)
            if judgement.decision is not Ruling.REJECT:
                keep = KeptAnswer(
                    case.pattern,
                    brief.catalogue,
                    # A value for this host may be wrong for the next one.
                    case.event if judgement.params else "",
                    asked.answer.text,
                    asked.provider,
                    asked.model,
                    brief.prompt.digest,
                    case.decision_id,
                    now.wall,
                )
        record = attrs.evolve(
            conclusion.record,
            prompt_hash=brief.prompt.digest,
            candidates=tuple(brief.offered.choices),
            tokens=None if asked.answer is None else asked.answer.tokens,
            cost=asked.cost,
            tries=tuple(asked.tries),
        )
        return Planned(attrs.evolve(conclusion, record=record), asked, keep)

    async def _commit(self, case: Case, planned: Planned) -> bool:
        """Keep all of a decision; say whether the incident still waited for it."""
        conclusion, now = planned.conclusion, self._now()
        paid: list[Write[object]] = [
            *planned.asked.writes(self.memory),
            *self._about_providers(planned.asked, now),
        ]
        if planned.answer is not None:
            paid.append(self.memory.keep_answer(planned.answer))
        try:
            await self.store.commit(
                self._undecided(case),
                *paid,
                self.memory.keep(conclusion.record),
                *self._moves(case, conclusion, now),
            )
        except StaleMoveError:
            # It passed, or a person or a rule was faster; what was paid is on record all the same.
            late = attrs.evolve(conclusion.record, reason="incident_moved_on")
            await self.store.commit(*paid, self.memory.keep(late))
            return False
        log.info(
            "incident_planned",
            incident_id=case.incident.id,
            host=case.incident.host,
            check=case.incident.check,
            runbook_id=conclusion.record.runbook_id or "",
            reason=conclusion.record.reason,
            provider=conclusion.record.provider,
            took_ms=conclusion.record.took_ms,
        )
        return True

    def _undecided(self, case: Case) -> Write[None]:
        """Refuse the commit where somebody decided while a model thought: that stands."""
        incident_id, known = case.incident.id, case.incident.decision

        def write(connection: sqlite3.Connection) -> None:
            incident = self.incidents.get(incident_id)(connection)
            if incident is None or incident.decision != known:
                raise StaleMoveError(f"incident {incident_id} has another decision by now")

        return write

    def _moves(self, case: Case, conclusion: Conclusion, now: Moment) -> list[Write[object]]:
        incident_id, fact = case.incident.id, conclusion.fact
        if isinstance(conclusion.outcome, Decision):
            due = now.after(DUE_S)
            return [
                self.incidents.decide_again(incident_id, conclusion.outcome, fact, due, now),
                *(self.tickets.open(stop, now) for stop in conclusion.stops),
            ]
        reason = conclusion.outcome.reason
        escalated = Move(
            State.ESCALATED, (State.DECIDING,), Fact("escalated", {"reason": reason}), reason=reason
        )
        return [
            self.incidents.note(incident_id, fact, now),
            self.incidents.move(incident_id, escalated, now),
            *(self.tickets.open(stop, now) for stop in conclusion.stops),
        ]

    def _about_providers(self, asked: Asked, now: Moment) -> list[Write[object]]:
        """Tell of providers that stopped being asked, and end that for those that answer again."""
        kind = StopKind.PROVIDER_DOWN
        return [
            self.tickets.answered(kind, name, "aright", "it answers again", now)
            if fault is None
            else self.tickets.open(Stop(kind, name, Severity.MEDIUM, fault.value), now)
            for name, fault in asked.news.items()
        ]

    def _now(self) -> Moment:
        return Moment.read(self.clock)
