"""PagerDuty, by its Events API v2."""

import attrs

from actors.escalator.bulletin import Press
from actors.escalator.render_pagerduty import event
from actors.escalator.ticket import Delivery, TicketPage
from runtime.outbound import Call, Outbound
from runtime.scrub import Code

_TRIES = 3
"""At once: a repeat finds the same alert, so it does no harm."""


@attrs.frozen
class PagerDutyChannel:
    """Brings the alert of a ticket where the ticket stands."""

    name: str
    url: str
    routing_key: Code = attrs.field(repr=False)
    outbound: Outbound
    press: Press
    marks_repeats: bool = False
    keeps_alerts: bool = True

    async def tell(self, delivery: Delivery, page: TicketPage) -> str:
        """Send the event."""
        content = event(self.press.bulletin(delivery, page), self.routing_key)
        call = Call("POST", self.url, {}, content, max_reply=0)
        reply = await self.outbound.exchange(call, tries=_TRIES)
        return f"HTTP {reply.status}"
