"""The courier of one channel: brings what the channel owes, again and again, or gives up."""

import datetime as dt
import sqlite3
from random import Random

import attrs
import structlog
import trio

from actors.escalator.channels import Channel
from actors.escalator.core import Patience, first_due, may_have_arrived, seconds_until
from actors.escalator.store import Outbox, TicketBook
from actors.escalator.ticket import Delivery
from actors.messages import Moment, Severity, Stop, StopKind
from runtime.alarm import Alarm
from runtime.clock import Clock
from runtime.outbound import BudgetSpentError, OutboundError
from runtime.scrub import ScrubError
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="escalator")


@attrs.define
class Courier:
    """A service.  All it knows is in the store, so it goes on where an earlier life ended.

    What arrived just before a crash is brought once more, under the same delivery id.
    """

    channel: Channel
    store: Store
    tickets: TicketBook
    outbox: Outbox
    clock: Clock
    random: Random
    patience: Patience = attrs.field(factory=Patience)
    _arrived: tuple[str, str] | None = attrs.field(default=None, init=False)
    """Delivery and receipt of what arrived and is not noted yet: a disk may be full for long."""
    _alarm: Alarm = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._alarm = Alarm(self._next_due, self._bring, self.clock)

    def changed(self) -> None:
        """Look again at what is owed: something was committed."""
        self._alarm.changed()

    async def run(self) -> None:
        """Bring what is due, until cancelled."""
        await self._alarm.run()

    async def _next(self) -> tuple[Delivery | None, Moment]:
        owed = await self.store.read(self.outbox.next(self.channel.name, self.clock.boot_id))
        now = Moment.read(self.clock)
        return first_due(owed, now), now

    async def _next_due(self) -> dt.datetime | None:
        delivery, now = await self._next()
        if delivery is None:
            return None
        return now.after(seconds_until(delivery.due, now)).wall

    async def _bring(self, _: dt.datetime) -> None:
        delivery, now = await self._next()
        while delivery is not None and seconds_until(delivery.due, now) == 0:
            await self._tell(delivery)
            delivery, now = await self._next()

    async def _tell(self, delivery: Delivery) -> None:
        if self._arrived is not None and self._arrived[0] == delivery.id:
            await self._note(delivery, self._arrived[1])
            return
        if self.channel.marks_repeats and not delivery.begun:
            await self.store.commit(self.outbox.begin(delivery))
        try:
            receipt = await self._told(delivery)
        except OutboundError as failure:
            await self._failed(delivery, failure)
        except ScrubError:  # nothing of it was sent
            await self._failed(delivery, OutboundError(self.channel.name, "not_scrubbed"))
        else:
            await self._note(delivery, receipt)

    async def _note(self, delivery: Delivery, receipt: str) -> None:
        self._arrived = delivery.id, receipt
        await self.store.commit(self.outbox.sent(delivery, receipt, Moment.read(self.clock)))
        self._arrived = None

    async def _told(self, delivery: Delivery) -> str:
        """Tell of a ticket as it stands; wait for that until the budget has something left."""
        while True:
            page = await self.store.read(self.tickets.page(delivery.ticket_id))
            try:
                return await self.channel.tell(delivery, page)
            except BudgetSpentError as spent:
                # No failure of the channel.  Whatever else it owes would have to wait as well: to
                # postpone each of them, again and again, would cost the disk more than all else.
                await trio.sleep(spent.retry_in_s)

    async def _failed(self, delivery: Delivery, failure: OutboundError) -> None:
        kind = (await self.store.read(self.tickets.page(delivery.ticket_id))).ticket.kind
        late = self._postponed(delivery, failure)
        # That nobody could be reached is tried until somebody is.
        dead = late.attempts >= self.patience.attempts and kind is not StopKind.NOBODY_REACHED
        log.warning(
            "delivery_died" if dead else "delivery_failed",
            channel=self.channel.name,
            ticket_id=late.ticket_id,
            attempt=late.attempts,
            error=late.error,
        )
        if dead:
            await self._give_up(late)
        else:
            await self.store.commit(self.outbox.postpone(late))

    def _postponed(self, delivery: Delivery, failure: OutboundError) -> Delivery:
        attempts = delivery.attempts + 1
        wait_s = self.patience.wait_s(attempts, self.random.random(), failure.retry_in_s)
        return attrs.evolve(
            delivery,
            attempts=attempts,
            due=Moment.read(self.clock).after(wait_s),
            error=failure.reason,
            begun=delivery.begun or may_have_arrived(failure.reason),
        )

    async def _give_up(self, delivery: Delivery) -> None:
        """Bury a delivery, have another channel bring it, and the others tell of the dead one."""
        now = Moment.read(self.clock)
        stop = Stop(StopKind.CHANNEL_DEAD, self.channel.name, Severity.HIGH, "delivery_failed")
        opened, passed_on = self.tickets.open(stop, now), self.tickets.pass_on(delivery, now)

        def write(connection: sqlite3.Connection) -> None:
            self.outbox.bury(delivery, now)(connection)
            opened(connection)
            passed_on(connection)

        await self.store.commit(write)
