"""A journal that an earlier version wrote says the same afterwards."""

import shutil
import sqlite3
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

import attrs
import pytest

from actors.coverage import SCHEMA as COVERAGE
from actors.journal import SCHEMA, SqliteJournal
from actors.messages import Moment, Observation, Platform, Recorded, Severity, Status
from runtime.hosts.migrations import migrate
from tests.actors.journal.world import EPOCH, SpyTickets

PLAIN = Observation(
    "obs_1", "clinic", "ws-1", "firewall_status", Status.FAIL, Severity.HIGH, EPOCH, "agent",
    Platform.WINDOWS, agent_id="go-ws-1", boot_id="boot", seq=7, expected="on", actual='"off"',
    controls=("164.312(a)(1)",), metadata={"os_build": "22631"},
)  # fmt: skip
BARE = Observation(
    "obs_2", "clinic", "ws-2", "disk", Status.PASS, Severity.LOW, EPOCH, "scanner"
)  # fmt: skip
FULL = attrs.evolve(
    BARE, id="obs_3", status=Status.UNKNOWN, distro="debian", details={"free": 1.5, "of": None},
    absent=True, reason="no_such_disk",
)  # fmt: skip
MORE = '{"absent":true,"details":{"free":1.5,"of":null},"distro":"debian","reason":"no_such_disk"}'


@pytest.fixture
def before(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Give a database as the third version of the schema left it, with the three."""
    with as_file(SCHEMA) as folder:
        for file in Path(folder).glob("000[123]_*.sql"):
            shutil.copy(file, tmp_path)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, {"journal": tmp_path})
    connection.executemany(
        "INSERT INTO observations VALUES (?, 'clinic', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL,"
        " ?, ?, ?, ?, ?)",
        (
            (
                "obs_1", "ws-1", "firewall_status", "fail", "high", "windows", "agent",
                EPOCH.isoformat(), "go-ws-1", "boot", 7, 42, "on", '"off"', '["164.312(a)(1)"]',
                '{"os_build":"22631"}', None,
            ),
            (
                "obs_2", "ws-2", "disk", "pass", "low", "unknown", "scanner", EPOCH.isoformat(),
                "", "", None, None, "", "", None, None, None,
            ),
            (
                "obs_3", "ws-2", "disk", "unknown", "low", "unknown", "scanner",
                EPOCH.isoformat(), "", "", None, None, "", "", None, None,
                MORE,
            ),
        ),
    )  # fmt: skip
    yield connection
    connection.close()


@pytest.mark.parametrize("heard", [PLAIN, BARE, FULL])
def test_what_was_heard_before_the_upgrade_is_read_as_it_was_said(
    before: sqlite3.Connection, heard: Observation
) -> None:
    migrate(before, {"journal": SCHEMA})

    assert SqliteJournal(SpyTickets()).observation(heard.id)(before) == heard


def test_a_repeat_of_what_was_heard_before_the_upgrade_is_known(
    before: sqlite3.Connection,
) -> None:
    migrate(before, {"journal": SCHEMA})

    journal, now = SqliteJournal(SpyTickets()), Moment(EPOCH, "boot", 0.0)
    again, next_one = attrs.evolve(PLAIN, id="obs_4"), attrs.evolve(PLAIN, id="obs_5", seq=8)
    repeat, new = journal.record([again, next_one], lambda: "inc_1", now)(before)
    assert repeat.recorded == Recorded("obs_1", None, duplicate=True)
    assert new.recorded == Recorded("obs_5", "inc_1")
    assert new.jump is None


def test_how_far_an_agent_was_heard_before_the_upgrade_is_known(tmp_path: Path) -> None:
    earlier = {"journal": tmp_path / "journal", "coverage": tmp_path / "coverage"}
    for room, most in (("journal", 4), ("coverage", 2)):
        earlier[room].mkdir()
        with as_file(files(f"actors.{room}") / "schema") as folder:
            for file in Path(folder).glob("*.sql"):
                if int(file.name[:4]) <= most:
                    shutil.copy(file, earlier[room])
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, earlier)
    # What it said is forgotten; that it was heard as far as 12 is not.
    connection.execute("INSERT INTO boots VALUES ('go-ws-1', 'boot', 'ws-1', 12, 1000, 5000)")
    migrate(connection, {"journal": SCHEMA, "coverage": COVERAGE})

    journal, now = SqliteJournal(SpyTickets()), Moment(EPOCH, "boot", 0.0)
    [recording] = journal.record([attrs.evolve(PLAIN, seq=15)], lambda: "inc_1", now)(connection)
    jump = recording.jump
    assert jump is not None
    assert (jump.last, jump.seq, jump.since) == (12, 15, 5000)
    connection.close()
