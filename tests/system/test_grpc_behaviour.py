"""How our gRPC server behaves, as three clients see it; and how grpclib's, the reference, does.

Where the two differ the reason is in `DIFFERENT`: what is not there is the same.
"""

import queue
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import attrs
import grpc  # type: ignore[import-untyped]  # it has no types
import pytest
import trio

from protos.compliance_pb2 import DriftAck, DriftEvent
from runtime.hosts.asyncio_island import open_island
from runtime.hosts.grpc import Code, Limits
from runtime.hosts.grpc.server import listen, serve_grpc
from runtime.hosts.listening import ListenError
from tests.fakes.reference_server import serve_reference
from tests.system.behaviour import CLIENTS, SERVICE, Answer, Behaviour, Client

MIB = 2**20
FREE = attrs.evolve(Limits(), events_per_s=0)


@asynccontextmanager
async def served(
    server: str, limits: Limits = FREE
) -> AsyncGenerator[tuple[int, Behaviour, trio.CancelScope], None]:
    """Serve the behaviour; give the port, and a scope whose cancelling closes the server."""
    service, listener, scope = Behaviour(), listen("127.0.0.1", 0), trio.CancelScope()

    async def serve(task_status: trio.TaskStatus[int]) -> None:
        with scope:
            if server == "ours":
                await serve_grpc(service, listener, limits=limits, task_status=task_status)
            else:
                await serve_reference(service, listener, task_status=task_status)

    async with open_island("clients"), trio.open_nursery() as nursery:
        port: int = await nursery.start(serve)
        yield port, service, scope
        scope.cancel()


@attrs.frozen
class Case:
    """A call, and what must come of it."""

    method: str
    events: Sequence[DriftEvent]
    code: Code = Code.OK
    names: Sequence[str] = ()
    said: str | None = None
    timeout: float | None = None
    gzip: bool = False
    service: str = SERVICE
    more: Callable[[Answer], bool] = lambda _: True


def event(name: str = "", *, seq: int = 0, actual: str = "") -> DriftEvent:
    return DriftEvent(agent_id=name, seq=seq, actual=actual)


NAMES = [str(number) for number in range(1000)]
ODD = "it is 100 % süß\n\tand 日本"

CASES: dict[str, Case] = {
    "one message, one answer": Case("one", [event("a")], names=["a"]),
    "one message, many answers": Case("many", [event(seq=300)], names=NAMES[:300]),
    "one message, no answers": Case("many", [event(seq=0)]),
    "many messages, one answer": Case("count", [event()] * 300, names=["300"]),
    "no messages, one answer": Case("count", [], names=["0"]),
    "many messages, many answers": Case("each", [event(name) for name in NAMES], names=NAMES),
    "many messages in batches": Case("batched", [event(name) for name in NAMES], names=NAMES),
    "an empty stream": Case("each", []),
    "an empty stream in batches": Case("batched", []),
    "a status": Case("refuse", [event(seq=16, actual="no")], Code.UNAUTHENTICATED, said="no"),
    "a status without words": Case("refuse", [event(seq=5)], Code.NOT_FOUND, said=""),
    "a status in odd words": Case("refuse", [event(seq=10, actual=ODD)], Code.ABORTED, said=ODD),
    "a status from within a nursery": Case(
        "refuse_within", [event(seq=8, actual="full")], Code.RESOURCE_EXHAUSTED, said="full"
    ),
    "a refusal of our own": Case(
        "refuse_our_way", [event(seq=7, actual="no")], Code.PERMISSION_DENIED, said="no"
    ),
    "a status after an answer": Case(
        "refuse_after_one", [event(seq=14, actual="gone")], Code.UNAVAILABLE, ["before"], "gone"
    ),
    "a method that falls": Case(
        "fall", [event()], Code.UNKNOWN, more=lambda answer: "secret" not in answer.said
    ),
    "a method that nobody serves": Case("nothing", [event()], Code.UNIMPLEMENTED, timeout=5),
    "a service that nobody serves": Case(
        "one", [event()], Code.UNIMPLEMENTED, service="/tests.Other/", timeout=5
    ),
    "a deadline": Case("wait", [event()], Code.DEADLINE_EXCEEDED, timeout=0.2),
    "no message": Case("one", [], Code.INVALID_ARGUMENT),
    "a large message": Case("size", [event(actual="x" * (MIB - 100))], names=[str(MIB - 100)]),
    "a message that is too large": Case(
        "size", [event(actual="x" * MIB)], Code.RESOURCE_EXHAUSTED
    ),
    "a large answer": Case("large", [event(seq=MIB)], names=["x" * MIB]),
    "compressed messages": Case("one", [event("a" * 2000)], Code.UNIMPLEMENTED, gzip=True),
}  # fmt: skip

