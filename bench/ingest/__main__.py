"""Print durable acks per second, group commit beside commit per event: `python -m bench.ingest`.

Both do the same for each event (duplicate check, last answer, incident, trace) on the same disk
with WAL and `synchronous=FULL`; the one that commits each event by itself stands in for the usual
way.  Its cost is that of the disk's flush: `spec/` measured 4,200/s with 100 producers and a bare
row an event, on a quiet machine.
"""

import argparse
import datetime as dt
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import SystemRandom

import attrs
import trio

from actors.coverage import SCHEMA as COVERAGE, SqliteCoverage
from actors.escalator import SCHEMA as TICKETS, SqliteTickets
from actors.journal import SCHEMA, Heard, JournalActor, SqliteJournal
from actors.messages import IncidentToDecide, Observation, Severity, Status
from actors.requests import RecordObservation
from runtime.actor import Actor, actor
from runtime.clock import SystemClock
from runtime.hosts.sqlite import open_database
from runtime.ids import TimeOrderedIds
from runtime.logs import configure_logs
from runtime.mailbox import Mailbox
from runtime.supervisor import supervise

Ack = Callable[[Observation], Awaitable[object]]

_CLOCK = SystemClock()
_IDS = TimeOrderedIds(_CLOCK)
_OBSERVED_AT = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


@attrs.frozen
class Figures:
    """Of one run."""

    rate: float
    """Acks per second."""
    p50_ms: float
    p99_ms: float


async def measure(ack: Ack, producers: int, events: int) -> Figures:
    """Let producers report at once, each its next event when the last one was acked."""
    took: list[float] = []

    async def produce(agent: str) -> None:
        for seq in range(1, events // producers + 1):
            began = trio.current_time()
            await ack(_event(agent, seq))
            took.append(trio.current_time() - began)

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for number in range(producers):
            nursery.start_soon(produce, f"agent-{number}")
    cuts = statistics.quantiles(took, n=100)
    return Figures(len(took) / (trio.current_time() - began), 1e3 * cuts[49], 1e3 * cuts[98])


def _event(agent: str, seq: int) -> Observation:
    return Observation(
        id=_IDS.new("obs"),
        site="site",
        host=agent,
        check=f"check-{seq % 20}",
        status=Status.FAIL if seq % 3 else Status.PASS,
        severity=Severity.MEDIUM,
        observed_at=_OBSERVED_AT,
        source="agent",
        actual="no",
        agent_id=agent,
        boot_id="boot",
        seq=seq,
    )


def _beat(_: Observation) -> float:
    return 300.0


async def ingest(folder: Path, producers: int, events: int, *, each_alone: bool) -> Figures:
    """Measure the journal on a fresh file."""
    heard = Mailbox[Heard]("heard", capacity=4096)
    to_l1 = Mailbox[IncidentToDecide]("to_l1", capacity=1)
    schemas = {"journal": SCHEMA, "escalator": TICKETS, "coverage": COVERAGE}
    async with open_database(folder / "journal.db", schemas) as database:
        journal = SqliteJournal(SqliteTickets(_IDS, ()))
        room = JournalActor(to_l1.post, database, journal, SqliteCoverage(_beat), _CLOCK, _IDS)
        turn = trio.Lock()

        async def record_alone(observation: Observation) -> None:
            async with turn:
                await RecordObservation(observation).put(heard.post)
                await room.handle_batch([heard.waiting.popleft()])

        async def record(observation: Observation) -> object:
            return await RecordObservation(observation).ask(heard.post)

        if each_alone:
            return await measure(record_alone, producers, events)
        line = actor("journal", reads=heard, make=lambda: room, vital=True)
        async with trio.open_nursery() as nursery:
            await nursery.start(_supervised, line)
            figures = await measure(record, producers, events)
            nursery.cancel_scope.cancel()
        return figures


async def _supervised(line: Actor, *, task_status: trio.TaskStatus[None]) -> None:
    await supervise(
        line, on_dead_letter=_never, on_down=_never, random=SystemRandom(), task_status=task_status
    )


async def _never(what: object) -> None:
    raise AssertionError(what)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--producers", type=int, default=100)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--disk", help="a folder on the disk to measure; a tmpfs flushes nothing")
    args = parser.parse_args()
    configure_logs(level="error")
    ours: list[Figures] = []
    alone: list[Figures] = []
    for _ in range(args.rounds):  # turn about, so that the machine's mood meets both
        for each_alone, figures in ((False, ours), (True, alone)):
            count = args.events // 10 if each_alone else args.events
            with tempfile.TemporaryDirectory(dir=args.disk) as folder:
                figures.append(trio.run(_run, Path(folder), args.producers, count, each_alone))
    our, their = (
        sorted(figures, key=lambda figure: figure.rate)[len(figures) // 2]
        for figures in (ours, alone)
    )
    print(
        f"durable ingest, {args.producers} producers: group commit {our.rate:,.0f}/s"
        f" (p50 {our.p50_ms:.1f} ms, p99 {our.p99_ms:.1f} ms), commit per event {their.rate:,.0f}/s"
        f" (p50 {their.p50_ms:.1f} ms), x{our.rate / their.rate:.1f}"
    )
    sys.exit(0 if our.rate > their.rate else 1)


async def _run(folder: Path, producers: int, events: int, each_alone: bool) -> Figures:
    return await ingest(folder, producers, events, each_alone=each_alone)


if __name__ == "__main__":
    main()
