"""The courier: every ticket arrives, or a person is told by another way that it does not."""

import datetime as dt
import json
import time
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import TypeVar

import attrs
import pytest
import structlog.testing
import trio
import trio.testing
from typing_extensions import override

from actors.escalator import (
    Courier,
    Delivery,
    LogChannel,
    Patience,
    Policy,
    Route,
    SqliteOutbox,
    SqliteTickets,
    TicketPage,
    TicketState,
    WebhookChannel,
)
from actors.messages import Moment, StopKind
from runtime.allowance import Allowance
from runtime.destination import Destination, Webhook
from runtime.errors import StoreFullError
from runtime.hosts.http_client import HttpClient
from runtime.hosts.sqlite import InlineStore
from runtime.logs import KEYS
from runtime.outbound import BudgetSpentError, Outbound, OutboundError, UndeliveredError
from runtime.scrub import ScrubError
from runtime.store import Write
from tests.actors.escalator.desk import CLOCK, CountingIds, spent
from tests.fakes.store import inline_store
from tests.runtime.webhook import receiving, status

OUTBOX = SqliteOutbox()
T = TypeVar("T")


@attrs.define
class Pager:
    """A channel that fails as told, and remembers when it was tried and what arrived."""

    name: str = "webhook"
    marks_repeats: bool = False
    keeps_alerts: bool = False
    fails: Callable[[int], OutboundError | None] = lambda _: None
    tried: list[float] = attrs.field(factory=list)
    asked: list[str] = attrs.field(factory=list)
    heard: list[str] = attrs.field(factory=list)
    repeats: list[bool] = attrs.field(factory=list)

    async def tell(self, delivery: Delivery, _: TicketPage) -> str:
        await trio.lowlevel.checkpoint()
        self.tried.append(trio.current_time())
        self.asked.append(delivery.ticket_id)
        self.repeats.append(delivery.begun)
        failure = self.fails(len(self.tried))
        if failure is not None:
            raise failure
        self.heard.append(delivery.id)
        return ""


@attrs.define
class Desk:
    """A store, its tickets, and couriers that run."""

    nursery: trio.Nursery
    store: InlineStore = attrs.field(factory=lambda: inline_store("escalator"))
    tickets: SqliteTickets = attrs.field(
        factory=lambda: SqliteTickets(CountingIds(), ("log", "webhook"))
    )
    couriers: list[Courier] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.store.on_commit = self.tell_couriers

    def tell_couriers(self) -> None:
        for courier in self.couriers:
            courier.changed()

    def hire(self, channel: Pager | LogChannel) -> trio.CancelScope:
        courier = Courier(channel, self.store, self.tickets, OUTBOX, CLOCK, Random(7))  # noqa: S311  jitter
        self.couriers.append(courier)
        scope = trio.CancelScope()

        async def work() -> None:
            with scope:
                await courier.run()

        self.nursery.start_soon(work)
        return scope

    async def stop(self, incident_id: str = "inc-1", key: str = "RB-SSH/ws-7") -> str:
        now = Moment.read(CLOCK)
        [ticket_id] = await self.store.commit(self.tickets.open(spent(incident_id, key=key), now))
        return ticket_id


def refused(_: int) -> OutboundError:
    return UndeliveredError("pager", "http_500")


async def test_a_ticket_is_brought_once_and_without_waiting(
    autojump_clock: trio.testing.MockClock,
) -> None:
    pager = Pager()
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery)
        desk.hire(pager)
        ticket_id = await desk.stop()
        await desk.stop("inc-2")
        await trio.sleep(86_400)
        nursery.cancel_scope.cancel()

    assert pager.heard == [f"{ticket_id}.webhook.opened"]
    assert pager.tried == [0]


async def test_a_channel_that_fails_is_tried_again_later_and_later(
    autojump_clock: trio.testing.MockClock,
) -> None:
    pager = Pager(fails=lambda n: None if n == 4 else UndeliveredError("pager", "timeout"))
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery)
        desk.hire(pager)
        await desk.stop()
        await trio.sleep(86_400)
        nursery.cancel_scope.cancel()

    first, second, third = (
        later - sooner for sooner, later in zip(pager.tried, pager.tried[1:], strict=False)
    )
    assert 24 <= first <= 36
    assert 48 <= second <= 72
    assert 96 <= third <= 144
    assert len(pager.heard) == 1


