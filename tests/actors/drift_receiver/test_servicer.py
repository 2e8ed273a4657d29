"""What agents are answered: registration, heartbeats, and acks only for what is durable."""

import contextlib
from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actors.drift_receiver import SqliteAgents
from actors.messages import Platform
from protos.compliance_pb2 import MONITOR_ONLY, DriftAck, HeartbeatRequest, RegisterRequest
from runtime.errors import ArightError, StoreError, StoreFullError
from runtime.hosts.grpc import Code, RefusedCallError
from tests.actors.drift_receiver.site import EPOCH, Desk, Site
from tests.runtime.crew import running
from tests.system.agents import drift

WINDOWS_7 = RegisterRequest(hostname="WS-7", os_version="Windows 11", agent_version="2.1")


@pytest.fixture
def site() -> Site:
    return Site()


@contextlib.asynccontextmanager
async def serving(site: Site) -> AsyncIterator[Desk]:
    async with running(site.keeper, settle=0):
        servicer = site.desk()
        await servicer.load()
        yield servicer


async def test_a_host_that_registers_again_keeps_its_id(site: Site) -> None:
    async with serving(site) as servicer:
        first = await servicer.register(WINDOWS_7)
    async with serving(Site(store=site.store)) as reborn:
        again = await reborn.register(RegisterRequest(hostname="ws-7", os_version="Windows 12"))

    assert first.agent_id.startswith("go-WS-7-")
    assert again.agent_id == first.agent_id
    assert (first.check_interval_seconds, first.capability_tier) == (300, MONITOR_ONLY)
    assert first.enabled_checks == ["firewall", "patches"]


async def test_what_an_agent_said_of_its_host_is_known_after_a_restart(site: Site) -> None:
    async with serving(site) as servicer:
        agent_id = (await servicer.register(WINDOWS_7)).agent_id
    reborn = Site(store=site.store)
    async with serving(reborn) as servicer:
        await servicer.report_drift([drift(agent_id=agent_id)])

    assert reborn.journal.kept[0].platform is Platform.WINDOWS


@pytest.mark.parametrize("hostname", ["", "x" * 254, "ws\n7"])
async def test_a_name_that_is_none_is_not_registered(site: Site, hostname: str) -> None:
    with pytest.raises(RefusedCallError, match="hostname") as refused:
        await site.desk().register(RegisterRequest(hostname=hostname))

    assert refused.value.code is Code.INVALID_ARGUMENT


async def test_a_heartbeat_is_noted(site: Site, autojump_clock: trio.testing.MockClock) -> None:
    async with serving(site) as servicer:
        agent_id = (await servicer.register(WINDOWS_7)).agent_id
        await trio.sleep(60)
        answer = await servicer.heartbeat(HeartbeatRequest(agent_id=agent_id, drift_count=3))

    [agent] = await site.store.read(SqliteAgents().all())
    assert (answer.acknowledged, answer.config_changed) == (True, False)
    assert (agent.last_seen - agent.registered_at).total_seconds() == 60
    assert (agent.drift_count, agent.registered_at) == (3, EPOCH)


async def test_an_agent_that_is_not_known_is_asked_to_register(site: Site) -> None:
    answer = await site.desk().heartbeat(HeartbeatRequest(agent_id="go-ws-9-0"))

    assert answer.config_changed


async def test_events_reach_the_journal_in_their_order_and_share_a_commit(site: Site) -> None:
    async with serving(site) as servicer:
        await servicer.report_drift([drift(check=f"check-{n}") for n in range(64)])

    assert [one.check for one in site.journal.kept] == [f"check-{n}" for n in range(64)]
    assert len(site.journal.batches) <= 2


async def test_an_event_is_acked_only_when_it_is_durable(site: Site) -> None:
    site.journal.hold = trio.Event()
    acks: list[DriftAck] = []

    async def report(servicer: Desk) -> None:
        acks.extend(await servicer.report_drift([drift(), drift()]))

    async with serving(site) as servicer, trio.open_nursery() as nursery:
        nursery.start_soon(report, servicer)
        await wait_all_tasks_blocked()
        assert acks == []

        site.journal.hold.set()

    assert [ack.event_id for ack in acks] == [one.id for one in site.journal.kept]
    assert all(ack.received and not ack.HasField("heal_command") for ack in acks)


async def test_an_event_that_is_sent_again_is_acked_with_its_first_id(site: Site) -> None:
    event = drift(boot_id="boot-1", seq=7)
    async with serving(site) as servicer:
        [first] = await servicer.report_drift([event])
        [again] = await servicer.report_drift([event])

    assert again == first
    assert len(site.journal.kept) == 1


async def test_an_event_without_boot_id_is_never_taken_for_another(site: Site) -> None:
    async with serving(site) as servicer:
        first, second = await servicer.report_drift([drift(), drift()])

    assert first.event_id != second.event_id
    assert len(site.journal.kept) == 2


async def test_a_bad_event_is_answered_and_its_neighbours_are_kept(site: Site) -> None:
    async with serving(site) as servicer:
        good, bad, big, last = await servicer.report_drift(
            [drift(), drift(host=""), drift(actual="x" * 65536), drift()]
        )

    assert (good.received, last.received) == (True, True)
    assert (bad.received, bad.error) == (False, "hostname is missing")
    assert not big.received
    assert big.error.startswith("the event has ")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (StoreFullError("disk"), "store full, keep it"),
        (StoreError("disk"), "not stored, keep it"),
    ],
)
async def test_an_event_that_could_not_be_stored_is_to_be_kept(
    site: Site, error: ArightError, told: str
) -> None:
    site.journal.error = error
    async with serving(site) as servicer:
        [ack] = await servicer.report_drift([drift()])

    assert (ack.received, ack.error) == (False, told)


async def test_a_journal_that_takes_nothing_leaves_events_with_the_agent(site: Site) -> None:
    site.mailbox.refuse("journal is down")

    [ack] = await site.desk().report_drift([drift()])

    assert (ack.received, ack.error) == (False, "not taken now, keep it")


async def test_one_event_that_fells_the_journal_costs_its_neighbours_nothing(
    site: Site, autojump_clock: trio.testing.MockClock
) -> None:
    site.journal.poison = "poison"
    events = [
        drift(check=check, boot_id="b", seq=seq)
        for seq, check in enumerate(("one", "poison", "two"), 1)
    ]
    async with running(site.keeper, settle=0) as crew:
        acks = await site.desk().report_drift(events)

    assert [ack.received for ack in acks] == [True, False, True]
    assert acks[1].error == "the event was set aside"
    assert [each.check for each in site.journal.kept] == ["one", "two"]
    assert [letter.attempts for letter in crew.dead] == [3, 1], "a person is told of both"
    assert not crew.down


async def test_an_agent_that_cannot_be_kept_is_told_to_come_back(site: Site) -> None:
    [[pages]] = site.store.connection.execute("pragma page_count")
    site.store.connection.execute(f"pragma max_page_count = {pages}")
    servicer = site.desk()

    async def register_all() -> None:
        for n in range(1000):
            await servicer.register(RegisterRequest(hostname=f"ws-{n}"))

    with pytest.raises(RefusedCallError) as refused:
        await register_all()

    assert refused.value.code is Code.RESOURCE_EXHAUSTED
