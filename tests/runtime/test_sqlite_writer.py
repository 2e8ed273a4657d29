"""The writer's thread on a disk that fails: opened anew, given room, or left alone."""

import functools
import sqlite3
from collections.abc import Callable
from pathlib import Path

import attrs
import outcome
import pytest
from typing_extensions import override

from runtime.hosts.group_commit import Commit
from runtime.hosts.reserve import Reserve
from runtime.hosts.sqlite_writer import ERRORS_IN_A_ROW, Writer

RESERVE = 64 * 1024


@attrs.define
class Disk:
    """A disk that fails as often as it is told to, when a transaction is to be flushed."""

    path: Path
    failing: str = ""
    times: int = 0
    opened: int = 0

    def connect(self) -> sqlite3.Connection:
        self.opened += 1
        disk = self

        class Connection(sqlite3.Connection):
            @override
            def execute(self, sql: str, *values: object) -> sqlite3.Cursor:
                if sql == "COMMIT" and disk.times:
                    disk.times -= 1
                    error = sqlite3.OperationalError("no")
                    error.sqlite_errorname = disk.failing
                    raise error
                return super().execute(sql, *values)  # type: ignore[arg-type]  # as they came

        return sqlite3.connect(self.path, isolation_level=None, factory=Connection)

    def fail(self, errorname: str, times: int) -> None:
        self.failing, self.times = errorname, times


@attrs.define
class Bench:
    """A writer on such a disk, which is driven without a thread."""

    disk: Disk
    writer: Writer

    def commit(self, *words: str) -> list[str]:
        """Commit each word by itself, all in one transaction; say what became of each."""
        commits = [Commit((functools.partial(_add, word=word),)) for word in words]
        for commit in commits:
            self.writer.submit(commit)
        self.writer._write([self.writer._jobs.get() for _ in commits])  # type: ignore[misc]  # no None
        return [
            type(commit.result.error).__name__
            if isinstance(commit.result, outcome.Error)
            else "kept"
            for commit in commits
        ]

    def words(self) -> list[str]:
        with sqlite3.connect(self.disk.path) as connection:
            return [word for (word,) in connection.execute("select word from words")]


def _add(connection: sqlite3.Connection, word: str) -> None:
    connection.execute("insert into words values (?)", (word,))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    disk = Disk(tmp_path / "w.db")
    connection = disk.connect()
    connection.execute("create table words (word text)")
    reserve = Reserve(tmp_path / "reserve", RESERVE)
    reserve.take()
    return Bench(disk, Writer(connection, disk.connect, lambda _: None, reserve))


def test_a_disk_error_is_told_to_every_commit_of_its_transaction(bench: Bench) -> None:
    bench.disk.fail("SQLITE_IOERR_FSYNC", times=1)

    assert bench.commit("a", "b") == ["StoreError", "StoreError"]
    assert bench.words() == []


def test_each_of_those_who_wait_gets_an_error_of_its_own(bench: Bench) -> None:
    bench.disk.fail("SQLITE_IOERR", times=1)
    first, second = Commit(()), Commit(())
    bench.writer._write([first, second])

    assert isinstance(first.result, outcome.Error)
    assert isinstance(second.result, outcome.Error)
    assert first.result.error is not second.result.error


def test_after_a_disk_error_the_file_is_opened_anew_and_written_on(bench: Bench) -> None:
    bench.disk.fail("SQLITE_IOERR_WRITE", times=ERRORS_IN_A_ROW - 1)

    for _ in range(ERRORS_IN_A_ROW - 1):
        assert bench.commit("lost") == ["StoreError"]
    assert bench.commit("kept") == ["kept"]

    assert bench.disk.opened == ERRORS_IN_A_ROW
    assert bench.words() == ["kept"]


def test_errors_count_only_in_a_row(bench: Bench) -> None:
    for _ in range(3 * ERRORS_IN_A_ROW):
        bench.disk.fail("SQLITE_IOERR", times=ERRORS_IN_A_ROW - 1)
        while bench.disk.times:
            assert bench.commit("lost") == ["StoreError"]
        assert bench.commit("kept") == ["kept"]


def test_three_disk_errors_in_a_row_end_all_writing(bench: Bench) -> None:
    bench.disk.fail("SQLITE_IOERR", times=ERRORS_IN_A_ROW)

    for _ in range(ERRORS_IN_A_ROW + 2):
        assert bench.commit("lost") == ["StoreError"]

    assert bench.words() == []


def test_a_file_that_is_damaged_is_not_written_on(bench: Bench) -> None:
    bench.commit(*(f"word {number}" * 100 for number in range(100)))
    bench.disk.fail("SQLITE_IOERR", times=1)
    bench.commit("lost")
    content = bytearray(bench.disk.path.read_bytes())
    content[4096 : 4096 + 2048] = b"\xff" * 2048
    bench.disk.path.write_bytes(content)

    assert bench.commit("lost") == ["StoreError"]


def test_on_a_full_disk_the_reserve_is_given_up_and_taken_back(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = _free_room(monkeypatch)
    bench.disk.fail("SQLITE_FULL", times=1)
    free(2 * RESERVE - 1)

    assert bench.commit("a", "b") == ["StoreFullError", "StoreFullError"]
    assert not (tmp_path / "reserve").exists()

    assert bench.commit("into the room that was made") == ["kept"]
    assert not (tmp_path / "reserve").exists()  # it would fit, and the disk be full again

    free(2 * RESERVE)
    assert bench.commit("and there is more") == ["kept"]
    assert (tmp_path / "reserve").stat().st_size == RESERVE


def test_a_full_disk_is_no_disk_error(bench: Bench) -> None:
    bench.disk.fail("SQLITE_FULL", times=10)

    for _ in range(10):
        assert bench.commit("lost") == ["StoreFullError"]
    assert bench.commit("kept") == ["kept"]


def _free_room(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    @attrs.frozen
    class Room:
        f_bavail: int
        f_frsize: int = 1

    return lambda size: monkeypatch.setattr(
        "runtime.hosts.reserve.os.statvfs", lambda _: Room(size)
    )
