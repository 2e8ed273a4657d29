"""Orders to heal: kept until the agent confirms them, and handed out with every answer till then.

An order is durable before it is handed out, and a confirmation before it is acked, so that a life
after this one neither forgets an order nor gives a confirmed one again.
"""

from collections.abc import Sequence

import attrs
import trio

from actors.drift_receiver.fleet import Fleet
from actors.drift_receiver.sqlite_orders import SqliteHealOrders
from actors.messages import Moment
from actors.messages.healing import HealOrder, HealReport
from runtime.clock import Clock
from runtime.store import Query, Store


@attrs.define
class HealOrders:
    """Gives orders to agents, and knows who waits for what they say."""

    store: Store
    memory: SqliteHealOrders
    clock: Clock
    interval_s: float
    """Seconds that an agent takes from one look to the next."""
    fleet: Fleet
    """Who may heal; nobody else is ever given an order."""
    _waiting: dict[str, dict[str, HealOrder]] = attrs.field(
        factory=dict[str, dict[str, HealOrder]], init=False
    )
    """By host, case-folded, and id."""
    _confirmed: dict[str, trio.Event] = attrs.field(factory=dict[str, trio.Event], init=False)
    _heard: dict[tuple[str, str], list["_Ear"]] = attrs.field(
        factory=dict[tuple[str, str], list["_Ear"]], init=False
    )

    def reaches(self, host: str) -> Query[bool]:
        """Say whether the agent of a host may be given orders."""
        return self.fleet.reaches(host)

    async def heal(self, order: HealOrder) -> HealReport:
        """Have an agent heal; returns when it has confirmed.  The caller's scope has the deadline.

        An order that was confirmed already, in this life or another, is answered at once.

        Raises:
            StoreError: the order could not be kept; nobody was given it.
        """
        host = order.host.casefold()
        # Before the commit: a confirmation may come between it and our waiting.
        told = self._confirmed.setdefault(order.id, trio.Event())
        try:
            [known] = await self.store.commit(self.memory.give(order))
            if known is not None:
                return known
            self._waiting.setdefault(host, {})[order.id] = order
            await told.wait()
        finally:
            self._forget(host, order.id)
        report = await self.store.read(self.memory.report_of(order.id))
        if report is None:
            raise KeyError(order.id)
        return report

    async def next_answer(self, host: str, check: str) -> bool:
        """Wait until an event of a check of a host arrives; give whether it passed."""
        ear, key = _Ear(), (host.casefold(), check)
        ears = self._heard.setdefault(key, [])
        ears.append(ear)
        try:
            await ear.heard.wait()
        finally:
            ears.remove(ear)
            if not ears:
                self._heard.pop(key, None)
        return ear.passed

    # What the servicer asks and tells.

    def orders_for(self, host: str) -> Sequence[HealOrder]:
        """Give what the agent of a host is still to heal, the oldest first."""
        waiting = self._waiting.get(host.casefold()) if self._waiting else None
        if not waiting or not self.fleet.may_heal(host):
            return ()
        now = Moment.read(self.clock)
        return [order for order in waiting.values() if order.deadline.since(now) > 0]

    async def confirm(self, order_id: str, host: str, report: HealReport) -> bool:
        """Keep what the agent of a host says of an order; False for one that it was never given.

        Raises:
            StoreError: it was not kept, and the agent shall say it again.
        """
        [known] = await self.store.commit(self.memory.confirm(order_id, host.casefold(), report))
        if known and order_id in self._confirmed:
            self._confirmed[order_id].set()
        return known

    def hear(self, host: str, check: str, *, passed: bool) -> None:
        """Tell those who wait for it that an event is durable."""
        if not self._heard:  # nearly always
            return
        for ear in self._heard.get((host.casefold(), check), ()):
            ear.passed = passed
            ear.heard.set()

    def _forget(self, host: str, order_id: str) -> None:
        self._confirmed.pop(order_id, None)
        orders = self._waiting.get(host, {})
        orders.pop(order_id, None)
        if not orders:
            self._waiting.pop(host, None)


@attrs.define(eq=False)
class _Ear:
    heard: trio.Event = attrs.field(factory=trio.Event)
    passed: bool = False
