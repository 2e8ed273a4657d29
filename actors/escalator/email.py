"""E-mail: by a server of one's own, or by SendGrid."""

from typing import Protocol

import attrs
import structlog

from actors.escalator.bulletin import Press
from actors.escalator.render_email import LetterParts, letter, message_id, sendgrid
from actors.escalator.ticket import Delivery, TicketPage
from runtime.allowance import Allowance
from runtime.clock import Clock
from runtime.mail import Mail, MailError, MailServer, Post
from runtime.outbound import BudgetSpentError, Call, Outbound, OutboundError
from runtime.scrub import Code

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="escalator")


class Sender(Protocol):
    """Sends one letter; raises OutboundError."""

    async def send(self, parts: LetterParts, envelope: "Envelope", press: Press) -> str:
        """Send it; give what the other side said."""
        ...


@attrs.frozen
class Envelope:
    """Who writes to whom."""

    sender: Code
    to: tuple[Code, ...]

    @property
    def domain(self) -> Code:
        """Give the domain of the sender, for the names of letters."""
        return Code(self.sender.name.rpartition("@")[2])


@attrs.frozen
class EmailChannel:
    """Writes one letter for each telling; letters about one ticket hang together."""

    name: str
    envelope: Envelope
    sender: Sender
    press: Press
    marks_repeats: bool = True
    keeps_alerts: bool = False

    async def tell(self, delivery: Delivery, page: TicketPage) -> str:
        """Send the letter."""
        parts = letter(self.press.bulletin(delivery, page))
        return await self.sender.send(parts, self.envelope, self.press)


@attrs.frozen
class SmtpSender:
    """Sends by a mail server."""

    server: MailServer
    post: Post
    clock: Clock
    allowance: Allowance = attrs.field(factory=Allowance)
    """What `Outbound` is for the other channels."""

    async def send(self, parts: LetterParts, envelope: Envelope, press: Press) -> str:
        """Send it; give what the other side said."""
        mail = Mail(
            sender=envelope.sender,
            sender_name=press.brand.name,
            to=envelope.to,
            subject=parts.subject,
            text=parts.text,
            html=parts.html,
            message_id=message_id(parts.delivery, envelope.domain),
            references=message_id(parts.thread, envelope.domain),
            delivery=parts.delivery,
            at=self.clock.now(),
        )
        if wait_s := self.allowance.spend(self.clock.monotonic()):
            raise BudgetSpentError(self.server.host, "budget_spent", retry_in_s=wait_s)
        try:
            refused = await self.post.send(self.server, mail)
        except MailError as error:
            raise OutboundError(error.server, error.reason) from error
        if refused:
            log.warning("mail_refused_for_some", ticket_id=parts.thread.name, count=refused)
        return f"taken for {len(envelope.to) - refused} of {len(envelope.to)}"


@attrs.frozen
class SendGridSender:
    """Sends by SendGrid's v3 API."""

    url: str
    key: str = attrs.field(repr=False)
    outbound: Outbound

    async def send(self, parts: LetterParts, envelope: Envelope, press: Press) -> str:
        """Send it; give what the other side said."""
        content = sendgrid(parts, envelope.sender, press.brand.name, envelope.to, envelope.domain)
        headers = {"Authorization": f"Bearer {self.key}"}
        call = Call("POST", self.url, headers, content, max_reply=0)
        reply = await self.outbound.exchange(call)
        return f"HTTP {reply.status}"
