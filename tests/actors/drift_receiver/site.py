"""A drift receiver with a journal that remembers in memory, and holds back when told to."""

import datetime as dt
from collections.abc import Sequence

import attrs
import trio

from actors.drift_receiver import (
    Fleet,
    HealOrders,
    ReceiverSettings,
    SqliteAgents,
    SqliteHealOrders,
    Tier,
    Vocabulary,
)
from actors.drift_receiver.servicer import AgentServicer
from actors.messages import Observation, Recorded, Severity
from actors.ports import Certificates
from actors.requests import NotKept, RecordObservations
from protos.compliance_pb2 import (
    DriftAck,
    DriftEvent,
    HealingAck,
    HealingResult,
    HeartbeatRequest,
    HeartbeatResponse,
    RegisterRequest,
    RegisterResponse,
    RMMAck,
    RMMStatusReport,
)
from runtime.actor import Actor, actor
from runtime.clock import VirtualClock
from runtime.errors import ArightError
from runtime.hosts.grpc import Caller
from runtime.hosts.sqlite import InlineStore
from runtime.ids import TimeOrderedIds
from runtime.mailbox import Mailbox
from tests.fakes.store import inline_store

EPOCH = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)
NOBODY = Caller("127.0.0.1:51234")
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
    error: ArightError | None = None
    late: bool = False
    """What comes is older than the last answer."""
    poison: str | None = None
    """An event of this check fells it."""
    kept: list[Observation] = attrs.field(factory=list[Observation])
    batches: list[int] = attrs.field(factory=list[int])
    _first: dict[tuple[str, str, int], str] = attrs.field(factory=dict[tuple[str, str, int], str])

    async def handle_batch(self, requests: list[RecordObservations]) -> None:
        self.batches += [len(request.observations) for request in requests]
        self.asked.set()
        await self.hold.wait()
        checks = {each.check for request in requests for each in request.observations}
        if self.poison in checks:
            raise ValueError(self.poison)
        for request in requests:
            if self.error is None:
                request.reply([self._keep(each) for each in request.observations])
            else:
                request.reply([NotKept(self.error)] * len(request.observations))

    def _keep(self, observation: Observation) -> Recorded:
        if observation.seq is not None:
            identity = (observation.agent_id, observation.boot_id, observation.seq)
            first = self._first.setdefault(identity, observation.id)
            if first != observation.id:
                return Recorded(first, None, duplicate=True)
        self.kept.append(observation)
        return Recorded(observation.id, None, late=self.late)


@attrs.define
class Desk:
    """The servicer as a caller meets it; one without a certificate unless the test says."""

    servicer: AgentServicer

    async def load(self) -> None:
        await self.servicer.load()

    async def register(self, request: RegisterRequest, caller: Caller = NOBODY) -> RegisterResponse:
        return await self.servicer.calls.register(request, caller)

    async def heartbeat(
        self, request: HeartbeatRequest, caller: Caller = NOBODY
    ) -> HeartbeatResponse:
        return await self.servicer.calls.heartbeat(request, caller)

    async def report_healing(self, result: HealingResult, caller: Caller = NOBODY) -> HealingAck:
        return await self.servicer.calls.report_healing(result, caller)

    async def report_rmm(self, report: RMMStatusReport, caller: Caller = NOBODY) -> RMMAck:
        return await self.servicer.calls.report_rmm(report, caller)

    async def report_drift(
        self, events: Sequence[DriftEvent], caller: Caller = NOBODY
    ) -> Sequence[DriftAck]:
        return await self.servicer.report_drift([caller] * len(events), events)


@attrs.define
class Site:
    """The wiring of a receiver and its journal."""

    settings: ReceiverSettings = attrs.field(
        factory=lambda: ReceiverSettings(
            "site-1", port=0, insecure_loopback=True, enabled_checks=("firewall", "patches")
        )
    )
    store: InlineStore = attrs.field(factory=lambda: inline_store("drift_receiver"))
    journal: FakeJournal = attrs.field(factory=FakeJournal)
    mailbox: Mailbox[RecordObservations] = attrs.field(
        factory=lambda: Mailbox[RecordObservations]("journal", capacity=256)
    )
    clock: VirtualClock = attrs.field(factory=lambda: VirtualClock(EPOCH))
    agents_heal: bool = False
    certificates: Certificates | None = None
    ids: TimeOrderedIds = attrs.field(init=False)
    fleet: Fleet = attrs.field(init=False)
    orders: HealOrders = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ids = TimeOrderedIds(self.clock)
        if self.agents_heal:
            self.settings = attrs.evolve(self.settings, tier=Tier.SELF_HEAL)
        self.fleet = Fleet(self.settings, self.store, SqliteAgents(), self.clock)
        self.orders = HealOrders(self.store, SqliteHealOrders(), self.clock, 300.0, self.fleet)

    def servicer(self) -> AgentServicer:
        return AgentServicer(
            fleet=self.fleet,
            vocabulary=VOCABULARY,
            journal=self.mailbox.post,
            clock=self.clock,
            ids=self.ids,
            orders=self.orders,
            certificates=self.certificates,
        )

    def desk(self) -> Desk:
        return Desk(self.servicer())

    @property
    def keeper(self) -> Actor:
        """The journal, as the wiring declares it."""
        return actor("journal", reads=self.mailbox, make=lambda: self.journal)
