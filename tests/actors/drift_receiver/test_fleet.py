"""What agents are told and may do, and what is kept of what they say of their hosts."""

import json

import attrs
import pytest
import trio

from actors.drift_receiver import Fleet, ReceiverSettings, SqliteAgents, Tier, Update
from actors.drift_receiver.inventory import RMM_ENTRIES, SOFTWARE_ENTRIES, TEXT_CHARS
from actors.messages import Moment, Platform
from actors.messages.healing import HealOrder
from protos.compliance_pb2 import (
    MONITOR_ONLY,
    SELF_HEAL,
    HeartbeatRequest,
    RegisterRequest,
    RMMAgent,
    RMMStatusReport,
)
from runtime.errors import NotFoundError, StoreFullError
from tests.actors.drift_receiver.site import Desk, Site
from tests.runtime.crew import running
from tests.system.agents import drift

SHA256 = "ab" * 32
UPDATE = Update("2.2", "https://updates.example/agent.msi", SHA256, frozenset({Platform.WINDOWS}))


def windows(version: str = "2.1") -> RegisterRequest:
    return RegisterRequest(hostname="WS-7", os_version="Windows 11", agent_version=version)


def reborn(site: Site, settings: ReceiverSettings | None = None) -> Site:
    """Give the appliance after a restart, perhaps with other settings."""
    return Site(store=site.store, settings=settings or site.settings)


async def loaded(site: Site) -> Desk:
    desk = site.desk()
    await desk.load()
    return desk


# Config changes.


async def test_an_agent_that_knows_its_terms_is_left_alone_also_after_a_restart() -> None:
    site = Site()
    agent = (await site.desk().register(windows())).agent_id
    desk = await loaded(reborn(site))

    assert not (await desk.heartbeat(HeartbeatRequest(agent_id=agent))).config_changed


@pytest.mark.parametrize(
    "changed",
    [
        ReceiverSettings("site-1", interval_s=60),
        ReceiverSettings("site-1", enabled_checks=("firewall",)),
        ReceiverSettings("site-1", tier=Tier.SELF_HEAL),
        ReceiverSettings("site-1", check_config={"screenlock": "600"}),
    ],
)
async def test_an_agent_registers_again_when_it_would_be_told_something_else(
    changed: ReceiverSettings,
) -> None:
    site = Site()
    agent = (await site.desk().register(windows())).agent_id
    desk, beat = (
        await loaded(reborn(site, attrs.evolve(changed, insecure_loopback=True))),
        HeartbeatRequest(agent_id=agent),
    )

    for _ in range(2):
        assert (await desk.heartbeat(beat)).config_changed
    told = await desk.register(windows())
    assert not (await desk.heartbeat(beat)).config_changed
    assert told.check_interval_seconds == changed.interval_s
    assert tuple(told.enabled_checks) == changed.enabled_checks
    assert dict(told.check_config) == changed.check_config


# Tiers.


async def commanded(desk: Desk, agent: str) -> bool:
    """Say whether the agent was sent the order, one way or the other."""
    beat = await desk.heartbeat(HeartbeatRequest(agent_id=agent))
    [ack] = await desk.report_drift([drift(host="ws-7", agent_id=agent)])
    assert bool(beat.pending_commands) == ack.HasField("heal_command")
    return bool(beat.pending_commands)


