"""What agents ask one thing at a time: who they are, what to do, and what they say of their hosts.

Each call gets its request and its caller.  An agent that shows a certificate speaks for the host
named there; what it says of itself counts for nothing against that.
"""

from collections.abc import Sequence

import attrs
import structlog

from actors.drift_receiver.core import (
    NAME_CHARS,
    Agent,
    ReceiverSettings,
    agent_id_of,
    name_problem,
    platform_of,
)
from actors.drift_receiver.fleet import Fleet
from actors.drift_receiver.heal_orders import HealOrders
from actors.drift_receiver.inventory import RmmTool, inventory_of, shown, tools_of
from actors.drift_receiver.terms import Tier
from actors.messages import Moment
from actors.messages.healing import HealOrder, HealReport
from actors.ports import Certificates, EnrolmentRefusedError, Issued
from protos.compliance_pb2 import (
    MONITOR_ONLY,
    SELF_HEAL,
    HealCommand,
    HealingAck,
    HealingResult,
    HeartbeatRequest,
    HeartbeatResponse,
    RegisterRequest,
    RegisterResponse,
    RMMAck,
    RMMStatusReport,
)
from runtime.clock import Clock
from runtime.errors import StoreError, StoreFullError
from runtime.hosts.grpc import Caller, Code, RefusedCallError
from runtime.ids import Ids

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="drift_receiver")

_TIERS = {Tier.MONITOR_ONLY: MONITOR_ONLY, Tier.SELF_HEAL: SELF_HEAL}


