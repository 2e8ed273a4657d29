"""Numbered schema files of each room, applied once and in order, and remembered by their hash."""

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable

import attrs

from runtime.errors import StoreError

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    room   TEXT NOT NULL,
    number INTEGER NOT NULL,
    name   TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (room, number)
) STRICT
"""


class MigrationError(StoreError):
    """The file was written by another version of a room than this one can read."""

    def __init__(self, room: str, number: int, problem: str) -> None:
        super().__init__(f"schema {room}/{number:04}: {problem}")
        self.room, self.number, self.problem = room, number, problem


@attrs.frozen
class _Migration:
    room: str
    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrate(connection: sqlite3.Connection, schemas: Mapping[str, Traversable]) -> None:
    """Bring the tables of every room up to date, all of it in one transaction.

    `schemas` maps a room to its folder of files such as `0001_incidents.sql`.

    Raises:
        MigrationError: an applied file was changed since, or the database knows more than we do.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(_LEDGER)
        for room, folder in schemas.items():
            _migrate_room(connection, room, list(_migrations(room, folder)))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has rolled back by itself
            connection.execute("ROLLBACK")
        raise


def _migrate_room(connection: sqlite3.Connection, room: str, known: list[_Migration]) -> None:
    rows = connection.execute(
        "SELECT number, sha256 FROM schema_migrations WHERE room = ?", (room,)
    ).fetchall()
    applied: dict[int, str] = dict(rows)
    newest = max((each.number for each in known), default=0)
    for number in applied:
        if number > newest:
            raise MigrationError(room, number, "was written by a newer Aright; update this one")
    for each in known:
        if each.number not in applied:
            for statement in _statements(each.sql):
                connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_migrations VALUES (?, ?, ?, ?)",
                (room, each.number, each.name, each.sha256),
            )
        elif applied[each.number] != each.sha256:
            raise MigrationError(room, each.number, "was changed after it had been applied")


def _migrations(room: str, folder: Traversable) -> Iterator[_Migration]:
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if matched := _NAME.fullmatch(file.name):
            sql = file.read_text(encoding="utf-8")
            yield _Migration(room, int(matched[1]), file.name, sql)


def _statements(sql: str) -> Iterator[str]:
    # `executescript` would commit first, and a half-applied file could never be told from a whole.
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
