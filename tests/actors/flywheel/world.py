"""Patterns, incidents and verdicts for the tests of the flywheel."""

import datetime as dt
import sqlite3
from collections.abc import Sequence

import attrs

from actors.catalogue.pattern_signature import drift_kind, pattern_signature
from actors.escalator import SqliteTickets
from actors.flywheel import FlywheelAccounts, FlywheelSettings, Pattern, SqliteFlywheel, Steps
from actors.journal import SqliteJournal
from actors.messages import (
    JSON,
    Decision,
    Incident,
    Mode,
    Moment,
    Observation,
    Platform,
    Severity,
    State,
    Status,
    Stop,
    Verdict,
)
from actors.messages.incident import Plan
from runtime.store import Query, Write
from tests.fakes.store import inline_store

EPOCH = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
NOW = Moment(EPOCH, "boot-1", 0.0)
CHECK, RUNBOOK = "printer_spooler", "LIN-SPOOL-001"
PARAMS: dict[str, JSON] = {"service": "cups", "wait_s": 5}
HOSTS = [f"ws-{number}" for number in range(1, 9)]


def pattern(actual: str = "not running", **params: JSON) -> Pattern:
    signature = pattern_signature(CHECK, "linux", actual)
    return Pattern(signature, CHECK, "linux", drift_kind(actual), RUNBOOK, {**PARAMS, **params})


def planned() -> Decision:
    known = pattern()
    plan = Plan("decision_1", known.signature, 0.9, "a-model", "a-provider")
    return Decision("", "", "execute_runbook", RUNBOOK, known.params, Mode.APPROVE, plan=plan)


def ruled(known: Pattern | None = None) -> Decision:
    known = known or pattern()
    return Decision(
        known.rule_id, "v1", "execute_runbook", known.runbook_id, known.params, Mode.AUTO
    )


@attrs.define
class Numbered:
    """Names that count."""

    last: int = 0

    def new(self, kind: str) -> str:
        return self.several(kind, 1)[0]

    def several(self, kind: str, count: int) -> Sequence[str]:
        self.last += count
        return [f"{kind}_{number:06}" for number in range(self.last - count + 1, self.last + 1)]


@attrs.frozen
class Observed(SqliteJournal):
    """A journal that knows observations without ever having heard them."""

    observations: dict[str, Observation] = attrs.field(factory=dict[str, Observation])

    def observation(self, observation_id: str) -> Query[Observation]:
        return lambda _: self.observations[observation_id]


@attrs.define(slots=False)
class Books:
    """Rooms that share one store: what the flywheel is told, and what it keeps."""

    settings: FlywheelSettings = attrs.field(factory=FlywheelSettings)
    told: int = 0

    def __attrs_post_init__(self) -> None:
        self.store = inline_store("journal", "escalator", "flywheel", "evidence_log")
        self.tickets = SqliteTickets(Numbered(), ())
        self.journal = Observed(self.tickets)
        self.memory = SqliteFlywheel()
        self.steps = Steps(self.memory, self.tickets, self.settings)
        self.accounts = FlywheelAccounts(self.steps, self.journal, self._tell)
        self._numbers = iter(range(1, 1_000_000))

    def _tell(self) -> None:
        self.told += 1

    @property
    def connection(self) -> sqlite3.Connection:
        return self.store.connection

    def incident(
        self, host: str, decision: Decision | None, actual: str = "Not running"
    ) -> Incident:
        """Give the incident that it opened, which a runner has in hand."""
        number = next(self._numbers)
        observation = Observation(
            f"observation_{number:06}", "site", host, CHECK, Status.FAIL, Severity.HIGH, EPOCH,
            "scanner", Platform.LINUX, actual=actual,
        )  # fmt: skip
        self.journal.observations[observation.id] = observation
        return Incident(
            f"incident_{number:06}", "site", host, CHECK, Severity.HIGH, State.VERIFYING, EPOCH,
            EPOCH, EPOCH, observation.id, decision=decision, attempt=1,
        )  # fmt: skip

    def tell(self, incident: Incident, verdict: Verdict, at: Moment = NOW) -> Sequence[Stop]:
        """Tell a verdict as the runner does; give the stops."""
        return self.accounts.finished(incident, verdict, at)(self.connection)

    def heal(self, count: int, decision: Decision | None = None) -> None:
        """Heal so many drifts, on all hosts in turn."""
        for number in range(count):
            incident = self.incident(HOSTS[number % len(HOSTS)], decision or planned())
            self.tell(incident, Verdict.HEALED)

    def do(self, write: Write[object]) -> None:
        write(self.connection)
