"""Real agents on real sockets against the drift receiver, wired and drained as in the role."""

import contextlib
import time
from collections.abc import AsyncGenerator
from functools import partial

import pytest
import trio

from actors.drift_receiver import ReceiverSettings, agent_page
from actors.drift_receiver.serve import serve_agents
from actors.messages import Platform
from protos.compliance_pb2 import (
    DriftAck,
    HealingAck,
    HealingResult,
    HeartbeatRequest,
    HeartbeatResponse,
    RegisterRequest,
    RegisterResponse,
    RMMAck,
    RMMAgent,
    RMMStatusReport,
)
from runtime.actor import service
from runtime.cli.client import rows
from runtime.errors import StoreFullError
from runtime.hosts.asyncio_island import in_asyncio, in_trio, open_island
from runtime.hosts.grpc import Limits
from runtime.hosts.grpc.server import listen
from runtime.hosts.listening import ListenError
from tests.actors.drift_receiver.site import Site
from tests.runtime.crew import Crew, running
from tests.system.agents import acks_until_unavailable, connected, drift, report


@contextlib.asynccontextmanager
async def serving(site: Site) -> AsyncGenerator[tuple[int, Crew], None]:
    """Run receiver and journal under the supervisor; give the port, and drain at the end."""
    listening, ports = trio.open_memory_channel[int](1)

    async def serve() -> None:
        async with trio.open_nursery() as nursery:
            serve_site = partial(serve_agents, site.servicer(), limits=Limits(per_address=0))
            listening.send_nowait(await nursery.start(serve_site))

    receiver = service("drift_receiver", serve, sends=[site.mailbox], ingress=True)
    async with (
        open_island("agents"),
        listening,
        running(receiver, site.keeper, settle=0) as crew,
    ):
        yield await ports.receive(), crew


async def heartbeat(port: int, agent_id: str) -> bool:
    async with connected(port) as agent:
        answer = await agent.Heartbeat(HeartbeatRequest(agent_id=agent_id))
        return answer.acknowledged and not answer.config_changed


async def register(port: int) -> RegisterResponse:
    async with connected(port) as agent:
        return await agent.Register(RegisterRequest(hostname="ws-7", os_version="Windows 11"))


async def speak(port: int) -> list[object]:
    """Make the calls that have one answer, on one connection."""
    async with connected(port) as agent:
        told = await agent.Register(RegisterRequest(hostname="ws-7", installed_software=["Editor"]))
        tools = [RMMAgent(name="Helpdesk", running=True)]
        return [
            await agent.Heartbeat(HeartbeatRequest(agent_id=told.agent_id, healing_count=1)),
            await agent.ReportHealing(HealingResult(agent_id=told.agent_id, command_id="heal-1")),
            await agent.ReportRMMStatus(
                RMMStatusReport(agent_id=told.agent_id, detected_agents=tools)
            ),
        ]


async def test_each_call_of_the_contract_is_answered() -> None:
    site = Site()
    async with serving(site) as (port, _):
        answers = await in_asyncio(speak, port)

    assert answers == [
        HeartbeatResponse(acknowledged=True),
        HealingAck(event_id="heal-1", received=True),
        RMMAck(received=True),
    ]
    page = await site.store.read(agent_page("WS-7"))
    assert page is not None
    assert (page["healing_count"], page["software"]) == (1, ["Editor"])
    assert [tool["name"] for tool in rows(page["rmm"])] == ["Helpdesk"]


async def test_an_agent_registers_reports_and_lives() -> None:
    site = Site()
    async with serving(site) as (port, _):
        agent_id = (await in_asyncio(register, port)).agent_id
        acks = await in_asyncio(report, port, [drift(agent_id=agent_id), drift(host="")])
        lives = await in_asyncio(heartbeat, port, agent_id)

    [kept] = site.journal.kept
    assert (kept.check, kept.platform) == ("firewall_status", Platform.WINDOWS)
    assert [ack.event_id for ack in acks] == [kept.id, ""]
    assert [ack.error for ack in acks] == ["", "hostname is missing"]
    assert lives


