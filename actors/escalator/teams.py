"""Microsoft Teams, by a Workflows webhook."""

import attrs

from actors.escalator.bulletin import Press
from actors.escalator.render_teams import card
from actors.escalator.ticket import Delivery, TicketPage
from runtime.outbound import Call, Outbound


@attrs.frozen
class TeamsChannel:
    """Posts one card for each telling; nothing comes back."""

    name: str
    url: str = attrs.field(repr=False)
    outbound: Outbound
    press: Press
    marks_repeats: bool = True
    keeps_alerts: bool = False

    async def tell(self, delivery: Delivery, page: TicketPage) -> str:
        """Post the card."""
        content = card(self.press.bulletin(delivery, page))
        reply = await self.outbound.exchange(Call("POST", self.url, {}, content, max_reply=0))
        return f"HTTP {reply.status}"
