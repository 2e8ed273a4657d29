"""The planner's room on the real journal and ticket book, with models that answer as told."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Any

import attrs
import trio

from actors.catalogue.runbooks import Risk
from actors.escalator import SqliteTickets, Ticket
from actors.journal import SqliteJournal, trace_of
from actors.l2_planner import (
    Budgets,
    Chain,
    ChatCompletions,
    Choice,
    ClosedCatalogue,
    L2PlannerActor,
    PlanFilter,
    PlannerSettings,
    PlanRecord,
    Price,
    Prompt,
    Provider,
    SqlitePlans,
    drift_text_of,
    prompt_for,
)
from actors.messages import (
    Fact,
    FixProposed,
    Incident,
    Moment,
    Move,
    Observation,
    PlanWanted,
    Platform,
    Severity,
    State,
    Status,
)
from runtime.allowance import Allowance
from runtime.clock import VirtualClock
from runtime.destination import Destination
from runtime.hosts.http_client import HttpError, Reply
from runtime.hosts.sqlite import InlineStore
from runtime.ids import TimeOrderedIds
from runtime.mailbox import Mailbox
from runtime.outbound import Outbound
from runtime.scrub import Scrubber
from tests.fakes.providers import OpenAi
from tests.fakes.store import inline_store

EPOCH = dt.datetime(2026, 11, 29, 12, 0, tzinfo=dt.UTC)

CATALOGUE = ClosedCatalogue({
    "RB-1": Choice("linux", frozenset({"firewall"}), auto=True, risk=Risk.LOW),
    "RB-2": Choice("linux", frozenset({"firewall", "door"}), auto=False, risk=Risk.HIGH),
})  # fmt: skip

PLAN: Mapping[str, Any] = {
    "runbook_id": "RB-1",
    "params": {},
    "confidence": 0.9,
    "requires_human_review": False,
    "reasoning": "The firewall is off.",
}

Said = Callable[[], Awaitable[Reply]]


def plan(**known: object) -> str:
    return json.dumps({**PLAN, **known})


def says(text: str, *, after_s: float = 0.0) -> Said:
    """A model that answers this text."""

    async def said() -> Reply:
        await trio.sleep(after_s)
        return Reply(200, {}, json.dumps(OpenAi().answer(text)).encode())

    return said


def fails(status: int, *, retry_after: str = "") -> Said:
    async def said() -> Reply:
        await trio.lowlevel.checkpoint()
        return Reply(status, {"retry-after": retry_after})

    return said


async def hangs() -> Reply:
    await trio.sleep_forever()
    raise AssertionError


async def is_gone() -> Reply:
    await trio.lowlevel.checkpoint()
    raise HttpError("gone", "unreachable")


@attrs.define
class Models:
    """The world behind the door: a model for each host name."""

    said: dict[str, Said]
    asked: Counter[str] = attrs.field(factory=Counter[str])
    bodies: list[Any] = attrs.field(factory=list)

    async def request(
        self, _method: str, url: str, _headers: Mapping[str, str], body: bytes, _max: int
    ) -> Reply:
        host = Destination.of(url).host
        self.asked[host] += 1
        self.bodies.append(json.loads(body))
        return await self.said[host]()


@attrs.define
class Room:
    """The planner with the tables of three rooms, and the mailbox of the gate."""

    models: Models
    settings: PlannerSettings = attrs.field(factory=PlannerSettings)
    price: Price = attrs.field(factory=lambda: Price.of_dollars(1, 5))
    catalogue: ClosedCatalogue = CATALOGUE
    store: InlineStore = attrs.field(
        factory=lambda: inline_store("journal", "escalator", "l2_planner")
    )
    clock: VirtualClock = attrs.field(factory=lambda: VirtualClock(EPOCH))
    gate: Mailbox[FixProposed] = attrs.field(
        factory=lambda: Mailbox[FixProposed]("proposed", capacity=20_000)
    )
    plans: SqlitePlans = attrs.field(factory=SqlitePlans)
    ids: TimeOrderedIds = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.ids = TimeOrderedIds(self.clock, Random(1))  # noqa: S311  names

    @classmethod
    def of(cls, *said: Said, **known: Any) -> "Room":
        """Make a room whose providers are called a, b, c."""
        names = ["a", "b", "c"][: len(said)]
        return cls(Models(dict(zip(names, said, strict=True))), **known)

    @property
    def book(self) -> SqliteTickets:
        return SqliteTickets(self.ids, ())

    @property
    def journal(self) -> SqliteJournal:
        return SqliteJournal(self.book)

    def actor(self) -> L2PlannerActor:
        """Make the room anew, as after a fall or a restart."""
        allowed = frozenset(Destination("https", name, 443) for name in self.models.said)
        random = Random(7)  # noqa: S311  jitter
        door = Outbound(self.models, allowed, self.clock, random, Allowance(100_000))
        providers = [
            Provider(
                name,
                f"model-{name}",
                ChatCompletions(f"https://{name}/v1", f"model-{name}", 200),
                self.price,
                200,
                door,
            )
            for name in self.models.said
        ]
        chain = Chain(
            providers, self.settings.timeout_s, self.settings.budgets, self.store, self.plans,
            self.clock, self.ids, random,
        )  # fmt: skip
        return L2PlannerActor(
            self.gate.post, chain, lambda: self.catalogue, self.prompt, self.settings, self.store,
            self.plans, self.journal, self.book, self.clock, self.ids,
        )  # fmt: skip

    def prompt(self, observation: Observation, offered: ClosedCatalogue, came_back: bool) -> Prompt:
        text = drift_text_of(observation)
        return prompt_for(text, offered, "f" * 32, Scrubber(bytes(32)), came_back=came_back)

    async def drift(
        self, host: str = "ws-1", check: str = "firewall", actual: str = "inactive"
    ) -> PlanWanted:
        """Have drift observed that no rule knows; give what L1 then posts."""
        [message] = await self.drifts([host], check, actual)
        return message

    async def drifts(
        self, hosts: Sequence[str], check: str = "firewall", actual: str = "inactive"
    ) -> list[PlanWanted]:
        """Have the same drift observed on several hosts."""
        observations = [
            Observation(
                id=self.ids.new("obs"), site="clinic", host=host, check=check, status=Status.FAIL,
                severity=Severity.HIGH, observed_at=self.clock.now(), source="scanner",
                platform=Platform.LINUX, actual=actual,
            )
            for host in hosts
        ]  # fmt: skip
        now = Moment.read(self.clock)
        [recordings] = await self.store.commit(
            self.journal.record(observations, lambda: self.ids.new("inc"), now)
        )
        fact = Fact("no_rule_matched", {"rule_version": "v1"})
        move = Move(State.DECIDING, (State.OBSERVED,), fact, due=now.after(60))
        opened = [each.opened.id for each in recordings if each.opened is not None]
        incidents = await self.store.commit(
            *(self.journal.move(incident_id, move, now) for incident_id in opened)
        )
        return [PlanWanted(*each) for each in zip(incidents, observations, strict=True)]

    async def planned(self, message: PlanWanted) -> Incident:
        """Plan for one incident; give it as it then stands."""
        await self.actor().handle(message)
        return await self.get(message)

    async def get(self, message: PlanWanted) -> Incident:
        incident = await self.store.read(self.journal.get(message.incident.id))
        assert incident is not None
        return incident

    async def again(self, message: PlanWanted) -> PlanWanted:
        return attrs.evolve(message, incident=await self.get(message))

    async def trace(self, message: PlanWanted) -> list[str]:
        trace = await self.store.read(trace_of(message.incident.id))
        return [str(fact["kind"]) for fact in trace]

    async def tickets(self) -> list[Ticket]:
        return list(await self.store.read(self.book.listed()))

    async def records(self) -> list[PlanRecord]:
        return list(await self.store.read(self.plans.listed(PlanFilter(limit=100_000))))

    async def spent(self) -> int:
        """Give what the day's ledger says, in micro-dollars."""
        return (await self.store.read(self.plans.spending("clinic", "", self.clock.now()))).day.cost


def rich(**known: int) -> Budgets:
    """Budgets that bound nothing but what is named."""
    most = dict.fromkeys(
        ("hour", "day", "pattern_day", "calls_hour", "calls_day", "calls_pattern_day"), 10**12
    )
    return Budgets(**{**most, **known})
