"""The gRPC client: calls, streams, and what it says when something is wrong."""

# First, as in runtime/hosts/grpc_client.py.
from runtime.hosts.asyncio_island import in_asyncio, open_island  # isort: split

import contextlib
import gc
import socket
import ssl
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from random import Random

import pytest
import trio
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Server, Stream

from protos.compliance_pb2 import DriftAck, DriftEvent, RegisterRequest, RegisterResponse
from runtime.hosts.grpc import Code
from runtime.hosts.grpc_client import (
    Backoff,
    CallFailedError,
    Client,
    Tls,
    UnreachableError,
    connected,
)
from tests.pki import Pki

SERVICE = "/compliance.ComplianceAgent"


class Echo:
    """Names in an ack what it heard, refuses whoever has no name, and breaks off when told."""

    def __mapping__(self) -> dict[str, Handler]:
        registers = (Cardinality.UNARY_UNARY, RegisterRequest, RegisterResponse)
        drifts = (Cardinality.STREAM_STREAM, DriftEvent, DriftAck)
        return {
            f"{SERVICE}/Register": Handler(self.register, *registers),
            f"{SERVICE}/ReportDrift": Handler(self.report_drift, *drifts),
        }

    async def register(self, stream: Stream[RegisterRequest, RegisterResponse]) -> None:
        asked = await stream.recv_message()
        assert asked is not None
        if not asked.hostname:
            raise GRPCError(Status.INVALID_ARGUMENT, "hostname is missing")
        await stream.send_message(RegisterResponse(agent_id=asked.hostname))

    async def report_drift(self, stream: Stream[DriftEvent, DriftAck]) -> None:
        async for event in stream:
            if event.check_type == "break off":
                stream._stream._transport.close()
                return
            await stream.send_message(DriftAck(event_id=event.check_type, received=True))


@contextlib.asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    async def start(listener: socket.socket) -> Server:
        server = Server([Echo()])
        await server.start(sock=listener, ssl=tls)
        return server

    async def stop(server: Server) -> None:
        server.close()
        await server.wait_closed()

    async with open_island("echo"):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = await in_asyncio(start, listener)
            try:
                yield listener.getsockname()[1]
            finally:
                await in_asyncio(stop, server)


async def register(client: Client, host: str = "ws-7") -> str:
    asked = RegisterRequest(hostname=host)
    return (await client.call(f"{SERVICE}/Register", asked, RegisterResponse)).agent_id


async def test_a_call_is_answered() -> None:
    async with serving() as port, connected("127.0.0.1", port) as client:
        assert await register(client) == "ws-7"


async def test_a_status_of_the_server_is_an_error_with_its_code_and_words() -> None:
    async with serving() as port, connected("127.0.0.1", port) as client:
        with pytest.raises(CallFailedError, match="hostname is missing") as failed:
            await register(client, host="")

    assert failed.value.code is Code.INVALID_ARGUMENT


async def test_a_stream_gives_its_answers_in_order_and_ends_when_we_do() -> None:
    checks = [f"check-{number}" for number in range(1000)]
    heard: list[str] = []
    async with (
        serving() as port,
        connected("127.0.0.1", port) as client,
        client.stream(f"{SERVICE}/ReportDrift", DriftEvent, DriftAck) as drifts,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(drifts.send, [DriftEvent(check_type=check) for check in checks])
        while len(heard) < len(checks):
            heard += [ack.event_id for ack in await drifts.receive()]
        await drifts.end()
        assert await drifts.receive() == []

    assert heard == checks


async def test_a_connection_that_breaks_off_is_an_error_after_the_answers_that_came() -> None:
    async with (
        serving() as port,
        connected("127.0.0.1", port) as client,
        client.stream(f"{SERVICE}/ReportDrift", DriftEvent, DriftAck) as drifts,
    ):
        await drifts.send([DriftEvent(check_type="fine")])
        assert [ack.event_id for ack in await drifts.receive()] == ["fine"]

        await drifts.send([DriftEvent(check_type="break off")])
        with pytest.raises(UnreachableError, match="broken off"):
            await drifts.receive()


async def test_a_refused_connection_names_the_address_and_the_reason() -> None:
    async with serving() as port:
        pass
    async with open_island("client"):
        with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}: Connection refused"):
            async with connected("127.0.0.1", port):
                pass


