"""A fleet of agents for load and for show: real clients, each with its connection and identity."""

import contextlib
import math
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

import attrs
import trio

from actors.endpoint_agent import (
    PATH,
    Credentials,
    Exchange,
    Invitation,
    News,
    ack_of,
    event_of,
    leaves,
)
from protos.compliance_pb2 import (
    DriftAck,
    DriftEvent,
    HeartbeatRequest,
    HeartbeatResponse,
    RegisterRequest,
    RegisterResponse,
)
from runtime.clock import Clock, SystemClock
from runtime.errors import InvalidFileError, InvalidRequestError
from runtime.hosts.asyncio_island import open_island
from runtime.hosts.device_certificate import DeviceCertificate
from runtime.hosts.grpc_client import (
    Backoff,
    CallFailedError,
    Client,
    Duplex,
    UnreachableError,
    connected,
)
from runtime.ids import TimeOrderedIds
from runtime.roles.simulate_tally import Look, Tally
from runtime.setting_kinds import is_loopback

HEARTBEAT_S: Final = 60.0
LAST_ACKS_S: Final = 10.0
"""How long acks are waited for after the last event."""

_AT_ONCE: Final = 32
"""Connections that are being made at the same time."""
_REST_S: Final = 0.005
"""Between two batches of a host."""
_CALL_S: Final = 30.0


@attrs.define
class Fleet:
    """Hosts that speak to one appliance."""

    address: str
    port: int
    names: Sequence[str]
    rate: float
    """Events a second, of all together."""
    duration: float | None
    seed: int
    invitations: Mapping[str, Invitation]
    """By host; empty without certificates."""
    enrol_port: int
    folder: Path | None
    """Of the certificates; None without."""
    boot_id: str
    clock: Clock
    tally: Tally = attrs.field(factory=Tally, init=False)
    stopping: trio.Event = attrs.field(factory=trio.Event, init=False)

    @classmethod
    def of(  # noqa: PLR0913  # as the command takes them
        cls,
        appliance: str,
        *,
        hosts: int,
        rate: float,
        duration: float | None,
        seed: int,
        invitations: Path | None,
        enrol_port: int,
    ) -> "Fleet":
        """Check what was asked for.

        Raises:
            InvalidRequestError: the address is none, or needs certificates.
            InvalidFileError, EnrolmentFailedError: the invitations cannot be read, or are too few.
        """
        address, _, port = appliance.rpartition(":")
        address = address.strip("[]")
        if not address or not port.isdecimal() or not 0 < int(port[:6]) < 1 << 16:
            raise InvalidRequestError(f"{appliance} is no HOST:PORT")
        if invitations is None:
            if not is_loopback(address):
                raise InvalidRequestError(f"--insecure is for a loopback address, not {address}")
            names: Sequence[str] = [f"sim-{number:04}" for number in range(1, hosts + 1)]
            invited: Mapping[str, Invitation] = {}
            folder = None
        else:
            invited = _invitations(invitations)
            names = list(invited)[:hosts]
            if len(names) < hosts:
                problem = f"invites {len(names)} hosts, {hosts} are to be played"
                raise InvalidFileError(str(invitations), problem)
            folder = invitations.with_name(f"{invitations.name}.certificates")
        clock = SystemClock()
        boot_id = TimeOrderedIds(clock).new("boot")
        return cls(
            address, int(port), names, rate, duration, seed, invited, enrol_port, folder, boot_id,
            clock,
        )  # fmt: skip

    @property
    def succeeded(self) -> bool:
        """Say whether each host got through, and each event was answered."""
        return len(self.tally.reached) == len(self.names) and not self.tally.missing

    async def play(self) -> None:
        """Play until the duration is over or somebody stops it; then wait for the last acks."""
        async with open_island("fleet"), trio.open_nursery() as nursery:
            at_once = trio.CapacityLimiter(_AT_ONCE)
            for number, name in enumerate(self.names):
                nursery.start_soon(_Agent(self, name, number, at_once).run)
            with trio.move_on_after(self.duration if self.duration is not None else math.inf):
                await self.stopping.wait()
            self.stopping.set()

    async def credentials(self, host: str) -> Credentials | None:
        """Give a host's certificate, which is kept beside its invitation for the next time."""
        if self.folder is None:
            return None
        held = Credentials(DeviceCertificate(self.folder / host), host, self.clock)
        if not held.device.is_there:
            await held.enrol(self.invitations[host], self.address, self.enrol_port)
        return held