@attrs.define
class Calls:
    """The four calls that have one answer.

    Each raises RefusedCallError with PERMISSION_DENIED for a caller that speaks for another.
    """

    fleet: Fleet
    orders: HealOrders
    certificates: Certificates | None
    """None where agents show none."""
    clock: Clock
    ids: Ids

    async def register(self, request: RegisterRequest, caller: Caller) -> RegisterResponse:
        """Give an agent its id, the same whenever its host registers again, and its terms.

        Raises:
            RefusedCallError: the hostname cannot be one, the agent gets no certificate, or it
                could not be kept.
        """
        host = request.hostname
        if problem := name_problem(host) if host else "is missing":
            raise RefusedCallError(Code.INVALID_ARGUMENT, f"hostname {problem}")
        self._check(caller, host=host)
        if not (caller.identity or request.needs_certificates or self._settings.insecure_loopback):
            raise RefusedCallError(Code.PERMISSION_DENIED, "neither shows nor needs a certificate")
        now = self.clock.now()
        known = self.fleet.on(host)
        newcomer = Agent(
            id=known.id if known else agent_id_of(host, self.ids.new("agent")),
            # As it was called first: to the rooms behind, another spelling is another host.
            hostname=known.hostname if known else host,
            platform=platform_of(request.os_version),
            version=shown(request.agent_version),
            registered_at=now,
            last_seen=now,
        )
        inventory = inventory_of(
            request.os_version, request.mac_address, request.installed_software
        )
        try:
            # First: a stranger that gets no certificate must not change what is known of a host.
            issued = await self._issued(request, newcomer.id, caller)
            agent, terms = await self.fleet.register(newcomer, inventory)
        except StoreFullError as error:
            raise RefusedCallError(Code.RESOURCE_EXHAUSTED, "store full, come back") from error
        except StoreError as error:
            raise RefusedCallError(Code.UNAVAILABLE, "not stored, come back") from error
        log.info("agent_registered", agent_id=agent.id, host=host)
        return RegisterResponse(
            agent_id=agent.id,
            check_interval_seconds=terms.interval_s,
            enabled_checks=terms.enabled_checks,
            capability_tier=_TIERS[terms.tier],
            check_config=terms.check_config,
            ca_cert_pem=issued.ca_pem if issued else b"",
            agent_cert_pem=issued.certificate_pem if issued else b"",
            agent_key_pem=issued.key_pem if issued else b"",
        )

    async def heartbeat(self, request: HeartbeatRequest, caller: Caller) -> HeartbeatResponse:
        """Note that an agent lives; say what it is to do, to learn anew, and to become.

        One that we do not know is asked to register.
        """
        agent = self.fleet.agent(request.agent_id)
        if agent is None:
            return HeartbeatResponse(acknowledged=True, config_changed=True)
        self._check(caller, agent_id=agent.id)
        version = shown(request.agent_version) or agent.version
        try:
            await self.fleet.seen(
                agent, drifts=request.drift_count, healings=request.healing_count, version=version
            )
        except StoreError as error:  # the next heartbeat says it again
            log.warning("heartbeat_not_stored", agent_id=agent.id, error=type(error).__name__)
        agent = self.fleet.agent(agent.id) or agent  # a person may have spoken meanwhile
        answer = HeartbeatResponse(
            acknowledged=True,
            config_changed=self.fleet.outdated(agent),
            pending_commands=commands(
                self.orders.orders_for(agent.hostname), Moment.read(self.clock)
            ),
        )
        update = self._settings.update
        if update is not None and update.suits(agent.platform, version):
            answer.update_available = True
            answer.update_version = update.version
            answer.update_url = update.url
            answer.update_sha256 = update.sha256
        return answer

    async def report_healing(self, result: HealingResult, caller: Caller) -> HealingAck:
        """Take note that an agent did what it was told; whether the drift is gone, a check says.

        Its artifacts and its error's words are neither kept nor logged: they may hold keys.
        """
        self._check(caller, agent_id=result.agent_id, host=result.hostname)
        agent = self.fleet.agent(result.agent_id)
        host = caller.identity or (agent.hostname if agent else result.hostname)
        report = HealReport(success=result.success)
        try:
            known = await self.orders.confirm(result.command_id[:NAME_CHARS], host, report)
        except StoreError as error:
            log.warning("healing_not_stored", host=host, error=type(error).__name__)
            return HealingAck(received=False)
        if not known:
            log.warning("healing_not_ordered", agent_id=result.agent_id[:NAME_CHARS])
        return HealingAck(event_id=result.command_id, received=True)

    async def report_rmm(self, report: RMMStatusReport, caller: Caller) -> RMMAck:
        """Keep which tools for remote management are on a host, in place of those before."""
        self._check(caller, agent_id=report.agent_id, host=report.hostname)
        agent = self.fleet.agent(report.agent_id)
        if agent is None and caller.identity:
            agent = self.fleet.on(caller.identity)
        if agent is None:
            return RMMAck(received=False)
        found = report.detected_agents
        tools = tools_of(
            RmmTool(each.name, each.service_name, each.version, each.running) for each in found
        )
        if len(tools) < len(found):
            log.warning("rmm_tools_dropped", agent_id=agent.id, count=len(found) - len(tools))
        try:
            await self.fleet.found(agent, tools)
        except StoreError as error:  # the next report says it again
            log.warning("rmm_tools_not_stored", agent_id=agent.id, error=type(error).__name__)
            return RMMAck(received=False)
        return RMMAck(received=True)

    @property
    def _settings(self) -> ReceiverSettings:
        return self.fleet.settings

    def _check(self, caller: Caller, *, agent_id: str = "", host: str = "") -> None:
        if problem := self.fleet.foreign(caller, agent_id, host):
            log.warning("call_refused", host=caller.identity, reason=problem)
            raise RefusedCallError(Code.PERMISSION_DENIED, problem)

    async def _issued(
        self, request: RegisterRequest, agent_id: str, caller: Caller
    ) -> Issued | None:
        if self.certificates is None or not request.needs_certificates:
            return None
        try:
            return await self.certificates.issue(
                host=request.hostname,
                agent_id=agent_id,
                address=caller.address,
                certificate=caller.certificate,
                csr_pem=request.csr_pem,
            )
        except EnrolmentRefusedError as error:
            raise RefusedCallError(
                Code.PERMISSION_DENIED, f"{error.reason}: {error.problem}"
            ) from error


def commands(orders: Sequence[HealOrder], now: Moment) -> Sequence[HealCommand]:
    """Put orders into the agents' words, with the time that is left for them."""
    return [
        HealCommand(
            command_id=order.id,
            check_type=order.check_type,
            action=order.action,
            params=order.params,
            timeout_seconds=max(1, int(min(order.timeout_s, order.deadline.since(now)))),
        )
        for order in orders
    ]