_UNSERVED = (
    {"grpclib": Code.DEADLINE_EXCEEDED},
    "grpclib ends the call without a content-type, and its client waits for more",
)
DIFFERENT: dict[str, tuple[dict[str, Code], str]] = {
    "a method that nobody serves": _UNSERVED,
    "a service that nobody serves": _UNSERVED,
    "a status from within a nursery": (
        {"*": Code.UNKNOWN},
        "grpclib looks for GRPCError itself, not in the groups that nurseries raise",
    ),
    "no message": ({"*": Code.UNKNOWN}, "grpclib hands on the method's AttributeError for None"),
    "a message that is too large": ({"*": Code.OK}, "grpclib has no limit"),
    "compressed messages": (
        {"*": Code.UNKNOWN},
        "grpclib raises NotImplementedError, and does not say what it takes",
    ),
}
"""Of the reference, by case: the code by client (* is any), and why ours is another."""


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("server", ["ours", "reference"])
async def test_a_call_is_answered(server: str, case: str, client: str) -> None:
    wanted = CASES[case]
    if wanted.gzip and client == "grpclib":
        return  # it cannot compress
    async with served(server) as (port, _, _):
        answer = await CLIENTS[client](
            port, wanted.method, wanted.events,
            timeout=wanted.timeout, gzip=wanted.gzip, service=wanted.service,
        )  # fmt: skip

    if wanted.code and client == "grpc.aio" and answer.said == "Internal error from Core":
        return  # its own words where a call ends while it is still sending
    if server == "reference" and case in DIFFERENT:
        by_client, _ = DIFFERENT[case]
        other = by_client.get(client, by_client.get("*"))
        if other is not None:
            assert answer.code == other
            return
    assert (answer.code, answer.names) == (wanted.code, list(wanted.names))
    assert wanted.said is None or answer.said == wanted.said
    assert wanted.more(answer)


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS.keys())
@pytest.mark.parametrize("server", ["ours", "reference"])
async def test_metadata_goes_both_ways(server: str, client: Client) -> None:
    asked: list[tuple[str, str | bytes]] = [
        ("x-word", "a word"),
        ("x-bin", b"\x00\x01\xff"),
        ("x-empty-bin", b""),
    ]
    async with served(server) as (port, _, _):
        answer = await client(port, "metadata", [event("a")], metadata=asked)

    assert (answer.code, answer.names) == (Code.OK, ["a"])
    begun = {name: said for name, said in answer.begin.items() if name.startswith(("x-", "begin"))}
    assert begun == {**dict(asked), "begin-bin": b"\x00\xff"}
    assert (answer.end["end"], answer.end["end-bin"]) == ("of it", b"\xfe")


def google(port: int, method: str, options: Sequence[tuple[str, int]] = ()) -> tuple[Any, Any]:
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=options)
    call = channel.stream_stream(
        SERVICE + method, DriftEvent.SerializeToString, DriftAck.FromString
    )
    return channel, call


@pytest.mark.parametrize("server", ["ours", "reference"])
async def test_a_call_that_is_cancelled_is_cancelled_where_it_is_answered(server: str) -> None:
    async with served(server) as (port, service, _):
        channel, method = google(port, "wait")
        call = method(iter([event()]))
        with trio.fail_after(60):
            await service.begun.wait()
            call.cancel()
            await service.cancelled.wait()
        await trio.to_thread.run_sync(channel.close)


@pytest.mark.parametrize("server", ["ours", "reference"])
async def test_a_deadline_cancels_what_is_being_answered(server: str) -> None:
    async with served(server) as (port, service, _):
        await CLIENTS["grpcio"](port, "wait", [event()], timeout=0.2)
        with trio.fail_after(60):
            await service.cancelled.wait()


@pytest.mark.parametrize("method", ["each", "batched"])
@pytest.mark.parametrize("server", ["ours", "reference"])
async def test_250_streams_of_one_connection_are_all_answered_in_the_end(
    server: str, method: str
) -> None:
    def call_all(port: int) -> int:
        channel, call = google(port, method)
        with channel:
            calls = [call(iter([event(str(number))])) for number in range(250)]
            return sum(len(list(each)) for each in calls)

    async with served(server) as (port, _, _):
        assert await trio.to_thread.run_sync(call_all, port) == 250


