"""The journal in SQLite: the projection of incidents and their append-only trace."""

import datetime as dt
import itertools
import math
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

import attrs

from actors.journal import core
from actors.journal.change import Change, incident_in
from actors.journal.fullness import Fullness
from actors.journal.intake import Intake
from actors.journal.memory import Memory
from actors.journal.rows import (
    HEARD,
    INCIDENT,
    incident_of,
    moment_cells,
    observation_of,
)
from actors.journal.sqlite_intents import SqliteIntents
from actors.journal.store import DeadLetterRow, Recording, UnkeepableError
from actors.messages import (
    Decision,
    Fact,
    Incident,
    Moment,
    Move,
    Observation,
    Severity,
    Status,
    Stop,
    StopKind,
)
from actors.ports import Tickets
from runtime.clock import millis
from runtime.errors import NotFoundError
from runtime.store import Query, Write

SCHEMA: Traversable = files("actors.journal") / "schema"

_GET = f"SELECT {INCIDENT} FROM incidents "  # noqa: S608  our own words
_HEARD = f"SELECT {HEARD} FROM observations WHERE observations.id = ?"  # noqa: S608

# Of its newest start an agent goes on counting, however long it was silent.
_FORGET_STARTS = (
    "DELETE FROM starts WHERE (agent_id, boot_id) IN (SELECT agent_id, boot_id FROM starts"
    " JOIN (SELECT agent_id, max(first_at) AS newest FROM starts GROUP BY agent_id)"
    " USING (agent_id) WHERE last_at < ? AND first_at < newest"
    " AND NOT EXISTS (SELECT 1 FROM observations WHERE start = number) LIMIT ?)"
)


@attrs.frozen
class SqliteJournal(SqliteIntents):
    """Keeps what `Journal` promises."""

    tickets: Tickets
    _memory: Memory = attrs.field(factory=Memory, init=False, eq=False, repr=False)
    _fullness: Fullness = attrs.field(factory=Fullness, init=False, eq=False, repr=False)

    # The port that others have.

    def move(self, incident_id: str, move: Move, at: Moment) -> Write[Incident]:
        """Append the fact, change the state, give the incident as it then is."""

        def write(connection: sqlite3.Connection) -> Incident:
            incident = Change(connection, self.tickets, at).move(incident_id, move)
            self._memory.moved((incident.site, incident.host, incident.check))
            return incident

        return write

    def decide_again(
        self, incident_id: str, decision: Decision | None, fact: Fact, due: Moment, at: Moment
    ) -> Write[Incident]:
        """Replace the decision of an incident that is deciding; None leaves it as it is."""

        def write(connection: sqlite3.Connection) -> Incident:
            change = Change(connection, self.tickets, at)
            after = core.decided_again(change.incident(incident_id), decision, due)
            change.put(after)
            change.tell(incident_id, fact)
            return after

        return write

    def note(self, incident_id: str, fact: Fact, at: Moment) -> Write[None]:
        """Append a line to the trace; the state stays."""

        def write(connection: sqlite3.Connection) -> None:
            Change(connection, self.tickets, at).tell(incident_id, fact)

        return write

    def get(self, incident_id: str) -> Query[Incident | None]:
        """Look an incident up."""
        return lambda connection: incident_in(connection, incident_id)

    def observation(self, observation_id: str) -> Query[Observation]:
        """Look an observation up."""

        def query(connection: sqlite3.Connection) -> Observation:
            row = connection.execute(_HEARD, (observation_id,)).fetchone()
            if row is None:
                raise NotFoundError("observation", observation_id)
            return observation_of(row)

        return query

    def last_status(self, site: str, host: str, check: str) -> Query[Status | None]:
        """Give the last answer of a host to a check; None where there was none."""

        def query(connection: sqlite3.Connection) -> Status | None:
            row = connection.execute(
                "SELECT status FROM answers WHERE site = ? AND host = ? AND check_id = ?",
                (site, host, check),
            ).fetchone()
            return None if row is None else Status(row[0])

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
            fullness = 1.0 if full else self._fullness.share(connection, len(observations))
            change = Change(connection, self.tickets, at)
            try:
                return Intake(change, self._memory, new_id, fullness).take(observations)
            except (UnicodeEncodeError, OverflowError) as error:
                raise UnkeepableError(str(error)) from error

        return write

    def settled(self) -> None:
        """The last batch that was recorded is durable: what it taught holds."""
        self._memory.settled()

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

    def tell_full(self, at: Moment) -> Write[str]:
        """Open the ticket that says that no room is left; give its id."""
        return self.tickets.open(Stop(StopKind.STORE, "full", Severity.CRITICAL, "store_full"), at)

    def ask_again(self, reason: str, at: Moment) -> Write[int]:
        """Make all that was refused for a reason due now; give how many."""

        def write(connection: sqlite3.Connection) -> int:
            made_due = connection.execute(
                "UPDATE incidents SET due_wall = ?, due_boot = ?, due_monotonic = ?"
                " WHERE state = 'refused' AND reason = ?",
                (*moment_cells(at), reason),
            )
            return made_due.rowcount

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

    def forget(self, before: dt.datetime, limit: int, proved: int | None = None) -> Write[int]:
        """Delete at most `limit` settled incidents and as many old observations; give how many.

        Where there are none any more, the starts of agents that none is left of.
        """
        old = before.isoformat()

        def write(connection: sqlite3.Connection) -> int:
            ids = connection.execute(
                "SELECT id FROM incidents WHERE state IN ('closed', 'recurred') AND moved_at < ?1"
                " AND (?3 IS NULL OR NOT EXISTS (SELECT 1 FROM incident_events"
                " WHERE incident_id = incidents.id AND seq > ?3)) LIMIT ?2",
                (old, limit, proved),
            ).fetchall()
            for table in ("incident_events", "intents"):
                connection.executemany(f"DELETE FROM {table} WHERE incident_id = ?", ids)  # noqa: S608
            connection.executemany("DELETE FROM incidents WHERE id = ?", ids)
            heard = list(itertools.islice(_heard_before(connection, old), limit))
            connection.executemany("DELETE FROM observations WHERE rowid = ?", heard)
            self._memory.forget()
            if ids or heard:
                return len(ids) + len(heard)
            return connection.execute(_FORGET_STARTS, (millis(before), limit)).rowcount

        return write


def _heard_before(connection: sqlite3.Connection, old: str) -> Iterator[tuple[int]]:
    """Give the rows of observations that are old, save those that opened an incident still kept.

    They stand as they came, and none was made after it came: behind the first that is not old are
    only such as came since.
    """
    for rowid, observed_at, opened in connection.execute(
        "SELECT rowid, observed_at, EXISTS (SELECT 1 FROM incidents WHERE id = heard.incident_id"
        " AND observation_id = heard.id) FROM observations AS heard ORDER BY rowid"
    ):
        if observed_at >= old:
            return
        if not opened:
            yield (rowid,)
