"""Tickets in SQLite.  Each write stands in the commit of whoever stopped something."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import attrs

from actors.escalator import sqlite_rows as rows
from actors.escalator.policy import Policy
from actors.escalator.sqlite_change import ARIGHT, PEOPLE, Change
from actors.escalator.sqlite_outbox import (
    count_dead,
    deliveries_of,
    waiting_elsewhere,
    waiting_for_none,
)
from actors.escalator.ticket import Delivery, Standing, Ticket, TicketPage, TicketState
from actors.messages import Moment, Stop, StopKind
from runtime.ids import Ids
from runtime.store import Query, Write

SCHEMA = Path(__file__).parent / "schema"


@attrs.frozen
class SqliteTickets:
    """The ticket book of one appliance; see `TicketBook` for what each method promises."""

    ids: Ids
    channels: tuple[str, ...]
    """Names of the channels that there are."""
    policy: Policy = attrs.field(factory=Policy)
    """Which of them owe a person which ticket, and when."""

    def open(self, stop: Stop, at: Moment) -> Write[str]:
        """Open a ticket, or add to the unresolved one of the same kind and key; give its id.

        Adding tells nobody again, unless it is more severe than all before.
        """
        fresh = self.ids.new("ticket")
        return lambda connection: self._change(connection, at).open(fresh, stop)

    def settle(self, incident_ids: Sequence[str], at: Moment) -> Write[None]:
        """Incidents are closed: resolve each ticket that is about no other unsettled one."""

        def write(connection: sqlite3.Connection) -> None:
            change = self._change(connection, at)
            for ticket_id in change.settled(incident_ids):
                ticket = rows.ticket(connection, ticket_id)
                if ticket.unsettled == 0 and ticket.state is not TicketState.RESOLVED:
                    change.resolve(ticket_id, ARIGHT, "its incidents are closed")

        return write

    def ack(self, ticket_id: str, who: str, note: str, at: Moment) -> Write[None]:
        """Note that a person takes care."""
        return lambda connection: self._change(connection, at).ack(ticket_id, who, note)

    def resolve(self, ticket_id: str, who: str, note: str, at: Moment) -> Write[None]:
        """Close a ticket."""
        return lambda connection: self._change(connection, at).resolve(ticket_id, who, note)

    def answered(self, kind: StopKind, key: str, who: str, note: str, at: Moment) -> Write[None]:
        """A person ended a stop: resolve its ticket, if one is unresolved."""

        def write(connection: sqlite3.Connection) -> None:
            change = self._change(connection, at)
            if (found := change.unresolved(kind, key)) is not None:
                change.resolve(found[0], who, note)

        return write

    def late(self, at: Moment) -> Write[int]:
        """Tell again what nobody did in time; give how many tickets that were."""

        def write(connection: sqlite3.Connection) -> int:
            change, late = self._change(connection, at), list(rows.overdue(connection, at))
            for ticket in late:
                change.late(ticket)
            return len(late)

        return write

    def promise(self, at: Moment) -> Write[None]:
        """Have tickets of before answered in time, too: of other versions, boots and channels."""

        def write(connection: sqlite3.Connection) -> None:
            change = self._change(connection, at)
            for ticket in list(rows.unpromised(connection)):
                change.promise(ticket)
            for ticket in list(rows.promised_elsewhere(connection, at.boot)):
                change.count_on(ticket)
            for delivery in waiting_elsewhere(connection, at.boot):
                change.bring_on(delivery)
            for delivery in waiting_for_none(connection, self.channels):
                change.hand_over(delivery)

        return write

    def pass_on(self, dead: Delivery, at: Moment) -> Write[None]:
        """Have another channel tell what a dead one could not."""
        fresh = self.ids.new("ticket")
        return lambda connection: self._change(connection, at).pass_on(dead, fresh)

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

    def standing(self, boot: str) -> Query[Standing]:
        """Tell how people are reached, and when the next promise breaks."""

        def query(connection: sqlite3.Connection) -> Standing:
            return Standing(
                rows.next_dues(connection, boot),
                rows.has_unresolved(connection, StopKind.NOBODY_REACHED, PEOPLE),
                rows.count_late(connection),
                count_dead(connection),
            )

        return query

    def _change(self, connection: sqlite3.Connection, at: Moment) -> Change:
        return Change(connection, at, self.channels, self.policy)
