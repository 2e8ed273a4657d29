# ruff: noqa: ARG002  # a fake takes what its port takes
"""A host that does as it is told, and ledgers in memory; both can be cut off at any call."""

import copy
import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar, cast

import attrs

from actors.catalogue.baseline import Baseline
from actors.catalogue.checks import Check
from actors.catalogue.probes import FileContent
from actors.catalogue.runbooks import Act, Runbook, Script
from actors.journal.core import moved
from actors.messages import (
    Decision,
    ExecuteRunbook,
    Fact,
    Incident,
    Intent,
    IntentState,
    Mode,
    Moment,
    Move,
    Observation,
    Platform,
    Severity,
    State,
    Status,
    Stop,
    StopKind,
    Verdict,
)
from actors.runbook_runner import Ledgers, Repertoire, RunbookRunnerActor
from actors.runbook_runner.hands import Host
from runtime.clock import VirtualClock
from runtime.errors import UnansweredError
from runtime.hosts.processes import Completed
from runtime.store import Query, Write

T = TypeVar("T")

EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SCRIPT = Script("tidy", Path("/scripts/tidy.py"))


class Cut(Exception):  # noqa: N818  # the power is gone
    """Raised at the call where everything ends."""


@attrs.define
class Power:
    """Counts calls of ports, and is cut at one of them, before or after what it does."""

    cut_at: int | None = None
    after: bool = False
    calls: int = 0

    def before(self) -> None:
        self.calls += 1
        if self.calls == self.cut_at and not self.after:
            raise Cut

    def done(self) -> None:
        if self.calls == self.cut_at and self.after:
            raise Cut


@attrs.define
class FakeHost:
    """A host with one file: `yes` is drift, `no` is right."""

    power: Power = attrs.field(factory=Power)
    value: str = "yes"
    acts: list[str] = attrs.field(factory=list[str])
    """How the next acts go: ok, nothing, break, fail, timeout, late (done, but killed)."""
    silent: int = 0
    """So many questions stay without an answer."""
    undo_works: bool = True
    capture_works: bool = True
    log: list[str] = attrs.field(factory=list[str])
    root: str = "/"

    async def read_text(self, path: str, cap_bytes: int) -> str:
        self.power.before()
        self.log.append("look")
        if self.silent:
            self.silent -= 1
            raise UnansweredError("disk", path)
        self.power.done()
        return f"setting {self.value}\n"

    async def run(self, argv: Sequence[str], *, stdin: bytes, timeout_s: float) -> Completed:
        self.power.before()
        asked = json.loads(stdin)
        self.log.append(asked["phase"])
        answer = getattr(self, f"_{asked['phase']}")(asked)
        self.power.done()
        return cast("Completed", answer)

    def _capture(self, _asked: object) -> Completed:
        if not self.capture_works:
            return _completed(1, error="file_missing")
        return _completed(0, value=self.value)

    def _act(self, _asked: object) -> Completed:
        how = self.acts.pop(0) if self.acts else "ok"
        if how in {"ok", "late"}:
            self.value = "no"
        if how == "break":
            self.value = "broken"
        if how in {"timeout", "late"}:
            return attrs.evolve(_completed(-9), timed_out=True)
        return _completed(1, error="refused") if how == "fail" else _completed(0)

    def _undo(self, asked: Mapping[str, Mapping[str, str]]) -> Completed:
        if self.undo_works:
            self.value = asked["pre_state"]["value"]
        return _completed(0)


def _completed(code: int, **said: object) -> Completed:
    return Completed(code, json.dumps(said), "Some SECRET output", timed_out=False, truncated=False)


@attrs.define
class Rows:
    """What is durable."""

    incidents: dict[str, Incident] = attrs.field(factory=dict[str, Incident])
    facts: list[Fact] = attrs.field(factory=list[Fact])
    states: list[State] = attrs.field(factory=list[State])
    intents: dict[str, Intent] = attrs.field(factory=dict[str, Intent])
    verdicts: list[Verdict] = attrs.field(factory=list[Verdict])
    stops: list[Stop] = attrs.field(factory=list[Stop])
    settled: list[str] = attrs.field(factory=list[str])


