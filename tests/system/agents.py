"""Agents for tests: grpclib's client, for `in_asyncio`, and Google's, for a thread."""

import queue
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing

import grpc  # type: ignore[import-untyped]  # it has no types
from grpclib.client import Channel, Stream

from protos.compliance_grpc import ComplianceAgentStub
from protos.compliance_pb2 import DriftAck, DriftEvent

Drifts = Stream[DriftEvent, DriftAck]


def free_port() -> int:
    """Find a port of this machine that nobody uses now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def connected(port: int) -> AsyncGenerator[ComplianceAgentStub, None]:
    """Connect one agent."""
    channel = Channel("127.0.0.1", port)
    try:
        yield ComplianceAgentStub(channel)
    finally:
        channel.close()


async def report(port: int, events: Sequence[DriftEvent]) -> list[DriftAck]:
    """Send events on one stream, close our half, and read acks until the stream ends."""
    async with connected(port) as agent:
        return list(await agent.ReportDrift(events))


def acks_until_unavailable(port: int, events: Sequence[DriftEvent]) -> int:
    """Send events on a stream that stays open; count the acks until the server closes.

    grpclib's client drops what it has not read yet when the connection ends; Google's, from which
    the agents in the field are made, does not.
    """
    to_send: queue.SimpleQueue[DriftEvent | None] = queue.SimpleQueue()
    for event in events:
        to_send.put(event)
    acked = 0
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.stream_stream(
            "/compliance.ComplianceAgent/ReportDrift",
            DriftEvent.SerializeToString,
            DriftAck.FromString,
        )
        try:
            for _ in call(iter(to_send.get, None), timeout=60):
                acked += 1
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
        to_send.put(None)
    return acked


def drift(
    *,
    agent_id: str = "go-ws-7-0",
    host: str = "ws-7",
    check: str = "firewall",
    passed: bool = False,
    boot_id: str = "",
    seq: int = 0,
    actual: str = "",
) -> DriftEvent:
    """Make an event that is as it should be, but for what the test says."""
    return DriftEvent(
        agent_id=agent_id,
        hostname=host,
        check_type=check,
        passed=passed,
        boot_id=boot_id,
        seq=seq,
        actual=actual,
    )
