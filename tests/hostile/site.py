"""The port under attack: a service that echoes, small limits, and an honest caller beside."""

import gc
import itertools
import ssl
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import trio
from google.protobuf.message import Message
from grpclib.const import Handler
from typing_extensions import override

from protos.compliance_grpc import ComplianceAgentBase
from protos.compliance_pb2 import DriftAck, DriftEvent, HeartbeatResponse, RegisterResponse
from runtime.hosts.grpc import Caller, Doorman, Limits
from runtime.hosts.grpc.server import listen, serve_grpc
from tests.hostile import frames as f
from tests.hostile.line import PATIENCE, Line, line

TIGHT = Limits(
    handshake_s=0.3,
    first_call_s=0.3,
    idle_s=0.5,
    pong_s=1.5,
    request_s=0.3,
    write_s=0.3,
    events_per_s=0,
    burst=0,
)
"""The limits of a real port, but for the waiting: what takes ten seconds there is over at once."""

PATIENT = attrs.evolve(TIGHT, handshake_s=60, first_call_s=60, idle_s=60, request_s=60)
"""So that it is the attack that ends a connection, and not a silence while the machine is busy."""

GROWTH = 64 * 1024 * 1024
"""Bytes that the process may grow by in an attack; the attacker's own share is in it."""

REMEMBERED = {"_Offender", "Budget"}
"""What the server may remember of those who are gone; tests of its own say how long."""

AT_HAND = Counter(dict.fromkeys(("Peer", "Connection", "Plain", "Tls", "Caller"), 2))
"""The two tasks that look at all connections still hold the last that they looked at."""

HONEST_P99_S = 2.0
"""Of processor time, of attacker and server and caller: until the honest caller is answered.

By the clock it waits for whatever else the machine does, and then for `PATIENCE` at most."""


class Echo(ComplianceAgentBase):
    """Answers with what it was told; counts who is still being answered."""

    def __init__(self) -> None:
        self.running = 0
        self.hold = trio.Event()
        self.hold.set()
        """While it is not set, no batch is answered."""

    @override
    async def Register(self, stream: Any) -> None:
        await self._answer(stream, lambda said: RegisterResponse(agent_id=said.hostname[:64]))

    @override
    async def Heartbeat(self, stream: Any) -> None:
        await self._answer(stream, lambda _: HeartbeatResponse(acknowledged=True))

    @override
    async def ReportDrift(self, stream: Any) -> None:
        raise NotImplementedError  # answered in batches

    @override
    async def ReportHealing(self, stream: Any) -> None:
        """Never answer."""
        self.running += 1
        try:
            await trio.sleep_forever()
        finally:
            self.running -= 1

    @override
    async def ReportRMMStatus(self, stream: Any) -> None:
        raise ValueError("a fault of ours")

    def __batches__(self) -> dict[str, Any]:
        return {"/compliance.ComplianceAgent/ReportDrift": self.acks}

    async def acks(self, _: Sequence[Caller], events: Sequence[DriftEvent]) -> Sequence[DriftAck]:
        await self.hold.wait()
        return [
            DriftAck(event_id=event.agent_id or event.boot_id, received=True) for event in events
        ]

    async def _answer(self, stream: Any, answer: Callable[[Any], Message]) -> None:
        self.running += 1
        try:
            said = await stream.recv_message()
            await stream.send_message(answer(said))
        finally:
            self.running -= 1

    @override
    def __mapping__(self) -> dict[str, Handler]:
        return super().__mapping__()


