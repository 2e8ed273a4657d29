"""What the server itself must outlive: its own faults, a full process, and its own end."""

import errno
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
import trio
from typing_extensions import override

from protos.compliance_pb2 import DriftAck, DriftEvent
from runtime.hosts.grpc import Caller, Limits, OpenDoor, server as server_module
from runtime.hosts.grpc.server import Server, listen
from runtime.hosts.grpc.service import routes_of
from tests.hostile import frames as f
from tests.hostile.line import Line, line
from tests.hostile.site import Echo


@asynccontextmanager
async def serving(
    echo: Echo, listener: socket.socket | None = None
) -> AsyncGenerator[tuple[Server, int, trio.CancelScope]]:
    listener = listener or listen("127.0.0.1", 0)
    limits = Limits(request_s=1)  # so it looks often
    server = Server(routes_of(echo), listener, limits, OpenDoor(), None, Random(1))  # noqa: S311
    scope = trio.CancelScope()

    async def serve(task_status: trio.TaskStatus[int]) -> None:
        with scope:
            await server.serve(task_status=task_status)

    async with trio.open_nursery() as nursery:
        yield server, await nursery.start(serve), scope
        scope.cancel()


async def answered(raw: Line) -> bool:
    await raw.begin()
    await raw.send(f.headers(1, f.request()), f.data(1, f.message(b""), end=True))
    return await raw.until(lambda: 1 in raw.ended)


class Falls(Echo):
    """Falls when its method is cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = trio.Event()

    @override
    async def ReportHealing(self, stream: Any) -> None:
        async def child() -> None:
            try:
                self.begun.set()
                await trio.sleep_forever()
            finally:
                raise ValueError("a fault of ours")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)
            nursery.start_soon(trio.sleep_forever)


async def test_a_method_that_falls_as_its_client_leaves_ends_nothing_else() -> None:
    falls = Falls()
    async with serving(falls) as (_, port, _), line(port) as raw:
        await raw.begin()
        await raw.send(f.headers(1, f.request(b"ReportHealing")), f.data(1, f.message(b"")))
        with trio.fail_after(30):
            await falls.begun.wait()
        await raw.send(f.rst_stream(1))
        async with line(port) as other:
            assert await answered(other)


class Slow(Echo):
    """Its journal takes long."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = trio.Event()

    @override
    async def acks(self, _: Sequence[Caller], events: Sequence[DriftEvent]) -> Sequence[DriftAck]:
        self.asked.set()
        await trio.sleep_forever()
        return []


async def test_what_is_not_answered_within_the_grace_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_module, "GRACE_S", 0.2)
    echo = Slow()
    async with serving(echo) as (server, port, scope), line(port) as raw:
        await raw.begin()
        await raw.send(f.headers(1, f.request(b"ReportDrift")), f.data(1, f.message(b"")))
        with trio.fail_after(30):
            await echo.asked.wait()
        scope.cancel()

        assert await raw.until(lambda: raw.closed)
        assert not server.peers


class Full(socket.socket):
    """A listener that cannot accept at first."""

    errors: list[int]

    @override
    def accept(self) -> tuple[socket.socket, Any]:
        if self.errors:
            raise OSError(self.errors.pop(), "not now")
        return super().accept()


@pytest.mark.parametrize("error", [errno.EMFILE, errno.ENOMEM, errno.EPROTO, errno.EHOSTUNREACH])
async def test_one_connection_that_cannot_be_accepted_keeps_no_other_out(error: int) -> None:
    listener = Full(fileno=listen("127.0.0.1", 0).detach())
    listener.errors = [error]
    async with serving(Echo(), listener) as (_, port, _), line(port) as raw:
        assert await answered(raw)
        assert not listener.errors
