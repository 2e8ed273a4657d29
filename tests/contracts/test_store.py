"""What every store promises, whether it lies in a file or in memory."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeAlias

import pytest
import trio

from runtime.errors import ArightError, StoreError
from runtime.hosts.sqlite import Database, InlineStore, open_database
from runtime.store import Query, Write
from tests.fakes.schemas import schema_folder

AnyStore: TypeAlias = Database | InlineStore

NOTES = "CREATE TABLE notes (text TEXT PRIMARY KEY) STRICT;"


class UnwelcomeError(ArightError):
    """What a write raises that will not have it."""


@pytest.fixture(params=["file", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    schemas = {"notes": schema_folder(tmp_path / "schema", NOTES)}
    if request.param == "memory":
        yield InlineStore.with_schemas(schemas)
    else:
        async with open_database(tmp_path / "journal.db", schemas) as database:
            yield database


def put(text: str) -> Write[str]:
    def write(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO notes VALUES (?)", (text,))
        return text

    return write


def refuse(connection: sqlite3.Connection) -> str:
    raise UnwelcomeError("no")


def notes(connection: sqlite3.Connection) -> list[str]:
    return [text for (text,) in connection.execute("SELECT text FROM notes ORDER BY text")]


async def test_a_commit_gives_the_results_of_its_writes_in_order(store: AnyStore) -> None:
    assert await store.commit(put("b"), put("a")) == ["b", "a"]


async def test_what_was_committed_is_read(store: AnyStore) -> None:
    await store.commit(put("a"))

    assert await store.read(notes) == ["a"]


async def test_nothing_of_a_commit_is_kept_when_one_of_its_writes_raises(store: AnyStore) -> None:
    with pytest.raises(UnwelcomeError):
        await store.commit(put("a"), refuse, put("b"))

    assert await store.read(notes) == []
    await store.commit(put("a"))
    assert await store.read(notes) == ["a"]


async def test_a_write_sees_what_the_writes_before_it_did(store: AnyStore) -> None:
    assert await store.commit(put("a"), lambda connection: str(notes(connection))) == ["a", "['a']"]


async def test_a_broken_constraint_reaches_the_caller_as_it_is(store: AnyStore) -> None:
    await store.commit(put("a"))

    with pytest.raises(sqlite3.IntegrityError):
        await store.commit(put("a"))


async def test_a_write_that_catches_its_own_error_keeps_the_rest(store: AnyStore) -> None:
    def put_twice(connection: sqlite3.Connection) -> str:
        put("a")(connection)
        with pytest.raises(sqlite3.IntegrityError):
            put("a")(connection)
        return "once"

    assert await store.commit(put_twice) == ["once"]
    assert await store.read(notes) == ["a"]


async def test_a_query_cannot_write(store: AnyStore) -> None:
    with pytest.raises(StoreError, match="readonly"):
        await store.read(put("a"))

    assert await store.read(notes) == []


async def test_a_query_that_raises_harms_no_later_one(store: AnyStore) -> None:
    wrong: Query[object] = lambda connection: connection.execute("SELECT nonsense")  # noqa: E731
    with pytest.raises(StoreError, match="nonsense"):
        await store.read(wrong)
    with pytest.raises(UnwelcomeError):
        await store.read(refuse)

    await store.commit(put("a"))
    assert await store.read(notes) == ["a"]


async def test_who_is_cancelled_before_it_waits_commits_nothing(store: AnyStore) -> None:
    with trio.CancelScope() as scope:
        scope.cancel(reason="test")
        await store.commit(put("a"))

    assert scope.cancelled_caught
    assert await store.read(notes) == []


async def test_nothing_is_pressed_on_an_empty_disk(store: AnyStore) -> None:
    assert not store.pressed()
