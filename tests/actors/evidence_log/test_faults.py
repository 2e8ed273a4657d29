"""What forbids to sign: no head contradicts one that was signed before, whatever was put back."""

import contextlib
import errno
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NoReturn

import attrs
import pytest
import trio

from actors.evidence_log import actor
from actors.evidence_log.actor import EvidenceLog, Wish
from actors.evidence_log.appender import InconsistentHeadError
from actors.evidence_log.files import HEADS, KEY, NEXT_KEY
from actors.messages import StopKind
from actors.requests import BeginEvidenceLog, RotateEvidenceKey
from runtime.errors import ConflictError, EvidenceFormatError
from runtime.hosts.sqlite import InlineStore
from tests.actors.evidence_log.world import World, at_rest, copied, predicate, settled


@pytest.fixture
async def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    await world.drift("ws-1")
    await world.prove()
    return world


async def grow(world: World, *hosts: str) -> None:
    for host in hosts:
        await world.drift(host)
    await world.prove()


def put_back(world: World, connection: sqlite3.Connection) -> None:
    world.journal.store = InlineStore(connection)


async def test_a_database_put_back_alone_is_found_out(world: World) -> None:
    before = copied(world.store.connection)
    await grow(world, "ws-2")
    put_back(world, before)

    assert await world.fault() == "log_shorter_than_signed"


async def test_a_database_put_back_that_grew_elsewhere_is_found_out(world: World) -> None:
    before = copied(world.store.connection)
    await grow(world, "ws-2", "ws-3")
    signed = (world.folder / HEADS).read_bytes()
    put_back(world, before)
    (world.folder / HEADS).unlink()
    world.store.connection.execute("DELETE FROM evidence_heads")
    world.journal.clock.wait(1)
    await grow(world, "ws-4", "ws-5", "ws-6", "ws-7")
    (world.folder / HEADS).write_bytes(signed)
    world.store.connection.execute("DELETE FROM evidence_heads")

    assert await world.fault() == "log_differs_from_signed"


async def test_heads_put_back_alone_are_found_out(world: World) -> None:
    shutil.copy(world.folder / HEADS, world.folder / "copy")
    await grow(world, "ws-2")
    shutil.copy(world.folder / "copy", world.folder / HEADS)

    assert await world.fault() == "heads_file_behind"


async def test_heads_that_are_gone_are_found_out(world: World) -> None:
    (world.folder / HEADS).unlink()

    assert await world.fault() == "heads_file_missing"


async def test_a_damaged_head_is_found_out(world: World) -> None:
    path = world.folder / HEADS
    path.write_bytes(path.read_bytes()[:-5] + b"#!#!\n")

    assert await world.fault() == "heads_file_damaged"


async def test_an_empty_database_beside_signed_heads_begins_no_second_log(world: World) -> None:
    fresh = World(world.folder)

    assert await fresh.fault() == "other_log_signed"


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda folder: (folder / KEY).unlink(), "key_missing"),
        (lambda folder: (folder / KEY).write_bytes(b"no key"), "key_unreadable"),
    ],
)
async def test_a_key_that_is_gone_or_damaged_stops_signing(
    world: World, damage: Callable[[Path], object], fault: str
) -> None:
    damage(world.folder)

    assert await world.fault() == fault


