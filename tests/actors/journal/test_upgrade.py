"""A journal that an earlier version wrote says the same afterwards."""

import shutil
import sqlite3
from collections.abc import Iterator
from importlib.resources import as_file
from pathlib import Path

import attrs
import pytest

from actors.journal import SCHEMA, SqliteJournal
from actors.messages import Observation, Platform, Severity, Status
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

    found = before.execute("SELECT id FROM observations WHERE start = 42 AND seq = 7").fetchall()
    assert found == [("obs_1",)]