@pytest.mark.parametrize("server", ["ours", "reference"])
async def test_pings_of_a_client_are_answered(server: str) -> None:
    options = [
        ("grpc.keepalive_time_ms", 1000), ("grpc.keepalive_timeout_ms", 500),
        ("grpc.http2.max_pings_without_data", 0),
    ]  # fmt: skip

    def wait_between(port: int) -> list[str]:
        to_send: queue.SimpleQueue[DriftEvent | None] = queue.SimpleQueue()
        channel, call = google(port, "each", options)
        with channel:
            answers = call(iter(to_send.get, None))
            to_send.put(event("before"))
            names = [next(answers).event_id]
            trio.from_thread.run(trio.sleep, 2.2)
            to_send.put(event("after"))
            names.append(next(answers).event_id)
            to_send.put(None)
            return names + [each.event_id for each in answers]

    async with served(server) as (port, _, _):
        assert await trio.to_thread.run_sync(wait_between, port) == ["before", "after"]


@pytest.mark.parametrize(
    ("server", "method"), [("ours", "each"), ("ours", "batched"), ("reference", "each")]
)
async def test_a_client_that_reads_late_loses_nothing(server: str, method: str) -> None:
    sent = 0

    def events() -> object:
        nonlocal sent
        for number in range(3000):
            sent = number
            yield event(f"{number:->2000}")

    def read_late(port: int) -> int:
        channel, call = google(port, method, [("grpc.http2.bdp_probe", 0)])
        with channel:
            answers = call(events())
            held = -1
            while held != sent or not sent:
                held = sent
                trio.from_thread.run(trio.sleep, 0.3)
            return sum(1 for _ in answers)

    async with served(server) as (port, _, _):
        answered = await trio.to_thread.run_sync(read_late, port)

    assert answered == 3000


@pytest.mark.parametrize("method", ["each", "batched"])
async def test_a_server_that_closes_answers_what_it_has_read_and_the_client_comes_again(
    method: str,
) -> None:
    """The reference says nothing: grpclib closes no connection and ends no stream (#190)."""
    to_send: queue.SimpleQueue[DriftEvent | None] = queue.SimpleQueue()

    def report(port: int) -> tuple[int, int, Any]:
        sent = acked = 0
        channel, call = google(port, method)
        with channel:
            answers = call(iter(to_send.get, None))
            to_send.put(event())
            next(answers)
            trio.from_thread.run_sync(ready.set)
            for _ in range(200):
                to_send.put(event())
                sent += 1
                trio.from_thread.run(trio.sleep, 0.001)
            try:
                for _ in answers:
                    acked += 1
            except grpc.RpcError as error:
                code = error.code()
            else:
                code = None
            to_send.put(None)
            trio.from_thread.run(begin_again.wait)
            again = list(call(iter([event("again")]), wait_for_ready=True, timeout=60))
            return sent, acked, (code, [each.event_id for each in again])

    ready, closed, begin_again, ours = trio.Event(), trio.Event(), trio.Event(), Behaviour()
    told: list[tuple[int, int, Any]] = []

    async with trio.open_nursery() as nursery:
        listener = listen("127.0.0.1", 0)
        port: int = listener.getsockname()[1]
        scope = trio.CancelScope()

        async def serve(task_status: trio.TaskStatus[int]) -> None:
            with scope:
                await serve_grpc(ours, listener, limits=FREE, task_status=task_status)
            closed.set()

        async def client() -> None:
            told.append(await trio.to_thread.run_sync(report, port))
            nursery.cancel_scope.cancel()

        await nursery.start(serve)
        nursery.start_soon(client)
        await ready.wait()
        await trio.sleep(0.05)
        began = trio.current_time()
        scope.cancel()
        await closed.wait()
        took = trio.current_time() - began
        begin_again.set()
        await serve_grpc(ours, listen("127.0.0.1", port), limits=FREE)

    [(sent, acked, (code, again))] = told
    assert acked <= sent
    assert code is grpc.StatusCode.UNAVAILABLE
    assert again == ["again"]
    assert took < 2


async def test_a_port_in_use_is_named() -> None:
    with listen("127.0.0.1", 0) as taken:
        port: int = taken.getsockname()[1]

        with pytest.raises(ListenError, match=f"cannot listen on 127.0.0.1:{port}: .*in use"):
            listen("127.0.0.1", port)
