"""Rules read anew: the last ones that were written are in force, and no full disk ends anything."""

import contextlib
import os
import signal
import threading
from collections.abc import AsyncGenerator
from typing import cast

import attrs
import pytest
import trio
import trio.testing

from actors.messages import Stop
from runtime.errors import InvalidFileError, StoreFullError
from runtime.roles import appliance
from runtime.roles.appliance import InForce
from runtime.roles.catalogue import Catalogue, load_catalogue
from runtime.roles.line import Line
from runtime.settings import Settings

READS = "runtime.roles.appliance.load_catalogue"


@attrs.define
class Told:
    """What a line is told by a reload; it can keep nothing for some times."""

    full: int = 0
    stops: list[Stop] = attrs.field(factory=list[Stop])
    asked_again: int = 0
    kept: trio.Event = attrs.field(factory=trio.Event)

    async def tell(self, stop: Stop) -> None:
        await self._keep()
        self.stops.append(stop)

    async def decide_audited(self) -> None:
        await self._keep()
        self.asked_again += 1

    def review_promotions(self) -> None:
        pass

    async def _keep(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.full:
            self.full -= 1
            raise StoreFullError("no room is left; nothing of it was kept")
        self.kept.set()


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load_catalogue(Settings())


@contextlib.asynccontextmanager
async def hung_up(in_force: InForce, told: Told) -> AsyncGenerator[None]:
    line = cast("Line", told)
    with trio.open_signal_receiver(signal.SIGHUP) as hangups:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(appliance._reload_on_hangup, hangups, in_force, line)
            os.kill(os.getpid(), signal.SIGHUP)
            with trio.fail_after(10):
                yield
            nursery.cancel_scope.cancel()


async def test_a_hangup_while_the_disk_is_full_is_obeyed_when_there_is_room(
    shipped: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appliance, "_AGAIN_S", 0.01)
    monkeypatch.setattr(READS, lambda _: shipped)
    told = Told(full=3)

    async with hung_up(InForce(Settings(), shipped), told):
        await told.kept.wait()

    assert (told.stops, told.asked_again) == ([], 1)


async def test_a_mistake_in_the_rules_is_told_when_there_is_room(
    shipped: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot_be_read(_: Settings) -> Catalogue:
        raise InvalidFileError("own.yaml", "is no YAML")

    monkeypatch.setattr(appliance, "_AGAIN_S", 0.01)
    monkeypatch.setattr(READS, cannot_be_read)
    told, in_force = Told(full=3), InForce(Settings(), shipped)

    async with hung_up(in_force, told):
        await told.kept.wait()

    assert ([stop.reason for stop in told.stops], told.asked_again) == (["reload_refused"], 0)
    assert in_force.catalogue is shipped


async def test_rules_that_were_read_before_do_not_replace_those_that_were_read_after(
    shipped: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = attrs.evolve(shipped, problems=())
    second_has_read = threading.Event()
    found = [newer, shipped]

    def read(_: Settings) -> Catalogue:
        here = found.pop()
        if here is newer:
            second_has_read.set()
        else:
            second_has_read.wait(0.2)
        return here

    monkeypatch.setattr(READS, read)
    in_force = InForce(Settings(), shipped)

    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(in_force.reload, cast("Line", Told()))

    assert in_force.catalogue is newer
