"""The appliance's memory in one SQLite file: one writer thread, group commit, readers apart.

What queued up while the last transaction ran becomes the next one (a savepoint a commit), so the
number of rows a flush carries follows the load by itself, without a timer.  A commit is answered
after the flush: WAL with `synchronous=FULL`.
"""

import contextlib
import queue
import sqlite3
import threading
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, cast

import attrs
import outcome
import structlog
import trio

from runtime.errors import StoreError, StoreFullError
from runtime.hosts.migrations import migrate
from runtime.hosts.reserve import Reserve
from runtime.store import Query, Write

T = TypeVar("T")

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_MOST_AT_ONCE = 1024
"""Commits that one transaction carries at most, so that the first of them does not wait long."""

_READERS = 4
_ERRORS_IN_A_ROW = 3
"""I/O errors after which nothing is written any more until somebody looks at the disk."""


class _DiskError(Exception):
    """The whole transaction is lost; `error` is what each of its commits is told."""

    def __init__(self, error: StoreError) -> None:
        super().__init__(str(error))
        self.error = error


@attrs.define(eq=False)
class _Commit:
    """Writes that stand or fall together, and the task that waits for them."""

    writes: tuple[Write[Any], ...]  # Any: `commit` gives the type back to the caller
    task: trio.lowlevel.Task | None
    result: outcome.Outcome[list[Any]] = attrs.field(init=False)


@attrs.define(eq=False)
class Database:
    """Keeps what `runtime.store.Store` promises; made by `open_database`."""

    path: Path
    reserve: Reserve | None
    _connect: Callable[[], sqlite3.Connection]
    _on_commit: Callable[[], None]
    _token: trio.lowlevel.TrioToken
    _jobs: "queue.SimpleQueue[_Commit | None]" = attrs.field(factory=queue.SimpleQueue, init=False)
    _readers: list[sqlite3.Connection] = attrs.field(factory=list[sqlite3.Connection], init=False)
    _reading: trio.CapacityLimiter = attrs.field(
        factory=lambda: trio.CapacityLimiter(_READERS), init=False
    )
    _errors: int = attrs.field(default=0, init=False)

    async def commit(self, *writes: Write[T]) -> list[T]:
        """Run `writes` in one transaction; give their results when they are durable.

        Cancelled while it waits, the commit may or may not come about: whoever sends again must
        be idempotent.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        commit = _Commit(writes, trio.lowlevel.current_task())
        self._jobs.put(commit)

        def give_up(_: object) -> trio.lowlevel.Abort:
            commit.task = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(give_up)
        return commit.result.unwrap()

    async def read(self, query: Query[T]) -> T:
        """Run `query` on a connection that cannot write."""
        return await trio.to_thread.run_sync(self._read, query, limiter=self._reading)

    def pressed(self) -> bool:
        """Say whether the disk is full, and the reserve in use."""
        return self.reserve is not None and not self.reserve.held

    # In threads that read.

    def _read(self, query: Query[T]) -> T:
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = _reader(self.path)
        try:
            return query(connection)
        finally:
            self._readers.append(connection)

    # In the writer's thread.

    def write_on(self) -> None:
        """Write until told to stop; the body of the writer's thread."""
        connection = self._connect()
        while True:
            batch, more = self._gathered()
            if batch:
                connection = self._transact(connection, batch)
                with contextlib.suppress(trio.RunFinishedError):
                    self._token.run_sync_soon(self._answer, batch)
            if not more:
                break
        connection.close()
        while self._readers:
            self._readers.pop().close()

    def stop(self) -> None:
        """Tell the writer to end when it has written what waits."""
        self._jobs.put(None)

    def _gathered(self) -> tuple[list[_Commit], bool]:
        first = self._jobs.get()
        if first is None:
            return [], False
        batch = [first]
        while len(batch) < _MOST_AT_ONCE:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return batch, False
            batch.append(job)
        return batch, True

    def _transact(
        self, connection: sqlite3.Connection, batch: Sequence[_Commit]
    ) -> sqlite3.Connection:
        if self._errors >= _ERRORS_IN_A_ROW:
            gone = StoreError("the disk failed three times in a row; nothing is written any more")
            for commit in batch:
                commit.result = outcome.Error(gone)
            return connection
        try:
            _in_one_transaction(connection, batch)
        except _DiskError as failed:
            for commit in batch:
                commit.result = outcome.Error(failed.error)
            return self._recovered(connection, failed.error)
        self._errors = 0
        if self.reserve is not None and not self.reserve.held:
            self.reserve.take()
        return connection

    def _recovered(self, connection: sqlite3.Connection, error: StoreError) -> sqlite3.Connection:
        """Make room, or open the file anew, so that the next commit may succeed."""
        if isinstance(error, StoreFullError):
            if self.reserve is not None and self.reserve.held:
                # Without room SQLite can neither delete nor move its log into the file.
                self.reserve.release()
                with contextlib.suppress(sqlite3.OperationalError):
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return connection
        self._errors += 1
        log.error("disk_error", path=str(self.path), error=str(error), count=self._errors)
        with contextlib.suppress(sqlite3.Error):
            connection.close()
        return self._connect()

    # On trio's thread.

    def _answer(self, batch: Sequence[_Commit]) -> None:
        for commit in batch:
            if commit.task is not None:
                trio.lowlevel.reschedule(commit.task)
        self._on_commit()