@attrs.define(eq=False)
class _Agent:
    fleet: Fleet
    host: str
    number: int
    at_once: trio.CapacityLimiter
    _pending: dict[int, tuple[DriftEvent, float]] = attrs.field(
        factory=dict[int, tuple[DriftEvent, float]], init=False
    )
    """Events without an ack, by number, and when each was sent first."""
    _said: int = attrs.field(default=0, init=False)
    _agent_id: str = attrs.field(default="", init=False)
    _settled: News = attrs.field(factory=News, init=False)

    async def run(self) -> None:
        """Speak until the time is over; a connection that ends is followed by another."""
        fleet = self.fleet
        random = Random(f"{fleet.seed} {self.host}")  # noqa: S311  to be repeated
        look, backoff = Look(self.host, random), Backoff(random, first_s=0.2, longest_s=10.0)
        credentials, began = await fleet.credentials(self.host), trio.current_time()
        patience = trio.CancelScope()
        with patience:
            while True:
                problems: list[str] = []
                try:
                    await self._speak(credentials, look, began)
                except* (UnreachableError, CallFailedError) as ended:
                    problems += [str(error) for error in leaves(ended)]
                if not problems:
                    return
                fleet.tally.ended(problems[0])
                if fleet.stopping.is_set():
                    patience.deadline = min(patience.deadline, trio.current_time() + LAST_ACKS_S)
                    if not self._pending:
                        return
                await trio.sleep(backoff.pause())

    async def _speak(self, credentials: Credentials | None, look: Look, began: float) -> None:
        fleet, tally = self.fleet, self.fleet.tally
        async with contextlib.AsyncExitStack() as stack:
            async with self.at_once:
                tls = None if credentials is None else credentials.device.tls
                client = await stack.enter_async_context(connected(fleet.address, fleet.port, tls))
                with _in_time(client):
                    await self._register(client)
            drifts = await stack.enter_async_context(
                client.stream(f"{PATH}/ReportDrift", DriftEvent, DriftAck)
            )
            tally.began(self.host)
            stack.callback(tally.disconnected)
            nursery = await stack.enter_async_context(trio.open_nursery())
            exchange = Exchange()
            nursery.start_soon(self._read, drifts, exchange)
            nursery.start_soon(self._beat, client)
            await self._write(drifts, exchange, look, began)
            nursery.cancel_scope.cancel(reason="all is said")

    async def _register(self, client: Client) -> None:
        request = RegisterRequest(hostname=self.host, os_version="Windows 11", agent_version="sim")
        answer = await client.call(f"{PATH}/Register", request, RegisterResponse)
        self._agent_id = answer.agent_id

    async def _write(
        self, drifts: Duplex[DriftEvent, DriftAck], exchange: Exchange, look: Look, began: float
    ) -> None:
        again = exchange.choose(list(self._pending))
        await drifts.send([self._pending[seq][0] for seq in again])
        stopping, every = self.fleet.stopping, len(self.fleet.names) / self.fleet.rate
        began += every * self.number / len(self.fleet.names)
        while not stopping.is_set():
            now = trio.current_time()
            if (due := math.floor((now - began) / every) + 1 - self._said) > 0:
                events = [self._event(look, now) for _ in range(min(due, exchange.room))]
                exchange.choose([event.seq for event in events])
                await drifts.send(events)
            settled = self._settled.next
            with trio.move_on_after(max(_REST_S, began + self._said * every - now)):
                await (stopping if exchange.room else settled).wait()
        with trio.move_on_after(LAST_ACKS_S):
            while self._pending:
                await self._settled.next.wait()

    def _event(self, look: Look, now: float) -> DriftEvent:
        self._said += 1
        self.fleet.tally.sent += 1
        told = look.next(int(self.fleet.clock.now().timestamp()))
        event = event_of(self._agent_id, self.fleet.boot_id, self._said, told)
        self._pending[self._said] = (event, now)
        return event

    async def _read(self, drifts: Duplex[DriftEvent, DriftAck], exchange: Exchange) -> None:
        tally = self.fleet.tally
        while acks := await drifts.receive():
            now = trio.current_time()
            for ack in acks:
                fate, given = ack_of(ack, now)
                _, sent_at = self._pending.pop(exchange.settle(fate))
                tally.answered(fate, now - sent_at)
                tally.commands += given is not None
            self._settled.tell()
        raise UnreachableError(self.host, "the stream was ended")

    async def _beat(self, client: Client) -> None:
        await trio.sleep(HEARTBEAT_S * self.number / len(self.fleet.names))
        while True:
            request = HeartbeatRequest(agent_id=self._agent_id, agent_version="sim")
            with _in_time(client):
                answer = await client.call(f"{PATH}/Heartbeat", request, HeartbeatResponse)
            self.fleet.tally.commands += len(answer.pending_commands)
            await trio.sleep(HEARTBEAT_S)


@contextlib.contextmanager
def _in_time(client: Client) -> Generator[None]:
    with trio.move_on_after(_CALL_S) as waited:
        yield
    if waited.cancelled_caught:
        raise UnreachableError(client.address, f"no answer within {_CALL_S:g} s")


def _invitations(path: Path) -> Mapping[str, Invitation]:
    """Read lines of a host and its invitation."""
    found: dict[str, Invitation] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        match line.split():
            case [host, invitation]:
                found[host] = Invitation.parsed(invitation)
            case []:
                continue
            case _:
                problem = "should be a host and its invitation"
                raise InvalidFileError(str(path), problem, line=number)
    return found
