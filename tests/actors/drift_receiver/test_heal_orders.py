"""Orders to heal: given until they are confirmed, and to nobody who may not heal."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.messages import Moment
from actors.messages.healing import HealOrder, HealReport
from protos.compliance_pb2 import (
    MONITOR_ONLY,
    SELF_HEAL,
    HealingResult,
    HeartbeatRequest,
    RegisterRequest,
)
from runtime.errors import StoreFullError
from runtime.store import Query, Store, Write
from tests.actors.drift_receiver.site import Desk, Site
from tests.runtime.crew import running
from tests.system.agents import drift

WS_7 = RegisterRequest(hostname="WS-7", os_version="Windows 11", agent_version="2.1")


@pytest.fixture
def site() -> Site:
    return Site(agents_heal=True)


def order(site: Site, name: str = "heal_inc-1_1", seconds: float = 60.0) -> HealOrder:
    deadline = Moment.read(site.clock).after(seconds)
    return HealOrder(name, "ws-7", "firewall", "enable", {}, seconds, deadline)


@contextlib.asynccontextmanager
async def serving(site: Site) -> AsyncIterator[tuple[Desk, str]]:
    async with running(site.keeper, settle=0):
        servicer = site.desk()
        await servicer.load()
        yield servicer, (await servicer.register(WS_7)).agent_id


@contextlib.asynccontextmanager
async def given(site: Site, wanted: HealOrder) -> AsyncIterator[list[HealReport]]:
    reports: list[HealReport] = []

    async def heal() -> None:
        reports.append(await site.orders.heal(wanted))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(heal)
        await wait_all_tasks_blocked()
        yield reports
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()


async def test_an_order_comes_with_each_answer_until_it_is_confirmed(site: Site) -> None:
    async with serving(site) as (servicer, agent), given(site, order(site)) as reports:
        for _ in range(2):
            beat = await servicer.heartbeat(HeartbeatRequest(agent_id=agent))
            [ack] = await servicer.report_drift([drift(host="ws-7", agent_id=agent)])
            commands = [*beat.pending_commands, ack.heal_command]
            assert {each.command_id for each in commands} == {"heal_inc-1_1"}
            assert {(each.check_type, each.action) for each in commands} == {("firewall", "enable")}
            assert all(0 < each.timeout_seconds <= 60 for each in commands), "what is left of it"

        said = HealingResult(agent_id=agent, command_id="heal_inc-1_1", success=True)
        assert (await servicer.report_healing(said)).received
        await wait_all_tasks_blocked()

        assert reports == [HealReport(success=True)]
        beat = await servicer.heartbeat(HeartbeatRequest(agent_id=agent))
        assert not beat.pending_commands


async def test_a_passing_event_brings_no_order(site: Site) -> None:
    async with serving(site) as (servicer, agent), given(site, order(site)):
        [ack] = await servicer.report_drift([drift(host="ws-7", agent_id=agent, passed=True)])

        assert not ack.HasField("heal_command")


async def test_an_order_past_its_deadline_is_given_to_nobody(
    site: Site, autojump_clock: MockClock
) -> None:
    async with serving(site) as (servicer, agent), given(site, order(site, seconds=60)):
        await trio.sleep(61)

        assert not (await servicer.heartbeat(HeartbeatRequest(agent_id=agent))).pending_commands


async def test_a_host_gets_its_own_orders_only(site: Site) -> None:
    async with serving(site) as (servicer, _), given(site, order(site)):
        other = await servicer.register(RegisterRequest(hostname="ws-8"))

        beat = await servicer.heartbeat(HeartbeatRequest(agent_id=other.agent_id))
        assert not beat.pending_commands


async def test_another_host_confirms_nothing(site: Site) -> None:
    async with serving(site) as (servicer, _), given(site, order(site)) as reports:
        other = await servicer.register(RegisterRequest(hostname="ws-8"))
        said = HealingResult(
            agent_id=other.agent_id, hostname="ws-7", command_id="heal_inc-1_1", success=True
        )
        await servicer.report_healing(said)
        await wait_all_tasks_blocked()

        assert reports == []


async def test_a_confirmed_order_is_known_after_a_restart_and_not_given_again(site: Site) -> None:
    async with serving(site) as (servicer, agent), given(site, order(site)):
        said = HealingResult(agent_id=agent, command_id="heal_inc-1_1", success=False)
        await servicer.report_healing(said)

    reborn = Site(store=site.store, agents_heal=True)
    assert await reborn.orders.heal(order(reborn)) == HealReport(success=False)
    assert not reborn.orders.orders_for("ws-7")


async def test_a_confirmation_is_heard_in_the_instant_after_the_order_was_kept(site: Site) -> None:
    """As after a restart: the agent knows the order from the life before."""

    @attrs.frozen
    class Confirming:
        """A store of which the agent is faster than who gave the order."""

        store: Store

        async def commit(self, *writes: Write[Any]) -> list[Any]:
            kept = await self.store.commit(*writes)
            site.orders.store = self.store
            assert await site.orders.confirm("heal_inc-1_1", "ws-7", HealReport(success=True))
            return kept

        async def read(self, query: Query[Any]) -> Any:
            return await self.store.read(query)

    site.orders.store = Confirming(site.store)
    async with given(site, order(site)) as reports:
        assert reports == [HealReport(success=True)]


async def test_a_confirmation_that_cannot_be_kept_is_not_acked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise StoreFullError("no room")

    async with serving(site) as (servicer, agent), given(site, order(site)):
        monkeypatch.setattr(type(site.store), "commit", full)
        said = HealingResult(agent_id=agent, command_id="heal_inc-1_1", success=True)

        assert not (await servicer.report_healing(said)).received


async def test_agents_that_may_only_report_are_given_no_order() -> None:
    site = Site(agents_heal=False)
    async with serving(site) as (servicer, agent), given(site, order(site)):
        assert (await servicer.register(WS_7)).capability_tier == MONITOR_ONLY
        assert not (await servicer.heartbeat(HeartbeatRequest(agent_id=agent))).pending_commands
        assert not await site.store.read(site.orders.reaches("ws-7"))


async def test_only_a_registered_host_is_reached(site: Site) -> None:
    async with serving(site) as (servicer, _):
        assert (await servicer.register(WS_7)).capability_tier == SELF_HEAL
        assert await site.store.read(site.orders.reaches("WS-7"))
        assert not await site.store.read(site.orders.reaches("ws-9"))


async def test_who_waits_for_an_answer_hears_the_next_one(site: Site) -> None:
    heard: list[bool] = []

    async def wait() -> None:
        heard.append(await site.orders.next_answer("ws-7", "firewall_status"))

    async with serving(site) as (servicer, agent), trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        await servicer.report_drift([drift(host="WS-7", agent_id=agent, check="defender")])
        await wait_all_tasks_blocked()
        assert heard == []

        await servicer.report_drift(
            [drift(host="WS-7", agent_id=agent, check="firewall", passed=True)]
        )
    assert heard == [True]


async def test_a_pass_from_before_the_fix_that_was_put_off_verifies_nothing(site: Site) -> None:
    heard: list[bool] = []

    async def wait() -> None:
        heard.append(await site.orders.next_answer("ws-7", "firewall_status"))

    async with serving(site) as (servicer, agent), trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        said = drift(host="WS-7", agent_id=agent, check="firewall", passed=True)
        site.journal.late = True
        [ack] = await servicer.report_drift([said])
        await wait_all_tasks_blocked()
        assert ack.received
        assert heard == []

        site.journal.late = False
        await servicer.report_drift([said])
    assert heard == [True]


def test_what_an_agent_says_beside_success_is_kept_nowhere(site: Site) -> None:
    columns = site.store.connection.execute("select * from heal_orders").description
    assert [name for name, *_ in columns] == [
        "id", "host", "check_type", "action", "deadline", "success",
    ]  # fmt: skip
