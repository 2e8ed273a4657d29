"""The usual servers, by grpcio: asynchronous with a group commit, and synchronous with none."""

import asyncio
import queue
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import attrs
import grpc  # type: ignore[import-untyped]  # it has no types
import grpc.aio  # type: ignore[import-untyped]

from bench.ingest.work import ack, opened
from protos.compliance_pb2 import DriftAck, DriftEvent

SERVICE = "compliance.ComplianceAgent"
_MOST_AT_ONCE = 2048
"""Events that one transaction carries at most: as many as ours."""
_UNLIMITED = [("grpc.max_concurrent_streams", 2000), ("grpc.so_reuseport", 0)]


class Records(Protocol):
    """What makes events durable."""

    def record(self, connection: sqlite3.Connection, events: Sequence[DriftEvent]) -> list[str]:
        """Make events durable with one flush; give the id of each."""
        ...


@attrs.define(eq=False)
class GroupCommit:
    """A thread that makes one transaction of all events which queued up during the last one."""

    work: Records
    path: Path
    loop: asyncio.AbstractEventLoop = attrs.field(factory=asyncio.get_running_loop)
    _jobs: "queue.SimpleQueue[tuple[DriftEvent, asyncio.Future[str]]]" = attrs.field(
        factory=queue.SimpleQueue, init=False
    )

    def put(self, event: DriftEvent) -> asyncio.Future[str]:
        """Queue an event; the answer is its id, when it is durable."""
        durable = self.loop.create_future()
        self._jobs.put((event, durable))
        return durable

    def run(self) -> None:
        """Write; the body of the thread."""
        connection = opened(self.path)
        while True:
            batch = [self._jobs.get()]
            while len(batch) < _MOST_AT_ONCE and not self._jobs.empty():
                batch.append(self._jobs.get())
            ids = self.work.record(connection, [event for event, _ in batch])
            self.loop.call_soon_threadsafe(self._answer, batch, ids)

    @staticmethod
    def _answer(batch: list[tuple[DriftEvent, asyncio.Future[str]]], ids: list[str]) -> None:
        for (_, durable), event_id in zip(batch, ids, strict=True):
            if not durable.done():  # a call that is over waits no more
                durable.set_result(event_id)


def _handlers(report_drift: Callable[..., Any]) -> grpc.GenericRpcHandler:
    method = grpc.stream_stream_rpc_method_handler(
        report_drift, DriftEvent.FromString, DriftAck.SerializeToString
    )
    return grpc.method_handlers_generic_handler(SERVICE, {"ReportDrift": method})


async def serve_aio(
    work: Records | None, path: Path, ready: Callable[[int], None], *, generator: bool
) -> None:
    """Serve until cancelled; without work an event is acked as it comes."""
    # It replaces asyncio's own loop in the whole process with one that is several times slower.
    assert "trio_asyncio" not in sys.modules
    put = _at_once
    if work is not None:
        group = GroupCommit(work, path)
        threading.Thread(target=group.run, daemon=True).start()
        put = group.put
    server = grpc.aio.server(options=_UNLIMITED)
    handler = _by_generator(put) if generator else _by_read_and_write(put)
    server.add_generic_rpc_handlers([_handlers(handler)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    ready(port)
    await server.wait_for_termination()


def _at_once(event: DriftEvent) -> asyncio.Future[str]:
    done = asyncio.get_running_loop().create_future()
    done.set_result(event.boot_id)
    return done


def _by_generator(put: Callable[[DriftEvent], Awaitable[str]]) -> Callable[..., Any]:
    async def report_drift(events: AsyncIterator[DriftEvent], _: object) -> AsyncIterator[DriftAck]:
        async for event in events:
            yield ack(await put(event))

    return report_drift


def _by_read_and_write(put: Callable[[DriftEvent], Awaitable[str]]) -> Callable[..., Any]:
    """All events that a stream has sent are with the journal, not one after the other."""

    async def report_drift(_: object, context: Any) -> None:  # Any: grpcio has no types
        waiting: asyncio.Queue[Awaitable[str] | None] = asyncio.Queue()

        async def read() -> None:
            while (event := await context.read()) is not grpc.aio.EOF:
                waiting.put_nowait(put(event))
            waiting.put_nowait(None)

        reading = asyncio.create_task(read())
        try:
            while (durable := await waiting.get()) is not None:
                await context.write(ack(await durable))
        finally:
            reading.cancel()

    return report_drift


def serve_sync(
    work: Records | None, path: Path, ready: Callable[[int], None], streams: int
) -> None:
    """Serve until interrupted: a thread for each stream, and a commit for each event."""
    turn = threading.Lock()
    connection = None if work is None else opened(path)

    def report_drift(events: Iterator[DriftEvent], _: object) -> Iterator[DriftAck]:
        for event in events:
            if work is None or connection is None:
                yield ack(event.boot_id)
                continue
            with turn:
                [event_id] = work.record(connection, [event])
            yield ack(event_id)

    # With fewer threads than streams, some are never answered.
    server = grpc.server(ThreadPoolExecutor(streams + 4), options=_UNLIMITED)
    server.add_generic_rpc_handlers([_handlers(report_drift)])
    ready(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    server.wait_for_termination()
