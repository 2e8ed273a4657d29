"""A ticket as people read it, and what each channel still owes them."""

import datetime as dt
import enum

import attrs

from actors.messages import Moment, Severity, StopKind


class TicketState(enum.StrEnum):
    """Where a ticket stands."""

    OPEN = "open"
    ACKED = "acked"
    """A person has seen it and takes care."""
    RESOLVED = "resolved"


@attrs.frozen
class Ticket:
    """Something that needs a person: one for each cause."""

    id: str
    kind: StopKind
    key: str
    state: TicketState
    severity: Severity
    """The highest among the stops that were added to it."""
    reason: str
    """The code of the stop that opened it, as are host, check, rule and runbook."""
    host: str
    check: str
    rule_id: str
    runbook_id: str
    opened_at: dt.datetime
    moved_at: dt.datetime
    incidents: int
    """How many different incidents it is about; 0 when it is about none."""
    unsettled: int
    """How many of them are not closed."""


@attrs.frozen
class TicketIncident:
    """One incident of a ticket; in audit mode, what would have been done about it."""

    incident_id: str
    host: str
    check: str
    rule_id: str
    runbook_id: str
    reason: str
    text: str
    """What a person is told to do about it; empty where nobody wrote it down."""
    added_at: dt.datetime
    settled_at: dt.datetime | None


@attrs.frozen
class TicketLine:
    """One line of a ticket's history."""

    at: dt.datetime
    what: str
    """opened, raised, acked or resolved."""
    who: str
    """A person, or `aright`."""
    note: str


@attrs.frozen
class TicketPage:
    """All that is known of one ticket."""

    ticket: Ticket
    incidents: tuple[TicketIncident, ...]
    history: tuple[TicketLine, ...]
    deliveries: tuple["Delivery", ...]


@attrs.frozen
class Delivery:
    """One ticket that one channel owes, owed or could not bring."""

    ticket_id: str
    channel: str
    occasion: str
    attempts: int
    """How often it was tried in vain."""
    due: Moment
    sent_at: dt.datetime | None = None
    dead_at: dt.datetime | None = None
    error: str = ""
    """The code of the last failure."""

    @property
    def id(self) -> str:
        """Name the delivery; the same in each attempt, so that receivers can drop repeats."""
        return f"{self.ticket_id}.{self.channel}.{self.occasion}"
