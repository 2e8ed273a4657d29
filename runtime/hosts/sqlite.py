"""The appliance's memory in one SQLite file: one writer thread, group commit, readers apart.

What queued up while the last transaction ran becomes the next one, so the number of commits that a
flush carries follows the load by itself, without a timer.  A commit is answered after the flush:
WAL with `synchronous=FULL`.
"""

import contextlib
import os
import sqlite3
import stat
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar, cast

import attrs
import trio

from runtime.errors import StoreError
from runtime.hosts.group_commit import Commit, TransactionLostError, commit_together
from runtime.hosts.migrations import migrate
from runtime.hosts.reserve import Reserve
from runtime.hosts.sqlite_writer import Writer
from runtime.store import Query, Write

T = TypeVar("T")

_READERS = 4

_CACHE_KIB = 16 * 1024
"""Of pages that the writer keeps at hand."""

_NO_LIMIT = 2**32 - 2
"""Pages of a file, by SQLite's own measure."""

_LOG_PAGES = 4000
"""After which the log (16 MiB) is moved into the file: a page that changes often moves once."""


@attrs.define(eq=False)
class Database:
    """Keeps what `runtime.store.Store` promises; made by `open_database`."""

    path: Path
    _writer: Writer
    gone: trio.Event = attrs.field(factory=trio.Event, init=False)
    """Set when the disk failed so often that nothing is written any more."""
    _readers: list[sqlite3.Connection] = attrs.field(factory=list[sqlite3.Connection], init=False)
    _desk: trio.CapacityLimiter = attrs.field(
        factory=lambda: trio.CapacityLimiter(_READERS), init=False
    )

    async def commit(self, *writes: Write[T]) -> list[T]:
        """Run `writes` in one transaction; give their results when they are durable.

        Cancelled while it waits, the commit may or may not come about: whoever sends again must
        be idempotent.

        Raises:
            StoreFullError: no room is left; nothing was kept.
            StoreError: the disk failed; nothing of it may be relied on.
            Exception: what a write raised; nothing was kept.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        commit = Commit(writes, trio.lowlevel.current_task())
        self._writer.submit(commit)

        def give_up(_: object) -> trio.lowlevel.Abort:
            commit.task = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(give_up)
        return commit.result.unwrap()

    async def read(self, query: Query[T]) -> T:
        """Run `query` on a connection that cannot write; all of it sees the same commits.

        Raises:
            StoreError: the file cannot be read, or the query wished to write.
        """
        return await trio.to_thread.run_sync(self._read, query, limiter=self._desk)

    def pressed(self) -> bool:
        """Say whether the disk is full, and the reserve in use."""
        reserve = self._writer.reserve
        return reserve is not None and not reserve.held

    def close_readers(self) -> None:
        """Close what `read` opened; nobody may be reading."""
        while self._readers:
            self._readers.pop().close()

    def _read(self, query: Query[T]) -> T:
        try:
            with self._a_reader() as connection:
                return query(connection)
        except sqlite3.Error as error:
            raise StoreError(f"could not be read: {error}") from error

    @contextlib.contextmanager
    def _a_reader(self) -> Generator[sqlite3.Connection]:
        # In a thread; `pop` and `append` of a list are atomic.
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = _reading(self.path)
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._readers.append(connection)


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

    Args:
        path: of the file; its log and its index stand beside it.  Others may read none of them,
            whoever made the folder.
        schemas: a folder of numbered files for each room; see `migrate`.
        on_commit: is called on trio's thread after each flush.
        max_bytes: how large the file may grow.  Its log comes on top.
        reserve: what is given up when the disk is full.

    Raises:
        StoreError: it cannot be opened; as `MigrationError` where its tables do not fit.
    """

    def connect() -> sqlite3.Connection:
        return _writing(path, max_bytes)

    def answer(batch: Sequence[Commit]) -> None:
        with contextlib.suppress(trio.RunFinishedError):
            token.run_sync_soon(_answer, batch, on_commit)
            if writer.gave_up:
                token.run_sync_soon(database.gone.set)

    _close_to_others(path)
    try:
        connection = _prepared(connect, schemas, reserve)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: cannot be opened: {error}") from error
    token = trio.lowlevel.current_trio_token()
    writer = Writer(connection, connect, answer, reserve)
    database = Database(path, writer)
    thread = threading.Thread(target=writer.run, name=f"writer of {path.name}")
    thread.start()
    try:
        yield database
    finally:
        database.close_readers()  # first: only one that may write can tidy the log away
        writer.stop()
        with trio.CancelScope(shield=True):  # what waits is written; it takes one flush
            await trio.to_thread.run_sync(thread.join)


