"""The escalator as an actor: what people say of tickets."""

from typing import TypeAlias, assert_never

import attrs
import structlog

from actors.escalator.store import TicketBook
from actors.messages import Moment
from actors.requests import AckTicket, ResolveTicket
from runtime.clock import Clock
from runtime.errors import ConflictError, NotFoundError
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="escalator")

Command: TypeAlias = AckTicket | ResolveTicket


@attrs.define
class EscalatorActor:
    """Acknowledges and resolves tickets; each command is one commit."""

    store: Store
    tickets: TicketBook
    clock: Clock

    async def handle(self, command: Command) -> None:
        """Obey one command."""
        now = Moment.read(self.clock)
        match command:
            case AckTicket(ticket_id=ticket_id, who=who, note=note):
                write = self.tickets.ack(ticket_id, who, note, now)
            case ResolveTicket(ticket_id=ticket_id, who=who, note=note):
                write = self.tickets.resolve(ticket_id, who, note, now)
            case _:
                assert_never(command)
        try:
            await self.store.commit(write)
        except (ConflictError, NotFoundError) as refusal:
            command.fail(refusal)
        else:
            log.info("ticket_changed", ticket_id=command.ticket_id, kind=type(command).__name__)
            command.reply(None)