@pytest.mark.parametrize("name", ["appliance..example.org", "a" * 64])
async def test_a_name_that_nobody_can_have_is_unreachable(name: str) -> None:
    async with open_island("client"):
        with pytest.raises(UnreachableError, match="no name of a host"):
            async with connected(name, 1):
                pass


async def test_a_name_that_nobody_has_is_unreachable() -> None:
    async with open_island("client"):
        with pytest.raises(UnreachableError, match=r"nowhere\.invalid:1: "):
            async with connected("nowhere.invalid", 1):
                pass


async def test_who_leaves_a_stream_waits_for_nobody() -> None:
    async with serving() as port, connected("127.0.0.1", port) as client:
        with trio.move_on_after(0.05) as waited:
            async with client.stream(f"{SERVICE}/ReportDrift", DriftEvent, DriftAck) as drifts:
                await drifts.receive()

        assert waited.cancelled_caught
        assert await register(client) == "ws-7"


# With certificates.


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path)


def of_the_server(pki: Pki) -> ssl.SSLContext:
    context = pki.port(asks=ssl.CERT_REQUIRED)
    context.set_alpn_protocols(["h2"])
    return context


async def test_both_sides_show_certificates_of_the_one_authority(pki: Pki) -> None:
    tls = pki.device().tls
    async with serving(of_the_server(pki)) as port, connected("127.0.0.1", port, tls) as client:
        assert await register(client) == "ws-7"


async def chatter(raw: trio.SocketStream) -> None:
    while True:
        await raw.send_all(b"still here")
        await trio.sleep(0.01)


async def test_who_leaves_hangs_up_on_a_server_that_does_not_say_goodbye(pki: Pki) -> None:
    left = trio.Event()

    async def serve(raw: trio.SocketStream) -> None:
        wire = trio.SSLStream(raw, of_the_server(pki), server_side=True, https_compatible=True)
        await wire.do_handshake()
        await left.wait()
        with pytest.raises(trio.BrokenResourceError):
            await chatter(raw)
        nursery.cancel_scope.cancel()

    gc.disable()  # or it closes the socket
    try:
        with trio.fail_after(60):
            [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.serve_listeners, serve, [listener])
                port: int = listener.socket.getsockname()[1]
                tls = pki.device().tls
                async with open_island("client"), connected("127.0.0.1", port, tls):
                    pass
                left.set()
    finally:
        gc.enable()


async def test_a_server_of_another_authority_is_not_spoken_to(pki: Pki, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    tls = Pki(tmp_path / "other").device().tls
    async with serving(of_the_server(pki)) as port:
        with pytest.raises(UnreachableError, match="its certificate is not trusted"):
            async with connected("127.0.0.1", port, tls):
                pass


async def test_a_client_without_a_certificate_is_told_so(pki: Pki) -> None:
    async with serving(of_the_server(pki)) as port:
        with pytest.raises(UnreachableError, match=f"127.0.0.1:{port}"):
            async with connected("127.0.0.1", port, Tls(pki.device().tls.ca)) as client:
                await register(client)


async def test_a_certificate_that_is_not_there_is_named(pki: Pki) -> None:
    async with open_island("client"):
        with pytest.raises(UnreachableError, match="certificates cannot be used: No such file"):
            async with connected("127.0.0.1", 1, Tls(pki.folder / "nothing.pem")):
                pass


# Coming back.


def pauses(seed: int) -> Sequence[float]:
    backoff = Backoff(Random(seed), first_s=1.0, longest_s=60.0)  # noqa: S311  to be repeated
    return [backoff.pause() for _ in range(40)]


def test_pauses_grow_to_their_bound_and_a_seed_gives_the_same_ones() -> None:
    assert pauses(1) == pauses(1) != pauses(2)
    for number, pause in enumerate(pauses(3)):
        full = min(60.0, 2.0**number)
        assert full / 2 <= pause <= full


def test_after_a_success_the_pauses_begin_anew() -> None:
    backoff = Backoff(Random(0))  # noqa: S311  to be repeated
    for _ in range(10):
        backoff.pause()

    backoff.clear()

    assert backoff.pause() <= 1.0