@attrs.define(eq=False)
class Honest:
    """One that calls as it should, all the time, and notes what each answer takes."""

    line: Line
    took: list[float] = attrs.field(factory=list[float], init=False)
    sent: int = attrs.field(default=0, init=False)
    pause_s: float = 0.01
    retires: bool = False
    """Whether it makes do with the answers that it got when the server has said goodbye."""

    @property
    def p99(self) -> float:
        """The slowest answer but one in a hundred."""
        return sorted(self.took)[len(self.took) * 99 // 100]

    async def call(self) -> None:
        """Report an event and send a heartbeat, until cancelled."""
        await self.line.begin()
        await self.line.send(f.headers(1, f.request(b"ReportDrift")))
        for stream in itertools.count(3, 2):
            if self.retires and self.line.goaway is not None:
                await self.line.send(f.data(1, end=True))
                return
            began = time.process_time()
            self.sent += 1
            name = f"event {self.sent}"
            await self.line.send(
                f.data(1, f.message(DriftEvent(agent_id=name))),
                f.headers(stream, f.request()),
                f.data(stream, f.message(b""), end=True),
            )
            acked = partial(self._heard, name.encode(), stream)
            assert await self.line.until(acked), (
                f"{name} or heartbeat {stream}: no answer, {self.line}"
            )
            assert self.line.fields.pop(stream)["grpc-status"] == "0"
            self.line.bodies.pop(stream)
            self.line.bodies[1].clear()
            self.took.append(time.process_time() - began)
            await trio.sleep(self.pause_s)

    async def answers(self, count: int) -> None:
        """Wait for so many more answers."""
        wanted = len(self.took) + count
        await self.line.until(lambda: len(self.took) >= wanted or self.retires)

    def _heard(self, name: bytes, stream: int) -> bool:
        return name in self.line.bodies[1] and stream in self.line.ended


@attrs.define(eq=False)
class Site:
    """A server under attack."""

    port: int
    echo: Echo
    serving: trio.CancelScope
    honest: Honest
    tls: ssl.SSLContext | None = None
    """The attacker's."""

    @asynccontextmanager
    async def attacker(self, *, hears: bool = True) -> AsyncGenerator[Line, None]:
        async with line(self.port, hears=hears, tls=self.tls) as raw:
            yield raw


@asynccontextmanager
async def site(
    limits: Limits = PATIENT,
    *,
    doorman: Doorman | None = None,
    server_tls: ssl.SSLContext | None = None,
    attacker_tls: ssl.SSLContext | None = None,
    honest_tls: ssl.SSLContext | None = None,
) -> AsyncGenerator[Site, None]:
    """Serve, with an honest caller; when it ends, nothing of the attack may be left.

    Raises:
        AssertionError: the honest caller was hurt, or a stream, a task or bytes are left.
    """
    gc.freeze()  # what was there before need not be looked through
    echo, before = Echo(), Footprint.now()
    listener = listen("127.0.0.1", 0)
    async with trio.open_nursery() as nursery:
        serving = trio.CancelScope()

        async def serve(task_status: trio.TaskStatus[int]) -> None:
            with serving:
                await serve_grpc(
                    echo,
                    listener,
                    limits=limits,
                    doorman=doorman,
                    tls=None if server_tls is None else lambda: server_tls,
                    task_status=task_status,
                )

        port = await nursery.start(serve)
        async with line(port, tls=honest_tls) as raw, trio.open_nursery() as beside:
            raw.polite = True
            honest = Honest(raw)
            beside.start_soon(honest.call)
            with trio.fail_after(PATIENCE):
                await honest.answers(1)
            calm = Footprint.now()
            yield Site(port, echo, serving, honest, attacker_tls)

            with trio.fail_after(PATIENCE):
                await honest.answers(2)
            await left_behind(calm, echo)
            beside.cancel_scope.cancel()
        assert honest.p99 < HONEST_P99_S, f"the honest caller waited {honest.p99:.3f} s"
        serving.cancel()
    await left_behind(before, echo)
    gc.unfreeze()


@attrs.frozen
class Footprint:
    """What the server holds."""

    objects: Counter[str]
    """Connections and calls, by class."""
    tasks: int
    rss: int

    @classmethod
    def now(cls) -> "Footprint":
        gc.collect()
        objects = Counter(
            type(thing).__qualname__
            for thing in gc.get_objects()
            if type(thing).__module__.startswith("runtime.hosts.grpc")
            and type(thing).__name__ not in REMEMBERED
        )
        statm = Path("/proc/self/statm").read_text(encoding="ascii")
        return cls(
            objects,
            trio.lowlevel.current_statistics().tasks_living,
            int(statm.split()[1]) * 4096,
        )

    def more_than(self, earlier: "Footprint") -> str:
        """Say what is there that was not there earlier."""
        more = self.objects - earlier.objects - AT_HAND
        told = [f"{count} {name}" for name, count in more.items()]
        if self.tasks > earlier.tasks:
            told.append(f"{self.tasks - earlier.tasks} tasks")
        if self.rss > earlier.rss + GROWTH:
            told.append(f"{(self.rss - earlier.rss) >> 20} MiB")
        return ", ".join(told)


async def left_behind(earlier: Footprint, echo: Echo) -> None:
    """Give the server a moment to forget; then hold it to what was there earlier."""
    rest = "?"
    with suppress(trio.TooSlowError), trio.fail_after(PATIENCE):
        while rest := Footprint.now().more_than(earlier):  # noqa: ASYNC110  # nobody tells
            await trio.sleep(0.05)
    assert not rest, f"left behind: {rest}"
    assert echo.running == 0
