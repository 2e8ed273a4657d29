"""The agent's line to its appliance: one connection at a time, for as long as it lasts."""

import math
from collections.abc import Awaitable, Callable, Collection, Sequence

import attrs
import structlog
import trio
from google.protobuf.message import Message

from actors.endpoint_agent.core import Exchange, Fate, Given, Standing, Wishes
from actors.endpoint_agent.credentials import Credentials
from actors.endpoint_agent.errors import leaves
from actors.endpoint_agent.news import News
from actors.endpoint_agent.remote_tools import remote_tools
from actors.endpoint_agent.store import Commands, Spool, Spooled
from actors.endpoint_agent.wire import (
    PATH,
    ack_of,
    event_of,
    given_of,
    result_of,
    tier_of,
    wishes_of,
)
from protos.compliance_pb2 import (
    DriftAck,
    DriftEvent,
    HealingAck,
    HeartbeatRequest,
    HeartbeatResponse,
    RegisterRequest,
    RegisterResponse,
    RMMAck,
    RMMAgent,
    RMMStatusReport,
)
from runtime.clock import Clock
from runtime.hosts.asyncio_island import open_island
from runtime.hosts.device_certificate import CertificateError, NewKey
from runtime.hosts.grpc import Code
from runtime.hosts.grpc_client import (
    Backoff,
    CallFailedError,
    Client,
    Duplex,
    R,
    UnreachableError,
    connected,
)
from runtime.mailbox import Post
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="uplink")

_BATCH = 64
_CALL_S = 30.0
"""Seconds for an answer; later, the connection counts as dead."""


@attrs.frozen
class Place:
    """Who speaks, to whom, and how often."""

    address: str
    """Of the appliance."""
    port: int
    host: str
    os_version: str
    version: str
    heartbeat_s: float = 60.0
    retry_s: float = 30.0
    """Until what the appliance could not keep is sent again."""
    tools_s: float = 86_400.0
    """Between two looks for remote tools."""
    renewal_retry_s: float = 600.0
    """From one attempt to get the next certificate to another."""


