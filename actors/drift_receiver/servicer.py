"""Answers agents: who registers, who lives, and which drift is durable.

An event is acked when the journal has it on disk, not when it is healed.  All events of a batch
are with the journal, in their order, before the first is waited for: they share its commit.
"""

from collections.abc import Sequence

import attrs
import structlog

from actors.drift_receiver.core import (
    NAME_CHARS,
    Agent,
    AgentEvent,
    ReceiverSettings,
    Vocabulary,
    agent_id_of,
    name_problem,
    observation_of,
    platform_of,
    problem_of,
)
from actors.drift_receiver.heal_orders import HealOrders
from actors.drift_receiver.store import Agents
from actors.messages import Status
from actors.messages.healing import HealOrder, HealReport
from actors.requests import RecordObservation
from protos.compliance_pb2 import (
    MONITOR_ONLY,
    SELF_HEAL,
    DriftAck,
    DriftEvent,
    HealCommand,
    HealingAck,
    HealingResult,
    HeartbeatRequest,
    HeartbeatResponse,
    RegisterRequest,
    RegisterResponse,
)
from runtime.clock import Clock
from runtime.delivery import DeadLetteredError
from runtime.errors import StoreError, StoreFullError
from runtime.hosts.grpc_routes import Code, RefusedCallError, Route, Streamed, Unary, Unserved
from runtime.ids import Ids
from runtime.mailbox import MailboxRefusedError, Post
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="drift_receiver")

_SERVICE = "/compliance.ComplianceAgent"


