"""The agent's line, against a server that answers as appliances may."""

# First, as in runtime/hosts/grpc_client.py.
from runtime.hosts.asyncio_island import in_asyncio, open_island  # isort: split

import contextlib
import datetime as dt
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from random import Random
from typing import Any

import attrs
import trio
from google.protobuf.message import Message
from grpclib.const import Cardinality, Handler
from grpclib.server import Server, Stream
from structlog.testing import capture_logs

from actors.endpoint_agent import (
    PATH,
    SCHEMA,
    Credentials,
    Given,
    News,
    Outcome,
    Place,
    Report,
    SqliteCommands,
    SqliteSpool,
    Standing,
    Tier,
    Uplink,
    Wishes,
    count_spooled,
)
from protos.compliance_pb2 import (
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
    RMMAck,
    RMMStatusReport,
)
from runtime.clock import SystemClock, VirtualClock
from runtime.hosts.device_certificate import NewKey
from runtime.hosts.grpc_client import Backoff
from runtime.hosts.sqlite import InlineStore
from runtime.mailbox import Full, Mailbox
from tests.pki import NOW, Pki

UNARY: list[tuple[str, type[Message]]] = [
    ("Register", RegisterRequest),
    ("Heartbeat", HeartbeatRequest),
    ("ReportHealing", HealingResult),
    ("ReportRMMStatus", RMMStatusReport),
]


def taken(event: DriftEvent) -> DriftAck:
    return DriftAck(received=True)


@attrs.define(eq=False)
class Appliance:
    """Answers what it is told to, and remembers what it heard."""

    answers: dict[str, Message] = attrs.field(
        factory=lambda: {
            "Register": RegisterResponse(agent_id="go-ws-7-1", capability_tier=SELF_HEAL),
            "Heartbeat": HeartbeatResponse(acknowledged=True),
            "ReportHealing": HealingAck(received=True),
            "ReportRMMStatus": RMMAck(received=True),
        }
    )
    ack: Callable[[DriftEvent], DriftAck] = taken
    register: Callable[[RegisterRequest], RegisterResponse] | None = None
    heard: list[Any] = attrs.field(factory=list[Any], init=False)

    def of(self, kind: type[Message]) -> list[Any]:
        return [each for each in self.heard if isinstance(each, kind)]

    def __mapping__(self) -> dict[str, Handler]:
        drifts = Handler(self.drift, Cardinality.STREAM_STREAM, DriftEvent, DriftAck)
        return {f"{PATH}/ReportDrift": drifts} | {
            f"{PATH}/{name}": self.unary(name, takes) for name, takes in UNARY
        }

    def unary(self, name: str, takes: type[Message]) -> Handler:
        async def answer(stream: Stream[Any, Any]) -> None:
            asked: Any = await stream.recv_message()
            self.heard.append(asked)
            own = self.register if name == "Register" else None
            await stream.send_message(own(asked) if own else self.answers[name])

        return Handler(answer, Cardinality.UNARY_UNARY, takes, type(self.answers[name]))

    async def drift(self, stream: Stream[DriftEvent, DriftAck]) -> None:
        async for event in stream:
            self.heard.append(event)
            await stream.send_message(self.ack(event))


@attrs.define
class Line:
    """What an uplink works with, and what may be seen of it."""

    store: InlineStore
    given: Mailbox[Given]
    standing: Standing
    news: News
    spool: SqliteSpool = attrs.field(factory=SqliteSpool)
    commands: SqliteCommands = attrs.field(factory=SqliteCommands)
    wished: list[Wishes] = attrs.field(factory=list[Wishes])

    @property
    def waiting(self) -> int:
        return count_spooled(self.store.connection)[0]

    async def tell(self, *checks: str) -> None:
        await self.store.commit(
            self.spool.append(
                [Report("ws-7", check, False, "on", "off", "", 1) for check in checks]
            )
        )
        self.news.tell()


