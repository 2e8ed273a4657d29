"""Print what an event costs from message to durable row: `python -m bench.ingest.path`.

CPU time, without a network: decoded messages go through the drift receiver's intake, the journal
and the store.  First stage by stage, then the whole path with its mailbox and the journal's room.
Of 8 events of an agent 2 open an incident, 1 repeats one, 1 closes one, 4 pass where none is open.
"""

import argparse
import itertools
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import SystemRandom

import attrs
import trio

from actors.coverage import SCHEMA as COVERAGE, SqliteCoverage
from actors.drift_receiver import (
    SCHEMA as AGENTS,
    Fleet,
    HealOrders,
    ReceiverSettings,
    SqliteAgents,
    SqliteHealOrders,
    Vocabulary,
)
from actors.drift_receiver.intake import DriftIntake
from actors.escalator import SCHEMA as TICKETS, SqliteTickets
from actors.journal import SCHEMA, Heard, JournalActor, SqliteJournal
from actors.journal.store import Recording, news_in
from actors.messages import IncidentToDecide, Moment, Observation
from protos.compliance_pb2 import DriftAck, DriftEvent
from runtime.actor import Actor, actor
from runtime.clock import SystemClock
from runtime.garbage import look_seldom
from runtime.hosts.grpc import Caller
from runtime.hosts.sqlite import Database, open_database
from runtime.ids import TimeOrderedIds
from runtime.logs import configure_logs
from runtime.mailbox import Mailbox
from runtime.store import Write
from runtime.supervisor import supervise

AGENTS_ANSWER_EVERY_S = 300.0
SCHEMAS = {"journal": SCHEMA, "escalator": TICKETS, "coverage": COVERAGE, "drift_receiver": AGENTS}
_CLOCK = SystemClock()
_IDS = TimeOrderedIds(_CLOCK)
_NOBODY = Caller("")


def batches(agents: int, size: int) -> Iterator[list[bytes]]:
    """Give events as they come, without end: of all agents in turn."""
    events = (_event(agent, turn) for turn in itertools.count() for agent in range(agents))
    while True:
        yield list(itertools.islice(events, size))


def _event(agent: int, turn: int) -> bytes:
    step = turn % 8
    match step:
        case 0 | 4:
            check, passed = f"drifting_{turn % 160}", False
        case 2:
            check, passed = f"drifting_{(turn - 2) % 160}", False
        case 6:  # of an earlier batch, so that a person has it by now
            check, passed = f"drifting_{(turn - 14) % 160}", True
        case _:
            check, passed = f"steady_{step}", True
    return DriftEvent(
        agent_id=f"go-ws-{agent}-{agent:08x}",
        hostname=f"ws-{agent}.clinic.example",
        check_type=check,
        passed=passed,
        expected="enabled",
        actual="enabled" if passed else "disabled by policy; since the last restart",
        hipaa_control="164.312(a)(1)",
        metadata={"os_build": "22631.4317"},
        boot_id=f"{agent:016x}",
        seq=turn + 1,
    ).SerializeToString()


@attrs.frozen
class Rooms:
    """The rooms on the path, on a store."""

    database: Database
    heard: Mailbox[Heard]
    to_l1: Mailbox[IncidentToDecide] = attrs.field(
        factory=lambda: Mailbox[IncidentToDecide]("to_l1", capacity=1024)
    )
    journal: SqliteJournal = attrs.field(factory=lambda: SqliteJournal(SqliteTickets(_IDS, ())))
    coverage: SqliteCoverage = attrs.field(
        factory=lambda: SqliteCoverage(lambda _: AGENTS_ANSWER_EVERY_S)
    )

    def intake(self) -> DriftIntake:
        """Make the intake of events."""
        store = self.database
        fleet = Fleet(ReceiverSettings("site"), store, SqliteAgents(), _CLOCK)
        orders = HealOrders(store, SqliteHealOrders(), _CLOCK, 300.0, fleet)
        return DriftIntake(fleet, Vocabulary({}, {}), self.heard.post, _CLOCK, _IDS, orders)

    def actor(self) -> Actor:
        """Wire the journal."""
        return actor(
            "journal",
            reads=self.heard,
            make=lambda: JournalActor(
                self.to_l1.post, self.database, self.journal, self.coverage, _CLOCK, _IDS
            ),
            vital=True,
        )


