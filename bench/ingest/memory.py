"""What callers that misbehave, or do nothing, cost the server in memory."""

import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

import trio

from bench.ingest.client import REGISTER, REPORT_DRIFT, Agent, EndedError, Events, connected
from bench.ingest.machine import Server
from protos.compliance_pb2 import RegisterRequest

_AT_ONCE = 64
"""Connections that are opened at the same time."""
_MEGABYTE = 1024 * 1024
_AN_EVENT = 4096


async def idle(server: Server, records: Sequence[bytes], agents: int) -> float:
    """Give the KiB that a connection takes which reported once and waits."""
    async with _crowd(server, 1, lambda agent, number: _report_once(agent, number, records)):
        before = server.rss_kib()
        report = _crowd(server, agents, lambda agent, number: _report_once(agent, number, records))
        async with report:
            await trio.sleep(0.5)
            return (server.rss_kib() - before) / agents


async def _report_once(agent: Agent, number: int, records: Sequence[bytes]) -> None:
    await agent.call(REPORT_DRIFT)
    await agent.send([Events(number, records).next()])
    while not await agent.receive():
        pass


async def unread(
    server: Server, records: Sequence[bytes], agents: int, seconds: float
) -> tuple[float, int]:
    """Send for a while as fast as the windows let, and return none for the acks.

    Half of the agents read what arrives and grant no window; the others stop reading at all.
    Gives the peak in MiB and how many events were sent.
    """
    sent = Counter[int]()

    async def push(agent: Agent, number: int) -> None:
        events = Events(number, records)
        await agent.call(REPORT_DRIFT)
        await agent.receive()  # the server's settings
        async with trio.open_nursery() as nursery:
            if number % 2:
                nursery.start_soon(_read_on, agent)
            while True:
                if agent.room() > _AN_EVENT:
                    await agent.send([events.next()])
                    sent[number] += 1
                else:
                    await trio.sleep(0.01)

    with trio.move_on_after(seconds):
        async with trio.open_nursery() as nursery:
            for number in range(agents):
                nursery.start_soon(_until_ended, server, number, push)
            await trio.sleep_forever()
    return server.peak_rss_kib() / 1024, sent.total()


async def _read_on(agent: Agent) -> None:
    while True:
        await agent.receive(grant=False)


async def large(server: Server, senders: int) -> tuple[float, Counter[str]]:
    """Have senders register at once with a message of 1 MiB; give the peak in MiB, and statuses."""
    statuses = Counter[str]()

    async def register(agent: Agent, number: int) -> None:
        request = RegisterRequest(hostname=f"ws-{number:08x}", os_version="Windows 11")
        room = _MEGABYTE - request.ByteSize() - 8
        request.installed_software.append("x" * room)
        try:
            await agent.call(REGISTER)
            await agent.send([request.SerializeToString()])
            while True:
                await agent.receive()
        except (EndedError, trio.BrokenResourceError):
            statuses[agent.status or "cut"] += 1

    async with trio.open_nursery() as nursery:
        for number in range(senders):
            nursery.start_soon(_alone, server, number, register)
    return server.peak_rss_kib() / 1024, statuses


async def _until_ended(
    server: Server, number: int, act: Callable[[Agent, int], Awaitable[None]]
) -> None:
    try:
        await _alone(server, number, act)
    except* (EndedError, trio.BrokenResourceError):
        pass  # who does not read is hung up on after a while


async def _alone(server: Server, number: int, act: Callable[[Agent, int], Awaitable[None]]) -> None:
    async with connected(server.port) as agent:
        await act(agent, number)


@contextlib.asynccontextmanager
async def _crowd(
    server: Server, agents: int, act: Callable[[Agent, int], Awaitable[None]]
) -> AsyncGenerator[None]:
    """Have agents connect and act, and keep their connections."""
    turn = trio.CapacityLimiter(_AT_ONCE)
    async with contextlib.AsyncExitStack() as stack:

        async def join(number: int) -> None:
            async with turn:
                agent = await stack.enter_async_context(connected(server.port))
                await act(agent, number)

        async with trio.open_nursery() as joining:
            for number in range(agents):
                joining.start_soon(join, number)
        yield
