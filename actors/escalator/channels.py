"""The ways to tell a person: a line in the log, which always works, and a signed webhook."""

from typing import Protocol

import attrs
import structlog

from actors.escalator.policy import LOG
from actors.escalator.ticket import Delivery, Occasion, TicketPage
from runtime.destination import Webhook
from runtime.outbound import Notice, Outbound, scrubbed_notice

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="escalator")

_LISTED = 20
"""Ids of incidents in one notice, at most; the count says how many there are."""


class Channel(Protocol):
    """One way to tell a person."""

    @property
    def name(self) -> str:
        """Name it, as deliveries and tickets do."""
        ...

    @property
    def marks_repeats(self) -> bool:
        """Say whether a person would see a repeat, so that it is marked as one."""
        ...

    @property
    def keeps_alerts(self) -> bool:
        """Say whether what is told stays open there until it is told that it is settled."""
        ...

    async def tell(self, delivery: Delivery, page: TicketPage) -> str:
        """Bring a ticket; give what the other side gave back, by which it is found again.

        Raises:
            OutboundError: it may not have arrived.
        """
        ...


@attrs.frozen
class LogChannel:
    """Writes a warning to the log of the appliance."""

    name: str = LOG
    marks_repeats: bool = False
    keeps_alerts: bool = False

    async def tell(self, delivery: Delivery, page: TicketPage) -> str:
        """Write the line."""
        ticket = page.ticket
        log.warning(
            _event(delivery.occasion),
            ticket_id=ticket.id,
            kind=ticket.kind,
            reason=ticket.reason,
            state=ticket.state,
            host=ticket.host,
            check=ticket.check,
            rule_id=ticket.rule_id,
            runbook_id=ticket.runbook_id,
            count=ticket.incidents,
        )
        return ""


def _event(occasion: str) -> str:
    if occasion.startswith(Occasion.LATE):
        return "ticket_late"
    return "ticket_opened" if occasion == Occasion.OPENED else "ticket_raised"


@attrs.frozen
class WebhookChannel:
    """Posts signed JSON: a `Notice`, as the ticket stands when it is sent."""

    name: str
    webhook: Webhook
    outbound: Outbound
    site_id: str
    marks_repeats: bool = False
    """Each attempt has the same `Aright-Delivery`: receivers drop what they know."""
    keeps_alerts: bool = False

    async def tell(self, delivery: Delivery, page: TicketPage) -> str:
        """Post the notice."""
        ticket = page.ticket
        notice = Notice(
            delivery_id=delivery.id,
            ticket_id=ticket.id,
            site_id=self.site_id,
            kind=ticket.kind,
            reason=ticket.reason,
            state=ticket.state,
            host=ticket.host,
            check=ticket.check,
            rule_id=ticket.rule_id,
            runbook_id=ticket.runbook_id,
            incident_ids=tuple(one.incident_id for one in page.incidents[:_LISTED]),
            incidents=ticket.incidents,
        )
        await self.outbound.send(self.webhook, scrubbed_notice(notice))
        return ""
