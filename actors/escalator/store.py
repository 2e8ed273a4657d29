"""What the escalator needs remembered: tickets for people, deliveries for channels."""

from collections.abc import Sequence
from typing import Protocol

from actors.escalator.ticket import Delivery, Ticket, TicketPage
from actors.messages import Moment, StopKind
from actors.ports import Tickets
from runtime.store import Query, Write


class TicketBook(Tickets, Protocol):
    """Tickets, as people read and change them."""

    def ack(self, ticket_id: str, who: str, note: str, at: Moment) -> Write[None]:
        """Note that a person takes care.  Again is fine.

        The write raises NotFoundError, or ConflictError when the ticket is resolved.
        """
        ...

    def resolve(self, ticket_id: str, who: str, note: str, at: Moment) -> Write[None]:
        """Close a ticket; the next stop of its cause opens a new one.  Raises as `ack` does."""
        ...

    def answered(self, kind: StopKind, key: str, who: str, note: str, at: Moment) -> Write[None]:
        """A person ended a stop: resolve its ticket, if one is unresolved.

        The next stop of this cause then tells people anew, instead of adding to what they took
        for settled.
        """
        ...

    def listed(self, *, resolved: bool = False) -> Query[Sequence[Ticket]]:
        """List tickets, newest first: the unresolved ones, or all."""
        ...

    def about(self, incident_id: str) -> Query[Sequence[Ticket]]:
        """List the tickets about an incident, newest first."""
        ...

    def told(self, incident_id: str) -> Query[str]:
        """Give what a person was last told to do about an incident; empty where nothing was."""
        ...

    def page(self, ticket_id: str) -> Query[TicketPage]:
        """Tell all there is about one ticket; raises NotFoundError."""
        ...


class Outbox(Protocol):
    """Deliveries: written with their ticket, worked off by the channels."""

    def waiting(self, channel: str) -> Query[Sequence[Delivery]]:
        """List what a channel still owes, in the order of the tickets."""
        ...

    def sent(self, delivery: Delivery, at: Moment) -> Write[None]:
        """Note that it arrived."""
        ...

    def postpone(self, delivery: Delivery) -> Write[None]:
        """Keep its attempts, error and new due."""
        ...

    def bury(self, delivery: Delivery, at: Moment) -> Write[None]:
        """Note that it will not be tried again."""
        ...

    def dead(self) -> Query[Sequence[Delivery]]:
        """List the deliveries that never arrived: the dead letters of the channels."""
        ...
