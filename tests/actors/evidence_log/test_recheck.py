"""Computing a log anew: whatever was changed behind its back is found and named."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest
import trio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from actors.evidence_log.envelope import Signer
from actors.evidence_log.recheck import FileLooks, Rechecked, recheck
from actors.evidence_log.sqlite_reads import SqliteEvidenceReads, tiles_in
from actors.evidence_log.tlog.hashing import leaf_hash
from actors.evidence_log.tlog.tiles import TileTree
from actors.messages.evidence import Head
from runtime.store import Query
from tests.actors.evidence_log.world import World

LEAVES = 300
"""Of the log: a full tile, and some more."""


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """Make one log for all tests: its folder, and its database."""
    world = World(tmp_path_factory.mktemp("log"))

    async def make() -> None:
        for first in (0, 150):
            heard = [world.journal.heard(host=f"ws-{first + n}") for n in range(150)]
            await world.journal.record(*heard)
            await world.prove()
        await (await world.open()).rotate("ada", "yearly")
        await world.drift("ws-last")
        await world.prove()

    trio.run(make)
    return world.folder, world.store.connection.serialize()


@pytest.fixture
def world(pristine: tuple[Path, bytes]) -> World:
    folder, content = pristine
    world = World(folder)
    connection = world.store.connection
    connection.deserialize(content)
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '%_stand'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")  # whoever attacks is not stopped by these
    return world


def checked(world: World) -> Rechecked:
    written = world.desk.heads.last()
    return recheck(world.memory, tiles_in, FileLooks(written, written), world.store.connection)


def reasons(world: World) -> set[str]:
    return {problem.reason for problem in checked(world).problems}


def test_a_log_as_it_was_signed_has_no_problem(world: World) -> None:
    result = checked(world)

    assert result.problems == []
    assert (result.leaves, result.heads) == (LEAVES + 3, 5)


DAMAGES = {
    "a statement changed": (
        (
            "UPDATE statements SET payload = CAST(replace(payload, 'ws-7', 'ws-8') AS BLOB)"
            " WHERE leaf = 8"
        ),
        "leaf_differs",
    ),
    "a signature removed": (
        "UPDATE statements SET signatures = zeroblob(64) WHERE leaf = 8",
        "signature_fails",
    ),
    "two statements swapped": (
        (
            "UPDATE statements SET leaf = 9999 WHERE leaf = 8;"
            "UPDATE statements SET leaf = 8 WHERE leaf = 9;"
            "UPDATE statements SET leaf = 9 WHERE leaf = 9999"
        ),
        "leaf_differs",
    ),
    "a statement dropped": ("DELETE FROM statements WHERE leaf = 8", "leaf_missing"),
    "the last ones dropped": ("DELETE FROM statements WHERE leaf > 290", "leaves_missing"),
    "a payload dropped": (
        "UPDATE statements SET payload = NULL WHERE leaf = 8",
        "payload_missing",
    ),
    "leaves' hashes changed": (
        "UPDATE evidence_tiles SET data = zeroblob(8192) WHERE level = 0 AND place = 0",
        "leaf_differs",
    ),
    "a hash above changed": (
        "UPDATE evidence_tiles SET data = zeroblob(32) WHERE level = 1",
        "tile_differs",
    ),
    "a tile dropped": (
        "DELETE FROM evidence_tiles WHERE level = 0 AND place = 1",
        "tile_differs",
    ),
    "a head's root changed": (
        "UPDATE evidence_heads SET root = zeroblob(32) WHERE size = 1",
        "head_differs",
    ),
    "a head's note changed": (
        (
            "UPDATE evidence_heads SET note = CAST(replace(note, 'aright', 'bright') AS BLOB)"
            " WHERE size = 1"
        ),
        "head_not_signed",
    ),
    "a head of more leaves": (
        (
            "INSERT INTO evidence_heads"
            " SELECT 1, 9999, root, note, signed_at FROM evidence_heads WHERE size = 1"
        ),
        "head_beyond_log",
    ),
    "an older database": (
        (
            "DELETE FROM evidence_heads WHERE size > 200;"
            "UPDATE evidence_logs SET size = 151;"
            "DELETE FROM statements WHERE leaf >= 151;"
            "DELETE FROM evidence_tiles WHERE place = 1"
        ),
        "log_shorter_than_signed",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_change_is_found(world: World, damage: str) -> None:
    sql, found = DAMAGES[damage]
    world.store.connection.executescript(sql)

    assert found in reasons(world)


def test_a_chain_that_was_hashed_anew_contradicts_the_heads_that_were_signed(world: World) -> None:
    """What befell the predecessor: a repair renumbered and hashed the whole table again."""
    connection = world.store.connection
    connection.execute("DELETE FROM statements WHERE leaf = 8")
    connection.execute("UPDATE statements SET leaf = leaf - 1 WHERE leaf > 8")
    _hash_anew(world)
    connection.execute("UPDATE evidence_logs SET size = size - 1")

    assert "log_differs_from_signed" in reasons(world)


def test_a_statement_signed_by_another_key_is_found_even_in_a_tree_made_for_it(
    world: World,
) -> None:
    forger = Signer.of(Ed25519PrivateKey.generate())
    connection = world.store.connection
    [payload] = connection.execute("SELECT payload FROM statements WHERE leaf = 8").fetchone()
    forged = payload.replace(b'"high"', b'"lows"')
    connection.execute(
        "UPDATE statements SET payload = ?, signatures = ? WHERE leaf = 8",
        (forged, forger.sign(forged)),
    )
    _hash_anew(world)

    assert {"signature_fails", "log_differs_from_signed"} <= reasons(world)


def test_a_key_that_no_entry_brought_in_does_not_sign(world: World) -> None:
    forger = Signer.of(Ed25519PrivateKey.generate())
    connection = world.store.connection
    connection.execute(
        "INSERT INTO evidence_keys VALUES (9, ?, ?, 1, 8, '2026-01-01T00:00:00+00:00')",
        (forger.public, forger.fingerprint),
    )
    [payload] = connection.execute("SELECT payload FROM statements WHERE leaf = 8").fetchone()
    connection.execute(
        "UPDATE statements SET keys = '9', signatures = ? WHERE leaf = 8", (forger.sign(payload),)
    )

    assert {"key_changed_unsigned", "signature_fails"} <= reasons(world)


def test_a_new_key_that_the_old_one_did_not_sign_is_found(world: World) -> None:
    connection = world.store.connection
    [leaf, signatures] = connection.execute(
        "SELECT leaf, signatures FROM statements WHERE kind = 'key_rotated'"
    ).fetchone()
    connection.execute(
        "UPDATE statements SET keys = '2', signatures = ? WHERE leaf = ?", (signatures[64:], leaf)
    )

    assert "key_changed_unsigned" in reasons(world)


def test_heads_in_the_file_are_held_to_those_in_the_database(world: World) -> None:
    written = world.desk.heads.last()
    assert written is not None
    connection, reads = world.store.connection, world.memory

    def found(before: object, after: object) -> list[str]:
        files = FileLooks(before, after)  # type: ignore[arg-type]
        result = recheck(reads, tiles_in, files, connection)
        return [problem.reason for problem in result.problems]

    assert found(None, None) == ["heads_file_missing"]
    older = attrs.evolve(written, size=1)
    assert found(older, written) == ["log_differs_from_signed"]  # its root is another's
    assert "heads_file_behind" in found(None, older)
    assert found(attrs.evolve(written, origin="aright/x/1"), written) == ["other_log_signed"]


UNREADABLE = {
    "a key that is not there": "DELETE FROM evidence_keys",
    "a key that never was": "UPDATE statements SET keys = '7' WHERE leaf = 8",
    "a key that is no number": "UPDATE statements SET keys = 'x' WHERE leaf = 8",
    "a kind that is none": "UPDATE statements SET proves = 'none' WHERE leaf = 8",
    "a time that is none": "UPDATE statements SET at = 'x' WHERE leaf = 8",
    "a head's time that is none": "UPDATE evidence_heads SET signed_at = 'x' WHERE size = 1",
    "a log's time that is none": "UPDATE evidence_logs SET begun_at = 'x'",
    "a leaf that is none": (
        "UPDATE statements SET leaf = 9223372036854775807 WHERE leaf = (SELECT max(leaf)"
        " FROM statements)"
    ),
    "no state": "DELETE FROM evidence_state",
}


@pytest.mark.parametrize("damage", UNREADABLE)
def test_what_can_not_be_read_is_a_problem_and_no_crash(world: World, damage: str) -> None:
    world.store.connection.executescript("PRAGMA foreign_keys = OFF;" + UNREADABLE[damage])

    assert "not_readable" in reasons(world)


@pytest.mark.parametrize("predicate", ["[]", '{"log": []}', '{"log": {"key": []}}', "5"])
def test_an_entry_of_the_log_that_names_no_key_is_a_problem_and_no_crash(
    world: World, predicate: str
) -> None:
    payload = f'{{"predicate":{predicate},"predicateType":"urn:aright:evidence:log:v1"}}'
    world.store.connection.execute(
        "UPDATE statements SET payload = ? WHERE leaf = 8", (payload.encode(),)
    )

    assert {"bad_log_entry", "leaf_differs"} <= reasons(world)


def test_a_log_that_was_dropped_whole_is_missed(world: World) -> None:
    world.store.connection.executescript(
        "DELETE FROM statements; DELETE FROM evidence_tiles; DELETE FROM evidence_heads;"
        " DELETE FROM evidence_keys; DELETE FROM evidence_logs"
    )

    assert reasons(world) == {"other_log_signed"}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE evidence_keys SET fingerprint = printf('%064d', 0) WHERE number = 2",
        "UPDATE evidence_keys SET public = zeroblob(32) WHERE number = 2",
    ],
)
def test_a_key_that_is_shown_and_never_signed_is_found(world: World, change: str) -> None:
    """Whoever asks for the key would hand out a stranger's."""
    world.store.connection.execute(change)

    assert "key_differs" in reasons(world)


