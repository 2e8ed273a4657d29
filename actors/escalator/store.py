"""What the escalator needs remembered: tickets for people, deliveries for channels."""

from collections.abc import Sequence
from typing import Protocol

from actors.escalator.ticket import Carried, Delivery, Standing, Ticket, TicketPage
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

    def late(self, at: Moment) -> Write[int]:
        """Tell again, and further, what nobody did in time; give how many tickets that were."""
        ...

    def promise(self, at: Moment) -> Write[None]:
        """Have tickets that were opened before there were promises answered in time, too.

        What was promised or put off in another boot counts on by the clock of this one, and for no
        longer than if it began now: the wall clock may have been set back meanwhile.  What is owed
        by a channel that is no more is told by those that there are.
        """
        ...

    def pass_on(self, dead: Delivery, at: Moment) -> Write[None]:
        """Have the next channel of its route tell what a dead one could not.

        Where none is left and nobody else was told, a ticket says so.
        """
        ...

    def standing(self, boot: str) -> Query[Standing]:
        """Tell how people are reached, and when the next promise breaks."""
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

    def next(self, channel: str, boot: str) -> Query[Sequence[Delivery]]:
        """Give what a channel may bring first; of each ticket only the oldest counts.

        The one that is due first in this boot, and the one of those of other boots.
        """
        ...

    def begin(self, delivery: Delivery) -> Write[None]:
        """Note, before it is tried, that it may arrive."""
        ...

    def sent(self, delivery: Delivery, receipt: str, at: Moment) -> Write[None]:
        """Note that it arrived, and what the other side gave back."""
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

    def carried(self) -> Query[Sequence[Carried]]:
        """Tell what each channel did so far."""
        ...