async def test_a_person_takes_the_right_to_heal_away_and_gives_it_back() -> None:
    site = Site(agents_heal=True)
    moment = Moment.read(site.clock).after(60)
    order = HealOrder("heal-1", "ws-7", "firewall", "enable", {}, 60.0, moment)
    async with running(site.keeper, settle=0), trio.open_nursery() as nursery:
        desk = site.desk()
        agent = (await desk.register(windows())).agent_id
        nursery.start_soon(site.orders.heal, order)
        await trio.testing.wait_all_tasks_blocked()
        assert await commanded(desk, agent)

        await site.fleet.limit("ws-7", Tier.MONITOR_ONLY, who="kim", reason="till payment")
        assert not await commanded(desk, agent)
        assert not await site.store.read(site.orders.reaches("ws-7"))
        assert (await desk.heartbeat(HeartbeatRequest(agent_id=agent))).config_changed
        assert (await desk.register(windows())).capability_tier == MONITOR_ONLY

        # It may again, but is not told so yet: until it is, it gets no command.
        await site.fleet.limit("ws-7", Tier.SELF_HEAL, who="kim", reason="payment moved")
        assert not await commanded(desk, agent)
        assert not await site.store.read(site.orders.reaches("ws-7"))
        assert (await desk.register(windows())).capability_tier == SELF_HEAL
        assert await commanded(desk, agent)
        assert await site.store.read(site.orders.reaches("ws-7"))
        nursery.cancel_scope.cancel()


async def test_what_a_person_lets_an_agent_do_outlives_a_restart_and_says_who_and_why() -> None:
    site = Site(agents_heal=True)
    await site.desk().register(windows())
    await site.fleet.limit("WS-7", Tier.MONITOR_ONLY, who="kim", reason="till payment")
    desk = await loaded(reborn(site))

    assert (await desk.register(windows())).capability_tier == MONITOR_ONLY
    changes = site.store.connection.execute("select host_key, most, who, reason from agent_changes")
    assert list(changes) == [("ws-7", "monitor_only", "kim", "till payment")]


async def test_nobody_may_more_than_the_site_lets() -> None:
    site = Site(agents_heal=False)
    await site.desk().register(windows())
    await site.fleet.limit("ws-7", Tier.SELF_HEAL, who="kim", reason="please")

    assert (await site.desk().register(windows())).capability_tier == MONITOR_ONLY
    assert not site.fleet.may_heal("ws-7")


async def test_a_site_that_heals_no_more_sends_nothing_to_agents_that_were_told_to() -> None:
    site = Site(agents_heal=True)
    await site.desk().register(windows())
    later = reborn(site, attrs.evolve(site.settings, tier=Tier.MONITOR_ONLY))
    await loaded(later)

    assert not later.fleet.may_heal("ws-7")
    assert not await later.store.read(later.orders.reaches("ws-7"))


async def test_the_tier_of_a_host_that_is_not_there_cannot_be_set() -> None:
    site = Site()
    with pytest.raises(NotFoundError):
        await site.fleet.limit("ws-9", Tier.MONITOR_ONLY, who="kim", reason="gone")

    assert list(site.store.connection.execute("select * from agent_changes")) == []


# Updates.


@pytest.mark.parametrize(
    ("request_", "beat_version", "offered"),
    [
        (windows("2.1"), "", True),
        (windows("2.2"), "", False),
        (windows("v2.2"), "", False),
        (windows("2.1"), "2.2", False),
        (windows("2.3"), "", True),
        (RegisterRequest(hostname="ws-7", os_version="Ubuntu", agent_version="2.1"), "", False),
        (RegisterRequest(hostname="ws-7", os_version="?", agent_version="2.1"), "", False),
    ],
)  # fmt: skip
async def test_an_update_is_offered_to_agents_of_another_version_on_its_platforms(
    request_: RegisterRequest, beat_version: str, offered: bool
) -> None:
    desk = Site(ReceiverSettings("site-1", insecure_loopback=True, update=UPDATE)).desk()
    agent = (await desk.register(request_)).agent_id

    beat = await desk.heartbeat(HeartbeatRequest(agent_id=agent, agent_version=beat_version))

    assert beat.update_available == offered
    said = (beat.update_version, beat.update_url, beat.update_sha256)
    assert said == (("2.2", UPDATE.url, SHA256) if offered else ("", "", ""))


async def test_a_heartbeat_keeps_its_counts_and_the_version() -> None:
    site = Site()
    desk = site.desk()
    agent = (await desk.register(windows())).agent_id
    await desk.heartbeat(
        HeartbeatRequest(agent_id=agent, drift_count=3, healing_count=2, agent_version="2.2")
    )

    fleet = Fleet(site.settings, site.store, SqliteAgents(), site.clock)
    await fleet.load()
    known = fleet.on("ws-7")
    assert known is not None
    assert (known.drift_count, known.healing_count, known.version) == (3, 2, "2.2")


