"""What an endpoint agent asks: what its own file says, else what the appliance wishes."""

import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from random import Random

import attrs
import pytest
import trio
from trio.testing import MockClock

from actors.endpoint_agent import Wishes
from actors.messages import Observation, Platform, Recorded
from actors.requests import RecordObservation
from actors.scanner import Watch
from runtime.actor import actor, service
from runtime.clock import VirtualClock
from runtime.ids import TimeOrderedIds
from runtime.mailbox import Mailbox
from runtime.roles.agent_scanner import WishedScanner
from runtime.roles.catalogue import load_catalogue
from runtime.settings import Settings
from tests.fakes.target import FakeFile, FakeTarget
from tests.runtime.crew import running

CATALOGUE = load_catalogue(Settings())
ALL = {
    check.id
    for check in CATALOGUE.checks.values()
    if check.platform is Platform.LINUX and not check.is_reported
}
OWN = Watch("clinic", "ws-7", Platform.LINUX, FakeTarget({"/etc/shadow": FakeFile(mode=0o640)}))


@attrs.define
class Heard:
    """Keeps what was asked, and when."""

    kept: list[Observation] = attrs.field(factory=list[Observation])

    async def handle(self, request: RecordObservation) -> None:
        self.kept.append(request.observation)
        request.reply(Recorded(request.observation.id, None))

    def within(self, seconds: float) -> set[str]:
        """Name the checks that answered in the last seconds."""
        since = max(each.observed_at for each in self.kept) - dt.timedelta(seconds=seconds)
        return {each.check for each in self.kept if each.observed_at > since}


def scanner_of(watch: Watch = OWN) -> tuple[WishedScanner, Mailbox[RecordObservation]]:
    clock, seen = (
        VirtualClock(dt.datetime(2026, 3, 1, tzinfo=dt.UTC)),
        Mailbox[RecordObservation]("seen", capacity=256),
    )
    ids = TimeOrderedIds(clock, Random(7))  # noqa: S311  # no secret
    return WishedScanner(watch, CATALOGUE, seen.post, clock, ids), seen


@asynccontextmanager
async def asking(watch: Watch = OWN) -> AsyncGenerator[tuple[WishedScanner, Heard]]:
    (scanner, seen), heard = scanner_of(watch), Heard()
    async with running(
        actor("spooler", reads=seen, make=lambda: heard),
        service("scanner", scanner.run, sends=[seen], ingress=True),
        settle=0,
    ):
        yield scanner, heard


async def test_before_it_is_told_anything_it_asks_all_of_its_platform(
    autojump_clock: MockClock,
) -> None:
    async with asking() as (_, heard):
        await trio.sleep(10)
        assert heard.within(10) == ALL
        await trio.sleep(301)

    assert len(heard.kept) == 2 * len(ALL)


async def test_what_the_appliance_wishes_is_asked_at_once_and_nothing_else(
    autojump_clock: MockClock,
) -> None:
    async with asking() as (scanner, heard):
        await trio.sleep(10)
        before = len(heard.kept)
        scanner.heed(Wishes(30.0, ("shadow_permissions",)))
        await trio.sleep(59)

    after = [each.check for each in heard.kept[before:]]
    assert after == ["shadow_permissions"] * 2


async def test_the_same_wishes_again_disturb_nothing(autojump_clock: MockClock) -> None:
    async with asking() as (scanner, heard):
        scanner.heed(Wishes(300.0, ("shadow_permissions",)))
        for _ in range(5):
            await trio.sleep(1)
            scanner.heed(Wishes(300.0, ("shadow_permissions",)))
        await trio.sleep(10)

    assert len([each for each in heard.kept if each.check == "shadow_permissions"]) == 1


@pytest.mark.parametrize(
    ("own", "wished", "interval_s", "checks"),
    [
        pytest.param(OWN, Wishes(60.0, ("shadow_permissions",)), 60, ("shadow_permissions",),
                     id="the appliance says both"),
        pytest.param(OWN, Wishes(), 300, None, id="it says nothing"),
        pytest.param(OWN, Wishes(60.0, ("bitlocker", "firewall")), 60, None,
                     id="it names checks of other platforms alone"),
        pytest.param(OWN, Wishes(60.0, ("bitlocker", "shadow_permissions", "no_such_check")), 60,
                     ("shadow_permissions",), id="it names some that can be asked here"),
        pytest.param(attrs.evolve(OWN, interval_s=10.0), Wishes(60.0, ("shadow_permissions",)), 10,
                     ("shadow_permissions",), id="an interval of its own stands"),
        pytest.param(attrs.evolve(OWN, checks=("ssh_root_login",)),
                     Wishes(60.0, ("shadow_permissions",)), 60, ("ssh_root_login",),
                     id="checks of its own stand"),
    ],
)  # fmt: skip
def test_its_own_file_stands_before_what_the_appliance_wishes(
    own: Watch, wished: Wishes, interval_s: float, checks: tuple[str, ...] | None
) -> None:
    scanner, _ = scanner_of(own)

    scanner.heed(wished)

    assert (scanner.watched.interval_s, scanner.watched.checks) == (interval_s, checks)