def test_a_key_that_no_longer_signs_is_not_shown_as_the_one_that_does(world: World) -> None:
    world.store.connection.execute(
        "INSERT INTO evidence_keys SELECT 9, public, fingerprint, log, since_leaf, since"
        " FROM evidence_keys WHERE number = 1"
    )

    assert reasons(world) == {"key_differs"}


def test_heads_are_read_in_pages_however_many_there_are(world: World) -> None:
    """There may be one every two seconds, for years."""
    most = list[int]()

    class Reads(SqliteEvidenceReads):
        def heads_after(self, log: int, size: int, limit: int = 1000) -> Query[Sequence[Head]]:
            most.append(limit)
            return super().heads_after(log, size, min(limit, 2))

    written = world.desk.heads.last()
    files = FileLooks(written, written)
    result = recheck(Reads(), tiles_in, files, world.store.connection)

    assert (result.problems, result.heads) == ([], 5)
    assert max(most) <= 10_000


async def test_a_log_whose_payloads_were_purged_has_no_problem(world: World) -> None:
    """Without the entry that begins it, each signature behind it seemed to be a stranger's."""
    later = world.journal.clock.now() + dt.timedelta(days=1)
    await world.store.commit(world.memory.purge(later, 8))
    assert checked(world).problems == []

    await world.store.commit(world.memory.purge(later, 1000))
    result = checked(world)
    assert result.problems == []
    assert result.purged == LEAVES + 1  # all but what the log says of itself


async def test_what_the_log_says_of_itself_is_missed_though_all_around_it_was_purged(
    world: World,
) -> None:
    later = world.journal.clock.now() + dt.timedelta(days=1)
    await world.store.commit(world.memory.purge(later, 1000))
    world.store.connection.execute(
        "UPDATE statements SET payload = NULL WHERE kind = 'key_rotated'"
    )

    assert "payload_missing" in reasons(world)


def _hash_anew(world: World) -> None:
    """Make all tiles anew, as one does who covers a change up."""
    connection, tree = world.store.connection, TileTree()
    connection.execute("DELETE FROM evidence_tiles")
    # The leaves are read without tiles: their hashes come from the envelopes.
    for logged in world.memory.leaves(1, 0, 10_000)(connection):
        assert logged.envelope is not None
        for tile in tree.append([leaf_hash(logged.envelope)]):
            connection.execute(
                "INSERT OR REPLACE INTO evidence_tiles VALUES (1, ?, ?, ?)",
                (tile.level, tile.index, tile.data),
            )
