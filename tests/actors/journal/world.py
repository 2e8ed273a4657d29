"""A journal in memory, with a clock that a test sets and tickets that it reads."""

import datetime as dt
import itertools
import sqlite3
from collections.abc import Sequence

import attrs

from actors.coverage import SqliteCoverage
from actors.journal import SqliteJournal
from actors.journal.store import Recording
from actors.messages import (
    Fact,
    Incident,
    Moment,
    Move,
    Observation,
    Severity,
    State,
    Status,
    Stop,
    StopKind,
)
from runtime.hosts.sqlite import InlineStore
from runtime.store import Write
from tests.fakes.store import inline_store

INTERVAL_S = 300.0
"""Seconds between two answers of a check."""

EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@attrs.define
class SetClock:
    """A clock whose hands a test moves, each by itself."""

    wall: dt.datetime = EPOCH
    boot_id: str = "boot-1"
    seconds: float = 1000.0

    def now(self) -> dt.datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        """Let time pass as it does."""
        self.wall += dt.timedelta(seconds=seconds)
        self.seconds += seconds

    def restart(self, *, off: float) -> None:
        """Start the machine anew after `off` seconds."""
        self.wall += dt.timedelta(seconds=off)
        self.seconds, self.boot_id = 5.0, f"{self.boot_id}+"


@attrs.define
class CountedIds:
    """Names that count on."""

    _numbers: "itertools.count[int]" = attrs.field(factory=itertools.count, init=False)

    def new(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers):06}"

    def several(self, kind: str, count: int) -> list[str]:
        return [self.new(kind) for _ in range(count)]


@attrs.define
class SpyTickets:
    """Keeps what people would be told."""

    opened: list[tuple[Stop, Moment]] = attrs.field(factory=list[tuple[Stop, Moment]])
    settled: list[tuple[str, Moment]] = attrs.field(factory=list[tuple[str, Moment]])

    @property
    def stops(self) -> list[tuple[StopKind, str]]:
        return [(stop.kind, stop.key) for stop, _ in self.opened]

    def open(self, stop: Stop, at: Moment) -> Write[str]:
        def write(_: sqlite3.Connection) -> str:
            self.opened.append((stop, at))
            return "ticket_1"

        return write

    def settle(self, incident_ids: Sequence[str], at: Moment) -> Write[None]:
        return lambda _: self.settled.extend((each, at) for each in incident_ids)


@attrs.define
class World:
    """What a test of the journal stands on."""

    store: InlineStore = attrs.field(factory=lambda: inline_store("journal", "coverage"))
    clock: SetClock = attrs.field(factory=SetClock)
    ids: CountedIds = attrs.field(factory=CountedIds)
    tickets: SpyTickets = attrs.field(factory=SpyTickets)

    coverage: SqliteCoverage = attrs.field(
        factory=lambda: SqliteCoverage(lambda _: INTERVAL_S), init=False
    )

    @property
    def journal(self) -> SqliteJournal:
        return SqliteJournal(self.tickets)

    @property
    def now(self) -> Moment:
        return Moment.read(self.clock)

    def heard(
        self,
        status: Status = Status.FAIL,
        host: str = "ws-1",
        check: str = "firewall_status",
        *,
        source: str = "agent",
        seq: int | None = None,
        severity: Severity = Severity.HIGH,
        reason: str = "",
    ) -> Observation:
        return Observation(
            id=self.ids.new("obs"),
            site="site",
            host=host,
            check=check,
            status=status,
            severity=severity,
            observed_at=self.clock.now(),
            source=source,
            agent_id="agent-1" if seq is not None else "",
            boot_id="b1" if seq is not None else "",
            seq=seq,
            reason=reason,
        )

    async def record(self, *observations: Observation, full: bool = False) -> list[Recording]:
        [recordings] = await self.store.commit(
            self.journal.record(observations, lambda: self.ids.new("inc"), self.now, full=full)
        )
        return recordings

    async def drift(self, host: str = "ws-1", *, state: State = State.OBSERVED) -> Incident:
        """Open an incident and take it to a state."""
        [recording] = await self.record(self.heard(host=host))
        assert recording.opened is not None
        return await self.take(recording.opened, *PATHS[state])

    async def take(self, incident: Incident, *states: State) -> Incident:
        for state in states:
            incident = await self.move(incident, state)
        return incident

    async def move(
        self, incident: Incident, state: State, *, due_in: float | None = None, reason: str = ""
    ) -> Incident:
        due = None if due_in is None else self.now.after(due_in)
        move = Move(state, (incident.state,), Fact(f"test_{state}"), reason=reason, due=due)
        [incident] = await self.store.commit(self.journal.move(incident.id, move, self.now))
        return incident

    async def get(self, incident_id: str) -> Incident:
        incident = await self.store.read(self.journal.get(incident_id))
        assert incident is not None
        return incident


PATHS: dict[State, tuple[State, ...]] = {
    State.OBSERVED: (),
    State.DECIDING: (State.DECIDING,),
    State.AWAITING_APPROVAL: (State.DECIDING, State.AWAITING_APPROVAL),
    State.ACTING: (State.DECIDING, State.ACTING),
    State.VERIFYING: (State.DECIDING, State.ACTING, State.VERIFYING),
    State.REFUSED: (State.DECIDING, State.REFUSED),
    State.SUPPRESSED: (State.DECIDING, State.SUPPRESSED),
    State.ROLLED_BACK: (State.DECIDING, State.ACTING, State.ROLLED_BACK),
    State.ESCALATED: (State.DECIDING, State.ESCALATED),
    State.HEALED: (State.DECIDING, State.ACTING, State.VERIFYING, State.HEALED),
    State.CLOSED: (State.DECIDING, State.CLOSED),
    State.RECURRED: (State.DECIDING, State.ACTING, State.VERIFYING, State.HEALED, State.RECURRED),
}
"""A way to each state, from `observed` on."""
