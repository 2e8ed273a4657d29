"""The clock of promises: rings when nobody answered, or settled, in time, and has it told again."""

import datetime as dt

import attrs
import structlog

from actors.escalator.core import seconds_until
from actors.escalator.store import TicketBook
from actors.escalator.ticket import Standing
from actors.messages import Moment
from runtime.alarm import Alarm
from runtime.clock import Clock
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="escalator")


@attrs.define
class Promises:
    """A service.  When each ticket is due stands in the store, so restarts change nothing."""

    store: Store
    tickets: TicketBook
    clock: Clock
    standing: Standing = attrs.field(factory=Standing, init=False)
    """As of the last commit."""
    _alarm: Alarm = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._alarm = Alarm(self._next_due, self._ring, self.clock)

    def changed(self) -> None:
        """Look again at what is due: something was committed."""
        self._alarm.changed()

    async def run(self) -> None:
        """Ring until cancelled."""
        await self.store.commit(self.tickets.promise(Moment.read(self.clock)))
        await self._alarm.run()

    async def _next_due(self) -> dt.datetime | None:
        before = self.standing
        self.standing = await self.store.read(self.tickets.standing(self.clock.boot_id))
        if self.standing.unreached and not before.unreached:
            log.error("nobody_reached", dead=self.standing.dead)
        now = Moment.read(self.clock)
        left = min((seconds_until(due, now) for due in self.standing.dues), default=None)
        return None if left is None else now.after(left).wall

    async def _ring(self, _: dt.datetime) -> None:
        [late] = await self.store.commit(self.tickets.late(Moment.read(self.clock)))
        log.warning("tickets_late", count=late)
