"""A gate and a flap suppressor on one store, asked as the line asks them."""

from collections.abc import Awaitable
from typing import TypeVar

import attrs
import trio
import trio.testing

from actors.circuit_breaker import (
    CircuitBreakerActor,
    Gate,
    GateAccounts,
    GateCommand,
    GateSettings,
    SqliteGate,
)
from actors.flap_suppressor import FlapSettings, FlapSuppressorActor, SqliteFlaps
from actors.messages import (
    ExecuteRunbook,
    FixProposed,
    Incident,
    Moment,
    Move,
    Observation,
    Severity,
    State,
    Status,
    Stop,
    Verdict,
)
from actors.messages.incident import Fact
from actors.messages.suppression import Suppression
from actors.requests import (
    ApproveFix,
    ExtendSuppression,
    LiftSuppression,
    RejectFix,
    ResetBreaker,
    Suppress,
    SuppressionOf,
)
from runtime.clock import VirtualClock
from runtime.errors import ArightError
from runtime.hosts.sqlite import InlineStore
from runtime.ids import TimeOrderedIds
from runtime.mailbox import Mailbox
from runtime.request import Request
from runtime.store import Query
from tests.actors.circuit_breaker.ports import (
    EPOCH,
    FakeIncidents,
    FakeRunbook,
    FakeTickets,
    a_decision,
    an_incident,
    store_of,
)

R = TypeVar("R")

ENDED = {
    Verdict.HEALED: State.HEALED,
    Verdict.FAILED: State.ESCALATED,
    Verdict.UNKNOWN: State.ESCALATED,
    Verdict.ROLLED_BACK: State.ROLLED_BACK,
}

OBSERVATION = Observation(
    "o-1", "site", "ws-1", "firewall", Status.FAIL, Severity.HIGH, EPOCH, "scanner"
)


@attrs.define
class Bench:
    """Both rooms.  Their actors are made anew for each message: nothing may live in memory."""

    settings: GateSettings = attrs.field(factory=GateSettings)
    flapping: FlapSettings = attrs.field(factory=FlapSettings)
    store: InlineStore = attrs.field(factory=lambda: store_of("circuit_breaker", "flap_suppressor"))
    incidents: FakeIncidents = attrs.field(factory=FakeIncidents)
    tickets: FakeTickets = attrs.field(factory=FakeTickets)
    clock: VirtualClock = attrs.field(factory=lambda: VirtualClock(EPOCH))
    runbooks: dict[str, FakeRunbook] = attrs.field(factory=lambda: {"rb-1": FakeRunbook()})
    hosts: int = 100
    unreachable: frozenset[str] = frozenset()
    ran: list[str] = attrs.field(factory=list[str], init=False)
    """Ids of the incidents that the runner was told of."""
    suppressor_down: bool = False
    rules_in_force: str = attrs.field(factory=lambda: a_decision().rule_version)

    @property
    def now(self) -> Moment:
        return Moment.read(self.clock)

    def reaches(self, host: str, _runbook_id: str) -> Query[bool]:
        return lambda _: host not in self.unreachable

    def gate(self) -> Gate:
        return Gate(
            SqliteGate(), self.incidents, self.tickets, SqliteFlaps(),
            self.runbooks.get, lambda _: self.hosts, self.reaches,
            self.settings,
            rules_in_force=lambda: self.rules_in_force,
        )  # fmt: skip

    def suppressor(self) -> FlapSuppressorActor:
        return FlapSuppressorActor(
            self.store, SqliteFlaps(), self.incidents, self.clock,
            TimeOrderedIds(self.clock), self.flapping,
        )  # fmt: skip

    async def handle(self, message: FixProposed | GateCommand) -> None:
        """Hand one message to a new gate, with a suppressor beside it."""
        suppressing = Mailbox[SuppressionOf]("flap_suppressor", capacity=9)
        if self.suppressor_down:
            suppressing.refuse("it fell too often")
        runner, heard = trio.open_memory_channel[ExecuteRunbook](9)
        gate = CircuitBreakerActor(self.store, self.gate(), self.clock, suppressing.post, runner)

        async def suppress() -> None:
            while True:
                await trio.testing.wait_all_tasks_blocked()
                if suppressing.waiting:
                    await self.suppressor().handle(suppressing.waiting.popleft())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(suppress)
            await gate.handle(message)
            nursery.cancel_scope.cancel()
        while heard.statistics().current_buffer_used:
            self.ran.append(heard.receive_nowait().incident.id)

    async def ask(self, command: ApproveFix | RejectFix) -> Incident:
        """Say yes or no to a fix as a person does."""
        return await _asked(command, self.handle(command))

    async def reset(self, command: ResetBreaker) -> None:
        """Reset a breaker as a person does."""
        await _asked(command, self.handle(command))

    async def ask_suppressor(
        self, command: Suppress | LiftSuppression | ExtendSuppression
    ) -> Suppression:
        """Hold healing back, or let it go, as a person does."""
        return await _asked(command, self.suppressor().handle(command))

    async def propose(self, incident: Incident) -> Incident:
        """Have L1 propose the fix of an incident, and give the incident as it then stands."""
        await self.store.commit(self.incidents.put(incident))
        await self.handle(FixProposed(incident, OBSERVATION))
        return await self.incident(incident.id)

    async def redeliver(self, name: str) -> Incident:
        """Propose a fix that was proposed before, whatever became of it."""
        await self.handle(FixProposed(await self.incident(name), OBSERVATION))
        return await self.incident(name)

    async def fix(self, name: str, **known: object) -> Incident:
        """Propose the fix of a new incident."""
        return await self.propose(an_incident(name, **known))

    async def again(self, name: str) -> Incident:
        """Decide an incident again, as the journal's alarm has it done."""
        incident = await self.incident(name)
        if incident.state is not State.DECIDING:
            move = Move(State.DECIDING, (incident.state,), Fact("due"))
            [incident] = await self.store.commit(self.incidents.move(name, move, self.now))
        return await self.propose(incident)

    async def end(self, name: str, verdict: Verdict) -> list[Stop]:
        """Have the runner commit a verdict; give the stops that the gate hands it."""
        incident = await self.incident(name)
        accounts = GateAccounts(SqliteGate(), self.incidents, self.settings)
        [stops] = await self.store.commit(accounts.finished(incident, verdict, self.now))
        ended = attrs.evolve(incident, state=ENDED.get(verdict, State.CLOSED), due=None)
        await self.store.commit(self.incidents.put(ended))
        return list(stops)

    async def incident(self, name: str) -> Incident:
        found = await self.store.read(self.incidents.get(name))
        assert found is not None
        return found


async def _asked(command: Request[R], handling: Awaitable[None]) -> R:
    answers: list[R | ArightError] = []

    async def asker() -> None:
        try:
            answers.append(await command.ask(Mailbox[Request[R]]("asked", capacity=1).post))
        except ArightError as error:
            answers.append(error)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(asker)
        await trio.testing.wait_all_tasks_blocked()
        await handling
    [answer] = answers
    if isinstance(answer, ArightError):
        raise answer
    return answer
