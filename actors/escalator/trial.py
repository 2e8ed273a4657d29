"""Whether a channel works: a test message, marked as one, on the way that tickets go."""

import attrs

from actors.escalator.channels import Channel
from actors.escalator.ticket import (
    Delivery,
    Occasion,
    Ticket,
    TicketLine,
    TicketPage,
    TicketState,
)
from actors.messages import Moment, Severity, StopKind
from runtime.outbound import OutboundError
from runtime.scrub import ScrubError


@attrs.frozen
class Tried:
    """What came of a test."""

    id: str
    """Of the delivery."""
    taken: bool
    said: str
    """What the other side said: its answer, or the code of what went wrong."""


async def try_out(channel: Channel, ticket_id: str, at: Moment) -> Tried:
    """Tell of a ticket that is none; where alerts stay open, also that it is settled."""
    said, delivery = "", _delivery(channel, ticket_id, Occasion.OPENED, at)
    try:
        for occasion in (Occasion.OPENED, Occasion.RESOLVED)[: 2 if channel.keeps_alerts else 1]:
            told = await channel.tell(
                _delivery(channel, ticket_id, occasion, at),
                _page(channel, ticket_id, occasion, at),
            )
            said = said or told or "taken"
    except OutboundError as error:
        return Tried(delivery.id, taken=False, said=error.reason)
    except ScrubError:
        return Tried(delivery.id, taken=False, said="not_scrubbed")
    return Tried(delivery.id, taken=True, said=said)


def _delivery(channel: Channel, ticket_id: str, occasion: Occasion, at: Moment) -> Delivery:
    return Delivery(ticket_id, channel.name, occasion, 0, at)


def _page(channel: Channel, ticket_id: str, occasion: Occasion, at: Moment) -> TicketPage:
    over = occasion is Occasion.RESOLVED
    ticket = Ticket(
        id=ticket_id,
        kind=StopKind.CHANNEL_TEST,
        key=channel.name,
        state=TicketState.RESOLVED if over else TicketState.OPEN,
        severity=Severity.LOW,
        reason="channel_test",
        host="",
        check="",
        rule_id="",
        runbook_id="",
        opened_at=at.wall,
        moved_at=at.wall,
        incidents=0,
        unsettled=0,
    )
    line = TicketLine(at.wall, "resolved" if over else "opened", "aright", "")
    return TicketPage(ticket, (), (line,), ())
