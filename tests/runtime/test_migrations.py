"""Numbered schema files: each room's applied once, in order, whole or not at all."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.hosts.migrations import MigrationError, migrate
from tests.fakes.schemas import schema_folder

TABLE = "CREATE TABLE notes (text TEXT) STRICT;\n"
COLUMN = "ALTER TABLE notes ADD COLUMN at TEXT;\n"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def ledger(connection: sqlite3.Connection) -> list[tuple[str, int, str]]:
    rows = connection.execute("SELECT room, number, name FROM schema_migrations ORDER BY 1, 2")
    return rows.fetchall()


def test_files_are_applied_in_the_order_of_their_numbers(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    migrate(connection, {"notes": schema_folder(tmp_path, TABLE, COLUMN)})

    connection.execute("INSERT INTO notes (text, at) VALUES ('a', 'now')")
    assert ledger(connection) == [
        ("notes", 1, "0001_tables.sql"),
        ("notes", 2, "0002_tables.sql"),
    ]


def test_a_second_start_applies_nothing(connection: sqlite3.Connection, tmp_path: Path) -> None:
    schemas = {"notes": schema_folder(tmp_path, TABLE)}
    migrate(connection, schemas)

    changes = connection.total_changes
    migrate(connection, schemas)

    assert connection.total_changes == changes


def test_rooms_count_for_themselves(connection: sqlite3.Connection, tmp_path: Path) -> None:
    one = schema_folder(tmp_path / "one", TABLE, COLUMN)
    two = schema_folder(tmp_path / "two", "CREATE TABLE others (text TEXT) STRICT;")

    migrate(connection, {"one": one})
    migrate(connection, {"one": one, "two": two})

    assert [(room, number) for room, number, _ in ledger(connection)] == [
        ("one", 1),
        ("one", 2),
        ("two", 1),
    ]


def test_other_files_of_the_folder_are_none_of_its_business(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    folder = schema_folder(tmp_path, TABLE)
    (folder / "README.md").write_text("no SQL")
    (folder / "1_draft.sql").write_text("no SQL either")

    migrate(connection, {"notes": folder})

    assert len(ledger(connection)) == 1


def test_a_trigger_is_one_statement(connection: sqlite3.Connection, tmp_path: Path) -> None:
    trigger = (
        "-- said; with a semicolon\n"
        "CREATE TRIGGER stands BEFORE UPDATE ON notes BEGIN\n"
        "    SELECT RAISE(ABORT, 'no; never');\n"
        "END;\n"
        "-- the end\n"
    )
    migrate(connection, {"notes": schema_folder(tmp_path, TABLE + trigger)})

    connection.execute("INSERT INTO notes VALUES ('a')")
    with pytest.raises(sqlite3.IntegrityError, match="no; never"):
        connection.execute("UPDATE notes SET text = 'b'")


def test_all_rooms_are_brought_up_to_date_or_none(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    good = schema_folder(tmp_path / "good", TABLE)
    bad = schema_folder(tmp_path / "bad", "CREATE TABLE half (a);\nCREATE TABLE notes (b);\n")

    with pytest.raises(sqlite3.OperationalError, match="notes already exists"):
        migrate(connection, {"good": good, "bad": bad})

    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == []


@pytest.mark.parametrize(
    ("known", "number", "problem"),
    [
        ((TABLE,), 2, "was written by a newer Aright"),
        ((TABLE, COLUMN + "-- edited\n"), 2, "was changed after it had been applied"),
        ((), 1, "was written by a newer Aright"),
    ],
)
def test_a_file_that_does_not_fit_what_was_applied_is_named(
    connection: sqlite3.Connection,
    tmp_path: Path,
    known: tuple[str, ...],
    number: int,
    problem: str,
) -> None:
    migrate(connection, {"notes": schema_folder(tmp_path / "then", TABLE, COLUMN)})

    with pytest.raises(MigrationError, match=problem) as refused:
        migrate(connection, {"notes": schema_folder(tmp_path / "now", *known)})

    assert (refused.value.room, refused.value.number) == ("notes", number)
    assert not connection.in_transaction
