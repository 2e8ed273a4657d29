"""The journal's and the escalator's ports over a plain SQLite connection, for the gate's tests."""

import datetime as dt
import sqlite3
from collections.abc import Sequence

import attrs

from actors.journal.core import moved
from actors.messages import (
    Decision,
    Fact,
    Incident,
    Mode,
    Moment,
    Move,
    Observation,
    Severity,
    State,
    Stop,
    StopKind,
)
from runtime.codec import from_json, to_json
from runtime.errors import NotFoundError
from runtime.hosts.sqlite import InlineStore
from runtime.store import Query, Write
from tests.fakes.store import inline_store

EPOCH = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
"""A Monday noon."""


def store_of(*rooms: str) -> InlineStore:
    """Open a store with the tables of some rooms, and one for the fake incidents."""
    store = inline_store(*rooms)
    store.connection.execute("create table fake_incidents (id text primary key, body text)")
    return store


@attrs.define
class FakeIncidents:
    """Incidents as rows of the store, so that a commit that fails takes its moves back."""

    trace: list[tuple[str, Fact]] = attrs.field(factory=list[tuple[str, Fact]])

    def put(self, incident: Incident) -> Write[None]:
        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "insert or replace into fake_incidents values (?, ?)",
                (incident.id, to_json(incident)),
            )

        return write

    def get(self, incident_id: str) -> Query[Incident | None]:
        def query(connection: sqlite3.Connection) -> Incident | None:
            row = connection.execute(
                "select body from fake_incidents where id = ?", (incident_id,)
            ).fetchone()
            return None if row is None else from_json(row[0], Incident)

        return query

    def move(self, incident_id: str, move: Move, at: Moment) -> Write[Incident]:
        def write(connection: sqlite3.Connection) -> Incident:
            incident = self.get(incident_id)(connection)
            if incident is None:
                raise NotFoundError("incident", incident_id)
            after = moved(incident, move, at)
            self.put(after)(connection)
            self.trace.append((incident_id, move.fact))
            return after

        return write

    def decide_again(
        self, incident_id: str, decision: Decision | None, fact: Fact, due: Moment, at: Moment
    ) -> Write[Incident]:
        raise NotImplementedError

    def note(self, incident_id: str, fact: Fact, at: Moment) -> Write[None]:  # noqa: ARG002
        return lambda _: self.trace.append((incident_id, fact))

    def observation(self, observation_id: str) -> Query[Observation]:
        raise NotImplementedError


@attrs.define
class FakeTickets:
    """Remembers every stop, and which tickets they made."""

    stops: list[Stop] = attrs.field(factory=list[Stop])

    def open(self, stop: Stop, at: Moment) -> Write[str]:  # noqa: ARG002
        def write(_: sqlite3.Connection) -> str:
            self.stops.append(stop)
            return f"{stop.kind}:{stop.key}"

        return write

    def settle(self, incident_ids: Sequence[str], at: Moment) -> Write[None]:
        raise NotImplementedError

    def answered(self, kind: StopKind, key: str, who: str, note: str, at: Moment) -> Write[None]:  # noqa: ARG002
        return lambda _: None

    @property
    def identities(self) -> Sequence[tuple[str, str]]:
        """Kind and key of each ticket, in the order of their first stops."""
        return list(dict.fromkeys((stop.kind, stop.key) for stop in self.stops))


def moment(seconds: float = 0.0, *, wall_off: float = 0.0, boot: str = "boot-1") -> Moment:
    """Give the moment that many seconds after the epoch, by a wall clock that is off."""
    wall = EPOCH + dt.timedelta(seconds=seconds + wall_off)
    return Moment(wall, boot, seconds)


def an_incident(name: str = "i-1", **known: object) -> Incident:
    """Give an incident that L1 decided: rule r-1 wants runbook rb-1, by itself."""
    values: dict[str, object] = {
        "id": name,
        "site": "site",
        "host": "ws-1",
        "check": "firewall",
        "severity": Severity.HIGH,
        "state": State.DECIDING,
        "opened_at": EPOCH,
        "moved_at": EPOCH,
        "last_seen": EPOCH,
        "observation_id": "o-1",
        "decision": a_decision(),
    }
    return Incident(**{**values, **known})  # type: ignore[arg-type]  # checked by attrs' callers


def a_decision(**known: object) -> Decision:
    """Give the decision of rule r-1."""
    values: dict[str, object] = {
        "rule_id": "r-1",
        "rule_version": "v-1",
        "action": "execute_runbook",
        "runbook_id": "rb-1",
        "mode": Mode.AUTO,
        "rule_hash": "hash-1",
    }
    return Decision(**{**values, **known})  # type: ignore[arg-type]  # as above


@attrs.frozen
class FakeRunbook:
    """What the gate must know of a runbook."""

    irreversible: bool = False
    disruptive: bool = False
    content_hash: str = "content-1"
    text: str = "Mend it by hand."
