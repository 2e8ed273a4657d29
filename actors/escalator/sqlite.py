"""Tickets in SQLite.  Each write stands in the commit of whoever stopped something."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import attrs

from actors.escalator import sqlite_rows as rows
from actors.escalator.sqlite_outbox import deliveries_of, owe
from actors.escalator.ticket import Ticket, TicketPage, TicketState
from actors.messages import Moment, Severity, Stop, StopKind
from runtime.errors import ConflictError
from runtime.ids import Ids
from runtime.store import Query, Write

SCHEMA = Path(__file__).parent / "schema"

ARIGHT = "aright"
"""Who acted when no person did."""

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@attrs.frozen
class SqliteTickets:
    """The ticket book of one appliance; see `TicketBook` for what each method promises."""

    ids: Ids
    channels: tuple[str, ...]
    """Names of the channels that owe a person each new ticket."""

    def open(self, stop: Stop, at: Moment) -> Write[str]:
        """Open a ticket, or add to the unresolved one of the same kind and key; give its id.

        Adding tells nobody again, unless it is more severe than all before.
        """
        fresh = self.ids.new("ticket")

        def write(connection: sqlite3.Connection) -> str:
            change = _Change(connection, at)
            ticket_id, severity = change.unresolved(stop.kind, stop.key) or (fresh, None)
            if severity is None:
                change.insert(ticket_id, stop)
                self._tell(change, ticket_id, stop, "opened")
            elif _RANK[stop.severity] > _RANK[severity]:
                change.raise_to(stop.severity, ticket_id)
                self._tell(change, ticket_id, stop, stop.severity)
            if stop.incident_id is not None:
                change.add(stop.incident_id, ticket_id, stop)
            return ticket_id

        return write

    def _tell(self, change: "_Change", ticket_id: str, stop: Stop, occasion: str) -> None:
        for channel in self.channels:
            # That a channel is dead is told by the others.
            if stop.kind is not StopKind.CHANNEL_DEAD or stop.key != channel:
                owe(change.connection, ticket_id, channel, occasion, change.at)

    def settle(self, incident_id: str, at: Moment) -> Write[None]:
        """An incident is closed: resolve each ticket whose last unsettled incident it was."""

        def write(connection: sqlite3.Connection) -> None:
            change = _Change(connection, at)
            for ticket_id in change.settled(incident_id):
                ticket = rows.ticket(connection, ticket_id)
                if ticket.unsettled == 0 and ticket.state is not TicketState.RESOLVED:
                    change.move(ticket_id, TicketState.RESOLVED, ARIGHT, "its incidents are closed")

        return write

    def ack(self, ticket_id: str, who: str, note: str, at: Moment) -> Write[None]:
        """Note that a person takes care."""
        return lambda connection: _Change(connection, at).move(
            ticket_id, TicketState.ACKED, who, note
        )

    def resolve(self, ticket_id: str, who: str, note: str, at: Moment) -> Write[None]:
        """Close a ticket."""
        return lambda connection: _Change(connection, at).move(
            ticket_id, TicketState.RESOLVED, who, note
        )

    def answered(self, kind: StopKind, key: str, who: str, note: str, at: Moment) -> Write[None]:
        """A person ended a stop: resolve its ticket, if one is unresolved."""

        def write(connection: sqlite3.Connection) -> None:
            change = _Change(connection, at)
            if (found := change.unresolved(kind, key)) is not None:
                change.move(found[0], TicketState.RESOLVED, who, note)

        return write

    def listed(self, *, resolved: bool = False) -> Query[Sequence[Ticket]]:
        """List tickets, newest first."""
        which = "" if resolved else " where state <> 'resolved'"
        return lambda connection: list(rows.tickets(connection, which, ()))

    def about(self, incident_id: str) -> Query[Sequence[Ticket]]:
        """List the tickets about an incident, newest first."""
        which = " where id in (select ticket_id from ticket_incidents where incident_id = ?)"
        return lambda connection: list(rows.tickets(connection, which, (incident_id,)))

    def told(self, incident_id: str) -> Query[str]:
        """Give what a person was last told to do about an incident; empty where nothing was."""
        return lambda connection: rows.told(connection, incident_id)

    def page(self, ticket_id: str) -> Query[TicketPage]:
        """Tell all there is about one ticket."""
        return lambda connection: TicketPage(
            ticket=rows.ticket(connection, ticket_id),
            incidents=tuple(rows.incidents(connection, ticket_id)),
            history=tuple(rows.history(connection, ticket_id)),
            deliveries=deliveries_of(connection, ticket_id),
        )


@attrs.frozen
class _Change:
    """What is done to tickets within one commit, at one moment."""

    connection: sqlite3.Connection
    at: Moment

    @property
    def wall(self) -> str:
        return self.at.wall.isoformat()

    def unresolved(self, kind: StopKind, key: str) -> tuple[str, Severity] | None:
        row = self.connection.execute(
            "select id, severity from tickets where kind = ? and key = ? and state <> 'resolved'",
            (kind, key),
        ).fetchone()
        return None if row is None else (row[0], Severity(row[1]))

    def insert(self, ticket_id: str, stop: Stop) -> None:
        self.connection.execute(
            "insert into tickets values (?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                ticket_id, stop.kind, stop.key, stop.severity, stop.reason,
                stop.host, stop.check, stop.rule_id, stop.runbook_id, self.wall, self.wall,
            ),
        )  # fmt: skip
        self.log(ticket_id, "opened", ARIGHT, stop.note)

    def raise_to(self, severity: Severity, ticket_id: str) -> None:
        self.connection.execute(
            "update tickets set severity = ? where id = ?", (severity, ticket_id)
        )
        self.log(ticket_id, "raised", ARIGHT, severity)

    def add(self, incident_id: str, ticket_id: str, stop: Stop) -> None:
        # An incident that stops once more, decided again, counts once; what is newest is shown.
        self.connection.execute(
            "insert into ticket_incidents values (?, ?, ?, ?, ?, ?, ?, ?, null, ?)"
            " on conflict (ticket_id, incident_id) do update set rule_id = excluded.rule_id,"
            " runbook_id = excluded.runbook_id, reason = excluded.reason, settled_at = null,"
            " text = excluded.text",
            (
                ticket_id, incident_id, stop.host, stop.check, stop.rule_id, stop.runbook_id,
                stop.reason, self.wall, stop.text,
            ),
        )  # fmt: skip

    def settled(self, incident_id: str) -> list[str]:
        changed = self.connection.execute(
            "update ticket_incidents set settled_at = ?"
            " where incident_id = ? and settled_at is null returning ticket_id",
            (self.wall, incident_id),
        )
        return sorted(ticket_id for (ticket_id,) in changed)

    def move(self, ticket_id: str, state: TicketState, who: str, note: str) -> None:
        if rows.ticket(self.connection, ticket_id).state is TicketState.RESOLVED:
            raise ConflictError(f"ticket {ticket_id} is resolved")
        self.connection.execute(
            "update tickets set state = ?, moved_at = ? where id = ?", (state, self.wall, ticket_id)
        )
        self.log(ticket_id, state, who, note)

    def log(self, ticket_id: str, what: str, who: str, note: str) -> None:
        self.connection.execute(
            "insert into ticket_history"
            " select ?, count(*), ?, ?, ?, ? from ticket_history where ticket_id = ?",
            (ticket_id, self.wall, what, who, note, ticket_id),
        )
