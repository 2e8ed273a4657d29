"""Opens the log at a start, and begins one: looks first whether what stands there may go on."""

import sqlite3
from collections.abc import Mapping

import attrs
import trio

from actors.evidence_log.appender import Appender, Desk, grown, signed
from actors.evidence_log.core import Written, fault_of, key_fault
from actors.evidence_log.entries import ARIGHT, begun, entry, number_of, origin_of
from actors.evidence_log.envelope import Signer
from actors.evidence_log.store import Standing
from actors.evidence_log.tlog.tiles import TileTree, subtrees_in
from actors.messages import JSON
from actors.messages.evidence import Head, Log, SigningKey
from runtime.errors import EvidenceFormatError, InvalidFileError
from runtime.store import Query


@attrs.frozen
class Fault:
    """Nothing may be signed: a head would contradict one before, or the key is not at hand."""

    reason: str
    """A code."""


@attrs.frozen
class _Found:
    """What stands in the database and beside it."""

    standing: Standing
    held: Mapping[str, Signer]
    written: Written | None

    def signer(self) -> Signer | None:
        """Give the key that signs, else one that is at hand."""
        key = self.standing.key
        known = None if key is None else self.held.get(key.fingerprint)
        return known or next(iter(self.held.values()), None)


async def opened(desk: Desk) -> Appender | Fault:
    """Open the log; the first start begins it.

    Raises:
        StoreError, OSError: it cannot be told.
    """
    try:
        found = await _found(desk)
    except InvalidFileError as error:
        return Fault(_unreadable(desk, error))
    standing = found.standing
    if standing.log is None:
        if found.written is not None:
            return Fault("other_log_signed")
        return await _begin(desk, found, ARIGHT, "first start", None)
    key, signer = standing.key, found.signer()
    fault = key_fault(
        "" if key is None else key.fingerprint,
        lambda fingerprint: fingerprint in found.held,
        any_held=bool(found.held),
    )
    if fault or key is None or signer is None:
        return Fault(fault or "key_missing")
    head = standing.head
    if head is not None and head.log != standing.log.number:
        head = None  # of the log before
    tree = await desk.store.read(_resumed(desk, found.written, standing.log, head))
    if isinstance(tree, Fault):
        return tree
    await trio.to_thread.run_sync(desk.keys.settle, key.fingerprint)
    return Appender(desk, standing.log, signer, key, tree, head)


async def begun_anew(desk: Desk, who: str, reason: str) -> Appender:
    """Begin the next log, where the one before cannot be continued.

    Raises:
        InvalidFileError: the key is there and cannot be read: it is to be moved away first.
        StoreError, OSError: it was not begun.
    """
    try:
        found = await _found(desk)
    except InvalidFileError:
        found = attrs.evolve(await _found(desk, heads=False), written=None)
    return await _begin(desk, found, who, reason, _before(found))


async def _found(desk: Desk, *, heads: bool = True) -> _Found:
    standing = await desk.store.read(desk.memory.standing())
    held = await trio.to_thread.run_sync(desk.keys.held)
    written = await trio.to_thread.run_sync(desk.heads.last) if heads else None
    return _Found(standing, held, written)


def _unreadable(desk: Desk, error: InvalidFileError) -> str:
    return "heads_file_damaged" if error.path == str(desk.heads.path) else "key_unreadable"


def _resumed(
    desk: Desk, written: Written | None, log: Log, kept: Head | None
) -> Query[TileTree | Fault]:
    """Ask whether the log may be continued: hashes none of it but the edge."""
    tiles = desk.memory.tiles(log.number)

    def query(connection: sqlite3.Connection) -> TileTree | Fault:
        read = tiles(connection)
        try:
            fault = fault_of(log.origin, log.size, written, kept, subtrees_in(read))
            return Fault(fault) if fault else TileTree.resumed(log.size, read)
        except EvidenceFormatError:
            return Fault("tiles_missing")

    return query


async def _begin(
    desk: Desk, found: _Found, who: str, reason: str, before: Mapping[str, JSON] | None
) -> Appender:
    signer = found.signer()
    if signer is None:
        signer = await trio.to_thread.run_sync(desk.keys.make)
    standing, now = found.standing, desk.clock.now()
    number = 1 + max(
        0 if standing.log is None else standing.log.number,
        0 if found.written is None else number_of(found.written.origin),
    )
    log = Log(number, origin_of(desk.site, number), 0, now)
    key_number = 1 if standing.key is None else standing.key.number + 1
    key = SigningKey(key_number, signer.public, signer.fingerprint, number, 0, now)
    fact = entry(desk.site, "log_begun", now.isoformat(), who, reason)
    leaf = signed(fact, desk.stated(fact, begun(log, key, before)), (key, signer))
    tree, memory = TileTree(), desk.memory
    growth = grown(log, tree, [leaf], now)
    await desk.store.commit(memory.begin(log), memory.keep_key(key), memory.grow(growth))
    await trio.to_thread.run_sync(desk.keys.settle, key.fingerprint)
    appender = Appender(desk, attrs.evolve(log, size=1), signer, key, tree, None)
    await appender.sign_head()
    return appender


def _before(found: _Found) -> Mapping[str, JSON]:
    """Say what the new log follows: what was signed last, and what of it is there."""
    told: dict[str, JSON] = {}
    if found.standing.log is not None:
        told["kept"] = {"origin": found.standing.log.origin, "size": found.standing.log.size}
        told["reason"] = found.standing.log.stopped
    if found.written is not None:
        told["signed"] = {
            "origin": found.written.origin,
            "size": found.written.size,
            "root": found.written.root.hex(),
        }
    return told
