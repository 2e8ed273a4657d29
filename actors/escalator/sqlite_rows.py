"""Tickets as they are read from SQLite."""

import datetime as dt
import sqlite3
from collections.abc import Iterator

from actors.escalator.ticket import Ticket, TicketIncident, TicketLine, TicketState
from actors.messages import Severity, StopKind
from runtime.errors import NotFoundError

_TICKETS = """
    select id, kind, key, state, severity, reason, host, check_name, rule_id, runbook_id,
           opened_at, moved_at,
           (select count(*) from ticket_incidents where ticket_id = tickets.id),
           (select count(*) from ticket_incidents
             where ticket_id = tickets.id and settled_at is null)
      from tickets
"""


def tickets(
    connection: sqlite3.Connection, which: str, values: tuple[str, ...]
) -> Iterator[Ticket]:
    """Read the tickets that an SQL condition names, newest first."""
    # `id` sorts by time.
    for row in connection.execute(f"{_TICKETS}{which} order by id desc", values):
        (
            identity, kind, key, state, severity, reason, host, check, rule_id, runbook_id,
            opened_at, moved_at, incident_count, unsettled,
        ) = row  # fmt: skip
        yield Ticket(
            id=identity,
            kind=StopKind(kind),
            key=key,
            state=TicketState(state),
            severity=Severity(severity),
            reason=reason,
            host=host,
            check=check,
            rule_id=rule_id,
            runbook_id=runbook_id,
            opened_at=dt.datetime.fromisoformat(opened_at),
            moved_at=dt.datetime.fromisoformat(moved_at),
            incidents=incident_count,
            unsettled=unsettled,
        )


def ticket(connection: sqlite3.Connection, ticket_id: str) -> Ticket:
    """Read one ticket; raises NotFoundError."""
    for found in tickets(connection, " where id = ?", (ticket_id,)):
        return found
    raise NotFoundError("ticket", ticket_id)


def incidents(connection: sqlite3.Connection, ticket_id: str) -> Iterator[TicketIncident]:
    """Read what a ticket is about, oldest first."""
    for row in connection.execute(
        "select incident_id, host, check_name, rule_id, runbook_id, reason, text,"
        " added_at, settled_at"
        " from ticket_incidents where ticket_id = ? order by added_at, incident_id",
        (ticket_id,),
    ):
        incident_id, host, check, rule_id, runbook_id, reason, text, added_at, settled_at = row
        yield TicketIncident(
            incident_id=incident_id,
            host=host,
            check=check,
            rule_id=rule_id,
            runbook_id=runbook_id,
            reason=reason,
            text=text,
            added_at=dt.datetime.fromisoformat(added_at),
            settled_at=None if settled_at is None else dt.datetime.fromisoformat(settled_at),
        )


def told(connection: sqlite3.Connection, incident_id: str) -> str:
    """Read the newest text about an incident; empty where there is none."""
    row = connection.execute(
        "select text from ticket_incidents where incident_id = ? and text <> ''"
        " order by added_at desc, ticket_id desc limit 1",
        (incident_id,),
    ).fetchone()
    return "" if row is None else str(row[0])


def history(connection: sqlite3.Connection, ticket_id: str) -> Iterator[TicketLine]:
    """Read what became of a ticket, oldest first."""
    for at, what, who, note in connection.execute(
        "select at, what, who, note from ticket_history where ticket_id = ? order by line",
        (ticket_id,),
    ):
        yield TicketLine(dt.datetime.fromisoformat(at), what, who, note)
