"""The lookout: when what was not observed becomes an incident, and when it is over."""

import attrs
import pytest
import trio
import trio.testing

from actors.catalogue.check_names import NamedCheck
from actors.coverage import CHECK, CoverageSettings, Lookout
from actors.journal import Heard, JournalActor
from actors.messages import IncidentToDecide, Observation, Severity, Status
from actors.requests import RecordObservation
from runtime.actor import actor, service
from runtime.clock import VirtualClock
from runtime.mailbox import Mailbox
from tests.actors.journal.world import EPOCH, World
from tests.runtime.crew import running

HOUR = 3600.0
SETTINGS = CoverageSettings(threshold_s=HOUR, window_s=6 * HOUR)


@attrs.define
class Site:
    """A journal and a lookout on virtual time."""

    world: World = attrs.field(factory=World)
    clock: VirtualClock = attrs.field(factory=lambda: VirtualClock(EPOCH))
    heard: Mailbox[Heard] = attrs.field(factory=lambda: Mailbox[Heard]("heard", capacity=64))
    to_l1: Mailbox[IncidentToDecide] = attrs.field(
        factory=lambda: Mailbox[IncidentToDecide]("to_l1", capacity=64)
    )

    def journal(self) -> JournalActor:
        world = self.world
        return JournalActor(
            self.to_l1.post, world.store, world.journal, world.coverage, self.clock, world.ids
        )

    def lookout(self) -> Lookout:
        return Lookout(
            "clinic",
            self.world.store,
            self.world.coverage,
            self.heard.post,
            self.clock,
            self.world.ids,
            SETTINGS,
            lambda: [("ws-1", "firewall_status")],
            lambda: NamedCheck(CHECK, Severity.HIGH, ("nist:ca-7",)),
        )

    async def answer(self, host: str = "ws-1") -> None:
        observation = Observation(
            id=self.world.ids.new("obs"),
            site="clinic",
            host=host,
            check="firewall_status",
            status=Status.PASS,
            severity=Severity.LOW,
            observed_at=self.clock.now(),
            source="scanner",
        )
        await RecordObservation(observation).ask(self.heard.post)

    async def answer_for(self, seconds: float) -> None:
        """Answer every five minutes."""
        end = trio.current_time() + seconds
        while trio.current_time() < end:
            await self.answer()
            await trio.sleep(300)

    def told(self) -> dict[str, str]:
        rows = self.world.store.connection.execute(
            "SELECT host, status FROM answers WHERE check_id = ?", (CHECK,)
        )
        return dict(rows.fetchall())

    def incidents(self) -> list[tuple[str, str]]:
        rows = self.world.store.connection.execute(
            "SELECT host, state FROM incidents WHERE check_id = ? ORDER BY id", (CHECK,)
        )
        return rows.fetchall()


@pytest.fixture
def site() -> Site:
    return Site()


async def test_a_host_that_is_silent_for_longer_than_it_may_is_one_incident(
    site: Site, autojump_clock: trio.testing.MockClock
) -> None:
    journal = actor("journal", reads=site.heard, make=site.journal)
    async with running(journal, service("coverage", site.lookout().run), settle=0):
        await site.answer_for(2 * HOUR)
        assert site.told() == {"clinic": "pass", "ws-1": "pass"}

        await trio.sleep(3 * HOUR)

    assert site.told() == {"clinic": "pass", "ws-1": "fail"}
    assert site.incidents() == [("ws-1", "observed")]
    [opened] = site.to_l1.waiting
    assert opened.observation.severity is Severity.HIGH
    assert opened.observation.controls == ("nist:ca-7",)
    assert opened.observation.expected == "at most 60 min unobserved in 6 h"
    assert opened.observation.actual.startswith("firewall_status: ")
    assert opened.observation.actual.endswith(" min unobserved, missed")


async def test_it_passes_again_when_the_silence_has_left_the_window(
    site: Site, autojump_clock: trio.testing.MockClock
) -> None:
    journal = actor("journal", reads=site.heard, make=site.journal)
    async with running(journal, service("coverage", site.lookout().run), settle=0):
        await site.answer_for(HOUR)
        await trio.sleep(2 * HOUR)
        await site.answer_for(3 * HOUR)
        assert site.told()["ws-1"] == "fail"

        await site.answer_for(5 * HOUR)

    assert site.told()["ws-1"] == "pass"


async def test_an_outage_of_the_appliance_is_told_once_and_not_for_each_host(
    site: Site, autojump_clock: trio.testing.MockClock
) -> None:
    for _ in range(2):
        journal = actor("journal", reads=site.heard, make=site.journal)
        async with running(journal, service("coverage", site.lookout().run), settle=0):
            await site.answer_for(HOUR)
        site.heard = Mailbox[Heard]("heard", capacity=64)
        await trio.sleep(2 * HOUR)

    assert site.told() == {"clinic": "fail", "ws-1": "pass"}


async def test_a_fall_of_the_lookout_is_no_outage(
    site: Site, autojump_clock: trio.testing.MockClock
) -> None:
    lookout = site.lookout()
    journal = actor("journal", reads=site.heard, make=site.journal)
    async with running(journal, settle=0):
        await lookout.look()
        await trio.sleep(2 * HOUR)
        await lookout.look()

    assert site.told()["clinic"] == "pass"
