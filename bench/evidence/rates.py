"""Statements a second, and how long one takes from the event to its durable leaf."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import attrs
import trio

from actors.escalator import SqliteTickets
from actors.evidence_log import SqliteEvidence
from actors.evidence_log.actor import EvidenceLog
from actors.evidence_log.appender import Appender, Desk
from actors.evidence_log.core import AT_ONCE
from actors.evidence_log.files import HEADS, HeadsFile, KeyFiles
from actors.evidence_log.opening import opened
from actors.evidence_log.scrubbing import scrub_with
from actors.journal import SqliteFacts, SqliteJournal
from actors.messages import Moment, Observation, Severity, Status
from runtime.clock import SystemClock
from runtime.hosts.sqlite import Database, open_database
from runtime.ids import TimeOrderedIds
from runtime.roles.line import SCHEMAS
from runtime.scrub import Scrubber

_CLOCK = SystemClock()
_IDS = TimeOrderedIds(_CLOCK)
_JOURNAL = SqliteJournal(SqliteTickets(_IDS, ()))
_HEAD_EVERY = 8
"""Batches: nearer than an appliance signs at such a rate."""


@attrs.frozen
class Took:
    """Milliseconds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Took":
        cuts = statistics.quantiles(seconds, n=100, method="inclusive")
        return cls(cuts[49] * 1000, cuts[98] * 1000)


def desk_in(folder: Path, store: Database) -> Desk:
    """Make what an appliance's evidence log writes with, scrubber and all."""
    return Desk(
        "site",
        "bench",
        store,
        SqliteEvidence(SqliteFacts()),
        KeyFiles(folder),
        HeadsFile(folder / HEADS),
        scrub_with(Scrubber(bytes(32)).document),
        _CLOCK,
    )


def drifts(first: int, count: int) -> list[Observation]:
    """Give drifts that were never seen: each opens an incident."""
    now = _CLOCK.now()
    return [
        Observation(
            _IDS.new("obs"),
            "site",
            f"ws-{number % 1000}",
            f"check_{number // 1000}",
            Status.FAIL,
            Severity.HIGH,
            now,
            "agent",
            controls=("164.312(a)(1)",),
        )
        for number in range(first, first + count)
    ]


async def record(store: Database, heard: Sequence[Observation]) -> None:
    """Keep observations as the journal's room does."""
    names = iter(_IDS.several("inc", len(heard)))
    await store.commit(_JOURNAL.record(heard, names.__next__, Moment.read(_CLOCK)))


@attrs.frozen
class Rate:
    """How fast facts are proved that are owed already."""

    per_second: float
    """Durable, and under heads."""
    cpu_us: float
    """Processor time of one, of all threads, in microseconds."""


async def measure_rate(folder: Path, count: int) -> Rate:
    """Prove facts that are owed already."""
    await trio.Path(folder).mkdir()
    async with open_database(folder / "journal.db", SCHEMAS) as store:
        for first in range(0, count, 1000):
            await record(store, drifts(first, 1000))
        desk = desk_in(folder, store)
        appender = await opened(desk)
        assert isinstance(appender, Appender)
        began, cpu, batches = time.perf_counter(), time.process_time(), 0
        while (owed := await store.read(desk.memory.owed(AT_ONCE))).facts:
            await appender.append(owed)
            batches += 1
            if batches % _HEAD_EVERY == 0:
                await appender.sign_head()
        if appender.has_unsigned:
            await appender.sign_head()
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        assert appender.tree.size == count + 1
        return Rate(count / took, cpu / count * 1e6)


async def measure_latency(folder: Path, count: int) -> Took:
    """Have one event after the other, 20 a second; time each until its leaf is durable."""
    await trio.Path(folder).mkdir()
    took, bells = list[float](), list[EvidenceLog]()

    def rung() -> None:
        for room in bells:
            room.committed()

    async with open_database(folder / "journal.db", SCHEMAS, on_commit=rung) as store:
        desk = desk_in(folder, store)
        room = EvidenceLog(desk, SqliteTickets(_IDS, ()), 2.0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(room.run)
            bells.append(room)
            await _size(store, 1)
            for number in range(count):
                began = trio.current_time()
                await record(store, drifts(number, 1))
                await _size(store, number + 2)
                took.append(trio.current_time() - began)
                await trio.sleep(0.05)
            nursery.cancel_scope.cancel()
    return Took.of(took)


async def _size(store: Database, leaves: int) -> None:
    """Wait until the log has so many leaves."""
    while True:
        [size] = await store.read(
            lambda connection: connection.execute(
                "SELECT ifnull(max(size), 0) FROM evidence_logs"
            ).fetchone()
        )
        if size >= leaves:
            return
        await trio.sleep(0.001)