@attrs.define
class AgentServicer:
    """The service `ComplianceAgent`, one object for all agents; `load` before it serves."""

    settings: ReceiverSettings
    vocabulary: Vocabulary
    journal: Post[RecordObservation]
    store: Store
    agents: Agents
    clock: Clock
    ids: Ids
    orders: HealOrders
    _known: dict[str, Agent] = attrs.field(factory=dict[str, Agent], init=False)
    """By agent id, all of them: each event asks for the platform of its agent."""

    @property
    def routes(self) -> Sequence[Route]:
        """Name who answers which call of the contract."""
        return (
            Unary(f"{_SERVICE}/Register", RegisterRequest, RegisterResponse, self.register),
            Streamed(f"{_SERVICE}/ReportDrift", DriftEvent, DriftAck, self.report_drift),
            Unary(f"{_SERVICE}/ReportHealing", HealingResult, HealingAck, self.report_healing),
            Unary(f"{_SERVICE}/Heartbeat", HeartbeatRequest, HeartbeatResponse, self.heartbeat),
            Unserved(f"{_SERVICE}/ReportRMMStatus"),
        )

    async def load(self) -> None:
        """Recall the agents that registered in an earlier life."""
        self._known = {agent.id: agent for agent in await self.store.read(self.agents.all())}

    async def register(self, request: RegisterRequest) -> RegisterResponse:
        """Give an agent its id, the same whenever its host registers again.

        Raises:
            RefusedCallError: the hostname cannot be one, or the agent could not be kept.
        """
        host = request.hostname
        if problem := name_problem(host) if host else "is missing":
            raise RefusedCallError(Code.INVALID_ARGUMENT, f"hostname {problem}")
        now = self.clock.now()
        newcomer = Agent(
            id=agent_id_of(host, self.ids.new("agent")),
            hostname=host,
            platform=platform_of(request.os_version),
            version=request.agent_version[:NAME_CHARS],
            registered_at=now,
            last_seen=now,
        )
        try:
            [agent] = await self.store.commit(self.agents.register(newcomer))
        except StoreFullError as error:
            raise RefusedCallError(Code.RESOURCE_EXHAUSTED, "store full, come back") from error
        except StoreError as error:
            raise RefusedCallError(Code.UNAVAILABLE, "not stored, come back") from error
        self._known[agent.id] = agent
        log.info("agent_registered", agent_id=agent.id, host=host)
        return RegisterResponse(
            agent_id=agent.id,
            check_interval_seconds=self.settings.interval_s,
            enabled_checks=self.settings.enabled_checks,
            capability_tier=SELF_HEAL if self.orders.allowed else MONITOR_ONLY,
        )

    async def heartbeat(self, request: HeartbeatRequest) -> HeartbeatResponse:
        """Note that an agent lives; one that we do not know is asked to register."""
        agent = self._known.get(request.agent_id)
        if agent is not None:
            try:
                await self.store.commit(
                    self.agents.seen(agent.id, self.clock.now(), request.drift_count)
                )
            except StoreError as error:  # the next heartbeat says it again
                log.warning("heartbeat_not_stored", agent_id=agent.id, error=type(error).__name__)
        orders = self.orders.orders_for(agent.hostname) if agent else ()
        return HeartbeatResponse(
            acknowledged=True,
            config_changed=agent is None,
            pending_commands=[_command(order) for order in orders],
        )

    async def report_healing(self, result: HealingResult) -> HealingAck:
        """Take note that an agent did what it was told; whether the drift is gone, a check says.

        Its artifacts and its error's words are neither kept nor logged: they may hold keys.
        """
        agent = self._known.get(result.agent_id)
        host = agent.hostname if agent else result.hostname
        report = HealReport(success=result.success)
        try:
            known = await self.orders.confirm(result.command_id[:NAME_CHARS], host, report)
        except StoreError as error:
            log.warning("healing_not_stored", agent_id=result.agent_id, error=type(error).__name__)
            return HealingAck(received=False)
        if not known:
            log.warning("healing_not_ordered", agent_id=result.agent_id[:NAME_CHARS])
        return HealingAck(event_id=result.command_id, received=True)

    async def report_drift(self, events: Sequence[DriftEvent]) -> Sequence[DriftAck]:
        """Ack each event once it is durable, or say why it is not."""
        put = [await self._put(_event(event)) for event in events]
        return [await self._ack(request) for request in put]

    async def _put(self, event: AgentEvent) -> RecordObservation | str:
        """Ask the journal to keep an event; give the reason where that is not possible."""
        if problem := problem_of(event):
            log.debug("event_refused", agent_id=event.agent_id[:NAME_CHARS], reason=problem)
            return problem
        agent = self._known.get(event.agent_id)
        observation = observation_of(
            event,
            id=self.ids.new("observation"),
            site=self.settings.site,
            platform=agent.platform if agent else self.vocabulary.platform(event.host),
            vocabulary=self.vocabulary,
            arrived=self.clock.now(),
        )
        request = RecordObservation(observation)
        try:
            await request.put(self.journal)
        except MailboxRefusedError:
            return "not taken now, keep it"
        return request

    async def _ack(self, put: RecordObservation | str) -> DriftAck:
        if isinstance(put, str):
            return DriftAck(received=False, error=put)
        try:
            recorded = await put.answer()
        except StoreFullError:
            return DriftAck(received=False, error="store full, keep it")
        except (StoreError, MailboxRefusedError):
            return DriftAck(received=False, error="not stored, keep it")
        except DeadLetteredError:  # a person was told; once more would only fell the journal again
            return DriftAck(received=False, error="the event was set aside")
        heard = put.observation
        self.orders.hear(heard.host, heard.check, passed=heard.status is Status.PASS)
        ack = DriftAck(event_id=recorded.observation_id, received=True)
        if heard.status is Status.FAIL:
            for order in self.orders.orders_for(heard.host)[:1]:
                ack.heal_command.CopyFrom(_command(order))
        return ack


def _command(order: HealOrder) -> HealCommand:
    return HealCommand(
        command_id=order.id,
        check_type=order.check_type,
        action=order.action,
        params=order.params,
        timeout_seconds=round(order.timeout_s),
    )


def _event(event: DriftEvent) -> AgentEvent:
    return AgentEvent(
        agent_id=event.agent_id,
        host=event.hostname,
        check=event.check_type,
        passed=event.passed,
        expected=event.expected,
        actual=event.actual,
        control=event.hipaa_control,
        timestamp=event.timestamp,
        metadata=event.metadata,
        boot_id=event.boot_id,
        seq=event.seq,
        size=event.ByteSize(),
    )
