"""A world for the anchorer: a log that signs heads, calendars, a chain, and days that pass."""

import datetime as dt
import hashlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TypeVar

import attrs
import trio

from actors.anchorer.anchorer import Anchorer, AnchorSettings
from actors.anchorer.desk import Desk
from actors.anchorer.headers import Header, header_of
from actors.anchorer.pace import Pace
from actors.anchorer.reads import BatchRow, batches
from actors.anchorer.sources import Found, NoHeaderError
from actors.anchorer.sqlite import SqliteAnchors
from actors.escalator import SqliteTickets
from actors.messages.anchor import Anchor
from actors.messages.evidence import Head, Log, SigningKey
from runtime.clock import VirtualClock
from runtime.errors import NotFoundError
from runtime.hosts.sqlite import InlineStore
from runtime.outbound import OutboundError, UndeliveredError
from runtime.store import Query
from tests.actors.escalator.desk import CountingIds
from tests.fakes.calendar import Calendar, Chain
from tests.fakes.store import inline_store

T = TypeVar("T")

CHANCE = Random(7)  # noqa: S311  the same in every run
EPOCH = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
HOUR = 3600.0
DAY = 24 * HOUR


async def inline(work: Callable[[], T]) -> T:
    """Work at once: a thread would let the mock clock run away."""
    await trio.lowlevel.checkpoint()
    return work()


@attrs.define
class SignedHeads:
    """A log whose heads are signed when a test says so."""

    heads: list[Head] = attrs.field(factory=list)

    def sign(self, count: int = 1) -> Sequence[Head]:
        for _ in range(count):
            size = len(self.heads) + 1
            note = b"site.example/log\n%d\nroot\n\n\xe2\x80\x94 site key\n" % size
            self.heads.append(Head(1, size, hashlib.sha256(note).digest(), note, EPOCH))
        return self.heads[-count:]

    def logs(self) -> Query[Sequence[Log]]:
        return lambda _: [Log(1, "site.example/log", len(self.heads), EPOCH)]

    def keys(self) -> Query[Sequence[SigningKey]]:
        return lambda _: []

    def last_head(self, _log: int | None = None) -> Query[Head | None]:
        return lambda _: self.heads[-1] if self.heads else None

    def head(self, _log: int, size: int) -> Query[Head | None]:
        return lambda _: self.heads[size - 1]

    def head_over(self, _log: int, leaf: int) -> Query[Head | None]:
        return lambda _: next((each for each in self.heads if each.size > leaf), None)

    def heads_after(self, _log: int, size: int, limit: int = 1000) -> Query[Sequence[Head]]:
        return lambda _: [each for each in self.heads if each.size > size][:limit]

    def consistency(self, log: int, _old: int, _new: int) -> Query[Sequence[bytes]]:
        raise NotFoundError("log", str(log))


@attrs.define
class Sky:
    """All calendars, by their URL; each request is noted with its time."""

    calendars: Mapping[str, Calendar]
    pace: Pace
    down: set[str] = attrs.field(factory=set)
    slow: dict[str, float] = attrs.field(factory=dict)
    requests: dict[str, list[float]] = attrs.field(factory=dict)

    async def submit(self, calendar: str, digest: bytes) -> bytes:
        await self._arrive(calendar)
        return self.calendars[calendar].submit(digest)

    async def ask(self, uri: str, commitment: bytes) -> bytes | None:
        await self._arrive(uri)
        return self.calendars[uri].timestamp(commitment)

    async def _arrive(self, calendar: str) -> None:
        await self.pace.turn(calendar)
        self.requests.setdefault(calendar, []).append(trio.current_time())
        await trio.sleep(self.slow.get(calendar, 0.0))
        if calendar in self.down:
            raise UndeliveredError(calendar, "unreachable")


@attrs.define
class ChainHeaders:
    """Gives the headers of a chain, or what a test says."""

    chain: Chain
    failure: NoHeaderError | OutboundError | None = None

    async def at(self, height: int) -> Found | None:
        await trio.lowlevel.checkpoint()
        if self.failure is not None:
            raise self.failure
        raw = self.chain.blocks.get(height)
        header = None if raw is None else header_of(raw)
        return None if header is None else Found(header, "chain")


@attrs.define
class World:
    nursery: trio.Nursery
    names: tuple[str, ...] = ("https://a.example", "https://b.example")
    quorum: int = 2
    store: InlineStore = attrs.field(factory=lambda: inline_store("anchorer", "escalator"))
    heads: SignedHeads = attrs.field(factory=SignedHeads)
    chain: Chain = attrs.field(factory=Chain)
    clock: VirtualClock = attrs.field(factory=lambda: VirtualClock(EPOCH))
    memory: SqliteAnchors = attrs.field(factory=SqliteAnchors)
    tickets: SqliteTickets = attrs.field(factory=lambda: SqliteTickets(CountingIds(), ()))
    sky: Sky = attrs.field(init=False)
    headers: ChainHeaders = attrs.field(init=False)
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    def __attrs_post_init__(self) -> None:
        self.sky = Sky({name: Calendar(name, self.chain) for name in self.names}, Pace(self.clock))
        self.headers = ChainHeaders(self.chain)

    def anchorer(self) -> Anchorer:
        desk = Desk(
            self.store, self.memory, self.tickets, self.clock, CHANCE, set(self.names), inline
        )
        settings = AnchorSettings(self.names, self.quorum, HOUR)
        return Anchorer(desk, self.heads, self.sky, self.headers, settings)

    def start(self) -> Anchorer:
        anchorer = self.anchorer()
        self.scope = trio.CancelScope()

        async def live() -> None:
            with self.scope:
                await anchorer.run()

        self.nursery.start_soon(live)
        return anchorer

    def fall(self) -> None:
        self.scope.cancel()

    def calendar(self, name: str) -> Calendar:
        return self.sky.calendars[f"https://{name}.example"]

    async def batches(self) -> Sequence[BatchRow]:
        return await self.store.read(batches(10_000))

    async def anchor(self, leaf: int = 0) -> Anchor:
        anchor = await self.store.read(self.memory.anchor_over(1, leaf))
        assert anchor is not None
        return anchor

    def rows(self, query: str) -> list[tuple[object, ...]]:
        connection: sqlite3.Connection = self.store.connection
        return connection.execute(query).fetchall()

    def chain_headers(self) -> Callable[[int], Header | None]:
        return lambda height: header_of(self.chain.blocks[height])

    def mine(self) -> None:
        for calendar in self.sky.calendars.values():
            calendar.keep_promises()
