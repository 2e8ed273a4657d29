"""Tickets as they are read from SQLite."""

import datetime as dt
import sqlite3
from collections.abc import Iterator

from actors.escalator.core import RESOLUTION_S
from actors.escalator.ticket import Ticket, TicketIncident, TicketLine, TicketState
from actors.messages import Moment, Severity, StopKind
from runtime.errors import NotFoundError

_TICKETS = """
    select id, kind, key, state, severity, reason, host, check_name, rule_id, runbook_id,
           opened_at, moved_at, due_wall, due_boot, due_monotonic, late,
           (select count(*) from ticket_incidents where ticket_id = tickets.id),
           (select count(*) from ticket_incidents
             where ticket_id = tickets.id and settled_at is null)
      from tickets
"""


def tickets(
    connection: sqlite3.Connection, which: str, values: tuple[str | float, ...]
) -> Iterator[Ticket]:
    """Read the tickets that an SQL condition names, newest first."""
    # `id` sorts by time.
    for row in connection.execute(f"{_TICKETS}{which} order by id desc", values):
        (
            identity, kind, key, state, severity, reason, host, check, rule_id, runbook_id,
            opened_at, moved_at, due_wall, due_boot, due_monotonic, late, incident_count, unsettled,
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
            due=_moment(due_wall, due_boot, due_monotonic),
            late=late,
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


def overdue(connection: sqlite3.Connection, at: Moment) -> Iterator[Ticket]:
    """Read the tickets about which somebody should have done something by now."""
    which = (
        " where state <> 'resolved'"
        " and case due_boot when ? then due_monotonic <= ? else due_wall <= ? end"
    )
    due = at.after(RESOLUTION_S)
    yield from tickets(connection, which, (at.boot, due.monotonic, due.wall.isoformat()))


def unpromised(connection: sqlite3.Connection) -> Iterator[Ticket]:
    """Read the tickets that have no instant by which somebody must do something."""
    yield from tickets(connection, " where state <> 'resolved' and due_boot is null", ())


def promised_elsewhere(connection: sqlite3.Connection, boot: str) -> Iterator[Ticket]:
    """Read the tickets whose instant counts by the clock of another boot."""
    yield from tickets(connection, " where state <> 'resolved' and due_boot <> ?", (boot,))


def next_dues(connection: sqlite3.Connection, boot: str) -> tuple[Moment, ...]:
    """Give when the next tickets are due: one of this boot and one of another, at most."""
    first = "select due_wall, due_boot, due_monotonic from tickets where state <> 'resolved'"
    here = f"{first} and due_boot = ? order by due_monotonic limit 1"
    elsewhere = f"{first} and due_boot <> ? order by due_wall limit 1"
    found = [connection.execute(each, (boot,)).fetchone() for each in (here, elsewhere)]
    return tuple(Moment(dt.datetime.fromisoformat(row[0]), *row[1:]) for row in found if row)


def has_unresolved(connection: sqlite3.Connection, kind: StopKind, key: str) -> bool:
    """Say whether there is an unresolved ticket of a cause."""
    return (
        connection.execute(
            "select 1 from tickets where kind = ? and key = ? and state <> 'resolved'", (kind, key)
        ).fetchone()
        is not None
    )


def count_late(connection: sqlite3.Connection) -> int:
    """Count the unresolved tickets about which somebody should have done something."""
    row = connection.execute(
        "select count(*) from tickets where state <> 'resolved' and late > 0"
    ).fetchone()
    return int(row[0])


def _moment(wall: str | None, boot: str | None, monotonic: float | None) -> Moment | None:
    if wall is None or boot is None or monotonic is None:
        return None
    return Moment(dt.datetime.fromisoformat(wall), boot, monotonic)
