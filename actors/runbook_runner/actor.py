"""The runbook runner as an actor: takes an incident from the gate or the journal to its end."""

import contextlib
from collections.abc import Callable, Mapping, Sequence

import attrs
import structlog
import trio

from actors.catalogue.checks import Check
from actors.catalogue.runbooks import (
    AgentCommand,
    InvalidParamError,
    Runbook,
    Script,
    ServiceChange,
)
from actors.messages import JSON, ExecuteRunbook, Incident, Intent, Moment, State
from actors.ports import AgentExecutor, StaleMoveError
from actors.runbook_runner.agent_hands import AgentHands
from actors.runbook_runner.commands import Order
from actors.runbook_runner.consequences import UNFINISHED, runbook_of
from actors.runbook_runner.core import Conclusion, Failed, Unknown, verdict_of
from actors.runbook_runner.hands import Hands, Host
from actors.runbook_runner.record import Ledgers, Record
from actors.runbook_runner.transaction import Transaction, may_run
from runtime.clock import Clock
from runtime.ids import Ids

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="runbook_runner")


@attrs.frozen
class Repertoire:
    """What the runner can do, and where."""

    runbooks: Mapping[str, Runbook]
    checks: Mapping[str, Check]
    hosts: Mapping[str, Host]
    agents: AgentExecutor | None = None
    """None where no agents are served."""


@attrs.define
class RunbookRunnerActor:
    """Heals one host at a time: the role's lanes keep the messages of a host in order.

    Nothing here is shielded from cancellation.  A drain that cuts a fix in the middle leaves its
    intent `started`, and a cut commit was durable or was not: both are what recovery is made for,
    while a shield could hold the process up for as long as a runbook may run.
    """

    ledgers: Ledgers
    repertoire: Callable[[], Repertoire]
    """Asked for each fix: a reload of the catalogue takes effect between two of them."""
    clock: Clock
    ids: Ids
    flap_window_s: float = 7200.0
    """Seconds for which a healed incident is watched before it is closed."""
    at_once: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(16))
    """Hosts on which we work ourselves at the same time; agents work by themselves."""

    async def started(self) -> None:
        """Finish the intents of incidents that went on without us: nobody will work them."""
        read, incidents = self.ledgers.store.read, self.ledgers.incidents
        for intent in await read(self.ledgers.intents.unfinished()):
            incident = await read(incidents.get(intent.incident_id))
            if incident is not None and incident.state not in UNFINISHED:
                await self._abandon(incident, intent)

    async def handle(self, message: ExecuteRunbook) -> None:
        """Work an incident to its end, or to its soak."""
        read, incidents = self.ledgers.store.read, self.ledgers.incidents
        unfinished = await read(self.ledgers.intents.unfinished())
        own = [intent for intent in unfinished if intent.incident_id == message.incident.id]
        if not own:
            await self._half_done([i for i in unfinished if i.host == message.incident.host])
        incident = await read(incidents.get(message.incident.id))
        if incident is None:
            log.debug("execute_dropped", incident_id=message.incident.id)
            return
        await self._work(incident, own)

    async def _half_done(self, intents: Sequence[Intent]) -> None:
        """Take up first what an earlier life left half done on the host.

        After a crash it may stand behind a fix that was allowed and had not begun yet.
        """
        for intent in intents:
            incident = await self.ledgers.store.read(self.ledgers.incidents.get(intent.incident_id))
            if incident is None:
                continue
            # A soak leaves the host to others.
            if incident.state is State.ACTING or may_run(intent, Moment.read(self.clock)):
                await self._work(incident, [intent])

    async def _work(self, incident: Incident, begun: Sequence[Intent]) -> None:
        if incident.state not in UNFINISHED:
            log.debug("execute_dropped", incident_id=incident.id)
            for intent in begun:
                await self._abandon(incident, intent)
            return
        record = Record(self.ledgers, self.clock, incident, begun[0] if begun else None)
        try:
            conclusion = await self._conclusion(record)
            if conclusion is not None:
                await record.conclude(conclusion, watch_s=self.flap_window_s)
                self._log(incident, conclusion)
        except StaleMoveError:
            # Somebody else moved the incident; what was begun is theirs to judge now.
            log.warning("fix_overtaken", incident_id=incident.id, host=incident.host)
            if record.intent is not None:
                await self._abandon(incident, record.intent)

    async def _abandon(self, incident: Incident, intent: Intent) -> None:
        await Record(self.ledgers, self.clock, incident).abandon(intent)

    async def _conclusion(self, record: Record) -> Conclusion | None:
        hands = self._hands(record.incident)
        if not isinstance(hands, str):
            own = self.at_once if isinstance(hands, Hands) else contextlib.nullcontext()
            async with own:
                return await Transaction.taken_up(record, hands, self.ids).run()
        # What was begun before the runbook, the check or the target went away may have happened.
        return Failed(hands) if record.intent is None else Unknown(hands)

    def _hands(self, incident: Incident) -> Hands | AgentHands | str:
        """Get ready to work on a host, or say by a code why that cannot be."""
        repertoire = self.repertoire()
        runbook = repertoire.runbooks.get(runbook_of(incident))
        if runbook is None or incident.decision is None:
            return "runbook_missing"
        host, agents = repertoire.hosts.get(incident.host), repertoire.agents
        prepared = self._prepared(incident, runbook, incident.decision.params, host)
        match runbook.act, prepared:
            case _, str(problem):
                return problem
            case AgentCommand() as command, (order, checks) if agents is not None:
                ledgers = self.ledgers
                return AgentHands(
                    agents, ledgers.answers, ledgers.store, incident, order, command, checks[0],
                    self.clock,
                )  # fmt: skip
            case Script() | ServiceChange(), (order, checks) if host is not None:
                return Hands(host, order, checks[0], checks[1:], self.clock)
            case _:
                return "host_unreachable"

    def _prepared(
        self, incident: Incident, runbook: Runbook, params: Mapping[str, JSON], host: Host | None
    ) -> tuple[Order, tuple[Check, ...]] | str:
        """Look up the checks that detect and verify, and bind the params."""
        known = self.repertoire().checks
        asked = [known.get(name) for name in (incident.check, *runbook.also_verify)]
        checks = tuple(check for check in asked if check is not None)
        if len(checks) < len(asked):
            return "check_missing"
        if not runbook.fits(incident.check, checks[0].platform):
            return "runbook_does_not_fit"
        try:
            return Order.of(runbook, params, "" if host is None else host.root), checks
        except InvalidParamError as error:
            log.warning("params_refused", runbook_id=runbook.id, error=str(error))
            return "params_invalid"

    def _log(self, incident: Incident, conclusion: Conclusion) -> None:
        log.info(
            "fix_concluded",
            incident_id=incident.id,
            host=incident.host,
            check=incident.check,
            runbook_id=runbook_of(incident),
            verdict=verdict_of(conclusion).value,
            attempt=incident.attempt,
        )
