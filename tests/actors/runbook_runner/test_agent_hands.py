"""A fix by an agent: its word ends the act, and only a later event can make it healed."""

import datetime as dt

import attrs
import pytest
import trio
from trio.testing import MockClock

from actors.catalogue.runbooks import AgentCommand
from actors.messages import Moment, Status
from actors.messages.healing import HealOrder, HealReport
from actors.runbook_runner.agent_hands import AgentHands
from actors.runbook_runner.commands import Order
from actors.runbook_runner.core import NoOutcome, Ran
from runtime.clock import VirtualClock
from runtime.errors import StoreFullError
from runtime.store import Query
from tests.actors.runbook_runner.fakes import CHECK, INCIDENT, FakeLedgers, runbook

EPOCH = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)


@attrs.define
class FakeAgent:
    """Confirms after a while, and then reports its check at some instants."""

    confirms_after: float = 5.0
    success: bool = True
    reports: list[tuple[float, bool]] = attrs.field(factory=list[tuple[float, bool]])
    """(seconds until it is heard, whether the check passed)."""
    full: bool = False
    orders: list[HealOrder] = attrs.field(factory=list[HealOrder])
    interval_s: float = 300.0

    def reaches(self, host: str) -> Query[bool]:
        return lambda _: bool(host)

    async def heal(self, order: HealOrder) -> HealReport:
        if self.full:
            raise StoreFullError("no room")
        self.orders.append(order)
        await trio.sleep(self.confirms_after)
        return HealReport(self.success)

    async def next_answer(self, host: str, check: str) -> bool:
        assert (host, check) == (INCIDENT.host, INCIDENT.check)
        if not self.reports:
            await trio.sleep_forever()
        seconds, passed = self.reports.pop(0)
        await trio.sleep(seconds)
        return passed


def hands(agent: FakeAgent) -> AgentHands:
    command = AgentCommand("firewall", "enable")
    book = attrs.evolve(runbook(undo=None), act=command, timeout_s=60.0)
    ledgers = FakeLedgers()
    order = Order.of(book, {}, "")
    clock = VirtualClock(EPOCH)
    return AgentHands(agent, ledgers, ledgers, INCIDENT, order, command, CHECK, clock)


async def test_the_order_is_the_same_however_often_it_is_given(autojump_clock: MockClock) -> None:
    agent = FakeAgent()
    subject = hands(agent)

    assert await subject.act() == Ran(0)
    assert await subject.act() == Ran(0)

    assert {order.id for order in agent.orders} == {f"heal_{INCIDENT.id}_{INCIDENT.attempt}"}
    assert {(order.check_type, order.action) for order in agent.orders} == {("firewall", "enable")}
    assert agent.orders[0].deadline.since(Moment.read(subject.clock)) < 60


async def test_an_agent_that_says_nothing_in_time_leaves_the_outcome_open(
    autojump_clock: MockClock,
) -> None:
    agent = FakeAgent(confirms_after=61)
    assert await hands(agent).act() == NoOutcome("not_confirmed")


async def test_an_agent_that_failed_is_no_fix_by_itself(autojump_clock: MockClock) -> None:
    assert await hands(FakeAgent(success=False)).act() == Ran(1, "agent_failed")


async def test_an_order_that_cannot_be_kept_is_given_to_nobody() -> None:
    assert await hands(FakeAgent(full=True)).act() == NoOutcome("not_stored")


@pytest.mark.parametrize(
    ("reports", "status", "reason"),
    [
        ([(10.0, True)], Status.PASS, ""),
        ([(10.0, False), (200.0, True)], Status.PASS, ""),
        ([(10.0, False)], Status.FAIL, ""),
        ([(301.0, True)], Status.UNKNOWN, "no_later_answer"),
        ([], Status.UNKNOWN, "no_later_answer"),
    ],
)
async def test_only_what_is_heard_later_verifies(
    autojump_clock: MockClock, reports: list[tuple[float, bool]], status: Status, reason: str
) -> None:
    answer = await hands(FakeAgent(reports=reports)).verify()

    assert (answer.status, answer.reason) == (status, reason)


async def test_detect_is_the_last_answer_that_was_heard() -> None:
    assert (await hands(FakeAgent()).detect()).status is Status.FAIL
