"""A drift receiver with a journal that remembers in memory, and holds back when told to."""

import datetime as dt

import attrs
import trio

from actors.drift_receiver import (
    AgentServicer,
    HealOrders,
    ReceiverSettings,
    SqliteAgents,
    SqliteHealOrders,
    Vocabulary,
)
from actors.messages import Observation, Recorded, Severity
from actors.requests import RecordObservation
from runtime.actor import Actor, actor
from runtime.clock import VirtualClock
from runtime.hosts.sqlite import InlineStore
from runtime.ids import TimeOrderedIds
from runtime.mailbox import Mailbox
from tests.fakes.store import inline_store

EPOCH = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)
VOCABULARY = Vocabulary(
    aliases={"firewall": "firewall_status", "defender": "windows_defender"},
    severities={"firewall_status": Severity.HIGH},
)


def _open() -> trio.Event:
    event = trio.Event()
    event.set()
    return event


@attrs.define
class FakeJournal:
    """Knows an agent's event again, as the journal does."""

    hold: trio.Event = attrs.field(factory=_open)
    """While it is not set, nothing becomes durable."""
    asked: trio.Event = attrs.field(factory=trio.Event)
    error: Exception | None = None
    kept: list[Observation] = attrs.field(factory=list[Observation])
    batches: list[int] = attrs.field(factory=list[int])
    _first: dict[tuple[str, str, int], str] = attrs.field(factory=dict[tuple[str, str, int], str])

    async def handle_batch(self, requests: list[RecordObservation]) -> None:
        self.batches.append(len(requests))
        self.asked.set()
        await self.hold.wait()
        for request in requests:
            if self.error is None:
                request.reply(self._keep(request.observation))
            else:
                request.fail(self.error)

    def _keep(self, observation: Observation) -> Recorded:
        if observation.seq is not None:
            identity = (observation.agent_id, observation.boot_id, observation.seq)
            first = self._first.setdefault(identity, observation.id)
            if first != observation.id:
                return Recorded(first, None, duplicate=True)
        self.kept.append(observation)
        return Recorded(observation.id, None)


@attrs.define
class Site:
    """The wiring of a receiver and its journal."""

    settings: ReceiverSettings = attrs.field(
        factory=lambda: ReceiverSettings("site-1", port=0, insecure_loopback=True)
    )
    store: InlineStore = attrs.field(factory=lambda: inline_store("drift_receiver"))
    journal: FakeJournal = attrs.field(factory=FakeJournal)
    mailbox: Mailbox[RecordObservation] = attrs.field(
        factory=lambda: Mailbox[RecordObservation]("journal", capacity=256)
    )
    clock: VirtualClock = attrs.field(factory=lambda: VirtualClock(EPOCH))
    agents_heal: bool = False
    ids: TimeOrderedIds = attrs.field(init=False)
    orders: HealOrders = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ids = TimeOrderedIds(self.clock)
        self.orders = HealOrders(
            self.store, SqliteHealOrders(), self.clock, 300.0, self.agents_heal
        )

    def servicer(self) -> AgentServicer:
        return AgentServicer(
            settings=self.settings,
            vocabulary=VOCABULARY,
            journal=self.mailbox.post,
            store=self.store,
            agents=SqliteAgents(),
            clock=self.clock,
            ids=self.ids,
            orders=self.orders,
        )

    @property
    def keeper(self) -> Actor:
        """The journal, as the wiring declares it."""
        return actor("journal", reads=self.mailbox, make=lambda: self.journal)