async def test_after_a_bad_event_the_stream_goes_on() -> None:
    heard: list[DriftAck | None] = []

    async def converse(port: int) -> None:
        async with connected(port) as agent, agent.ReportDrift.open() as stream:
            for event in (drift(), drift(check=""), drift(seq=2**63), drift()):
                await stream.send_message(event)
                heard.append(await stream.recv_message())
            await stream.end()

    async with serving(Site()) as (port, _):
        await in_asyncio(converse, port)

    assert [ack is not None and ack.received for ack in heard] == [True, False, False, True]


async def test_a_full_store_leaves_events_with_the_agent() -> None:
    site = Site()
    site.journal.error = StoreFullError("disk")
    async with serving(site) as (port, _):
        [ack] = await in_asyncio(report, port, [drift()])

    assert (ack.received, ack.error) == (False, "store full, keep it")


async def test_an_event_that_is_sent_again_after_a_reset_is_kept_once() -> None:
    site = Site()
    site.journal.hold = trio.Event()
    event = drift(boot_id="boot-1", seq=1)

    async def report_and_reset(port: int) -> None:
        async with connected(port) as agent, agent.ReportDrift.open() as stream:
            await stream.send_message(event)
            await in_trio(site.journal.asked.wait)
            await stream.cancel()

    async with serving(site) as (port, _):
        await in_asyncio(report_and_reset, port)
        site.journal.hold.set()
        [ack] = await in_asyncio(report, port, [event])

    assert ack.received
    assert [one.id for one in site.journal.kept] == [ack.event_id]


async def test_two_hundred_silent_streams_do_not_slow_a_heartbeat() -> None:
    async def time_beside_silence(port: int) -> float:
        async with contextlib.AsyncExitStack() as streams:
            silent = []
            for _ in range(200):
                agent = await streams.enter_async_context(connected(port))
                stream = await streams.enter_async_context(agent.ReportDrift.open())
                await stream.send_request()
                silent.append(stream)

            began = time.process_time()
            await heartbeat(port, "go-ws-7-0")
            took = time.process_time() - began

            for stream in silent:
                await stream.cancel()
            return took

    async with serving(Site()) as (port, _):
        assert await in_asyncio(time_beside_silence, port) < 0.5


async def test_a_drain_acks_what_is_in_flight_and_loses_nothing() -> None:
    site = Site()
    site.journal.hold = trio.Event()
    acked: list[int] = []

    async def stay(port: int) -> None:
        events = [drift(boot_id="boot-1", seq=n) for n in range(20)]
        acked.append(await trio.to_thread.run_sync(acks_until_unavailable, port, events))

    async with serving(site) as (port, crew), trio.open_nursery() as nursery:
        nursery.start_soon(stay, port)
        await site.journal.asked.wait()
        crew.shutdown.drain("stop")
        await trio.sleep(0.05)
        assert acked == []

        site.journal.hold.set()

    assert acked == [len(site.journal.kept)]
    assert acked[0] > 0


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (ReceiverSettings("s", host="0.0.0.0", insecure_loopback=True), "a loopback address only"),  # noqa: S104
        (ReceiverSettings("s"), "insecure_loopback is not set"),
    ],
)
async def test_what_a_stranger_could_reach_is_not_served(
    settings: ReceiverSettings, told: str
) -> None:
    with pytest.raises(ListenError, match=told):
        await serve_agents(Site(settings=settings).servicer())


async def test_a_port_in_use_is_named_with_its_address() -> None:
    with listen("127.0.0.1", 0) as taken:
        port: int = taken.getsockname()[1]
        settings = ReceiverSettings("s", port=port, insecure_loopback=True)

        with pytest.raises(ListenError, match=f"127.0.0.1:{port}: .*in use"):
            await serve_agents(Site(settings=settings).servicer())