def _close_to_others(path: Path) -> None:
    """Make the file for our user alone, and take from others what they may do with one of before.

    SQLite gives its log and its index the mode of the file; those of a life that was cut are there.
    """
    with contextlib.suppress(OSError):  # SQLite says better what is wrong
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        with contextlib.suppress(OSError):
            mode = stat.S_IMODE(each.stat().st_mode)
            if mode & stat.S_IRWXO:
                each.chmod(mode & ~stat.S_IRWXO)


def _prepared(
    connect: Callable[[], sqlite3.Connection],
    schemas: Mapping[str, Traversable],
    reserve: Reserve | None,
) -> sqlite3.Connection:
    """Open the file for writing, its tables up to date; raises sqlite3.Error, MigrationError."""
    try:
        connection = _migrated(connect(), schemas)
    except sqlite3.OperationalError:
        if reserve is None or not reserve.path.exists():
            raise
        # Opening takes some room too, and an earlier life may have ended on a full disk.
        reserve.release()
        return _migrated(connect(), schemas)
    if reserve is not None:
        reserve.take()
    return connection


def _migrated(
    connection: sqlite3.Connection, schemas: Mapping[str, Traversable]
) -> sqlite3.Connection:
    try:
        [most] = connection.execute("PRAGMA max_page_count").fetchone()
        # A table that gets another form stands there twice until the other one is dropped.
        connection.execute(f"PRAGMA max_page_count = {_NO_LIMIT}")
        migrate(connection, schemas)
        connection.execute(f"PRAGMA max_page_count = {most}")
    except BaseException:
        connection.close()
        raise
    return connection


def _answer(batch: Sequence[Commit], on_commit: Callable[[], None]) -> None:
    for commit in batch:
        if commit.task is not None:
            trio.lowlevel.reschedule(commit.task)
    on_commit()


def _writing(path: Path, max_bytes: int | None) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    execute = connection.execute
    execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts only before the first table
    execute("PRAGMA journal_mode = WAL")
    execute("PRAGMA synchronous = FULL")
    # What a savepoint may have to take back is copied: to memory, for a file costs 12 us an event.
    execute("PRAGMA temp_store = MEMORY")
    execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    execute("PRAGMA foreign_keys = ON")
    execute("PRAGMA busy_timeout = 5000")  # milliseconds
    if max_bytes is not None:
        [page_size] = execute("PRAGMA page_size").fetchone()
        execute(f"PRAGMA max_page_count = {max_bytes // int(page_size)}")
    return connection


def _reading(path: Path) -> sqlite3.Connection:
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
        """Run `writes` in one transaction; give their results.  Raises as `Database.commit`."""
        await trio.lowlevel.checkpoint()
        commit = Commit(writes)
        try:
            commit_together(self.connection, [commit])
        except TransactionLostError as lost:
            raise lost.told() from lost
        results = cast("list[T]", commit.result.unwrap())
        self.on_commit()
        return results

    async def read(self, query: Query[T]) -> T:
        """Run `query` where it cannot write."""
        await trio.lowlevel.checkpoint()
        # Not by `PRAGMA query_only`: it makes the connection prepare every statement anew.
        connection, changes = self.connection, self.connection.total_changes
        connection.execute("BEGIN")
        try:
            answer = query(connection)
        except sqlite3.Error as error:
            raise StoreError(f"could not be read: {error}") from error
        finally:
            connection.execute("ROLLBACK")
        if connection.total_changes != changes:
            raise StoreError("could not be read: attempt to write a readonly database")
        return answer

    def pressed(self) -> bool:
        """Say whether the disk is full: memory never is."""
        return False
