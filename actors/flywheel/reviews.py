"""When promotions are looked at: after a verdict, after a reload, and when a time is over."""

import contextlib
import math

import attrs
import trio

from actors.flywheel.core import FlywheelSettings, rest_s
from actors.flywheel.store import FlywheelMemory
from actors.messages import Moment
from actors.messages.promotion import ReviewPromotions
from runtime.clock import Clock
from runtime.mailbox import Post
from runtime.store import Store


def _token_here() -> trio.lowlevel.TrioToken | None:
    """Give trio's token on its own thread, None on any other."""
    try:
        return trio.lowlevel.current_trio_token()
    except RuntimeError:
        return None


@attrs.define(eq=False)
class News:
    """Says that there may be something to look at.  Telling it is possible in any thread."""

    _told: bool = attrs.field(default=False, init=False)
    _event: trio.Event = attrs.field(factory=trio.Event, init=False)
    _token: trio.lowlevel.TrioToken | None = attrs.field(factory=_token_here, init=False)

    def tell(self) -> None:
        """There is, once the commit under way is durable."""
        if self._token is None or _token_here() is not None:
            self._note()
            return
        # In the thread that writes.  Of the commits before this one trio may not have heard yet:
        # noted behind them, it is not taken for theirs, and looked for before it is there.
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._note)

    def _note(self) -> None:
        self._told = True

    def committed(self) -> None:
        """Something became durable; on trio's thread."""
        if self._told:
            self._told = False
            self._event.set()

    async def wait(self, seconds: float | None) -> None:
        """Wait for news, or for so many seconds where it is not None."""
        with trio.move_on_after(math.inf if seconds is None else seconds):
            await self._event.wait()
        self._event = trio.Event()


@attrs.define(eq=False)
class Reviews:
    """Has promotions reviewed; run it as a service.  Without a promotion it owns no timer."""

    outbox: Post[ReviewPromotions]
    news: News
    store: Store
    memory: FlywheelMemory
    clock: Clock
    settings: FlywheelSettings

    async def run(self) -> None:
        """Have them reviewed once at the start, then whenever there is a reason."""
        while True:
            await self.outbox.send(ReviewPromotions())
            await self.news.wait(await self._rest_s())

    async def _rest_s(self) -> float | None:
        known = await self.store.read(self.memory.to_review())
        promotions = [each.promotion for each in known if each.promotion is not None]
        return rest_s(promotions, Moment.read(self.clock), self.settings)
