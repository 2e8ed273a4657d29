"""The gRPC host: what strangers may send without harm, and how it says goodbye."""

import struct
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest
import trio
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from h2.connection import H2Connection

from protos.compliance_pb2 import (
    DriftAck,
    DriftEvent,
    HealingResult,
    HeartbeatRequest,
    HeartbeatResponse,
    RMMStatusReport,
)
from runtime.hosts.asyncio_island import in_asyncio, open_island
from runtime.hosts.grpc import Code, RefusedCallError
from runtime.hosts.grpc_routes import (
    WINDOW,
    Route,
    Streamed,
    Unary,
    Unserved,
)
from runtime.hosts.grpc_server import listen, serve_grpc
from runtime.hosts.listening import ListenError
from tests.system.agents import acks_until_unavailable, connected, drift, report

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")  # + SETTINGS


class Echo:
    """Answers each event with its own agent_id; holds back while `hold` is not set."""

    def __init__(self) -> None:
        self.hold = trio.Event()
        self.hold.set()
        self.batches: list[int] = []
        self.asked = trio.Event()

    async def heartbeat(self, request: HeartbeatRequest) -> HeartbeatResponse:
        if not request.agent_id:
            raise RefusedCallError(Code.INVALID_ARGUMENT, "which agent?")
        return HeartbeatResponse(acknowledged=True)

    async def drifts(self, events: Sequence[DriftEvent]) -> Sequence[DriftAck]:
        self.batches.append(len(events))
        self.asked.set()
        await self.hold.wait()
        return [DriftAck(event_id=event.agent_id, received=True) for event in events]

    @asynccontextmanager
    async def served(self) -> AsyncGenerator[tuple[int, trio.CancelScope], None]:
        service = "/compliance.ComplianceAgent"
        routes: list[Route] = [
            Unary(f"{service}/Heartbeat", HeartbeatRequest, HeartbeatResponse, self.heartbeat),
            Streamed(f"{service}/ReportDrift", DriftEvent, DriftAck, self.drifts),
            Unserved(f"{service}/ReportHealing"),
            Unserved(f"{service}/ReportRMMStatus"),
        ]
        listener = listen("127.0.0.1", 0)
        async with trio.open_nursery() as nursery, open_island("agents"):
            serving = trio.CancelScope()

            async def serve(task_status: trio.TaskStatus[int]) -> None:
                with serving:
                    await serve_grpc(routes, listener, name="echo", task_status=task_status)

            port = await nursery.start(serve)
            yield port, serving
            serving.cancel()


@pytest.fixture
def echo() -> Echo:
    return Echo()


async def heartbeat(port: int, agent_id: str = "a") -> HeartbeatResponse:
    async with connected(port) as agent:
        return await agent.Heartbeat(HeartbeatRequest(agent_id=agent_id))


async def test_acks_come_in_the_order_of_the_events(echo: Echo) -> None:
    async with echo.served() as (port, _):
        acks = await in_asyncio(report, port, [drift(agent_id=str(n)) for n in range(300)])

    assert [ack.event_id for ack in acks] == [str(n) for n in range(300)]
    assert max(echo.batches) <= WINDOW


async def test_what_arrives_while_a_batch_is_answered_is_the_next_batch(echo: Echo) -> None:
    echo.hold = trio.Event()
    async with echo.served() as (port, _), trio.open_nursery() as nursery:
        nursery.start_soon(in_asyncio, report, port, [drift()] * 200)
        await echo.asked.wait()
        await trio.sleep(0.05)

        echo.hold.set()

    assert len(echo.batches) < 10
    assert sum(echo.batches) == 200


async def test_a_refused_call_ends_with_its_status(echo: Echo) -> None:
    async with echo.served() as (port, _):
        with pytest.raises(GRPCError, match="which agent") as refused:
            await in_asyncio(heartbeat, port, "")

    assert refused.value.status is Status.INVALID_ARGUMENT


