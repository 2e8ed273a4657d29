"""A disk that fills up and is freed: what is refused was not acked, what was acked is there."""

import contextlib
import sqlite3
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from random import SystemRandom

import attrs
import pytest
import trio

from actors.coverage import SCHEMA as COVERAGE, SqliteCoverage
from actors.escalator import SCHEMA as TICKETS, SqliteTickets
from actors.journal import (
    SCHEMA,
    Heard,
    IncidentFilter,
    JournalActor,
    SqliteJournal,
    list_incidents,
)
from actors.messages import IncidentToDecide, Observation, Recorded, Severity, Status, StopKind
from actors.requests import RecordObservation
from runtime.actor import Actor, actor
from runtime.clock import SystemClock
from runtime.errors import StoreFullError
from runtime.hosts.reserve import Reserve
from runtime.hosts.sqlite import Database, open_database
from runtime.ids import TimeOrderedIds
from runtime.mailbox import Mailbox
from runtime.supervisor import supervise
from tests.system.small_disk import Disk, small_disk

RESERVE = 512 * 1024


@pytest.fixture(params=["tmpfs", "starved"])
def disk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[Disk]:
    with small_disk(request.param, tmp_path, monkeypatch) as found:
        yield found


@attrs.define
class Agent:
    """Reports what it sees, keeps what is refused, and reports that again."""

    heard: Mailbox[Heard]
    seq: int = 0
    acked: dict[int, Recorded] = attrs.field(factory=dict[int, Recorded])
    refused: list[Observation] = attrs.field(factory=list[Observation])

    async def report(self, check: str) -> bool:
        self.seq += 1
        return await self._report(
            Observation(
                id=f"observation-{self.seq}",
                site="site",
                host="host",
                check=check,
                status=Status.FAIL,
                severity=Severity.HIGH,
                observed_at=SystemClock().now(),
                source="agent",
                actual="x" * 4000,
                agent_id="agent",
                boot_id="boot",
                seq=self.seq,
            )
        )

    async def report_again(self) -> None:
        refused, self.refused = self.refused, []
        for observation in refused:
            await self._report(observation)

    async def _report(self, observation: Observation) -> bool:
        assert observation.seq is not None
        try:
            answer = await RecordObservation(observation).ask(self.heard.post)
        except StoreFullError:
            self.refused.append(observation)
            return False
        self.acked[observation.seq] = answer
        return True


@contextlib.asynccontextmanager
async def journal_on(disk: Disk) -> AsyncGenerator[tuple[Database, Agent]]:
    """Run a journal on a disk; give it with an agent that reports to it."""
    clock = SystemClock()
    ids = TimeOrderedIds(clock)
    heard = Mailbox[Heard]("heard", capacity=64)
    to_l1 = Mailbox[IncidentToDecide]("to_l1", capacity=1)
    async with (
        open_database(
            disk.path / "journal.db",
            {"journal": SCHEMA, "escalator": TICKETS, "coverage": COVERAGE},
            reserve=Reserve(disk.path / "reserve", RESERVE),
        ) as database,
        trio.open_nursery() as nursery,
    ):
        journal = SqliteJournal(SqliteTickets(ids, ()))
        room = JournalActor(
            to_l1.post, database, journal, SqliteCoverage(_beat), clock, ids, database.pressed
        )
        await nursery.start(_supervised, actor("journal", reads=heard, make=lambda: room))
        yield database, Agent(heard)
        nursery.cancel_scope.cancel()


def _beat(_: Observation) -> float:
    return 300.0


async def _supervised(line: Actor, *, task_status: trio.TaskStatus[None]) -> None:
    await supervise(
        line, on_dead_letter=_never, on_down=_never, random=SystemRandom(), task_status=task_status
    )


async def _never(what: object) -> None:
    raise AssertionError(what)


async def fill_up(disk: Disk, agent: Agent) -> None:
    """Fill the disk and let the agent report until that is felt."""
    disk.fill()
    while await agent.report("repeated"):
        pass


async def test_a_full_disk_loses_nothing_that_was_acked(disk: Disk) -> None:
    async with journal_on(disk) as (database, agent):
        for _ in range(20):
            assert await agent.report("repeated")
        await fill_up(disk, agent)
        assert agent.refused

        disk.free()
        await agent.report("repeated")  # whatever is written takes the reserve back
        assert not database.pressed()
        await agent.report_again()

        assert not agent.refused
        assert sorted(agent.acked) == list(range(1, agent.seq + 1))
        assert await database.read(_seqs) == sorted(agent.acked)
        [incident] = await database.read(list_incidents(IncidentFilter()))
        assert incident.count == agent.seq


async def test_a_full_disk_tells_a_person_once(disk: Disk) -> None:
    async with journal_on(disk) as (database, agent):
        for _ in range(3):
            await fill_up(disk, agent)

        [ticket] = await database.read(SqliteTickets(TimeOrderedIds(SystemClock()), ()).listed())
        assert (ticket.kind, ticket.key) == (StopKind.STORE, "full")


async def test_on_a_full_disk_the_reserve_takes_changes_of_state(disk: Disk) -> None:
    async with journal_on(disk) as (database, agent):
        await fill_up(disk, agent)

        assert await agent.report("new drift")
        assert not await agent.report("new drift")

        found = await database.read(list_incidents(IncidentFilter()))
        assert "new drift" in {incident.check for incident in found}


async def test_a_journal_starts_on_a_full_disk(disk: Disk) -> None:
    async with journal_on(disk) as (_, agent):
        await agent.report("repeated")
        await fill_up(disk, agent)
        acked = dict(agent.acked)

    async with journal_on(disk) as (database, agent):
        assert await database.read(_seqs) == sorted(acked)
        disk.free()
        agent.seq = 1000
        assert await agent.report("after")


async def test_the_file_is_sound_after_a_full_disk(disk: Disk) -> None:
    async with journal_on(disk) as (_, agent):
        for check in range(20):
            await agent.report(str(check))
        await fill_up(disk, agent)

    with contextlib.closing(sqlite3.connect(disk.path / "journal.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _seqs(connection: sqlite3.Connection) -> list[int]:
    return [seq for (seq,) in connection.execute("SELECT seq FROM observations ORDER BY seq")]
