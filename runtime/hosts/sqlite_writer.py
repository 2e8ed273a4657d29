"""The one thread that writes: takes what queued up, makes it durable, and says so."""

import contextlib
import queue
import sqlite3
from collections.abc import Callable, Sequence

import attrs
import outcome
import structlog

from runtime.errors import StoreError, StoreFullError
from runtime.hosts.group_commit import Commit, TransactionLostError, commit_together
from runtime.hosts.reserve import Reserve

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_MOST_AT_ONCE = 1024
"""Commits that one transaction carries at most, so that the first of them does not wait long."""

ERRORS_IN_A_ROW = 3
"""Disk errors after which nothing is written any more until somebody looks at the disk."""


@attrs.define(eq=False)
class Writer:
    """Writes until told to stop.  A disk that fails is opened anew; three times in a row, not."""

    _connection: sqlite3.Connection | None
    connect: Callable[[], sqlite3.Connection]
    """Opens the file anew; raises sqlite3.Error."""
    answer: Callable[[Sequence[Commit]], None]
    """Called in the writer's thread with the commits that know their results."""
    reserve: Reserve | None = None
    _jobs: "queue.SimpleQueue[Commit | None]" = attrs.field(factory=queue.SimpleQueue, init=False)
    _errors: int = attrs.field(default=0, init=False)

    @property
    def gave_up(self) -> bool:
        """Whether the disk failed so often that nothing is written any more."""
        return self._errors >= ERRORS_IN_A_ROW

    def submit(self, commit: Commit) -> None:
        """Queue a commit, from any thread."""
        self._jobs.put(commit)

    def stop(self) -> None:
        """Tell the writer to end when it has written what waits."""
        self._jobs.put(None)

    def run(self) -> None:
        """Write; the body of the thread."""
        more = True
        while more:
            batch, more = self._gathered()
            if batch:
                self._write(batch)
                self.answer(batch)
        if self._connection is not None:
            self._connection.close()

    def _gathered(self) -> tuple[list[Commit], bool]:
        """Wait for a commit and take what else queued up; also say whether to go on after it."""
        batch: list[Commit] = []
        job = self._jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == _MOST_AT_ONCE or self._jobs.empty():
                return batch, True
            job = self._jobs.get()
        return batch, False

    def _write(self, batch: Sequence[Commit]) -> None:
        try:
            commit_together(self._opened(), batch)
        except TransactionLostError as lost:
            for commit in batch:
                commit.result = outcome.Error(lost.told())
            self._recover(lost)
        else:
            self._errors = 0
            if self.reserve is not None and not self.reserve.held:
                self.reserve.put_back()

    def _opened(self) -> sqlite3.Connection:
        if self.gave_up:
            problem = f"the disk failed {self._errors} times in a row; nothing is written any more"
            raise TransactionLostError(StoreError, problem)
        if self._connection is None:
            self._connection = self._opened_anew()
        return self._connection

    def _opened_anew(self) -> sqlite3.Connection:
        """Open the file after a disk error, if what stands in it is whole."""
        try:
            connection = self.connect()
            [found] = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.Error as error:
            raise TransactionLostError(StoreError, f"cannot be opened: {error}") from error
        if found != "ok":
            connection.close()
            raise TransactionLostError(StoreError, f"the file is damaged: {found}")
        return connection

    def _recover(self, lost: TransactionLostError) -> None:
        """Make room, or have the file opened anew, so that the next commit may succeed."""
        if lost.kind is StoreFullError:
            self._make_room()
        elif not self.gave_up:
            self._errors += 1
            log.error("disk_error", error=lost.problem, count=self._errors)
            connection, self._connection = self._connection, None
            if connection is not None:
                with contextlib.suppress(sqlite3.Error):
                    connection.close()

    def _make_room(self) -> None:
        if self.reserve is None or not self.reserve.held or self._connection is None:
            return
        # Without room SQLite can neither delete nor move its log into the file.
        self.reserve.release()
        with contextlib.suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
