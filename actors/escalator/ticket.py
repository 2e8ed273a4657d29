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
    due: Moment | None = None
    """By when somebody must answer or, once somebody did, settle it; None when it is resolved."""
    late: int = 0
    """How often that passed."""


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
    """opened, raised, late, acked or resolved."""
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


class Occasion(enum.StrEnum):
    """Why a channel tells of a ticket; a severity stands for having been raised to it."""

    OPENED = "opened"
    LATE = "late"
    """Nobody answered in time, or it was not settled in time; `late-2` is the second time."""
    ACKED = "acked"
    RESOLVED = "resolved"


FOLLOW_UPS = frozenset({Occasion.ACKED.value, Occasion.RESOLVED.value})
"""What is told to those who were told before, and to nobody else."""


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
    number: int = 0
    """In which order the channel brings what it owes about the ticket."""
    begun: bool = False
    """Whether an attempt before may have arrived unheard."""
    receipt: str = ""
    """What the other side gave back, by which it finds the message again."""

    @property
    def id(self) -> str:
        """Name the delivery; the same in each attempt, so that receivers can drop repeats."""
        return f"{self.ticket_id}.{self.channel}.{self.occasion}"

    @property
    def follows_up(self) -> bool:
        """Say whether it tells what became of what was told before."""
        return self.occasion in FOLLOW_UPS


@attrs.frozen
class Standing:
    """How people are reached, in a few figures."""

    dues: tuple[Moment, ...] = ()
    """Candidates for the next moment at which somebody should have done something."""
    unreached: bool = False
    """Whether a ticket stands that says that nobody could be reached."""
    late: int = 0
    """Unresolved tickets about which somebody should have done something."""
    dead: int = 0
    """Deliveries of unresolved tickets that were given up."""


@attrs.frozen
class Carried:
    """What one channel did so far."""

    channel: str
    sent: int
    waiting: int
    dead: int
    last_sent_at: dt.datetime | None
    error: str
    """Why the oldest that waits was not brought yet; empty where nothing was tried in vain."""
