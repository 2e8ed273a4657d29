"""The ways to tell a person: a line in the log, which always works, and a signed webhook."""

from typing import Protocol

import attrs
import structlog

from actors.escalator.ticket import Delivery, TicketPage
from runtime.destination import Webhook
from runtime.outbound import Notice, Outbound, scrubbed_notice

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="escalator")

LOG = "log"
"""The channel that every appliance has."""

_LISTED = 20
"""Ids of incidents in one notice, at most; the count says how many there are."""


class Channel(Protocol):
    """One way to tell a person."""

    @property
    def name(self) -> str:
        """Name it, as deliveries and tickets do."""
        ...

    async def tell(self, delivery: Delivery, page: TicketPage) -> None:
        """Bring a ticket; raises OutboundError when it may not have arrived."""
        ...


@attrs.frozen
class LogChannel:
    """Writes a warning to the log of the appliance."""

    name: str = LOG

    async def tell(self, delivery: Delivery, page: TicketPage) -> None:
        """Write the line."""
        ticket = page.ticket
        log.warning(
            "ticket_opened" if delivery.occasion == "opened" else "ticket_raised",
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


@attrs.frozen
class WebhookChannel:
    """Posts signed JSON: a `Notice`, as the ticket stands when it is sent."""

    name: str
    webhook: Webhook
    outbound: Outbound
    site_id: str

    async def tell(self, delivery: Delivery, page: TicketPage) -> None:
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