async def test_another_key_stops_signing(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = World(tmp_path_factory.mktemp("other"))
    await other.prove()
    shutil.copy(other.folder / KEY, world.folder / KEY)

    assert await world.fault() == "key_changed_unsigned"


async def test_hashes_that_are_gone_stop_signing(world: World) -> None:
    world.store.connection.execute("DELETE FROM evidence_tiles")

    assert await world.fault() == "tiles_missing"


async def test_the_file_alone_may_be_ahead_after_a_crash(world: World) -> None:
    """A crash between file and database: the head that was signed is the one that is signed on."""
    appender = await world.prove(head=False)
    await world.drift("ws-2")
    await world.prove(head=False)
    before = copied(world.store.connection)
    await (await world.open()).sign_head()
    put_back(world, before)

    appender = await world.open()
    await appender.sign_head()

    await world.check_heads()


async def test_a_line_that_a_crash_cut_short_was_never_used(world: World) -> None:
    path = world.folder / HEADS
    path.write_bytes(path.read_bytes() + b'{"origin": "aright/si')
    await grow(world, "ws-2")

    lines = path.read_bytes().splitlines()
    assert [int(json.loads(line)["size"]) for line in lines] == [1, 2, 3]


async def test_a_disk_that_is_full_when_the_file_of_heads_begins_anew_ends_nothing(
    world: World,
) -> None:
    """It fell five times within a second, and took the process with it."""
    path = world.folder / HEADS
    path.write_bytes(path.read_bytes() * 1000)
    await world.drift("ws-2")
    room = attrs.evolve(world.room(), again_s=0.02)
    async with trio.open_nursery() as nursery:
        with full_disk():
            nursery.start_soon(room.run)
            await trio.sleep(0.2)
        await at_rest(room)
        nursery.cancel_scope.cancel()

    assert len(path.read_bytes().splitlines()) == 1
    await world.check_heads()
    await world.open()


@contextlib.contextmanager
def full_disk() -> Generator[None]:
    """Let nothing be written beside the database."""

    def full(*_given: object, **_named: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(os, "pwrite", full)
        changed.setattr(tempfile, "mkstemp", full)
        yield


async def test_a_first_start_on_a_full_disk_waits_for_room(tmp_path: Path) -> None:
    world = World(tmp_path)
    room = attrs.evolve(world.room(), again_s=0.02)
    async with trio.open_nursery() as nursery:
        with full_disk():
            nursery.start_soon(room.run)
            await trio.sleep(0.2)
        await at_rest(room)
        nursery.cancel_scope.cancel()

    assert await world.kinds() == [("log", "log_begun")]


async def test_a_person_hears_of_a_log_that_can_not_be_signed_for_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was proved was not late, so that nobody was told that no head was over it."""
    await world.drift("ws-2")
    room = attrs.evolve(world.room(), again_s=0.02)
    async with trio.open_nursery() as nursery:
        with full_disk():
            nursery.start_soon(room.run)
            await trio.sleep(0.2)
            assert world.journal.tickets.stops == []
            monkeypatch.setattr(actor, "LATE_S", 0.1)
            with trio.fail_after(30):
                while not world.journal.tickets.stops:  # noqa: ASYNC110  nothing tells
                    await trio.sleep(0.01)
        await at_rest(room)
        assert world.journal.tickets.stops == [(StopKind.EVIDENCE, "unsigned")]
        nursery.cancel_scope.cancel()

    await world.check_heads()


async def test_a_tree_that_changed_under_the_log_is_not_signed(world: World) -> None:
    appender = await world.open()
    assert appender.head is not None
    appender.head = attrs.evolve(appender.head, root=bytes(32))
    await world.drift("ws-2")
    await appender.append(await world.store.read(world.memory.owed(9)))
    heads = (world.folder / HEADS).read_bytes()

    with pytest.raises(InconsistentHeadError):
        await appender.sign_head()

    assert (world.folder / HEADS).read_bytes() == heads


async def test_what_is_to_be_told_of_a_batch_is_kept_with_it_or_nothing_is(world: World) -> None:
    appender = await world.open()
    await world.drift("ws-2")
    owed = await world.store.read(world.memory.owed(9))

    def cannot(_: sqlite3.Connection) -> None:
        raise ConflictError("no ticket")

    with pytest.raises(ConflictError):
        await appender.append(owed, lambda _: (cannot,))

    assert await world.store.read(world.memory.owed(9)) == owed
    await grow(world)


# The room.


async def test_a_fault_opens_one_ticket_and_nothing_is_appended(
    world: World,
) -> None:
    (world.folder / HEADS).unlink()
    await world.drift("ws-2")
    before = len(await world.logged())
    room = world.room()

    await settled(room)
    await settled(room)

    assert world.journal.tickets.stops == [(StopKind.EVIDENCE, "stopped")]
    assert len(await world.logged()) == before
    [log] = await world.store.read(world.memory.logs())
    assert log.stopped == "heads_file_missing"


async def test_a_person_begins_another_log_which_says_what_was_before(
    world: World,
) -> None:
    before = copied(world.store.connection)
    await grow(world, "ws-2")
    put_back(world, before)
    room = world.room()
    await settled(room)

    await obeyed(room, BeginEvidenceLog("ada", "the disk was replaced"))
    await world.drift("ws-3")
    await settled(room)

    old, new = await world.store.read(world.memory.logs())
    assert (old.origin, new.origin) == ("aright/site/1", "aright/site/2")
    assert new.stopped == ""
    first = next(each for each in await world.logged() if each.log == 2)
    told = predicate(first)
    assert told["fact"]["body"] == {"who": "ada", "reason": "the disk was replaced"}  # type: ignore[index, call-overload]
    assert told["log"]["before"]["signed"]["size"] == 3  # type: ignore[index, call-overload]
    await world.check_heads(2)
    await world.open()


async def test_no_log_is_begun_where_the_old_one_goes_on(world: World) -> None:
    with pytest.raises(ConflictError, match="can be continued"):
        await obeyed(world.room(), BeginEvidenceLog("ada", "why not"))


async def test_a_key_is_rotated_by_an_entry_that_both_sign(world: World) -> None:
    room = world.room()
    [old] = await world.store.read(world.memory.keys())

    await obeyed(room, RotateEvidenceKey("ada", "yearly"))

    _, new = await world.store.read(world.memory.keys())
    entry = (await world.logged())[-1]
    assert entry.envelope is not None
    signed = [line["keyid"] for line in json.loads(entry.envelope)["signatures"]]
    assert signed == [old.fingerprint, new.fingerprint]
    assert predicate(entry)["log"]["key"]["fingerprint"] == new.fingerprint  # type: ignore[index, call-overload]
    await grow(world, "ws-2")
    await world.check_heads()
    assert (world.folder / KEY).stat().st_mode & 0o777 == 0o600
    assert not (world.folder / NEXT_KEY).exists()


async def test_a_rotation_that_can_not_be_signed_is_not_tried_over_and_over(world: World) -> None:
    """Each try made another key, and wrote over the one before, which the log already named."""
    await grow(world, *(f"ws-{number}" for number in range(2, 300)))
    room = world.room()
    await settled(room)
    world.store.connection.execute("DELETE FROM evidence_tiles WHERE level = 1")

    wish = RotateEvidenceKey("ada", "yearly")
    await room.handle(wish)  # a fall would have it come again

    with pytest.raises(EvidenceFormatError):
        await wish.answer()
    assert len(await world.store.read(world.memory.keys())) == 2
    assert await world.fault() == "tiles_missing"


async def test_a_crash_before_the_entry_leaves_the_old_key_and_after_it_the_new(
    world: World,
) -> None:
    held = world.desk.keys
    [old] = held.held()
    held.make()
    await world.open()
    assert list(held.held()) == [old]

    old_file = (world.folder / KEY).read_bytes()
    await (await world.open()).rotate("ada", "yearly")
    [new] = held.held()
    (world.folder / KEY).rename(world.folder / NEXT_KEY)
    (world.folder / KEY).write_bytes(old_file)

    await grow(world, "ws-2")
    assert list(held.held()) == [new]


async def obeyed(room: EvidenceLog, wish: Wish) -> None:
    """Have a wish obeyed; raises what it fails with."""
    await room.handle(wish)
    await wish.answer()
