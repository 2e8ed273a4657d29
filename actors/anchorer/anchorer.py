"""The anchorer: its services, started together."""

from collections.abc import Sequence

import attrs
import trio

from actors.anchorer.calendar import Calendars
from actors.anchorer.checker import Checker
from actors.anchorer.desk import Desk
from actors.anchorer.envoy import Envoy
from actors.anchorer.planter import Planter
from actors.anchorer.sources import HeaderSource
from actors.ports import Heads


@attrs.frozen
class AnchorSettings:
    """To whom, how many, how often."""

    calendars: Sequence[str]
    quorum: int
    interval_s: float


@attrs.define
class Anchorer:
    """Brings checkpoints into the Bitcoin chain, and checks that they are there.

    A calendar that is slow or false holds nobody up: each has a task of its own.
    """

    desk: Desk
    heads: Heads
    calendars: Calendars
    headers: HeaderSource
    settings: AnchorSettings

    async def run(self) -> None:
        """Anchor for ever."""
        named, memory = self.settings.calendars, self.desk.memory
        await self.desk.store.commit(memory.adopt(named, self.desk.now()))
        others = await self.desk.store.read(memory.calendars())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._planter().run)
            nursery.start_soon(Checker(self.desk, self.headers).run)
            # Those that are no more in the settings keep what they promised.
            for calendar in sorted({*named, *others}):
                nursery.start_soon(Envoy(self.desk, self.calendars, calendar).run)

    async def hasten(self) -> int:
        """Make due all that waits; give how many.  No batch is made sooner for it."""
        [count] = await self.desk.store.commit(self.desk.memory.hasten(self.desk.now()))
        self.desk.changed()
        return count

    def _planter(self) -> Planter:
        settings = self.settings
        return Planter(
            self.desk, self.heads, settings.calendars, settings.quorum, settings.interval_s
        )