async def test_a_channel_that_never_works_is_told_dead_by_the_others_exactly_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    pager = Pager(fails=refused)
    with structlog.testing.capture_logs() as lines:
        async with trio.open_nursery() as nursery:
            desk = Desk(nursery)
            desk.hire(pager)
            desk.hire(LogChannel())
            await desk.stop(key="a")
            await desk.stop(key="b")
            await trio.sleep(86_400)
            nursery.cancel_scope.cancel()

    assert [pager.asked.count(ticket) for ticket in ("ticket_0001", "ticket_0002")] == [8, 8]
    assert 3_000 < pager.tried[15] < 4_700
    dead = OUTBOX.dead()(desk.store.connection)
    assert [(one.channel, one.attempts, one.error) for one in dead] == [
        ("webhook", 8, "http_500")
    ] * 2
    told = [line["kind"] for line in lines if line["event"] == "ticket_opened"]
    assert told == [
        StopKind.BUDGET,
        StopKind.BUDGET,
        StopKind.CHANNEL_DEAD,
        StopKind.NOBODY_REACHED,
    ]


async def test_what_is_owed_survives_a_restart(autojump_clock: trio.testing.MockClock) -> None:
    broken, whole = Pager(fails=refused), Pager()
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery)
        first_life = desk.hire(broken)
        ticket_id = await desk.stop()
        await trio.sleep(5)
        first_life.cancel()

        desk.hire(whole)
        await trio.sleep(10)
        assert whole.tried == []

        await trio.sleep(30)
        nursery.cancel_scope.cancel()

    assert whole.heard == [f"{ticket_id}.webhook.opened"]
    [page] = [await desk.store.read(desk.tickets.page(ticket_id))]
    delivered = {one.channel: one for one in page.deliveries}["webhook"]
    assert delivered.attempts == 1
    assert delivered.sent_at is not None


async def test_a_courier_that_dies_while_it_tells_tells_again_under_the_same_id(
    autojump_clock: trio.testing.MockClock,
) -> None:
    heard: list[str] = []

    @attrs.define
    class Slow(Pager):
        async def tell(self, delivery: Delivery, _: TicketPage) -> str:
            heard.append(delivery.id)
            await trio.sleep(1)
            return ""

    async with trio.open_nursery() as nursery:
        desk = Desk(nursery)
        first_life = desk.hire(Slow())
        await desk.stop()
        await trio.sleep(0.5)
        first_life.cancel()
        desk.hire(Slow())
        await trio.sleep(5)
        nursery.cancel_scope.cancel()

    assert heard == ["ticket_0001.webhook.opened"] * 2


async def test_what_may_have_been_brought_before_a_crash_is_marked_as_a_repeat(
    autojump_clock: trio.testing.MockClock,
) -> None:
    repeats: list[bool] = []

    @attrs.define
    class Slow(Pager):
        async def tell(self, delivery: Delivery, _: TicketPage) -> str:
            repeats.append(delivery.begun)
            await trio.sleep(1)
            return "receipt"

    async with trio.open_nursery() as nursery:
        desk = Desk(nursery)
        first_life = desk.hire(Slow(marks_repeats=True))
        ticket_id = await desk.stop()
        await trio.sleep(0.5)
        first_life.cancel()
        desk.hire(Slow(marks_repeats=True))
        await trio.sleep(5)
        await desk.stop("inc-2", key="another")
        await trio.sleep(5)
        nursery.cancel_scope.cancel()

    # The first attempt of each is read before it was noted: only what an earlier life began counts.
    assert repeats == [False, True, False]
    page = desk.tickets.page(ticket_id)(desk.store.connection)
    assert {one.channel: one.receipt for one in page.deliveries}["webhook"] == "receipt"


@pytest.mark.parametrize(
    ("reason", "unheard"),
    [
        ("timeout", True),
        ("broken_off", True),
        ("http_502", True),
        ("unreachable", False),
        ("http_404", False),
        ("http_429", False),
    ],
)
async def test_an_attempt_that_may_have_arrived_unheard_makes_the_next_one_a_repeat(
    autojump_clock: trio.testing.MockClock, reason: str, unheard: bool
) -> None:
    pager = Pager(fails=lambda n: UndeliveredError("pager", reason) if n == 1 else None)
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery)
        desk.hire(pager)
        await desk.stop()
        await trio.sleep(100)
        nursery.cancel_scope.cancel()

    assert pager.repeats == [False, unheard]


@attrs.define
class FullDisk(InlineStore):
    """Keeps nothing for a while."""

    full: bool = False

    @override
    async def commit(self, *writes: Write[T]) -> list[T]:
        if self.full:
            await trio.lowlevel.checkpoint()
            raise StoreFullError("no room")
        return await super().commit(*writes)