async def test_a_call_that_nobody_serves_yet_is_unimplemented(echo: Echo) -> None:
    statuses: list[Status] = []

    async def call(port: int) -> None:
        async with connected(port) as agent:
            for unserved in (
                agent.ReportHealing(HealingResult()),
                agent.ReportRMMStatus(RMMStatusReport()),
            ):
                try:
                    await unserved
                except GRPCError as error:
                    statuses.append(error.status)

    async with echo.served() as (port, _):
        await in_asyncio(call, port)

    assert statuses == [Status.UNIMPLEMENTED] * 2


HOSTILE = {
    "unknown frame": bytes.fromhex("0000040b0000000000deadbeef"),
    "non-ascii header": bytes.fromhex("00000901050000000100057a7a7aff7a0161"),
    "header list of garbage": bytes.fromhex("00000401050000000182ffffff"),
    "data on a stream that is not open": bytes.fromhex("000000000000000009"),
    "not HTTP/2 at all": b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("frame", HOSTILE.values(), ids=HOSTILE.keys())
async def test_garbage_does_not_end_the_service(echo: Echo, frame: bytes) -> None:
    async with echo.served() as (port, _):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stranger:
            await stranger.send_all(PREFACE + frame)
            with trio.move_on_after(0.05):
                while await stranger.receive_some():
                    pass

        assert (await in_asyncio(heartbeat, port)).acknowledged


async def test_a_connection_outlives_a_frame_of_an_unknown_type(echo: Echo) -> None:
    async with echo.served() as (port, _), await trio.open_tcp_stream("127.0.0.1", port) as agent:
        await agent.send_all(PREFACE + HOSTILE["unknown frame"])
        for word in (b"before..", b"after..."):
            # An answer to the second ping says that the server went on after the first.
            await agent.send_all(bytes.fromhex("000008060000000000") + word)
            with trio.fail_after(5):
                await heard(agent, word)


async def heard(agent: trio.SocketStream, word: bytes) -> None:
    got = b""
    while word not in got:
        chunk = await agent.receive_some()
        assert chunk, "hung up"
        got += bytes(chunk)


async def test_an_empty_data_frame_is_not_the_end_of_a_stream(echo: Echo) -> None:
    agent = H2Connection()
    agent.initiate_connection()
    agent.send_headers(
        1,
        [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "appliance"),
            (":path", "/compliance.ComplianceAgent/ReportDrift"),
            ("te", "trailers"),  # codespell:ignore te
            ("content-type", "application/grpc"),
        ],
    )
    event = drift(agent_id="the agent").SerializeToString()
    framed = struct.pack(">BI", 0, len(event)) + event
    for part in (b"", framed[:9], b"", framed[9:]):
        agent.send_data(1, part)

    async with echo.served() as (port, _), await trio.open_tcp_stream("127.0.0.1", port) as wire:
        await wire.send_all(agent.data_to_send())
        with trio.fail_after(5):
            await heard(wire, b"the agent")


async def test_an_agent_that_resets_its_stream_cancels_only_its_own_call(echo: Echo) -> None:
    echo.hold = trio.Event()

    async def reset(port: int) -> None:
        async with connected(port) as agent, agent.ReportDrift.open() as stream:
            await stream.send_message(drift())
            await stream.cancel()

    async with echo.served() as (port, _):
        await in_asyncio(reset, port)
        echo.hold.set()

        assert (await in_asyncio(heartbeat, port)).acknowledged


async def test_a_server_that_closes_answers_what_it_has_read(echo: Echo) -> None:
    echo.hold = trio.Event()
    acked: list[int] = []

    async def stay(port: int) -> None:
        acked.append(await trio.to_thread.run_sync(acks_until_unavailable, port, [drift()] * 5))

    async with echo.served() as (port, serving), trio.open_nursery() as nursery:
        nursery.start_soon(stay, port)
        await echo.asked.wait()
        await trio.sleep(0.05)
        serving.cancel()
        await trio.sleep(0.01)
        echo.hold.set()

    assert acked == [5]


async def test_a_port_in_use_is_named() -> None:
    with listen("127.0.0.1", 0) as taken:
        port: int = taken.getsockname()[1]

        with pytest.raises(ListenError, match=f"cannot listen on 127.0.0.1:{port}: .*in use"):
            listen("127.0.0.1", port)