# Inventory.


def said_of(site: Site) -> tuple[str, str, list[str], int]:
    [(os_version, mac, software, told)] = site.store.connection.execute(
        "select os_version, mac_address, software, software_told from agent_inventory"
    )
    return os_version, mac, json.loads(software), told


async def test_what_an_agent_says_of_its_host_is_kept_in_place_of_what_it_said_before() -> None:
    site, request = Site(), windows()
    request.mac_address = "00:00:5e:00:53:07"
    request.installed_software.extend(["Editor 1", "Browser 2"])
    await site.desk().register(request)
    assert said_of(site) == ("Windows 11", "00:00:5e:00:53:07", ["Editor 1", "Browser 2"], 2)

    await site.desk().register(RegisterRequest(hostname="ws-7", os_version="Windows 12"))
    assert said_of(site) == ("Windows 12", "", [], 0)


async def test_of_a_long_inventory_the_beginning_is_kept_and_the_length_is_told() -> None:
    site, request = Site(), windows()
    request.installed_software.extend(["\x1b[2J" + "x" * 999] * (SOFTWARE_ENTRIES + 88))
    await site.desk().register(request)

    _, _, software, told = said_of(site)
    assert (len(software), told) == (SOFTWARE_ENTRIES, SOFTWARE_ENTRIES + 88)
    assert all(len(each) < TEXT_CHARS and each.isprintable() for each in software)


def tools_on(site: Site) -> list[tuple[object, ...]]:
    rows = site.store.connection.execute(
        "select name, service, version, running, first_seen < last_seen from rmm_agents"
    )
    return list(rows)


def rmm(agent: str, *tools: RMMAgent) -> RMMStatusReport:
    return RMMStatusReport(agent_id=agent, hostname="ws-7", detected_agents=tools)


async def test_a_report_of_tools_replaces_the_one_before_and_keeps_first_days(
    autojump_clock: trio.testing.MockClock,
) -> None:
    site = Site()
    desk = site.desk()
    agent = (await desk.register(windows())).agent_id
    gone = RMMAgent(name="Reach", service_name="reachd", version="1", running=True)
    stays = RMMAgent(name="Helpdesk", service_name="hd", version="1", running=True)
    assert (await desk.report_rmm(rmm(agent, gone, stays))).received

    await trio.sleep(60)
    stays.version, stays.running = "2", False
    new = RMMAgent(name="Watcher")
    assert (await desk.report_rmm(rmm(agent, stays, new))).received

    assert tools_on(site) == [("Helpdesk", "hd", "2", 0, 1), ("Watcher", "", "", 0, 0)]

    assert (await desk.report_rmm(rmm(agent))).received
    assert tools_on(site) == []


async def test_of_too_many_tools_the_first_are_kept() -> None:
    site = Site()
    desk = site.desk()
    agent = (await desk.register(windows())).agent_id
    many = [RMMAgent(name=f"tool-{n:03}") for n in range(RMM_ENTRIES + 9)]

    assert (await desk.report_rmm(rmm(agent, *many))).received

    assert [row[0] for row in tools_on(site)] == [f"tool-{n:03}" for n in range(RMM_ENTRIES)]


async def test_tools_of_a_host_that_has_not_registered_are_not_taken() -> None:
    site = Site()

    assert not (await site.desk().report_rmm(rmm("go-ws-7-0", RMMAgent(name="Reach")))).received
    assert tools_on(site) == []


async def test_tools_that_cannot_be_kept_are_not_acked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise StoreFullError("no room")

    site = Site()
    desk = site.desk()
    agent = (await desk.register(windows())).agent_id
    monkeypatch.setattr(type(site.store), "commit", full)

    assert not (await desk.report_rmm(rmm(agent))).received
