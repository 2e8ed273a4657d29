"""What is due by itself: retries, expiries, the end of a flap window, and work that stalled."""

import datetime as dt

import attrs
import structlog

from actors.journal import core
from actors.journal.core import Task
from actors.journal.store import Journal
from actors.messages import (
    ExecuteRunbook,
    Fact,
    Incident,
    IncidentToDecide,
    Moment,
    Move,
    State,
    Stop,
    StopKind,
)
from actors.ports import StaleMoveError, Tickets
from runtime.clock import Clock
from runtime.mailbox import Post
from runtime.store import Store, Write

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="journal")

_AT_ONCE = 256


@attrs.define
class DueWork:
    """Moves what is due, and hands unfinished incidents out again: the alarm's two questions.

    At a start the same hands everything unfinished out, so that a crash and a jam mend alike.
    """

    to_l1: Post[IncidentToDecide]
    to_runner: Post[ExecuteRunbook]
    store: Store
    journal: Journal
    tickets: Tickets
    clock: Clock

    async def next_due(self) -> dt.datetime | None:
        """Give the instant at which something is due."""
        return await self.store.read(self.journal.next_due(Moment.read(self.clock)))

    async def ring(self, _due: dt.datetime) -> None:
        """Do what is due by now."""
        now = Moment.read(self.clock)
        while incidents := await self.store.read(self.journal.due(now, _AT_ONCE)):
            for incident in incidents:
                await self._work(incident, now)

    async def recover(self) -> None:
        """At a start of the appliance, hand out what an earlier life left unfinished."""
        now = Moment.read(self.clock)
        [incidents] = await self.store.commit(self.journal.stalled())
        for incident in incidents:
            if incident.stalled_starts >= core.STARTS_BEFORE_DEAD:
                await self._give_up(incident, now)
            elif not core.is_soaking(incident, now):
                await self._hand_out(incident, now)
        if incidents:
            log.info("incidents_taken_up", count=len(incidents))

    async def _work(self, incident: Incident, now: Moment) -> None:
        task = core.task_of(incident.state)
        if task is Task.HAND_OUT:
            await self._hand_out(incident, now)
            return
        if task is Task.FORGET:
            await self.store.commit(self.journal.postpone(incident.id, None))
            return
        writes: list[Write[object]] = [
            self.journal.move(incident.id, core.due_move(incident, now), now)
        ]
        if task is Task.EXPIRE:
            writes.append(self.tickets.open(_stop(StopKind.EXPIRED, incident), now))
        try:
            await self.store.commit(*writes)
        except StaleMoveError:
            return  # a person was faster
        if task is Task.DECIDE_AGAIN:
            await self._to_l1(attrs.evolve(incident, state=State.DECIDING))

    async def _hand_out(self, incident: Incident, now: Moment) -> None:
        due = now.after(core.STALLED_AFTER)
        await self.store.commit(self.journal.postpone(incident.id, due))
        if incident.state in (State.OBSERVED, State.DECIDING):
            await self._to_l1(incident)
        else:
            self.to_runner.offer(ExecuteRunbook(incident))

    async def _to_l1(self, incident: Incident) -> None:
        observation = await self.store.read(self.journal.observation(incident.observation_id))
        self.to_l1.offer(IncidentToDecide(incident, observation))

    async def _give_up(self, incident: Incident, now: Moment) -> None:
        fact = Fact("dead_lettered", {"starts": incident.stalled_starts})
        writes: list[Write[object]] = []
        here = incident.state
        if here is State.OBSERVED:
            writes.append(self.journal.move(incident.id, Move(State.DECIDING, (here,), fact), now))
            here = State.DECIDING
        move = Move(State.ESCALATED, (here,), fact, reason=StopKind.DEAD_LETTER)
        log.error("incident_dead_lettered", incident_id=incident.id, state=incident.state.value)
        await self.store.commit(
            *writes,
            self.journal.move(incident.id, move, now),
            self.tickets.open(_stop(StopKind.DEAD_LETTER, incident), now),
        )


def _stop(kind: StopKind, incident: Incident) -> Stop:
    decision = incident.decision
    return Stop(
        kind=kind,
        key=incident.id,
        severity=incident.severity,
        reason=kind.value,
        incident_id=incident.id,
        host=incident.host,
        check=incident.check,
        rule_id=decision.rule_id if decision else "",
        runbook_id=decision.runbook_id if decision else "",
    )
