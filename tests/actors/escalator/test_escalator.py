"""The escalator: what people say of a ticket, and what they hear back."""

import pytest
import trio.testing

from actors.escalator import EscalatorActor, SqliteTickets, TicketState
from actors.requests import AckTicket, ResolveTicket, UnsignedCommandError
from runtime.actor import actor
from runtime.errors import ConflictError, NotFoundError
from runtime.mailbox import Mailbox
from tests.actors.escalator.desk import CLOCK, NOON, CountingIds, spent
from tests.fakes.store import inline_store
from tests.runtime.crew import running


async def test_who_answers_for_a_ticket_is_kept_and_who_comes_late_is_told(
    autojump_clock: trio.testing.MockClock,
) -> None:
    store, tickets = inline_store("escalator"), SqliteTickets(CountingIds(), ("log",))
    [ticket_id] = await store.commit(tickets.open(spent("inc-1"), NOON))
    box = Mailbox[AckTicket | ResolveTicket]("tickets", capacity=4)

    async with running(
        actor("escalator", reads=box, make=lambda: EscalatorActor(store, tickets, CLOCK))
    ):
        await AckTicket(ticket_id, "ada", "on it").ask(box.post)
        await ResolveTicket(ticket_id, "ada").ask(box.post)
        with pytest.raises(ConflictError):
            await AckTicket(ticket_id, "bob").ask(box.post)
        with pytest.raises(NotFoundError):
            await AckTicket("ticket-x", "bob").ask(box.post)

    page = await store.read(tickets.page(ticket_id))
    assert page.ticket.state is TicketState.RESOLVED
    assert [line.who for line in page.history] == ["aright", "ada", "ada"]


def test_a_command_names_a_person() -> None:
    with pytest.raises(UnsignedCommandError):
        AckTicket("ticket-1", " ")