def _handed_over(journal: SqliteJournal) -> Write[None]:
    """Play L1 and a person: what was opened is theirs."""

    def write(connection: sqlite3.Connection) -> None:
        moved = connection.execute(
            "UPDATE incidents SET state = 'escalated' WHERE state = 'observed'"
            " RETURNING site, host, check_id"
        )
        for key in moved.fetchall():
            journal._memory.moved(key)

    return write


@attrs.define
class Laps:
    """Seconds of CPU time by stage."""

    took: dict[str, float] = attrs.field(factory=dict[str, float])
    _began: float = attrs.field(factory=time.process_time, init=False)

    def begin(self) -> None:
        """Start the watch."""
        self._began = time.process_time()

    def lap(self, stage: str) -> None:
        """Book what passed since the last lap on a stage."""
        now = time.process_time()
        self.took[stage] = self.took.get(stage, 0.0) + now - self._began
        self._began = now


async def stages(rooms: Rooms, size: int, events: int) -> dict[str, float]:
    """Give microseconds of CPU time of an event, by stage."""
    intake, laps = rooms.intake(), Laps()
    for raw in itertools.islice(batches(100, size), events // size):
        laps.begin()
        messages = [DriftEvent.FromString(each) for each in raw]
        laps.lap("decode")
        said = intake.hear([_NOBODY] * size, messages)
        heard = [each for each in said if isinstance(each, Observation)]
        names = iter(_IDS.several("inc", size)).__next__
        laps.lap("observations")
        record = rooms.journal.record(heard, names, Moment.read(_CLOCK))

        def write(
            connection: sqlite3.Connection,
            record: Write[list[Recording]] = record,
            heard: Sequence[Observation] = heard,
        ) -> list[Recording]:
            laps.lap("commit")
            recordings = record(connection)
            laps.lap("journal")
            rooms.coverage.heard(*news_in(heard, recordings))(connection)
            laps.lap("coverage")
            return recordings

        [recordings] = await rooms.database.commit(write)
        laps.lap("commit")
        rooms.journal.settled()
        rooms.coverage.settled()
        for observation, recording in zip(heard, recordings, strict=True):
            assert recording.recorded is not None
            assert intake.ack(observation, recording.recorded).received
        laps.lap("acks")
        await rooms.database.commit(_handed_over(rooms.journal))
    return {stage: 1e6 * seconds / events for stage, seconds in laps.took.items()}


async def whole(rooms: Rooms, size: int, events: int) -> float:
    """Give microseconds of CPU time of an event on the whole path, decoding included."""
    intake, spent = rooms.intake(), 0.0
    source = batches(100, size)
    async with trio.open_nursery() as nursery:
        await nursery.start(_supervised, rooms.actor())
        for _ in range(events // size):
            raw = next(source)
            began = time.process_time()
            messages = [DriftEvent.FromString(each) for each in raw]
            acks: Sequence[DriftAck] = await intake.answer([_NOBODY] * size, messages)
            spent += time.process_time() - began
            assert all(ack.received for ack in acks)
            rooms.to_l1.waiting.clear()
            await rooms.database.commit(_handed_over(rooms.journal))
        nursery.cancel_scope.cancel()
    return 1e6 * spent / events


async def _supervised(line: Actor, *, task_status: trio.TaskStatus[None]) -> None:
    await supervise(
        line, on_dead_letter=_never, on_down=_never, random=SystemRandom(), task_status=task_status
    )


async def _never(what: object) -> None:
    raise AssertionError(what)


async def measure(folder: Path, size: int, events: int) -> dict[str, float]:
    """Measure both on files of their own."""
    async with open_database(folder / "stages.db", SCHEMAS) as database:
        rooms = Rooms(database, Mailbox[Heard]("heard", capacity=4096))
        found = await stages(rooms, size, events)
    async with open_database(folder / "whole.db", SCHEMAS) as database:
        rooms = Rooms(database, Mailbox[Heard]("heard", capacity=4096))
        found["whole path"] = await whole(rooms, size, events)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--disk", help="a folder on the disk to measure; a tmpfs flushes nothing")
    args = parser.parse_args()
    configure_logs(level="error")
    look_seldom()  # as an appliance does
    print("us of CPU time of an event, by the size of its batch")
    for size in args.sizes:
        with tempfile.TemporaryDirectory(dir=args.disk) as folder:
            count = args.events // 10 if size == 1 else args.events // size * size
            found = trio.run(measure, Path(folder), size, count)
        print(f"{size:6}", "  ".join(f"{stage} {took:.1f}" for stage, took in found.items()))


if __name__ == "__main__":
    main()