def _in_one_transaction(connection: sqlite3.Connection, batch: Sequence[_Commit]) -> None:
    """Run each commit in a savepoint of its own: one that raises undoes itself alone."""
    execute = connection.execute
    try:
        execute("BEGIN IMMEDIATE")
        for commit in batch:
            execute("SAVEPOINT decision")
            commit.result = outcome.capture(_run, commit, connection)
            if isinstance(commit.result, outcome.Error):
                _raise_disk_error(commit.result.error)
                execute("ROLLBACK TO decision")
            execute("RELEASE decision")
        execute("COMMIT")
    except (sqlite3.Error, _DiskError) as error:
        with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back by itself
            execute("ROLLBACK")
        _raise_disk_error(error)
        raise _DiskError(StoreError(f"nothing of it was kept: {error}")) from error


def _run(commit: _Commit, connection: sqlite3.Connection) -> list[Any]:
    return [write(connection) for write in commit.writes]


def _raise_disk_error(error: BaseException) -> None:
    """Raise `_DiskError` where an error concerns the whole transaction; else do nothing."""
    if isinstance(error, _DiskError):
        raise error
    if not isinstance(error, sqlite3.OperationalError | sqlite3.DatabaseError):
        return
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL"):
        raise _DiskError(StoreFullError("no room is left; nothing of it was kept")) from error
    if name.startswith(("SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_READONLY", "SQLITE_CANTOPEN")):
        raise _DiskError(StoreError(f"the disk failed: {error}")) from error


@contextlib.asynccontextmanager
async def open_database(
    path: Path,
    schemas: Mapping[str, Traversable],
    *,
    on_commit: Callable[[], None] = lambda: None,
    max_bytes: int | None = None,
    reserve: Reserve | None = None,
) -> AsyncGenerator[Database]:
    """Open the file, bring its tables up to date, and write to it until the block is left.

    `on_commit` is called on trio's thread after each flush.

    Raises:
        StoreError: it cannot be opened; with `MigrationError` where its tables do not fit.
    """

    def connect() -> sqlite3.Connection:
        return _writer(path, max_bytes)

    try:
        with contextlib.closing(connect()) as connection:
            migrate(connection, schemas)
        if reserve is not None:
            reserve.take()
    except sqlite3.Error as error:
        raise StoreError(f"{path}: cannot be opened: {error}") from error
    database = Database(path, reserve, connect, on_commit, trio.lowlevel.current_trio_token())
    thread = threading.Thread(target=database.write_on, name=f"writer of {path.name}")
    thread.start()
    try:
        yield database
    finally:
        database.stop()
        with trio.CancelScope(shield=True):  # what waits is written; it takes one flush
            await trio.to_thread.run_sync(thread.join)


def _writer(path: Path, max_bytes: int | None) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    execute = connection.execute
    execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts only before the first table
    execute("PRAGMA journal_mode = WAL")
    execute("PRAGMA synchronous = FULL")
    execute("PRAGMA foreign_keys = ON")
    execute("PRAGMA busy_timeout = 5000")
    if max_bytes is not None:
        page_size: int = execute("PRAGMA page_size").fetchone()[0]
        execute(f"PRAGMA max_page_count = {max_bytes // page_size}")
    return connection


def _reader(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


@attrs.define(eq=False)
class InlineStore:
    """The same promises in memory, on trio's own thread: for tests and the simulation.

    What was committed lives in `connection`.  A power cut is a new `InlineStore` on it: whatever
    was not committed was never there.
    """

    connection: sqlite3.Connection
    on_commit: Callable[[], None] = lambda: None

    @classmethod
    def with_schemas(cls, schemas: Mapping[str, Traversable]) -> "InlineStore":
        """Open an empty one."""
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        migrate(connection, schemas)
        return cls(connection)

    async def commit(self, *writes: Write[T]) -> list[T]:
        """Run `writes` in one transaction; give their results."""
        await trio.lowlevel.checkpoint()
        commit = _Commit(writes, None)
        try:
            _in_one_transaction(self.connection, [commit])
        except _DiskError as failed:
            raise failed.error from failed
        results = cast("list[T]", commit.result.unwrap())
        self.on_commit()
        return results

    async def read(self, query: Query[T]) -> T:
        """Run `query` where it cannot write."""
        await trio.lowlevel.checkpoint()
        self.connection.execute("PRAGMA query_only = ON")
        try:
            return query(self.connection)
        finally:
            self.connection.execute("PRAGMA query_only = OFF")

    def pressed(self) -> bool:
        """Say whether the disk is full: memory never is."""
        return False
