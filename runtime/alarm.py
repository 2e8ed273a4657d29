"""An alarm: sleeps until the next instant that is due, and rings.  It never polls."""

import datetime as dt
from collections.abc import Awaitable, Callable

import trio

from runtime.clock import Clock


class Alarm:
    """Rings once for each instant that comes due; run it as a service.

    Whoever changes what is due calls `changed`.  An instant that was rung and is still the next
    one is not rung again before that: what is due may be settled by a message on its way.
    """

    def __init__(
        self,
        next_due: Callable[[], Awaitable[dt.datetime | None]],
        ring: Callable[[dt.datetime], Awaitable[None]],
        clock: Clock,
    ) -> None:
        """Take what tells the next instant (None: nothing is due), what rings, and the time."""
        self._next_due, self._ring, self._clock = next_due, ring, clock
        self._changed = trio.Event()

    def changed(self) -> None:
        """Say that another instant may be the next one."""
        self._changed.set()

    async def run(self) -> None:
        """Ring until cancelled.  A fall of `next_due` or `ring` is a fall of the service."""
        rung: dt.datetime | None = None
        while True:
            if self._changed.is_set():
                self._changed, rung = trio.Event(), None
            due = await self._next_due()
            if due is None or due == rung:
                await self._changed.wait()
            elif (seconds := (due - self._clock.now()).total_seconds()) > 0:
                # Asked again afterwards: the wall clock may have been set back meanwhile.
                with trio.move_on_after(seconds):
                    await self._changed.wait()
            else:
                await self._ring(due)
                rung = due
