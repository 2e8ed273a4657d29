"""A log of many leaves: how soon it is open after a crash, and how long a proof takes.

Its leaves are random hashes; every hash over them is computed, and stands in tiles as ever.
"""

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random

import attrs
import trio

from actors.evidence_log import verify_consistency, verify_inclusion
from actors.evidence_log.appender import Appender
from actors.evidence_log.opening import opened
from actors.evidence_log.tlog.making import root_of
from actors.evidence_log.tlog.tiles import WIDTH, ReadTile, subtrees_in
from bench.evidence.rates import Took, desk_in
from runtime.hosts.sqlite import Database, open_database
from runtime.roles.line import SCHEMAS
from runtime.store import Query

_PROOFS = 2000


@attrs.frozen
class Large:
    """What was measured."""

    opened_ms: float
    proofs: Mapping[str, Took]


async def measure_large(folder: Path, leaves: int) -> Large:
    """Make a log of `leaves`, open it as after a crash, and prove."""
    await trio.Path(folder).mkdir()
    path = folder / "journal.db"
    async with open_database(path, SCHEMAS) as store:
        appender = await opened(desk_in(folder, store))
        assert isinstance(appender, Appender)
    _grow(path, leaves)
    await _sign(folder, path)
    began = time.perf_counter()
    async with open_database(path, SCHEMAS) as store:
        appender = await opened(desk_in(folder, store))
        assert isinstance(appender, Appender)
        took_ms = (time.perf_counter() - began) * 1000
        assert appender.head is not None
        size, root = appender.tree.size, appender.head.root
        memory = desk_in(folder, store).memory
        random, inclusion, consistency = Random(7), list[float](), list[float]()
        busy = list[float]()
        for _ in range(_PROOFS):
            leaf, old = random.randrange(size), random.randrange(1, size)
            path_up = await _timed(store, memory.inclusion(1, leaf, size), inclusion, busy)
            grown = await _timed(store, memory.consistency(1, old, size), consistency, busy)
            hashed, old_root = await store.read(partial(_known, memory.tiles(1), leaf, old))
            assert verify_inclusion(index=leaf, size=size, leaf=hashed, path=path_up, root=root)
            assert verify_consistency(
                old_size=old, new_size=size, old_root=old_root, new_root=root, path=grown
            )
    proofs = {"inclusion": inclusion, "consistency": consistency, "processor time of both": busy}
    return Large(took_ms, {what: Took.of(took) for what, took in proofs.items()})


async def _timed(
    store: Database, query: Query[Sequence[bytes]], took: list[float], busy: list[float]
) -> Sequence[bytes]:
    """Ask as the rooms do; note how long it took, and how much of that was work."""

    def timed(connection: sqlite3.Connection) -> Sequence[bytes]:
        before = time.thread_time()
        answer = query(connection)
        busy.append(time.thread_time() - before)
        return answer

    began = time.perf_counter()
    answer = await store.read(timed)
    took.append(time.perf_counter() - began)
    return answer


def _known(
    tiles: Query[ReadTile], leaf: int, old: int, connection: sqlite3.Connection
) -> tuple[bytes, bytes]:
    """Give a leaf's hash, and the root of an older tree."""
    read, at = tiles(connection), leaf % WIDTH * 32
    return read(0, leaf // WIDTH)[at : at + 32], root_of(old, subtrees_in(read))


def _grow(path: Path, leaves: int) -> None:
    """Put random leaves in the place of those that are there, and all tiles over them."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        connection.execute("DELETE FROM evidence_tiles")
        connection.execute("DELETE FROM evidence_heads")
        level, row = 0, _random(leaves)
        while True:
            above = list[bytes]()
            for place, tile in enumerate(row):
                connection.execute(
                    "INSERT INTO evidence_tiles VALUES (1, ?, ?, ?)", (level, place, tile)
                )
                if len(tile) == WIDTH * 32:
                    above.append(_folded(tile))
            if not above:
                break
            joined = b"".join(above)
            row = (joined[at : at + WIDTH * 32] for at in range(0, len(joined), WIDTH * 32))
            level += 1
        connection.execute("UPDATE evidence_logs SET size = ?", (leaves,))
        connection.execute("COMMIT")


def _random(leaves: int) -> Iterator[bytes]:
    for first in range(0, leaves, WIDTH):
        yield os.urandom(min(WIDTH, leaves - first) * 32)


def _folded(tile: bytes) -> bytes:
    sha256, row = hashlib.sha256, [tile[at : at + 64] for at in range(0, len(tile), 64)]
    hashes = [sha256(b"\x01" + pair).digest() for pair in row]
    while len(hashes) > 1:
        hashes = [
            sha256(b"\x01" + hashes[at] + hashes[at + 1]).digest()
            for at in range(0, len(hashes), 2)
        ]
    return hashes[0]


async def _sign(folder: Path, path: Path) -> None:
    """Sign a head over what was put there."""
    (folder / "heads.log").unlink()
    async with open_database(path, SCHEMAS) as store:
        appender = await opened(desk_in(folder, store))
        assert isinstance(appender, Appender)
        await appender.sign_head()