@attrs.define
class Uplink:
    """Connects, registers, and speaks until the connection ends; then again, with pauses."""

    place: Place
    credentials: Credentials | None
    """None without certificates, on a loopback address."""
    store: Store
    spool: Spool
    commands: Commands
    given: Post[Given]
    processes: Callable[[], Awaitable[Collection[str]]]
    heed: Callable[[Wishes], None]
    """Is told what the appliance wishes, at each answer to Register."""
    standing: Standing
    news: News
    clock: Clock
    backoff: Backoff
    _renewal_from: float = attrs.field(default=-math.inf, init=False)
    """On trio's clock: a clock that is ahead must not ask again and again."""
    _offered: str = attrs.field(default="", init=False)
    """The version of the update that was told last."""

    async def run(self) -> None:
        """Speak until cancelled.

        Raises:
            StoreError: what was acked could not be forgotten, or the spool not be read.
        """
        async with open_island("uplink"):
            while True:
                problem = await self._session()
                if problem:
                    pause = self.backoff.pause()
                    log.warning("appliance_away", reason=problem, retry_in_s=round(pause, 1))
                    await trio.sleep(pause)

    async def _session(self) -> str:
        """Speak over one connection; say why it ended, or nothing where a new one is wanted."""
        problems: list[str] = []
        try:
            await self._speak()
        except* (UnreachableError, CallFailedError) as ended:
            problems += [str(error) for error in leaves(ended)]
        return problems[0] if problems else ""

    async def _speak(self) -> None:
        at = self.place
        tls = None if self.credentials is None else self.credentials.device.tls
        async with connected(at.address, at.port, tls) as client:
            await self._register(client)
            log.info("appliance_reached", address=f"{at.address}:{at.port}")
            async with (
                client.stream(f"{PATH}/ReportDrift", DriftEvent, DriftAck) as drifts,
                trio.open_nursery() as nursery,
            ):
                exchange, acked = Exchange(), News()
                nursery.start_soon(self._send, drifts, exchange, acked)
                nursery.start_soon(self._settle, drifts, exchange, acked)
                nursery.start_soon(self._beat, client)
                nursery.start_soon(self._confirm, client)
                nursery.start_soon(self._tell_tools, client)
                if self.credentials is None:
                    await trio.sleep_forever()
                else:
                    await self._renew(client, self.credentials)
                nursery.cancel_scope.cancel(reason="a new certificate")

    async def _ask(self, client: Client, call: str, message: Message, answer: type[R]) -> R:
        with trio.move_on_after(_CALL_S):
            return await client.call(f"{PATH}/{call}", message, answer)
        raise UnreachableError(client.address, f"no answer within {_CALL_S:g} s")

    async def _register(self, client: Client, csr: bytes = b"") -> RegisterResponse:
        at = self.place
        request = RegisterRequest(
            hostname=at.host,
            os_version=at.os_version,
            agent_version=at.version,
            needs_certificates=bool(csr),
            csr_pem=csr,
        )
        answer = await self._ask(client, "Register", request, RegisterResponse)
        self.standing.agent_id = answer.agent_id
        self.standing.tier = tier_of(answer.capability_tier)
        self.heed(wishes_of(answer))
        log.info("registered", agent_id=answer.agent_id, state=self.standing.tier.name.lower())
        return answer

    # Reports, and what the appliance says of them.

    async def _send(
        self, drifts: Duplex[DriftEvent, DriftAck], exchange: Exchange, acked: News
    ) -> None:
        while True:
            spooled, settled = self.news.next, acked.next
            if exchange.room and (rows := await self._next(exchange)):
                await drifts.send([self._event(row) for row in rows])
            elif exchange.waits:
                await trio.sleep(self.place.retry_s)
                exchange.rewind()
            else:
                await _either(spooled, settled)

    async def _next(self, exchange: Exchange) -> Sequence[Spooled]:
        limit = min(_BATCH, exchange.room)
        rows = await self.store.read(self.spool.after(exchange.cursor, limit))
        unreadable = [row.id for row in rows if row.report is None]
        if unreadable:
            log.error("reports_dropped", reason="unreadable", count=len(unreadable))
            await self.store.commit(self.spool.settle((), unreadable))
        chosen = set(exchange.choose([row.id for row in rows if row.report is not None]))
        if rows and not chosen:  # all of them are in flight, or nobody can read them
            exchange.cursor = rows[-1].id
            return await self._next(exchange)
        return [row for row in rows if row.id in chosen]

    def _event(self, row: Spooled) -> DriftEvent:
        assert row.report is not None  # noqa: S101  the others were sorted out
        return event_of(self.standing.agent_id, row.boot_id, row.seq, row.report, row.untold)

    async def _settle(
        self, drifts: Duplex[DriftEvent, DriftAck], exchange: Exchange, acked: News
    ) -> None:
        while acks := await drifts.receive():
            by_fate: dict[Fate, list[int]] = {fate: [] for fate in Fate}
            now = trio.current_time()
            for ack in acks:
                fate, given = ack_of(ack, now)
                by_fate[fate].append(exchange.settle(fate))
                self._take(given)
            await self.store.commit(self.spool.settle(by_fate[Fate.TAKEN], by_fate[Fate.REFUSED]))
            if by_fate[Fate.REFUSED]:
                count = len(by_fate[Fate.REFUSED])
                log.error("reports_dropped", reason="refused", count=count)
            self.backoff.clear()
            acked.tell()
        raise UnreachableError(f"{self.place.address}:{self.place.port}", "the stream was ended")

    # Signs of life, orders, outcomes.

    async def _beat(self, client: Client) -> None:
        while True:
            answer = await self._heartbeat(client)
            for command in answer.pending_commands:
                self._take(given_of(command, trio.current_time()))
            if answer.config_changed:
                await self._register(client)
            self._tell_update(answer)
            await trio.sleep(self.place.heartbeat_s)

    async def _heartbeat(self, client: Client) -> HeartbeatResponse:
        fails, heals = self.standing.fails, self.standing.heals
        request = HeartbeatRequest(
            agent_id=self.standing.agent_id,
            timestamp=self._now(),
            drift_count=fails,
            healing_count=heals,
            agent_version=self.place.version,
        )
        answer = await self._ask(client, "Heartbeat", request, HeartbeatResponse)
        self.standing.fails -= fails
        self.standing.heals -= heals
        self.backoff.clear()
        return answer

    def _tell_update(self, answer: HeartbeatResponse) -> None:
        """Say once which update is offered: what installs programs on this host may take it."""
        if answer.update_available and answer.update_version != self._offered:
            self._offered = answer.update_version
            log.warning(
                "update_offered",
                version=answer.update_version,
                address=answer.update_url,
                sha256=answer.update_sha256,
            )

    def _take(self, given: Given | None) -> None:
        """Hand a command on; one that finds no room comes again with the next answer."""
        if given is not None and not self.given.offer(given):
            log.warning("command_put_off", check=given.check_type)

    async def _confirm(self, client: Client) -> None:
        while True:
            told = self.news.next
            for done in await self.store.read(self.commands.untold()):
                result = result_of(self.standing.agent_id, self.place.host, done, self._now())
                ack = await self._ask(client, "ReportHealing", result, HealingAck)
                if ack.received:
                    await self.store.commit(self.commands.told(done.command_id))
            with trio.move_on_after(self.place.retry_s):
                await told.wait()

    async def _tell_tools(self, client: Client) -> None:
        while True:
            found = remote_tools(await self.processes())
            report = RMMStatusReport(
                agent_id=self.standing.agent_id,
                hostname=self.place.host,
                detected_agents=[
                    RMMAgent(name=product, running=True, service_name=process)
                    for product, process in found
                ],
                timestamp=self._now(),
            )
            try:
                await self._ask(client, "ReportRMMStatus", report, RMMAck)
            except CallFailedError as error:
                if error.code is not Code.UNIMPLEMENTED:
                    raise
            await trio.sleep(self.place.tools_s)

    async def _renew(self, client: Client, credentials: Credentials) -> None:
        """Wait until the certificate is two thirds of its life old, and get another.

        One that is refused is asked for again later: the old one is good for a third of its life.
        """
        while True:
            await trio.sleep_until(self._renewal_from)
            await credentials.until_due()
            self._renewal_from = trio.current_time() + self.place.renewal_retry_s
            key = NewKey.made(self.place.host)
            try:
                answer = await self._register(client, key.csr_pem)
                credentials.renewed(key, answer.agent_cert_pem)
            except (CallFailedError, CertificateError) as error:
                log.error("certificate_not_renewed", error=str(error))  # noqa: TRY400  it says it all
            else:
                log.info("certificate_renewed")
                return

    def _now(self) -> int:
        return int(self.clock.now().timestamp())


async def _either(*events: trio.Event) -> None:
    async with trio.open_nursery() as nursery:

        async def wait(event: trio.Event) -> None:
            await event.wait()
            nursery.cancel_scope.cancel()

        for event in events:
            nursery.start_soon(wait, event)
