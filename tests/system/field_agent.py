"""An agent as the predecessor's are in the field: one address, trust on first use, mutual TLS.

It trusts the server's certificate that it meets first, and keeps its SHA-256.  Register gives it an
authority, a certificate and a key; with these it connects to the same address again, and from then
on holds the server to that authority and to the address's own name.
"""

import asyncio
import hashlib
import ssl
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
from grpclib.client import Channel
from grpclib.config import Configuration

from protos.compliance_grpc import ComplianceAgentStub
from protos.compliance_pb2 import (
    DriftAck,
    DriftEvent,
    HeartbeatRequest,
    RegisterRequest,
    RegisterResponse,
)

HOST = "127.0.0.1"
PING_S = 30.0
_PONG_S = 5.0
_PINGS = Configuration(
    _keepalive_time=PING_S,
    _keepalive_timeout=_PONG_S,
    _keepalive_permit_without_calls=True,
    _http2_max_pings_without_data=0,
    _http2_min_sent_ping_interval_without_data=PING_S / 2,
)
"""Also without a stream."""


@attrs.frozen
class Day:
    """What an agent did on one connection."""

    acks: list[DriftAck]
    """Of its one stream, in the order in which they came."""
    heartbeats: list[bool]
    """Whether each was acknowledged; the last after a time without a stream."""
    pinged: bool
    """In that time it asked whether the server is there."""


@attrs.define
class FieldAgent:
    """What it keeps on its host."""

    folder: Path
    hostname: str
    port: int
    pin: str = attrs.field(default="", init=False)

    def _first_use(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        return context

    def _mutual(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        context.load_cert_chain(self.folder / "agent.pem", self.folder / "agent.key")
        context.set_alpn_protocols(["h2"])
        return context

    def meet(self) -> str:
        """Give the SHA-256 of the certificate that the server shows; for `in a thread`."""
        pem = ssl.get_server_certificate((HOST, self.port))
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()

    @asynccontextmanager
    async def _connected(self, context: ssl.SSLContext) -> AsyncGenerator[ComplianceAgentStub]:
        channel = Channel(HOST, self.port, ssl=context)
        try:
            yield ComplianceAgentStub(channel)
        finally:
            channel.close()

    async def enrol(self) -> RegisterResponse:
        """Register without a certificate, and keep what comes with the answer."""
        async with self._connected(self._first_use()) as agent:
            return await self._register(agent)

    async def renew(self) -> RegisterResponse:
        """Register by mutual TLS, for certificates of which fewer than 30 days are left."""
        async with self._connected(self._mutual()) as agent:
            return await self._register(agent)

    async def _register(self, agent: ComplianceAgentStub) -> RegisterResponse:
        answer = await agent.Register(
            RegisterRequest(
                hostname=self.hostname,
                os_version="Windows 11 Pro",
                agent_version="0.9.1",
                needs_certificates=True,
            )
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "ca.pem").write_bytes(answer.ca_cert_pem)
        (self.folder / "agent.pem").write_bytes(answer.agent_cert_pem)
        (self.folder / "agent.key").write_bytes(answer.agent_key_pem)
        return answer

    async def report(self, agent_id: str, host: str = "") -> list[DriftAck]:
        """Report one drift by mutual TLS, without boot or number, as it always did."""
        event = DriftEvent(
            agent_id=agent_id, hostname=host or self.hostname, check_type="firewall", actual="off"
        )
        async with self._connected(self._mutual()) as agent:
            return list(await agent.ReportDrift([event]))

    async def work(self, agent_id: str) -> Day:
        """Report over one stream, end it, stay connected without one until a ping, go on."""
        acks, heartbeats = list[DriftAck](), list[bool]()
        channel = Channel(HOST, self.port, ssl=self._mutual(), config=_PINGS)
        agent = ComplianceAgentStub(channel)

        async def beat() -> None:
            answer = await agent.Heartbeat(HeartbeatRequest(agent_id=agent_id))
            heartbeats.append(answer.acknowledged)

        try:
            async with agent.ReportDrift.open() as stream:
                for check in ("firewall", "bitlocker", "defender"):
                    await stream.send_message(
                        DriftEvent(agent_id=agent_id, hostname=self.hostname, check_type=check)
                    )
                await beat()  # beside the stream, and its acks are read when they are
                while len(acks) < 3 and (ack := await stream.recv_message()) is not None:
                    acks.append(ack)
                await stream.end()
            connection = (await channel.__connect__()).connection
            quiet_since = time.monotonic()
            await asyncio.sleep(PING_S + _PONG_S + 2)  # unanswered, it would have hung up by then
            pinged = (connection.last_ping_sent or 0.0) > quiet_since
            await beat()
            assert (await channel.__connect__()).connection is connection, "it had to come again"
        finally:
            channel.close()
        return Day(acks, heartbeats, pinged)

    async def report_unknown(self) -> list[DriftAck]:
        """Report without a certificate."""
        async with self._connected(self._first_use()) as agent:
            return list(
                await agent.ReportDrift([DriftEvent(hostname=self.hostname, check_type="c")])
            )
