"""The journal in SQLite: the projection of incidents and their append-only trace."""

import datetime as dt
import math
import sqlite3
from collections.abc import Callable, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

import attrs

from actors.journal import core
from actors.journal.core import Effect
from actors.journal.rows import INCIDENT, cells_of, incident_of, moment_cells
from actors.journal.sqlite_intents import SqliteIntents
from actors.journal.store import DeadLetterRow, Recording, UnkeepableError
from actors.messages import Decision, Fact, Incident, Moment, Move, Observation, Recorded, State
from actors.ports import Tickets
from runtime.codec import from_json, to_json
from runtime.errors import NotFoundError
from runtime.store import Query, Write

SCHEMA: Traversable = files("actors.journal") / "schema"

_COLUMNS = INCIDENT.split(", ")
_PUT = (
    f"INSERT INTO incidents ({INCIDENT}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608  our own words
    f" ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS)}"
)
_GET = f"SELECT {INCIDENT} FROM incidents "  # noqa: S608
_OPEN = (
    _GET + "WHERE site = ? AND host = ? AND check_id = ? AND state NOT IN ('closed', 'recurred')"
)
_EVENT = (
    "INSERT INTO incident_events (incident_id, at, kind, from_state, to_state, body)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_ANSWER = "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_HEARD = (
    "INSERT INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    # One that is delivered once more after a fall is here already.
    " ON CONFLICT (id) DO NOTHING"
)
_SAME = "SELECT id, incident_id FROM observations WHERE agent_id = ? AND boot_id = ? AND seq = ?"


@attrs.frozen
class SqliteJournal(SqliteIntents):
    """Keeps what `Journal` promises."""

    tickets: Tickets

    # The port that others have.

    def move(self, incident_id: str, move: Move, at: Moment) -> Write[Incident]:
        """Append the fact, change the state, give the incident as it then is."""

        def write(connection: sqlite3.Connection) -> Incident:
            return self._moved(connection, _required(connection, incident_id), move, at)

        return write

    def decide_again(
        self, incident_id: str, decision: Decision, fact: Fact, due: Moment, at: Moment
    ) -> Write[Incident]:
        """Replace the decision of an incident that is deciding."""

        def write(connection: sqlite3.Connection) -> Incident:
            incident = _required(connection, incident_id)
            after = core.decided_again(incident, decision, due)
            connection.execute(_PUT, cells_of(after))
            _append(connection, incident_id, fact, at, None, None)
            return after

        return write

    def note(self, incident_id: str, fact: Fact, at: Moment) -> Write[None]:
        """Append a line to the trace; the state stays."""

        def write(connection: sqlite3.Connection) -> None:
            _append(connection, incident_id, fact, at, None, None)

        return write

    def get(self, incident_id: str) -> Query[Incident | None]:
        """Look an incident up."""

        def query(connection: sqlite3.Connection) -> Incident | None:
            row = connection.execute(_GET + "WHERE id = ?", (incident_id,)).fetchone()
            return None if row is None else incident_of(row)

        return query

    def observation(self, observation_id: str) -> Query[Observation]:
        """Look an observation up."""

        def query(connection: sqlite3.Connection) -> Observation:
            row = connection.execute(
                "SELECT body FROM observations WHERE id = ?", (observation_id,)
            ).fetchone()
            if row is None:
                raise NotFoundError("observation", observation_id)
            return from_json(row[0], Observation)

        return query

    # What the journal itself needs.

    def record(
        self,
        observations: Sequence[Observation],
        new_id: Callable[[], str],
        at: Moment,
        *,
        full: bool = False,
    ) -> Write[list[Recording]]:
        """Take observations in, in order."""

        def write(connection: sqlite3.Connection) -> list[Recording]:
            fullness = 1.0 if full else _fullness(connection)
            try:
                return [
                    self._record(connection, observation, new_id, at, fullness)
                    for observation in observations
                ]
            except (UnicodeEncodeError, OverflowError) as error:
                raise UnkeepableError(str(error)) from error

        return write

    def due(self, now: Moment, limit: int) -> Query[list[Incident]]:
        """List incidents whose time has come."""
        # Both ranges of other boots, for an index knows no inequality.
        sql = (
            _GET + "WHERE due_wall IS NOT NULL AND ((due_boot = :boot AND due_monotonic <= :now)"
            " OR (due_boot < :boot AND due_wall <= :wall)"
            " OR (due_boot > :boot AND due_wall <= :wall)) ORDER BY due_wall, id LIMIT :limit"
        )
        cells = {
            "boot": now.boot,
            "now": now.monotonic,
            "wall": now.wall.isoformat(),
            "limit": limit,
        }
        return lambda connection: [incident_of(row) for row in connection.execute(sql, cells)]

    def next_due(self, now: Moment) -> Query[dt.datetime | None]:
        """Give the instant, by the wall clock as of `now`, at which the next incident is due."""
        # Asked after every commit: one step in an index while nothing waits from other boots.
        first = "SELECT min({}) FROM incidents WHERE due_wall IS NOT NULL AND due_boot {} :boot"
        sql = "SELECT " + ", ".join(
            f"({first.format(column, compared)})"
            for column, compared in (
                ("due_monotonic", "="), ("due_wall", "<"), ("due_wall", ">"),
            )
        )  # fmt: skip

        def query(connection: sqlite3.Connection) -> dt.datetime | None:
            monotonic, *walls = connection.execute(sql, {"boot": now.boot}).fetchone()
            instants = [dt.datetime.fromisoformat(wall) for wall in walls if wall is not None]
            if monotonic is not None:
                # Rounded up: a clock that shows this instant shows that the incident is due.
                micros = math.ceil((monotonic - now.monotonic) * 1e6)
                instants.append(now.wall + dt.timedelta(microseconds=micros))
            return min(instants, default=None)

        return query

    def postpone(self, incident: Incident, due: Moment | None) -> Write[None]:
        """Set when an incident is due next, unless it has moved on or got another instant."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE incidents SET due_wall = ?, due_boot = ?, due_monotonic = ?"
                " WHERE id = ? AND state = ? AND due_boot IS ? AND due_monotonic IS ?",
                (
                    *moment_cells(due),
                    incident.id,
                    incident.state,
                    *moment_cells(incident.due)[1:],
                ),
            )

        return write

    def stalled(self) -> Write[list[Incident]]:
        """At a start: count it for every incident in an unfinished state, and list them."""
        states = tuple(state.value for state in core.UNFINISHED)
        where = f"WHERE state IN ({', '.join('?' * len(states))})"

        def write(connection: sqlite3.Connection) -> list[Incident]:
            connection.execute(
                f"UPDATE incidents SET stalled_starts = stalled_starts + 1 {where}",  # noqa: S608
                states,
            )
            return [
                incident_of(row) for row in connection.execute(f"{_GET}{where} ORDER BY id", states)
            ]

        return write

    def bury(self, letter: DeadLetterRow, at: Moment) -> Write[None]:
        """Keep a message that fell three times."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO dead_letters (at, mailbox, actor, attempts, error, message)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (at.wall.isoformat(), *attrs.astuple(letter)),
            )

        return write

    def forget(self, before: dt.datetime, limit: int) -> Write[int]:
        """Delete at most `limit` settled incidents and as many old observations; give how many."""
        old = before.isoformat()

        def write(connection: sqlite3.Connection) -> int:
            ids = connection.execute(
                "SELECT id FROM incidents WHERE state IN ('closed', 'recurred') AND moved_at < ?"
                " LIMIT ?",
                (old, limit),
            ).fetchall()
            for table in ("incident_events", "intents", "observations"):
                connection.executemany(f"DELETE FROM {table} WHERE incident_id = ?", ids)  # noqa: S608
            connection.executemany("DELETE FROM incidents WHERE id = ?", ids)
            heard = connection.execute(
                "DELETE FROM observations WHERE id IN (SELECT id FROM observations AS heard"
                " WHERE observed_at < ? AND NOT EXISTS (SELECT 1 FROM incidents"
                " WHERE id = heard.incident_id AND observation_id = heard.id) LIMIT ?)",
                (old, limit),
            )
            return len(ids) + heard.rowcount

        return write

    # Inside the transaction.

    def _record(
        self,
        connection: sqlite3.Connection,
        heard: Observation,
        new_id: Callable[[], str],
        at: Moment,
        fullness: float,
    ) -> Recording:
        if heard.seq is not None:
            identity = (heard.agent_id, heard.boot_id, heard.seq)
            if row := connection.execute(_SAME, identity).fetchone():
                return Recording(Recorded(row[0], row[1], duplicate=True))
        row = connection.execute(_OPEN, (heard.site, heard.host, heard.check)).fetchone()
        incident = None if row is None else incident_of(row)
        effect = core.effect_of(heard.status, incident.state if incident else None)
        if not core.admits(fullness, effect, heard.severity):
            return Recording(None)
        opened: Incident | None = None
        match effect:
            case Effect.OPEN:
                opened = incident = core.opened(heard, new_id(), at, None)
            case Effect.RECUR if incident is not None:
                healed, incident = incident, core.opened(heard, new_id(), at, incident.id)
                opened = incident
                ended = Move(State.RECURRED, (State.HEALED,), Fact("recurred", {"as": incident.id}))
                self._moved(connection, healed, ended, at)
            case Effect.CLOSE if incident is not None:
                passed = Move(State.CLOSED, (incident.state,), Fact("passed", {"by": heard.source}))
                self._moved(connection, incident, passed, at)
            case Effect.ABSORB if incident is not None:
                connection.execute(
                    "UPDATE incidents SET count = count + 1, last_seen = ? WHERE id = ?",
                    (at.wall.isoformat(), incident.id),
                )
            case Effect.NOTE if incident is not None:
                fact = Fact("passed_meanwhile", {"by": heard.source})
                _append(connection, incident.id, fact, at, None, None)
            case _:
                pass
        if opened is not None:
            connection.execute(_PUT, cells_of(opened))
            fact = Fact("drift_observed", {"source": heard.source, "check": heard.check})
            _append(connection, opened.id, fact, at, None, State.OBSERVED)
        self._keep(connection, heard, incident, effect, fullness)
        return Recording(Recorded(heard.id, incident.id if incident else None), opened)

    def _keep(
        self,
        connection: sqlite3.Connection,
        heard: Observation,
        incident: Incident | None,
        effect: Effect,
        fullness: float,
    ) -> None:
        when = heard.observed_at.isoformat()
        drift = (heard.site, heard.host, heard.check)
        said = (heard.status.value, heard.severity.value, heard.absent, heard.reason, heard.source)
        connection.execute(_ANSWER, (*drift, *said, when))
        if core.keeps_row(fullness, effect, heard):
            identity = (heard.agent_id, heard.boot_id, heard.seq)
            owner = incident.id if incident else None
            connection.execute(
                _HEARD,
                (heard.id, *drift, heard.status.value, when, *identity, owner, to_json(heard)),
            )

    def _moved(
        self, connection: sqlite3.Connection, incident: Incident, move: Move, at: Moment
    ) -> Incident:
        after = core.moved(incident, move, at)
        connection.execute(_PUT, cells_of(after))
        _append(connection, incident.id, move.fact, at, incident.state, after.state)
        if after.state in (State.HEALED, State.CLOSED):
            self.tickets.settle(incident.id, at)(connection)
        return after


def _append(  # noqa: PLR0913, PLR0917  the columns of an event
    connection: sqlite3.Connection,
    incident_id: str,
    fact: Fact,
    at: Moment,
    before: State | None,
    after: State | None,
) -> None:
    connection.execute(
        _EVENT, (incident_id, at.wall.isoformat(), fact.kind, before, after, to_json(fact.body))
    )


def _required(connection: sqlite3.Connection, incident_id: str) -> Incident:
    row = connection.execute(_GET + "WHERE id = ?", (incident_id,)).fetchone()
    if row is None:
        raise NotFoundError("incident", incident_id)
    return incident_of(row)


def _fullness(connection: sqlite3.Connection) -> float:
    used, free, limit = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "max_page_count")
    )
    return float((used - free) / limit)
