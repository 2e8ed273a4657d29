"""The safety gate as an actor: asks for suppression, commits one ruling, tells the runner."""

from collections.abc import Awaitable
from typing import TypeVar, assert_never

import attrs
import structlog
import trio

from actors.circuit_breaker.gate import Gate
from actors.messages import ExecuteRunbook, FixProposed, Incident, Moment, State
from actors.messages.suppression import Suppression
from actors.requests import ApproveFix, RejectFix, ResetBreaker, SuppressionOf
from runtime.clock import Clock
from runtime.errors import ConflictError, NotFoundError
from runtime.mailbox import MailboxRefusedError, Post
from runtime.request import Request
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="circuit_breaker")

R = TypeVar("R")

GateCommand = ApproveFix | RejectFix | ResetBreaker


@attrs.define
class CircuitBreakerActor:
    """Lets a proposed fix run, or stops it and has a person told."""

    store: Store
    gate: Gate
    clock: Clock
    suppressor: Post[SuppressionOf]
    runner: trio.abc.SendChannel[ExecuteRunbook]

    async def handle(self, message: FixProposed | GateCommand) -> None:
        """Decide one proposed fix, or obey one command."""
        match message:
            case FixProposed():
                await self._decide(message.incident)
            case ApproveFix():
                await _answered(message, self._approve(message))
            case RejectFix():
                await _answered(message, self._reject(message))
            case ResetBreaker():
                await _answered(message, self._reset(message))
            case _:
                assert_never(message)

    async def _decide(self, incident: Incident) -> None:
        try:
            suppression = await self._suppression(incident)
        except MailboxRefusedError as refused:
            # Nobody can say whether it is held back: it stays undecided, and is due again.
            log.warning("suppression_unknown", incident_id=incident.id, error=str(refused))
            return
        [ruled] = await self.store.commit(
            self.gate.decide(incident.id, suppression, Moment.read(self.clock))
        )
        if ruled is None:
            log.debug("proposal_stale", incident_id=incident.id)
        else:
            await self._ruled(ruled)

    async def _approve(self, command: ApproveFix) -> Incident:
        incident = await self.store.read(self.gate.incidents.get(command.incident_id))
        suppression = None if incident is None else await self._suppression(incident)
        [ruled] = await self.store.commit(
            self.gate.approve(command, suppression, Moment.read(self.clock))
        )
        await self._ruled(ruled)
        return ruled

    async def _reject(self, command: RejectFix) -> Incident:
        [ruled] = await self.store.commit(self.gate.reject(command, Moment.read(self.clock)))
        await self._ruled(ruled)
        return ruled

    async def _reset(self, command: ResetBreaker) -> None:
        await self.store.commit(self.gate.reset(command, Moment.read(self.clock)))
        log.info("breaker_reset", reason=command.reason)

    async def _suppression(self, incident: Incident) -> Suppression | None:
        return await SuppressionOf(incident).ask(self.suppressor)

    async def _ruled(self, incident: Incident) -> None:
        log.info(
            "fix_ruled",
            incident_id=incident.id,
            host=incident.host,
            check=incident.check,
            state=incident.state,
            reason=incident.reason,
        )
        if incident.state is not State.ACTING:
            return
        try:
            await self.runner.send(ExecuteRunbook(incident))
        except MailboxRefusedError as refused:
            # What was committed stands; the incident is given to the runner when it is due.
            log.warning("runner_refused", incident_id=incident.id, error=str(refused))


async def _answered(command: Request[R], obeying: Awaitable[R]) -> None:
    try:
        command.reply(await obeying)
    except (ConflictError, NotFoundError, MailboxRefusedError) as refusal:
        command.fail(refusal)
