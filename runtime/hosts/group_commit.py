"""Group commit: many commits in one transaction, a savepoint each, so that they share one flush."""

import contextlib
import sqlite3
from collections.abc import Sequence
from typing import Any

import attrs
import outcome
import trio

from runtime.errors import StoreError, StoreFullError
from runtime.store import Write

_DISK_ERRORS = (
    "SQLITE_IOERR",
    "SQLITE_CORRUPT",
    "SQLITE_NOTADB",
    "SQLITE_READONLY",
    "SQLITE_CANTOPEN",
)
"""What concerns the file, and so every commit of the transaction."""


class TransactionLostError(Exception):
    """A whole transaction is lost; each of its commits is told so, none was answered."""

    def __init__(self, kind: type[StoreError], problem: str) -> None:
        super().__init__(problem)
        self.kind, self.problem = kind, problem

    def told(self) -> StoreError:
        """Make the error for one of those who wait: each raises its own."""
        return self.kind(self.problem)


@attrs.define(eq=False)
class Commit:
    """Writes that stand or fall together, and the task that waits for them, if one still does."""

    writes: tuple[Write[Any], ...]  # Any: `Store.commit` gives the type back to its caller
    task: trio.lowlevel.Task | None = None
    result: outcome.Outcome[list[Any]] = attrs.field(init=False)

    def run(self, connection: sqlite3.Connection) -> bool:
        """Run the writes; give whether none of them raised, for else all are to be taken back."""
        self.result = outcome.capture(self._results, connection)
        if isinstance(self.result, outcome.Value):
            return True
        if isinstance(self.result.error, sqlite3.Error):
            _raise_if_lost(self.result.error)
        return False

    def _results(self, connection: sqlite3.Connection) -> list[Any]:
        return [write(connection) for write in self.writes]


def commit_together(connection: sqlite3.Connection, batch: Sequence[Commit]) -> None:
    """Run commits in one transaction; when it returns they are durable and know their results.

    Raises:
        TransactionLostError: the disk is full or failed; nothing of any of them was kept.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        if len(batch) == 1:  # a savepoint copies each page that is written
            connection.execute("COMMIT" if batch[0].run(connection) else "ROLLBACK")
            return
        for commit in batch:
            connection.execute("SAVEPOINT one_commit")
            if not commit.run(connection):
                connection.execute("ROLLBACK TO one_commit")
            connection.execute("RELEASE one_commit")
        connection.execute("COMMIT")
    except (sqlite3.Error, TransactionLostError) as error:
        with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back by itself
            connection.execute("ROLLBACK")
        if isinstance(error, TransactionLostError):
            raise
        _raise_if_lost(error)
        raise TransactionLostError(StoreError, f"nothing of it was kept: {error}") from error


def _raise_if_lost(error: sqlite3.Error) -> None:
    name = getattr(error, "sqlite_errorname", "")  # set by SQLite's own errors only
    if name.startswith("SQLITE_FULL"):
        problem = "no room is left; nothing of it was kept"
        raise TransactionLostError(StoreFullError, problem) from error
    if name.startswith(_DISK_ERRORS):
        raise TransactionLostError(StoreError, f"the disk failed: {error}") from error