async def test_what_arrived_is_not_brought_again_for_as_long_as_that_cannot_be_noted(
    autojump_clock: trio.testing.MockClock,
) -> None:
    store = FullDisk(inline_store("escalator").connection)
    pager = Pager()
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery, store)
        courier = Courier(pager, store, desk.tickets, OUTBOX, CLOCK, Random(7))  # noqa: S311  jitter
        ticket_id = await desk.stop()
        store.full = True
        for _ in range(3):  # as its supervisor does
            with pytest.raises(StoreFullError):
                await courier.run()
        store.full = False
        await desk.stop(key="another")
        nursery.start_soon(courier.run)
        await trio.sleep(1)
        nursery.cancel_scope.cancel()

    assert pager.asked.count(ticket_id) == 1
    assert len(pager.heard) == 2
    assert OUTBOX.waiting("webhook")(store.connection) == []


async def test_our_own_budget_costs_no_attempt(autojump_clock: trio.testing.MockClock) -> None:
    pager = Pager(
        fails=lambda n: BudgetSpentError("pager", "budget_spent", retry_in_s=2) if n < 50 else None
    )
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery)
        desk.hire(pager)
        await desk.stop()
        await trio.sleep(3600)
        nursery.cancel_scope.cancel()

    assert len(pager.heard) == 1
    assert pager.tried[-1] == pytest.approx(98)


async def test_a_flood_waits_for_the_budget_without_a_line_or_a_commit_for_each(
    autojump_clock: trio.testing.MockClock,
) -> None:
    allowance = Allowance(per_minute=60)

    def spent(_: int) -> OutboundError | None:
        wait_s = allowance.spend(CLOCK.monotonic())
        return BudgetSpentError("pager", "budget_spent", retry_in_s=wait_s) if wait_s else None

    pager = Pager(fails=spent, marks_repeats=True)
    with structlog.testing.capture_logs() as logs:
        async with trio.open_nursery() as nursery:
            desk = Desk(nursery)
            tickets = [await desk.stop(f"inc-{n}", f"RB-SSH/ws-{n}") for n in range(100)]
            desk.hire(pager)
            await trio.sleep(41)
            nursery.cancel_scope.cancel()

    assert pager.heard == [f"{ticket_id}.webhook.opened" for ticket_id in tickets]
    assert len(pager.tried) <= 2 * len(tickets)
    assert not any(pager.repeats)
    assert logs == []


async def test_what_waited_for_the_budget_is_told_as_the_ticket_then_stands(
    autojump_clock: trio.testing.MockClock,
) -> None:
    told: list[TicketState] = []

    @attrs.define
    class Reporter(Pager):
        async def tell(self, delivery: Delivery, page: TicketPage) -> str:
            told.append(page.ticket.state)
            return await super().tell(delivery, page)

    pager = Reporter(
        fails=lambda n: BudgetSpentError("pager", "budget_spent", retry_in_s=9) if n == 1 else None
    )
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery)
        desk.hire(pager)
        ticket_id = await desk.stop()
        await trio.sleep(5)
        now = Moment.read(CLOCK)
        await desk.store.commit(desk.tickets.resolve(ticket_id, "ada", "", now))
        await trio.sleep(10)
        nursery.cancel_scope.cancel()

    assert told == [TicketState.OPEN, TicketState.RESOLVED]


async def test_the_other_side_may_ask_for_time_but_not_for_ever(
    autojump_clock: trio.testing.MockClock,
) -> None:
    asks = {1: 300.0, 2: 1e9}
    pager = Pager(
        fails=lambda n: (
            UndeliveredError("pager", "http_429", retry_in_s=asks[n]) if n in asks else None
        )
    )
    async with trio.open_nursery() as nursery:
        desk = Desk(nursery)
        desk.hire(pager)
        await desk.stop()
        await trio.sleep(86_400)
        nursery.cancel_scope.cancel()

    assert pager.tried == pytest.approx([0, 300, 3900])


async def test_a_line_in_the_log_has_registered_keys_only() -> None:
    desk_store, tickets = inline_store("escalator"), SqliteTickets(CountingIds(), ("log",))
    [ticket_id] = await desk_store.commit(tickets.open(spent("inc-1"), Moment.read(CLOCK)))
    [delivery] = await desk_store.read(OUTBOX.waiting("log"))
    page = await desk_store.read(tickets.page(ticket_id))

    with structlog.testing.capture_logs() as lines:
        await LogChannel().tell(delivery, page)

    [line] = lines
    assert {*line} - {"log_level"} <= KEYS
    assert line["event"] == "ticket_opened"


