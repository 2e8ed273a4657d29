"""A service that shows how a server behaves, and three clients that look at it."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import attrs
import grpc  # type: ignore[import-untyped]  # it has no types
import grpc.aio  # type: ignore[import-untyped]
import trio
from grpclib.client import Channel, StreamStreamMethod
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

from protos.compliance_pb2 import DriftAck, DriftEvent
from runtime.hosts.asyncio_island import in_asyncio
from runtime.hosts.grpc import Caller, Code, RefusedCallError

SERVICE = "/tests.Behaviour/"

Metadata = Sequence[tuple[str, str | bytes]]


def ack(name: str) -> DriftAck:
    return DriftAck(event_id=name, received=True)


class Behaviour:
    """Each method shows one thing; all take events and give acks."""

    def __init__(self) -> None:
        self.begun, self.cancelled = trio.Event(), trio.Event()

    async def one(self, stream: Any) -> None:
        event = await stream.recv_message()
        await stream.send_message(ack(event.agent_id))

    async def many(self, stream: Any) -> None:
        event = await stream.recv_message()
        for number in range(event.seq):
            await stream.send_message(ack(str(number)))

    async def count(self, stream: Any) -> None:
        seen = 0
        async for _ in stream:
            seen += 1
        await stream.send_message(ack(str(seen)))

    async def each(self, stream: Any) -> None:
        async for event in stream:
            await stream.send_message(ack(event.agent_id))

    async def large(self, stream: Any) -> None:
        event = await stream.recv_message()
        await stream.send_message(ack("x" * event.seq))

    async def size(self, stream: Any) -> None:
        event = await stream.recv_message()
        await stream.send_message(ack(str(len(event.actual))))

    async def metadata(self, stream: Any) -> None:
        event = await stream.recv_message()
        asked = [(name, said) for name, said in stream.metadata.items() if name.startswith("x-")]
        await stream.send_initial_metadata(metadata=[*asked, ("begin-bin", b"\x00\xff")])
        await stream.send_message(ack(event.agent_id))
        await stream.send_trailing_metadata(metadata=[("end", "of it"), ("end-bin", b"\xfe")])

    async def refuse(self, stream: Any) -> None:
        event = await stream.recv_message()
        raise GRPCError(Status(event.seq), event.actual)

    async def refuse_within(self, stream: Any) -> None:
        event = await stream.recv_message()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            raise GRPCError(Status(event.seq), event.actual)

    async def refuse_our_way(self, stream: Any) -> None:
        event = await stream.recv_message()
        raise RefusedCallError(Code(event.seq), event.actual)

    async def refuse_after_one(self, stream: Any) -> None:
        event = await stream.recv_message()
        await stream.send_message(ack("before"))
        raise GRPCError(Status(event.seq), event.actual)

    async def fall(self, _: Any) -> None:
        raise ValueError("a secret of ours")

    async def wait(self, stream: Any) -> None:
        await stream.recv_message()
        self.begun.set()
        try:
            await trio.sleep_forever()
        finally:
            self.cancelled.set()

    async def batched(self, _: Sequence[Caller], events: Sequence[DriftEvent]) -> list[DriftAck]:
        return [ack(event.agent_id) for event in events]

    def __batches__(self) -> dict[str, Any]:
        return {f"{SERVICE}batched": self.batched}

    def __mapping__(self) -> dict[str, Handler]:
        def handler(method: Any, cardinality: Cardinality) -> Handler:
            return Handler(method, cardinality, DriftEvent, DriftAck)

        single = (
            self.one, self.large, self.size, self.metadata, self.refuse, self.refuse_within,
            self.refuse_our_way, self.fall, self.wait,
        )  # fmt: skip
        streams = {
            "each": self.each,
            "batched": self.each,
            "refuse_after_one": self.refuse_after_one,
        }
        return {
            **{f"{SERVICE}{m.__name__}": handler(m, Cardinality.UNARY_UNARY) for m in single},
            **{f"{SERVICE}{n}": handler(m, Cardinality.STREAM_STREAM) for n, m in streams.items()},
            f"{SERVICE}many": handler(self.many, Cardinality.UNARY_STREAM),
            f"{SERVICE}count": handler(self.count, Cardinality.STREAM_UNARY),
        }


@attrs.frozen
class Answer:
    """What came of a call."""

    acks: tuple[DriftAck, ...]
    code: int
    said: str
    begin: dict[str, str | bytes]
    end: dict[str, str | bytes]

    @property
    def names(self) -> list[str]:
        return [each.event_id for each in self.acks]


# ruff: noqa: PLR0917  # the clients' ways are called with names


class Client(Protocol):
    """Calls a method with events, closes its half, and reads to the end.

    Every kind of method is a stream on the wire.
    """

    async def __call__(
        self,
        port: int,
        method: str,
        events: Sequence[DriftEvent],
        *,
        metadata: Metadata = (),
        timeout: float | None = None,
        gzip: bool = False,
        service: str = SERVICE,
    ) -> Answer: ...


def _google(channel: Any, path: str) -> Any:
    return channel.stream_stream(path, DriftEvent.SerializeToString, DriftAck.FromString)


_ROOMY = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


async def google_sync(port: int, method: str, events: Sequence[DriftEvent], **given: Any) -> Answer:
    """grpcio, in a thread."""
    return await trio.to_thread.run_sync(lambda: _google_sync(port, method, events, **given))


def _google_sync(
    port: int,
    method: str,
    events: Sequence[DriftEvent],
    metadata: Metadata = (),
    timeout: float | None = None,
    gzip: bool = False,
    service: str = SERVICE,
) -> Answer:
    compression = grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=_ROOMY) as channel:
        call = _google(channel, service + method)(
            iter(events), metadata=metadata, timeout=timeout or 60, compression=compression
        )
        acks: list[DriftAck] = []
        try:
            for each in call:
                acks.append(each)  # noqa: PERF402  # those before an error count
        except grpc.RpcError:
            pass  # the call itself tells
        return Answer(
            tuple(acks), call.code().value[0], call.details() or "",
            _plain(call.initial_metadata()), _plain(call.trailing_metadata()),
        )  # fmt: skip


def _plain(metadata: Any) -> dict[str, str | bytes]:
    return dict(metadata or ())


async def google_aio(port: int, method: str, events: Sequence[DriftEvent], **given: Any) -> Answer:
    """grpc.aio, on an asyncio loop of its own, in a thread."""

    def run() -> Answer:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            return runner.run(_google_aio(port, method, events, **given))

    return await trio.to_thread.run_sync(run)


async def _google_aio(
    port: int,
    method: str,
    events: Sequence[DriftEvent],
    metadata: Metadata = (),
    timeout: float | None = None,
    gzip: bool = False,
    service: str = SERVICE,
) -> Answer:
    compression = grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=_ROOMY) as channel:
        call = _google(channel, service + method)(
            iter(events), metadata=metadata, timeout=timeout or 60, compression=compression
        )
        acks: list[DriftAck] = []
        try:
            async for each in call:
                acks.append(each)  # noqa: PERF401  # those before an error count
        except grpc.RpcError:
            pass
        return Answer(
            tuple(acks), (await call.code()).value[0], await call.details() or "",
            _plain(await call.initial_metadata()), _plain(await call.trailing_metadata()),
        )  # fmt: skip


async def pure_python(port: int, method: str, events: Sequence[DriftEvent], **given: Any) -> Answer:
    """grpclib, on the asyncio island."""
    return await in_asyncio(_pure_python, port, method, events, **given)


async def _pure_python(
    port: int,
    method: str,
    events: Sequence[DriftEvent],
    metadata: Metadata = (),
    timeout: float | None = None,
    gzip: bool = False,
    service: str = SERVICE,
) -> Answer:
    channel = Channel("127.0.0.1", port)
    path = service + method
    call: StreamStreamMethod[DriftEvent, DriftAck]
    call = StreamStreamMethod(channel, path, DriftEvent, DriftAck)
    acks: list[DriftAck] = []
    code, said = 0, ""
    begin: dict[str, str | bytes] = {}
    end: dict[str, str | bytes] = {}
    try:
        async with call.open(timeout=timeout or 60, metadata=list(metadata)) as stream:
            try:
                await stream.send_request()
                for event in events:
                    await stream.send_message(event)
                await stream.end()
                async for each in stream:
                    acks.append(each)  # noqa: PERF401  # those before an error count
                await stream.recv_trailing_metadata()
                begin, end = (
                    dict(stream.initial_metadata or {}),
                    dict(stream.trailing_metadata or {}),
                )
            except GRPCError as error:
                code, said = error.status.value, error.message or ""
    except GRPCError as error:
        code, said = error.status.value, error.message or ""
    except StreamTerminatedError as error:
        code, said = Code.UNAVAILABLE, str(error)
    except TimeoutError:
        code = Code.DEADLINE_EXCEEDED
    finally:
        channel.close()
    return Answer(tuple(acks), code, said, begin, end)


CLIENTS: dict[str, Client] = {
    "grpcio": google_sync, "grpc.aio": google_aio, "grpclib": pure_python,
}  # fmt: skip