@contextlib.asynccontextmanager
async def linked(
    appliance: Appliance,
    *,
    credentials: Credentials | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncGenerator[Line]:
    async def start(listener: socket.socket) -> Server:
        server = Server([appliance])
        await server.start(sock=listener, ssl=tls)
        return server

    async def stop(server: Server) -> None:
        server.close()
        await server.wait_closed()

    async def tools() -> list[str]:
        return ["bash", "teamviewerd"]

    line = Line(
        InlineStore.with_schemas({"endpoint_agent": SCHEMA}),
        Mailbox[Given]("given", capacity=4, full=Full.REFUSE),
        Standing(),
        News(),
    )
    await line.store.commit(line.spool.begin("boot-1"))
    async with open_island("appliance"):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = await in_asyncio(start, listener)
            place = Place(
                "127.0.0.1", listener.getsockname()[1], "ws-7", "Linux 6", "1.0",
                heartbeat_s=0.05, retry_s=0.05,
            )  # fmt: skip
            uplink = Uplink(
                place, credentials, line.store, line.spool, line.commands, line.given.post, tools,
                line.wished.append, line.standing, line.news, SystemClock(),
                Backoff(Random(1), first_s=0.01),  # noqa: S311  to be repeated
            )  # fmt: skip
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(uplink.run)
                    yield line
                    nursery.cancel_scope.cancel()
            finally:
                await in_asyncio(stop, server)


async def seen(fact: Callable[[], bool]) -> None:
    with trio.fail_after(60):
        while not fact():  # noqa: ASYNC110  what is watched is another's
            await trio.sleep(0.005)


async def test_what_is_acked_is_forgotten_and_what_comes_later_follows() -> None:
    appliance = Appliance()
    async with linked(appliance) as line:
        await line.tell("one", "two")
        await seen(lambda: line.waiting == 0)
        await line.tell("three")
        await seen(lambda: line.waiting == 0)

    events = appliance.of(DriftEvent)
    assert [event.check_type for event in events] == ["one", "two", "three"]
    assert [(event.boot_id, event.seq) for event in events] == [("boot-1", n) for n in (1, 2, 3)]
    assert {event.agent_id for event in events} == {"go-ws-7-1"}
    assert line.standing.tier is Tier.SELF_HEAL


async def test_what_the_appliance_cannot_keep_now_is_sent_again_under_its_number() -> None:
    full = {"one"}

    def ack(event: DriftEvent) -> DriftAck:
        if event.check_type in full:
            full.remove(event.check_type)
            return DriftAck(error="store full, keep it")
        return DriftAck(received=True)

    appliance = Appliance(ack=ack)
    async with linked(appliance) as line:
        await line.tell("one", "two")
        await seen(lambda: line.waiting == 0)

    numbers = [(event.check_type, event.seq) for event in appliance.of(DriftEvent)]
    assert numbers == [("one", 1), ("two", 2), ("one", 1)]


async def test_what_will_never_be_taken_holds_up_nothing_and_is_told_as_dropped() -> None:
    def ack(event: DriftEvent) -> DriftAck:
        return DriftAck(received=event.check_type != "bad", error="check_type is bad")

    appliance = Appliance(ack=ack)
    async with linked(appliance) as line:
        await line.tell("bad", "good")
        await seen(lambda: line.waiting == 0)
        await line.tell("later")
        await seen(lambda: line.waiting == 0)

    told = [dict(event.metadata) for event in appliance.of(DriftEvent)]
    assert told == [{}, {}, {"dropped_before": "1"}]


async def test_a_row_that_cannot_be_read_holds_up_nothing() -> None:
    appliance = Appliance()
    async with linked(appliance) as line:
        await line.store.commit(
            line.spool.append([Report("ws-7", "bad", False, "", "", "", 1)]),
        )
        line.store.connection.execute("update spool set body = x'00'")
        await line.tell("good")
        await seen(lambda: line.waiting == 0)

    assert [event.check_type for event in appliance.of(DriftEvent)] == ["good"]


async def test_a_changed_config_is_asked_for_by_registering_again() -> None:
    appliance = Appliance()
    appliance.answers["Heartbeat"] = HeartbeatResponse(acknowledged=True, config_changed=True)
    async with linked(appliance) as line:
        await seen(lambda: bool(line.wished))
        appliance.answers["Register"] = RegisterResponse(
            agent_id="go-ws-7-1", check_interval_seconds=60, enabled_checks=["firewall"]
        )
        await seen(lambda: line.wished[-1] == Wishes(60.0, ("firewall",)))
        appliance.answers["Heartbeat"] = HeartbeatResponse(acknowledged=True)

    assert line.wished[0] == Wishes()
    assert len(appliance.of(RegisterRequest)) == len(line.wished)


async def test_an_update_that_is_offered_is_told_in_the_log_once() -> None:
    appliance = Appliance()
    appliance.answers["Heartbeat"] = HeartbeatResponse(
        acknowledged=True, update_available=True, update_version="2.0",
        update_url="https://updates.clinic.example/2.0", update_sha256="00" * 32,
    )  # fmt: skip
    with capture_logs() as said:
        async with linked(appliance):
            await seen(lambda: len(appliance.of(HeartbeatRequest)) > 2)

    [told] = [line for line in said if line["event"] == "update_offered"]
    assert (told["version"], told["address"]) == ("2.0", "https://updates.clinic.example/2.0")


async def test_commands_are_handed_on_whether_an_ack_or_a_heartbeat_brings_them() -> None:
    def ack(event: DriftEvent) -> DriftAck:
        command = HealCommand(command_id="heal-2", check_type="firewall", action="enable")
        return DriftAck(received=True, heal_command=command)

    appliance = Appliance(ack=ack)
    nameless, named = HealCommand(action="enable"), HealCommand(command_id="heal-1")
    appliance.answers["Heartbeat"] = HeartbeatResponse(pending_commands=[nameless, named])
    async with linked(appliance) as line:
        await line.tell("firewall")
        await seen(lambda: line.waiting == 0 and line.given.accepted > 1)

        ids = {given.command_id for given in line.given.leftovers()}
    assert ids == {"heal-1", "heal-2"}


async def test_an_outcome_is_told_until_the_appliance_has_it() -> None:
    appliance = Appliance()
    appliance.answers["ReportHealing"] = HealingAck(received=False)
    async with linked(appliance) as line:
        given = Given("heal-1", "firewall", "enable", {}, 60)
        await line.store.commit(line.commands.take(given))
        await line.store.commit(line.commands.finish("heal-1", Outcome(success=True)))
        line.news.tell()
        await seen(lambda: len(appliance.of(HealingResult)) > 1)
        appliance.answers["ReportHealing"] = HealingAck(received=True)
        await seen(lambda: not line.commands.untold()(line.store.connection))

    assert all(result.success for result in appliance.of(HealingResult))


async def test_tools_by_which_others_manage_the_host_are_told() -> None:
    appliance = Appliance()
    async with linked(appliance):
        await seen(lambda: bool(appliance.of(RMMStatusReport)))

    [report] = appliance.of(RMMStatusReport)
    assert [tool.name for tool in report.detected_agents] == ["TeamViewer"]


async def test_a_certificate_that_is_due_is_renewed_over_the_port_for_a_new_key(
    tmp_path: Path,
) -> None:
    pki, appliance = Pki(tmp_path), Appliance()
    device, tls = pki.device(), pki.port(asks=ssl.CERT_REQUIRED)
    tls.set_alpn_protocols(["h2"])
    first = (device.folder / "device.pem").read_bytes()

    def certified(asked: RegisterRequest) -> RegisterResponse:
        answer = RegisterResponse(agent_id="go-ws-7-1")
        if asked.csr_pem:
            answer.agent_cert_pem = pki.issued(NewKey(b"", asked.csr_pem))
        return answer

    appliance.register = certified
    credentials = Credentials(device, "ws-7", VirtualClock(NOW + dt.timedelta(hours=17)))
    async with linked(appliance, credentials=credentials, tls=tls):
        await seen(lambda: (device.folder / "device.pem").read_bytes() != first)
        await seen(lambda: len(appliance.of(RegisterRequest)) == 3)

    asked = appliance.of(RegisterRequest)
    assert [bool(each.csr_pem) for each in asked] == [False, True, False]
    assert [each.needs_certificates for each in asked] == [False, True, False]


async def test_a_renewal_that_is_refused_leaves_certificate_and_line_as_they_are(
    tmp_path: Path,
) -> None:
    pki, appliance = Pki(tmp_path), Appliance()  # which answers without a certificate
    device, tls = pki.device(), pki.port(asks=ssl.CERT_REQUIRED)
    tls.set_alpn_protocols(["h2"])
    first = (device.folder / "device.pem").read_bytes()

    credentials = Credentials(device, "ws-7", VirtualClock(NOW + dt.timedelta(hours=17)))
    async with linked(appliance, credentials=credentials, tls=tls) as line:
        await seen(lambda: len(appliance.of(RegisterRequest)) == 2)
        await line.tell("later")
        await seen(lambda: line.waiting == 0)

    assert (device.folder / "device.pem").read_bytes() == first
    assert len(appliance.of(RegisterRequest)) == 2
