"""The database on a disk: group commit, a budget, readers apart, and what it survives."""

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest
import trio
import trio.testing

from runtime.errors import StoreError, StoreFullError
from runtime.hosts.migrations import MigrationError
from runtime.hosts.sqlite import Database, open_database
from runtime.store import Write

ONE_MB = 1_000_000


@pytest.fixture
def schema(tmp_path: Path) -> Path:
    folder = tmp_path / "schema"
    folder.mkdir()
    (folder / "0001_blobs.sql").write_text("create table blobs (name text, body blob) strict;")
    return folder


def add(name: str, size: int = 1) -> Write[None]:
    def write(connection: sqlite3.Connection) -> None:
        connection.execute("insert into blobs values (?, zeroblob(?))", (name, size))

    return write


def names(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("select name from blobs order by rowid")]


async def test_what_queues_up_during_a_flush_shares_the_next_one(
    tmp_path: Path, schema: Path
) -> None:
    flushes: list[int] = []
    entered, leave = threading.Event(), threading.Event()

    def hold_the_writer(_: sqlite3.Connection) -> None:
        entered.set()
        leave.wait(30)

    async with open_database(
        tmp_path / "j.db", {"blobs": schema}, on_commit=lambda: flushes.append(1)
    ) as database:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(database.commit, hold_the_writer)
            await trio.to_thread.run_sync(entered.wait, 30)
            for number in range(100):
                nursery.start_soon(database.commit, add(str(number)))
            await trio.testing.wait_all_tasks_blocked()
            leave.set()

        assert len(flushes) == 2
        assert len(await database.read(names)) == 100


def modes(folder: Path) -> list[int]:
    """Give those of the file, of its log and of its index."""
    return [stat.S_IMODE(each.stat().st_mode) for each in folder.glob("j.db*")]


async def test_what_is_kept_is_for_our_user_alone_whoever_made_the_folder(
    tmp_path: Path, schema: Path
) -> None:
    before = os.umask(0o022)
    try:
        async with open_database(tmp_path / "j.db", {"blobs": schema}) as database:
            await database.commit(add("1"))
            assert modes(tmp_path) == [0o600] * 3
    finally:
        os.umask(before)


async def test_a_file_of_before_is_closed_to_others_and_stays_open_to_its_group(
    tmp_path: Path, schema: Path
) -> None:
    async with open_database(tmp_path / "j.db", {"blobs": schema}) as database:
        await database.commit(add("1"))
    (tmp_path / "j.db").chmod(0o644)

    async with open_database(tmp_path / "j.db", {"blobs": schema}) as database:
        await database.commit(add("2"))
        assert await database.read(names) == ["1", "2"]
        assert modes(tmp_path) == [0o640] * 3


async def test_a_commit_whose_asker_left_comes_about_all_the_same(
    tmp_path: Path, schema: Path
) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold_the_writer(_: sqlite3.Connection) -> None:
        entered.set()
        leave.wait(30)

    async with open_database(tmp_path / "j.db", {"blobs": schema}) as database:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(database.commit, hold_the_writer)
            await trio.to_thread.run_sync(entered.wait, 30)
            with trio.move_on_after(0.01):
                await database.commit(add("nobody waits"))
            leave.set()
        await database.commit(add("next"))

        assert await database.read(names) == ["nobody waits", "next"]


async def test_what_waits_at_the_end_is_written_before_the_file_is_closed(
    tmp_path: Path, schema: Path
) -> None:
    with trio.CancelScope() as scope:
        async with (
            open_database(tmp_path / "j.db", {"blobs": schema}) as database,
            trio.open_nursery() as nursery,
        ):
            for number in range(50):
                nursery.start_soon(database.commit, add(str(number)))
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()

    async with open_database(tmp_path / "j.db", {"blobs": schema}) as database:
        assert len(await database.read(names)) == 50
    assert not (tmp_path / "j.db-wal").exists()


async def test_the_file_is_written_so_that_a_power_cut_loses_nothing(
    tmp_path: Path, schema: Path
) -> None:
    def settings(connection: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "auto_vacuum", "foreign_keys")
        return [connection.execute(f"pragma {name}").fetchone()[0] for name in names]

    async with open_database(tmp_path / "j.db", {"blobs": schema}) as database:
        [found] = await database.commit(settings)

    assert found == ["wal", 2, 2, 1]  # FULL, INCREMENTAL


