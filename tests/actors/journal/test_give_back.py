"""What is forgotten gives its room back to the disk."""

import datetime as dt
from pathlib import Path

from actors.escalator import SCHEMA as TICKETS, SqliteTickets
from actors.journal import SCHEMA, Retention, SqliteJournal
from actors.messages import Moment, Observation, Severity, Status
from runtime.clock import VirtualClock
from runtime.hosts.sqlite import open_database
from runtime.ids import TimeOrderedIds

EPOCH = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


async def test_the_file_is_smaller_after_what_is_old_was_forgotten(tmp_path: Path) -> None:
    clock = VirtualClock(EPOCH)
    ids = TimeOrderedIds(clock)
    journal = SqliteJournal(SqliteTickets(ids, ()))
    old = [
        Observation(
            id=f"observation-{number}",
            site="site",
            host="host",
            check="check",
            status=Status.UNKNOWN,
            severity=Severity.LOW,
            observed_at=EPOCH - dt.timedelta(days=100),
            source="agent",
            actual="x" * 1000,
        )
        for number in range(1000)
    ]
    path, schemas = tmp_path / "journal.db", {"journal": SCHEMA, "escalator": TICKETS}
    async with open_database(path, schemas) as database:
        await database.commit(journal.record(old, lambda: "never", Moment.read(clock)))
    full = path.stat().st_size

    async with open_database(path, schemas) as database:
        await Retention(database, journal, clock, days=90).forget()

    assert full > 1_000_000
    assert path.stat().st_size < full / 5