@attrs.define
class FakeLedgers:
    """Store, incidents, intents, tickets and accounts in one; a commit is all or nothing."""

    power: Power = attrs.field(factory=Power)
    rows: Rows = attrs.field(factory=Rows)
    stops_of_accounts: tuple[Stop, ...] = ()
    _connection: sqlite3.Connection = attrs.field(factory=lambda: sqlite3.connect(":memory:"))

    def as_ledgers(self) -> Ledgers:
        return Ledgers(
            store=self, incidents=self, intents=self, tickets=self, accounts=(self,), answers=self
        )

    async def commit(self, *writes: Write[T]) -> list[T]:
        self.power.before()
        before = copy.deepcopy(self.rows)
        try:
            results = [write(self._connection) for write in writes]
        except BaseException:
            self.rows = before
            raise
        self.power.done()
        return results

    async def read(self, query: Query[T]) -> T:
        return query(self._connection)

    def last_status(self, site: str, host: str, check: str) -> Query[Status | None]:
        return lambda _: Status.FAIL

    def move(self, incident_id: str, move: Move, at: Moment) -> Write[Incident]:
        def write(_: sqlite3.Connection) -> Incident:
            incident = moved(self.rows.incidents[incident_id], move, at)
            self.rows.incidents[incident_id] = incident
            self.rows.facts.append(move.fact)
            self.rows.states.append(move.to)
            return incident

        return write

    def decide_again(
        self, incident_id: str, decision: Decision | None, fact: Fact, due: Moment, at: Moment
    ) -> Write[Incident]:
        raise NotImplementedError

    def note(self, incident_id: str, fact: Fact, at: Moment) -> Write[None]:
        return self._later(lambda: self.rows.facts.append(fact))

    def get(self, incident_id: str) -> Query[Incident | None]:
        return lambda _: self.rows.incidents.get(incident_id)

    def observation(self, observation_id: str) -> Query[Observation]:
        raise NotImplementedError

    def plan(self, intent: Intent, at: Moment) -> Write[None]:
        return self._later(lambda: self.rows.intents.__setitem__(intent.id, intent))

    def start(self, intent_id: str, pre_state: str, at: Moment) -> Write[None]:
        return self._intent(intent_id, state=IntentState.STARTED, pre_state=pre_state)

    def runs_until(self, intent_id: str, deadline: Moment, at: Moment) -> Write[None]:
        return self._intent(intent_id, deadline=deadline)

    def retry(self, intent_id: str, at: Moment) -> Write[None]:
        return self._intent(intent_id, retried=True)

    def finish(self, intent_id: str, verdict: Verdict, at: Moment) -> Write[None]:
        return self._intent(intent_id, state=IntentState.FINISHED, verdict=verdict)

    def unfinished(self, incident_id: str | None = None) -> Query[Sequence[Intent]]:
        return lambda _: [
            intent
            for intent in self.rows.intents.values()
            if intent.state is not IntentState.FINISHED
            and incident_id in {None, intent.incident_id}
        ]

    def open(self, stop: Stop, at: Moment) -> Write[str]:
        def write(_: sqlite3.Connection) -> str:
            self.rows.stops.append(stop)
            return "ticket_1"

        return write

    def settle(self, incident_ids: Sequence[str], at: Moment) -> Write[None]:
        return self._later(lambda: self.rows.settled.extend(incident_ids))

    def finished(self, incident: Incident, verdict: Verdict, at: Moment) -> Write[Sequence[Stop]]:
        def write(_: sqlite3.Connection) -> Sequence[Stop]:
            self.rows.verdicts.append(verdict)
            return self.stops_of_accounts

        return write

    def _intent(self, intent_id: str, **changes: object) -> Write[None]:
        def change() -> None:
            self.rows.intents[intent_id] = attrs.evolve(self.rows.intents[intent_id], **changes)  # type: ignore[arg-type]  # fields of an intent

        return self._later(change)

    @staticmethod
    def _later(change: Callable[[], None]) -> Write[None]:
        return lambda _: change()


@attrs.define
class CountingIds:
    """Names that count up; they go on over a restart, as time does."""

    last: int = 0

    def new(self, kind: str) -> str:
        self.last += 1
        return f"{kind}_{self.last}"

    def several(self, kind: str, count: int) -> list[str]:
        return [self.new(kind) for _ in range(count)]


CHECK = Check(
    "setting", "The setting is no", Platform.LINUX,
    FileContent("/etc/setting", "setting (.*)"), Baseline("eq", "no"), Severity.HIGH,
)  # fmt: skip
ALSO = attrs.evolve(CHECK, id="also", baseline=Baseline("ne", "broken"))


def runbook(*, undo: Act | None = SCRIPT, idempotent: bool = True, soak_s: float = 0.0) -> Runbook:
    return Runbook(
        "RB-1", "Tidy", Platform.LINUX, ("setting",), SCRIPT, undo, 10.0,
        idempotent=idempotent, content_hash="h", soak_s=soak_s, also_verify=("also",),
    )  # fmt: skip


INCIDENT = Incident(
    "inc_1", "site", "host-1", "setting", Severity.HIGH, State.ACTING, EPOCH, EPOCH, EPOCH,
    "obs_1", decision=Decision("R-1", "v1", "execute_runbook", "RB-1", mode=Mode.AUTO), attempt=1,
)  # fmt: skip


@attrs.define
class Room:
    """The runner with everything around it; `live` is one life of it."""

    book: Runbook = attrs.field(factory=runbook)
    host: FakeHost = attrs.field(factory=FakeHost)
    ledgers: FakeLedgers = attrs.field(factory=FakeLedgers)
    clock: VirtualClock = attrs.field(factory=lambda: VirtualClock(EPOCH))
    ids: CountingIds = attrs.field(factory=CountingIds)
    incident: Incident = INCIDENT

    def __attrs_post_init__(self) -> None:
        self.ledgers.rows.incidents.setdefault(self.incident.id, self.incident)

    def actor(self) -> RunbookRunnerActor:
        can = Repertoire(
            {self.book.id: self.book},
            {CHECK.id: CHECK, ALSO.id: ALSO},
            {"host-1": cast("Host", self.host)},
        )
        return RunbookRunnerActor(self.ledgers.as_ledgers(), lambda: can, self.clock, self.ids)

    async def live(self) -> None:
        """Start, and work the incident as far as it goes."""
        actor = self.actor()
        await actor.started()
        await actor.handle(ExecuteRunbook(self.incident))

    def now_in(self) -> State:
        return self.ledgers.rows.incidents[self.incident.id].state

    @property
    def told(self) -> list[str]:
        return [fact.kind for fact in self.ledgers.rows.facts]

    @property
    def stopped(self) -> list[StopKind]:
        return [stop.kind for stop in self.ledgers.rows.stops]

    @property
    def left_started(self) -> list[Intent]:
        return [i for i in self.ledgers.rows.intents.values() if i.state is IntentState.STARTED]
