"""What the services of the anchorer share: their memory, and how one wakes the others."""

from collections.abc import Callable, Collection
from random import Random
from typing import Protocol, TypeVar

import attrs
import trio

from actors.anchorer.core import Patience, Promise, seconds_until
from actors.anchorer.store import AnchorMemory
from actors.messages import Moment, Severity, Stop, StopKind
from actors.ports import Tickets
from runtime.clock import Clock
from runtime.store import Query, Store

T = TypeVar("T")


class Aside(Protocol):
    """Works where it holds nobody up."""

    async def __call__(self, work: Callable[[], T]) -> T:
        """Give what `work` gives."""
        ...


async def in_a_thread(work: Callable[[], T]) -> T:
    """Work beside trio's thread: a hostile proof takes up to a tenth of a second."""
    return await trio.to_thread.run_sync(work)


@attrs.define
class Desk:
    """Shared by the services of one appliance."""

    store: Store
    memory: AnchorMemory
    tickets: Tickets
    clock: Clock
    random: Random
    allowed: Collection[str]
    """URIs of calendars, without a slash at the end."""
    aside: Aside = in_a_thread
    _news: trio.Event = attrs.field(factory=trio.Event, init=False)

    def now(self) -> Moment:
        """Read the clock."""
        return Moment.read(self.clock)

    def changed(self) -> None:
        """Wake who waits: something may be due sooner."""
        self._news.set()
        self._news = trio.Event()

    async def rest(self, seconds: float) -> None:
        """Wait so long, or until something changed."""
        news = self._news
        with trio.move_on_after(seconds):
            await news.wait()

    async def next_due(self, query: Query[Promise | None]) -> Promise:
        """Wait until the first of what a query gives is due, and give it."""
        while True:
            news = self._news  # before the look: what changes after it is heard
            promise = await self.store.read(query)
            seconds = float("inf") if promise is None else seconds_until(promise.due, self.now())
            if promise is not None and seconds <= 0:
                return promise
            with trio.move_on_after(seconds):
                await news.wait()

    async def postpone(
        self, promise: Promise, patience: Patience, error: str, asked_s: float = 0.0
    ) -> None:
        """Keep that an attempt came to nothing, and try again later."""
        attempts = promise.attempts + 1
        wait_s = patience.wait_s(attempts, self.random.random(), asked_s)
        late = attrs.evolve(promise, attempts=attempts, due=self.now().after(wait_s), error=error)
        await self.store.commit(self.memory.keep(late))

    async def tell(self, key: str, severity: Severity, reason: str) -> None:
        """Open a ticket."""
        stop = Stop(StopKind.ANCHOR, key, severity, reason)
        await self.store.commit(self.tickets.open(stop, self.now()))
