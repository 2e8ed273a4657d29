"""What is done to incidents within one commit: their rows, and the lines of their traces."""

import sqlite3

import attrs

from actors.journal import core
from actors.journal.rows import INCIDENT, cells_of, incident_of
from actors.messages import Fact, Incident, Moment, Move, State
from actors.ports import Tickets
from runtime.codec import to_json
from runtime.errors import NotFoundError

_COLUMNS = INCIDENT.split(", ")
_PUT = (
    f"INSERT INTO incidents ({INCIDENT}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608  our own words
    f" ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS)}"
)
_GET = f"SELECT {INCIDENT} FROM incidents WHERE id = ?"  # noqa: S608
EVENT = (
    "INSERT INTO incident_events (incident_id, at, kind, from_state, to_state, body)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
"""Appends a line to a trace."""


def incident_in(connection: sqlite3.Connection, incident_id: str) -> Incident | None:
    """Look an incident up."""
    row = connection.execute(_GET, (incident_id,)).fetchone()
    return None if row is None else incident_of(row)


@attrs.frozen
class Change:
    """One commit's work on incidents, at one moment."""

    connection: sqlite3.Connection
    tickets: Tickets
    at: Moment

    def incident(self, incident_id: str) -> Incident:
        """Look up an incident that must be there; raises NotFoundError."""
        incident = incident_in(self.connection, incident_id)
        if incident is None:
            raise NotFoundError("incident", incident_id)
        return incident

    def move(self, incident_id: str, move: Move) -> Incident:
        """Take an incident to another state, with the line that says so, and settle its tickets.

        Raises:
            NotFoundError, StaleMoveError, IllegalMoveError: nothing was done.
        """
        before = self.incident(incident_id)
        after = core.moved(before, move, self.at)
        self.put(after)
        self.tell(incident_id, move.fact, before.state, after.state)
        if after.state in (State.HEALED, State.CLOSED):
            self.tickets.settle((incident_id,), self.at)(self.connection)
        return after

    def put(self, incident: Incident) -> None:
        """Write the row of an incident, a new one or another one in its place."""
        self.connection.execute(_PUT, cells_of(incident))

    def tell(
        self,
        incident_id: str,
        fact: Fact,
        before: State | None = None,
        after: State | None = None,
    ) -> None:
        """Append a line to the trace; with the states where it was a move."""
        self.connection.execute(
            EVENT,
            (incident_id, self.at.wall.isoformat(), fact.kind, before, after, to_json(fact.body)),
        )
