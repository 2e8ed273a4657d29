"""What becomes of a click: the requests that the command line makes, with the same answers."""

from typing import Protocol

import attrs
import structlog
import trio

from actors.escalator.render_slack import ACK, APPROVE
from actors.escalator.slack_click import Click
from actors.escalator.store import TicketBook
from actors.escalator.ticket import TicketState
from actors.messages import State, StopKind
from actors.ports import Incidents
from actors.requests import AckTicket, ApproveFix, RejectFix
from runtime.errors import ArightError, ConflictError, NotFoundError
from runtime.mailbox import Post
from runtime.scrub import Code, Scrubbed, joined, ours
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="escalator")

_WITHIN_S = 30.0
"""Seconds that a click waits for the room that decides."""


class Clicks(Protocol):
    """Obeys a click, and says what came of it."""

    async def obey(self, click: Click, *, may_approve: bool) -> Scrubbed:
        """Do what was clicked; a refusal is a sentence, too."""
        ...


@attrs.frozen
class ClickDesk:
    """Hands clicks to the rooms that decide."""

    store: Store
    tickets: TicketBook
    incidents: Incidents
    acks: Post[AckTicket]
    fixes: Post[ApproveFix | RejectFix]

    async def obey(self, click: Click, *, may_approve: bool) -> Scrubbed:
        """Do what was clicked; a refusal is a sentence, too."""
        ticket_id = Code.or_withheld(click.ticket_id)
        try:
            with trio.fail_after(_WITHIN_S):
                done = await self._obey(click, may_approve=may_approve)
        except NotFoundError:
            done = ours(" is no ticket of this appliance")
        except ConflictError:
            done = ours(" is settled already")
        except trio.TooSlowError:
            done = ours(": nothing was done in time; see aright ticket show")
        except ArightError as error:
            log.warning("click_failed", ticket_id=click.ticket_id, error=type(error).__name__)
            done = ours(": it could not be done now; see aright ticket show")
        return joined(ticket_id, done)

    async def _obey(self, click: Click, *, may_approve: bool) -> Scrubbed:
        if click.action == ACK:
            await AckTicket(click.ticket_id, click.who, "in Slack").ask(self.acks)
            return ours(" is yours")
        if not may_approve:
            log.warning("click_denied", ticket_id=click.ticket_id, kind=click.action)
            return ours(": you may not approve or reject fixes here")
        if not await self._waits(click):
            return ours(" asks for nothing any more")
        verb = ApproveFix if click.action == APPROVE else RejectFix
        await verb(click.incident_id, click.who, "in Slack").ask(self.fixes)
        return ours(": approved") if click.action == APPROVE else ours(": rejected")

    async def _waits(self, click: Click) -> bool:
        """Say whether the question of an old message is still asked.

        On the command line a yes also lifts a refusal; a click on an old message does not.
        """
        page = await self.store.read(self.tickets.page(click.ticket_id))
        incident = await self.store.read(self.incidents.get(click.incident_id))
        return (
            page.ticket.kind is StopKind.APPROVAL
            and page.ticket.state is not TicketState.RESOLVED
            and any(one.incident_id == click.incident_id for one in page.incidents)
            and incident is not None
            and incident.state is State.AWAITING_APPROVAL
        )
