"""Clicks become the requests of the command line, and no old message does what nobody asks now."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio

from actors.escalator import ClickDesk, EscalatorActor, TicketState
from actors.escalator.slack_click import Click
from actors.messages import Incident, Severity, State
from actors.requests import AckTicket, ApproveFix, RejectFix, ResolveTicket
from runtime.actor import actor
from runtime.errors import StoreError
from runtime.mailbox import Mailbox
from runtime.store import Query
from tests.actors.escalator.desk import CLOCK, NOON, Book, asking
from tests.fakes.store import inline_store
from tests.runtime.crew import running

INCIDENT = Incident(
    id="inc_0001",
    site="site-1",
    host="ws-7",
    check="ssh_config",
    severity=Severity.HIGH,
    state=State.AWAITING_APPROVAL,
    reason="",
    observation_id="obs_1",
    count=1,
    attempt=0,
    opened_at=NOON.wall,
    moved_at=NOON.wall,
    last_seen=NOON.wall,
)


@attrs.define
class Gate:
    """Says yes to what it is asked, and remembers it."""

    asked: list[ApproveFix | RejectFix] = attrs.field(factory=list)
    fails: StoreError | None = None

    async def handle(self, wish: ApproveFix | RejectFix) -> None:
        await trio.lowlevel.checkpoint()
        self.asked.append(wish)
        if self.fails:
            wish.fail(self.fails)
        else:
            wish.reply(INCIDENT)


@attrs.define
class Incidents:
    """One incident, as it now stands."""

    state: State = State.AWAITING_APPROVAL

    def get(self, incident_id: str) -> Query[Incident | None]:
        found = attrs.evolve(INCIDENT, state=self.state) if incident_id == INCIDENT.id else None
        return lambda _: found


@attrs.define
class Scene:
    desk: ClickDesk
    gate: Gate
    incidents: Incidents
    book: Book

    async def press(
        self, action: str, ticket: str, incident: str = "", *, allowed: bool = True
    ) -> str:
        click = Click(action, ticket, incident, "U7", "ada", "C1")
        return (await self.desk.obey(click, may_approve=allowed)).text


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    store = inline_store("escalator")
    book, gate, incidents = Book("chat"), Gate(), Incidents()
    book.connection = store.connection
    acks = Mailbox[AckTicket | ResolveTicket]("acks", capacity=4)
    fixes = Mailbox[ApproveFix | RejectFix]("fixes", capacity=4)
    async with running(
        actor("escalator", reads=acks, make=lambda: EscalatorActor(store, book.tickets, CLOCK)),
        actor("gate", reads=fixes, make=lambda: gate),
        settle=0,
    ):
        desk = ClickDesk(store, book.tickets, incidents, acks.post, fixes.post)  # type: ignore[arg-type]  # of its port it asks `get` alone
        yield Scene(desk, gate, incidents, book)


async def test_a_click_acknowledges_in_the_name_of_who_clicked() -> None:
    async with scene() as stage:
        ticket_id = stage.book.open(asking())
        told = await stage.press("aright_ack", ticket_id)

    page = stage.book.tickets.page(ticket_id)(stage.book.connection)
    assert told == f"{ticket_id} is yours"
    assert page.ticket.state is TicketState.ACKED
    assert page.history[-1].who == "slack:U7 (ada)"


@pytest.mark.parametrize(
    ("action", "verb", "told"),
    [("aright_approve", ApproveFix, "approved"), ("aright_reject", RejectFix, "rejected")],
)
async def test_a_click_of_an_approver_decides(
    action: str, verb: type[ApproveFix | RejectFix], told: str
) -> None:
    async with scene() as stage:
        ticket_id = stage.book.open(asking())
        assert await stage.press(action, ticket_id, "inc_0001") == f"{ticket_id}: {told}"

    [wish] = stage.gate.asked
    assert isinstance(wish, verb)
    assert (wish.incident_id, wish.who) == ("inc_0001", "slack:U7 (ada)")


async def test_a_click_of_anybody_else_decides_nothing() -> None:
    async with scene() as stage:
        ticket_id = stage.book.open(asking())
        told = await stage.press("aright_approve", ticket_id, "inc_0001", allowed=False)

    assert "may not approve" in told
    assert stage.gate.asked == []


@pytest.mark.parametrize(
    ("state", "incident"),
    [
        (State.REFUSED, "inc_0001"),
        (State.CLOSED, "inc_0001"),
        (State.AWAITING_APPROVAL, "inc_0002"),
    ],
)
async def test_a_click_on_a_question_that_is_not_asked_any_more_does_nothing(
    state: State, incident: str
) -> None:
    async with scene() as stage:
        ticket_id = stage.book.open(asking())
        stage.incidents.state = state
        told = await stage.press("aright_approve", ticket_id, incident)

    assert told == f"{ticket_id} asks for nothing any more"
    assert stage.gate.asked == []


async def test_a_click_that_comes_too_late_or_elsewhere_is_answered() -> None:
    async with scene() as stage:
        ticket_id = stage.book.open(asking())
        stage.book.tickets.resolve(ticket_id, "bob", "", NOON)(stage.book.connection)
        late = await stage.press("aright_ack", ticket_id)
        approve = await stage.press("aright_approve", ticket_id, "inc_0001")
        elsewhere = await stage.press("aright_ack", "ticket_of_another_site")

    assert late == f"{ticket_id} is settled already"
    assert approve == f"{ticket_id} asks for nothing any more"
    assert elsewhere == "ticket_of_another_site is no ticket of this appliance"


async def test_a_room_that_cannot_is_told_without_its_words() -> None:
    async with scene() as stage:
        stage.gate.fails = StoreError("disk /dev/sda1 at 0x17")
        ticket_id = stage.book.open(asking())
        told = await stage.press("aright_approve", ticket_id, "inc_0001")

    assert told == f"{ticket_id}: it could not be done now; see aright ticket show"