def test_a_day_of_backoff_takes_milliseconds() -> None:
    async def day() -> Counter[str]:
        pager = Pager(fails=refused)
        async with trio.open_nursery() as nursery:
            desk = Desk(nursery)
            desk.hire(pager)
            for hour in range(24):
                await desk.stop(key=f"{hour}")
                await trio.sleep(3600)
            nursery.cancel_scope.cancel()
        return Counter(pager.asked)

    began = time.process_time()
    tried = trio.run(day, clock=trio.testing.MockClock(autojump_threshold=0))

    nobody = 24 + 1  # that nobody could be reached is tried again and again
    assert len(tried) == nobody
    assert max(tried.values()) > 8
    assert tried.total() - max(tried.values()) == 24 * 8 - 1  # the last has one try to come
    assert time.process_time() - began < 5  # a day without a pause would take for ever


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_patience_lasts_for_about_an_hour(chance: float) -> None:
    patience = Patience()

    waits = [patience.wait_s(attempts, chance) for attempts in range(1, patience.attempts)]

    assert dt.timedelta(minutes=50) < dt.timedelta(seconds=sum(waits)) < dt.timedelta(minutes=80)
    assert waits == sorted(waits)
    assert patience.wait_s(100_000, chance) == 3600


async def test_a_webhook_hears_ids_codes_and_counts_and_nothing_else() -> None:
    store, tickets = inline_store("escalator"), SqliteTickets(CountingIds(), ("webhook",))
    for number in range(30):
        stop = attrs.evolve(spent(f"inc-{number:02}"), host="Jane Doe's laptop")
        await store.commit(tickets.open(stop, Moment.read(CLOCK)))

    async with receiving(status(200)) as receiver:
        outbound = Outbound(
            HttpClient(),
            frozenset({Destination.of(receiver.url)}),
            CLOCK,
            Random(7),  # noqa: S311  jitter
        )
        channel = WebhookChannel("webhook", Webhook(receiver.url, b"key"), outbound, "site-1")
        [delivery] = await store.read(OUTBOX.waiting("webhook"))
        await channel.tell(delivery, await store.read(tickets.page(delivery.ticket_id)))

    [(headers, body)] = receiver.requests
    assert headers["aright-delivery"] == delivery.id
    assert json.loads(body) == {
        "delivery_id": delivery.id,
        "ticket_id": "ticket_0001",
        "site_id": "site-1",
        "kind": "budget",
        "reason": "budget_spent",
        "state": "open",
        "host": "withheld",
        "check": "ssh_config",
        "rule_id": "",
        "runbook_id": "",
        "incident_ids": [f"inc-{number:02}" for number in range(20)],
        "incidents": 30,
    }


async def test_a_text_that_cannot_be_scrubbed_is_not_sent_and_a_person_is_told(
    autojump_clock: trio.testing.MockClock,
) -> None:
    @attrs.define
    class Unscrubbed(Pager):
        async def tell(self, delivery: Delivery, _: TicketPage) -> str:
            await trio.lowlevel.checkpoint()
            self.asked.append(delivery.ticket_id)
            raise ScrubError("no")

    pager = Unscrubbed()
    with structlog.testing.capture_logs() as lines:
        async with trio.open_nursery() as nursery:
            desk = Desk(nursery)
            desk.hire(pager)
            desk.hire(LogChannel())
            ticket_id = await desk.stop()
            await trio.sleep(7200)
            nursery.cancel_scope.cancel()

    assert pager.asked.count(ticket_id) == 8
    [dead] = OUTBOX.dead()(desk.store.connection)
    assert dead.error == "not_scrubbed"
    told = [line["kind"] for line in lines if line["event"] == "ticket_opened"]
    assert told == [StopKind.BUDGET, StopKind.CHANNEL_DEAD, StopKind.NOBODY_REACHED]


async def test_while_all_are_dead_nothing_is_lost_and_who_comes_back_hears_that_nobody_was_reached(
    autojump_clock: trio.testing.MockClock,
) -> None:
    broken = trio.Event()

    def fails(_: int) -> OutboundError | None:
        return None if broken.is_set() else UndeliveredError("pager", "unreachable")

    first, second = Pager("first", fails=fails), Pager("second", fails=fails)
    policy = Policy(routes=(Route(("first",), ("second",)),))
    async with trio.open_nursery() as nursery:
        tickets = SqliteTickets(CountingIds(), ("first", "second"), policy)
        desk = Desk(nursery, tickets=tickets)
        desk.hire(first)
        desk.hire(second)
        ticket_id = await desk.stop()
        await trio.sleep(2 * 86_400)
        assert first.asked.count(ticket_id) == second.asked.count(ticket_id) == 8
        broken.set()
        await trio.sleep(3 * 3600)
        nursery.cancel_scope.cancel()

    [nobody] = [
        each
        for each in tickets.listed()(desk.store.connection)
        if each.kind is StopKind.NOBODY_REACHED
    ]
    assert f"{nobody.id}.first.opened" in first.heard
    assert f"{nobody.id}.second.opened" in second.heard