async def test_all_of_a_query_sees_the_same_commits(tmp_path: Path, schema: Path) -> None:
    counted_once, go_on = threading.Event(), threading.Event()

    def count_twice(connection: sqlite3.Connection) -> tuple[int, int]:
        first = len(names(connection))
        counted_once.set()
        go_on.wait(30)
        return first, len(names(connection))

    async with (
        open_database(tmp_path / "j.db", {"blobs": schema}) as database,
        trio.open_nursery() as nursery,
    ):

        async def count() -> None:
            assert await database.read(count_twice) == (0, 0)

        nursery.start_soon(count)
        await trio.to_thread.run_sync(counted_once.wait, 30)
        await database.commit(add("meanwhile"))
        go_on.set()


async def test_more_readers_than_connections_wait_for_their_turn(
    tmp_path: Path, schema: Path
) -> None:
    async with open_database(tmp_path / "j.db", {"blobs": schema}) as database:
        await database.commit(add("a"))
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(database.read, names)

        assert await database.read(names) == ["a"]


async def test_over_its_budget_nothing_is_acked_and_room_that_is_made_is_used(
    tmp_path: Path, schema: Path
) -> None:
    async with open_database(tmp_path / "j.db", {"blobs": schema}, max_bytes=ONE_MB) as database:
        kept = await _fill(database)
        with pytest.raises(StoreFullError):
            await database.commit(add("small"), add("large", ONE_MB))
        assert await database.read(names) == kept

        await database.commit(lambda connection: connection.execute("delete from blobs"))
        await database.commit(add("again", ONE_MB // 2))

        assert await database.read(names) == ["again"]
    assert (tmp_path / "j.db").stat().st_size <= ONE_MB


async def test_a_table_of_more_than_half_the_budget_gets_another_form(
    tmp_path: Path, schema: Path
) -> None:
    async with open_database(tmp_path / "j.db", {"blobs": schema}, max_bytes=ONE_MB) as database:
        kept = await _fill(database)
    (schema / "0002_other.sql").write_text(
        "create table other (name text, body blob) strict;\n"
        "insert into other select * from blobs;\n"
        "drop table blobs;\n"
        "alter table other rename to blobs;\n"
    )

    async with open_database(tmp_path / "j.db", {"blobs": schema}, max_bytes=ONE_MB) as database:
        assert await database.read(names) == kept
        await database.commit(add("again"))


async def test_a_file_that_is_no_database_is_named(tmp_path: Path, schema: Path) -> None:
    (tmp_path / "j.db").write_bytes(b"no database at all" * 100)

    with pytest.raises(StoreError, match=r"j\.db: cannot be opened"):
        async with open_database(tmp_path / "j.db", {"blobs": schema}):
            raise AssertionError


async def test_a_schema_is_applied_once_and_a_new_number_on_top(
    tmp_path: Path, schema: Path
) -> None:
    async with open_database(tmp_path / "j.db", {"blobs": schema}) as database:
        await database.commit(add("old"))
    (schema / "0002_more.sql").write_text("alter table blobs add column more text;")

    async with open_database(tmp_path / "j.db", {"blobs": schema}) as database:
        found = await database.read(
            lambda connection: connection.execute("select name, more from blobs").fetchall()
        )

    assert found == [("old", None)]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("edit", "was changed after it had been applied"),
        ("remove", "was written by a newer Aright"),
    ],
)
async def test_a_schema_that_does_not_fit_the_file_is_refused(
    tmp_path: Path, schema: Path, change: str, problem: str
) -> None:
    async with open_database(tmp_path / "j.db", {"blobs": schema}):
        pass
    file = schema / "0001_blobs.sql"
    if change == "edit":
        file.write_text(file.read_text() + "-- edited")
    else:
        file.unlink()

    with pytest.raises(MigrationError, match=problem):
        async with open_database(tmp_path / "j.db", {"blobs": schema}):
            raise AssertionError


async def test_a_schema_that_fails_half_way_leaves_the_file_as_it_was(
    tmp_path: Path, schema: Path
) -> None:
    async with open_database(tmp_path / "j.db", {"blobs": schema}):
        pass
    (schema / "0002_bad.sql").write_text("create table half (a);\ncreate table blobs (b);\n")

    with pytest.raises(StoreError):
        async with open_database(tmp_path / "j.db", {"blobs": schema}):
            raise AssertionError

    (schema / "0002_bad.sql").unlink()
    async with open_database(tmp_path / "j.db", {"blobs": schema}) as database:
        tables = await database.read(
            lambda connection: connection.execute("select name from sqlite_schema").fetchall()
        )
    assert ("half",) not in tables


async def _fill(database: Database) -> list[str]:
    """Write until there is no room; give the names that were acked."""
    kept: list[str] = []
    with pytest.raises(StoreFullError):  # noqa: PT012  which commit is the first to fail is open
        while True:
            await database.commit(add(str(len(kept)), 50_000))
            kept.append(str(len(kept)))
    return kept
