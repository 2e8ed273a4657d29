"""Computes a whole log anew from its statements: every leaf, hash, head, signature and key.

It believes nothing that is stored but the statements, and shares with the appender no more than the
hashing of the tree.  What was purged after retention has its leaf's hash alone; what the log says
of itself never is, so that keys are known by the entries that brought them in.
"""

import base64
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, cast

import attrs

from actors.evidence_log.core import Written
from actors.evidence_log.entries import number_of
from actors.evidence_log.envelope import Envelope, fingerprint_of
from actors.evidence_log.tlog.checkpoint import open_checkpoint
from actors.evidence_log.tlog.hashing import SIZE, leaf_hash
from actors.evidence_log.tlog.notes import NoteKey, SignatureError
from actors.evidence_log.tlog.tiles import WIDTH, ReadTile, TileTree
from actors.messages.evidence import Head, Log, Logged, ProofKind, SigningKey
from actors.ports import EvidenceReads
from runtime.errors import EvidenceFormatError

_MOST_PROBLEMS: Final = 100
_AT_ONCE: Final = 2000
_UNREADABLE: Final = (ValueError, LookupError, TypeError, OverflowError)
"""What reading rows raises that the log never wrote."""


@attrs.frozen
class Problem:
    """Something is not as it was signed."""

    reason: str
    """A code."""
    log: int
    place: int
    """A leaf, or the size of a head."""


@attrs.frozen
class FileLooks:
    """The last head in the file, read before the database was and after: a log may grow."""

    before: Written | None
    after: Written | None


@attrs.define
class Rechecked:
    """What came of it."""

    leaves: int = 0
    purged: int = 0
    heads: int = 0
    problems: list[Problem] = attrs.field(factory=list[Problem])

    def note(self, reason: str, log: int, place: int) -> None:
        """Note a problem; a damaged log has many, of which the first tell enough."""
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(Problem(reason, log, place))


def recheck(
    reads: EvidenceReads,
    tiles: Callable[[sqlite3.Connection, int], ReadTile],
    files: FileLooks,
    connection: sqlite3.Connection,
) -> Rechecked:
    """Compute all logs anew.

    Args:
        reads: what is stored of them.
        tiles: gives the reader of a log's tiles.
        files: the last head in the file beside the database.
        connection: to be read.
    """
    result, keys = Rechecked(), _Keys()
    try:
        logs = reads.logs()(connection)
        for log in logs:
            _Log(log, reads, tiles(connection, log.number), connection, result, keys).run()
        _hold_keys(reads.keys()(connection), keys, result)
        _hold_to_file(logs[-1] if logs else None, reads, files, connection, result)
    except _UNREADABLE:
        result.note("not_readable", 0, 0)
    return result


@attrs.define
class _Keys:
    """The keys that entries of the logs brought in, by fingerprint; one of them signs."""

    known: dict[str, bytes] = attrs.field(factory=dict[str, bytes])
    signing: str = ""

    def take(self, fingerprint: str, public: bytes) -> None:
        self.known[fingerprint], self.signing = public, fingerprint


@attrs.define
class _Log:
    log: Log
    reads: EvidenceReads
    tile: ReadTile
    connection: sqlite3.Connection
    result: Rechecked
    keys: _Keys
    tree: TileTree = attrs.field(factory=TileTree, init=False)

    def run(self) -> None:
        try:
            self._run()
        except _UNREADABLE:
            self._note("not_readable", self.tree.size)

    def _run(self) -> None:
        heads = self._heads()
        head = next(heads, None)
        for logged in self._statements():
            self._leaf(logged)
            while head is not None and head.size <= self.tree.size:
                self._head(head)
                head = next(heads, None)
        if self.tree.size != self.log.size:
            self._note("leaves_missing", self.tree.size)
        if head is not None:
            self._note("head_beyond_log", head.size)
        self._hold_edge()

    def _statements(self) -> Iterator[Logged]:
        first = 0
        while page := self.reads.leaves(self.log.number, first, _AT_ONCE)(self.connection):
            yield from page
            first = page[-1].leaf + 1

    def _heads(self) -> Iterator[Head]:
        size = 0
        while page := self.reads.heads_after(self.log.number, size, _AT_ONCE)(self.connection):
            yield from page
            size = page[-1].size

    def _leaf(self, logged: Logged) -> None:
        if logged.leaf != self.tree.size:
            self._note("leaf_missing", self.tree.size)
        computed = logged.leaf_hash
        if logged.envelope is None:
            self.result.purged += 1
            if logged.leaf >= self.log.purged or logged.proves is ProofKind.LOG:
                self._note("payload_missing", logged.leaf)
        else:
            computed = leaf_hash(logged.envelope)
            if computed != logged.leaf_hash:
                self._note("leaf_differs", logged.leaf)
            self._signed(logged, logged.envelope)
        if len(computed) != SIZE:
            self._note("tile_missing", logged.leaf)
            computed = bytes(SIZE)
        self._hold(computed)
        self.result.leaves += 1

    def _hold(self, computed: bytes) -> None:
        """Let the tree grow, and hold each tile that fills up to the stored one."""
        for tile in self.tree.append([computed]):
            if tile.width == WIDTH and self.tile(tile.level, tile.index) != tile.data:
                self._note("tile_differs", tile.index * WIDTH ** (tile.level + 1))

    def _hold_edge(self) -> None:
        for level, data in enumerate(self.tree.edge):
            index = self.tree.size // WIDTH ** (level + 1)
            if data and self.tile(level, index)[: len(data)] != bytes(data):
                self._note("tile_differs", index * WIDTH ** (level + 1))

    def _signed(self, logged: Logged, spelled: bytes) -> None:
        try:
            envelope = Envelope.parse(spelled)
            brought = _key_in(envelope.payload)
        except EvidenceFormatError as error:
            self._note(error.reason, logged.leaf)
            return
        wanted = {self.keys.signing} if logged.kind == "key_rotated" else set[str]()
        if brought is not None:
            self.keys.take(*brought)
        # A new key's entry is signed by the old one too; a log is begun with whichever is there.
        wanted.add(self.keys.signing)
        if {fingerprint for fingerprint, _ in envelope.signatures} != wanted:
            self._note("key_changed_unsigned", logged.leaf)
        if not envelope.holds(self.keys.known):
            self._note("signature_fails", logged.leaf)

    def _head(self, head: Head) -> None:
        self.result.heads += 1
        public = self.keys.known.get(self.keys.signing, bytes(32))
        try:
            signed = open_checkpoint(head.note, [NoteKey(self.log.origin, public)]).checkpoint
        except (EvidenceFormatError, SignatureError):
            self._note("head_not_signed", head.size)
            return
        if (signed.origin, signed.size, signed.root) != (self.log.origin, head.size, head.root):
            self._note("head_differs", head.size)
        if head.size != self.tree.size or head.root != self.tree.root():
            self._note("log_differs_from_signed", head.size)

    def _note(self, reason: str, place: int) -> None:
        self.result.note(reason, self.log.number, place)


def _key_in(payload: bytes) -> tuple[str, bytes] | None:
    """Read the key that an entry of the log brings in, if it does."""
    if b'"predicateType":"urn:aright:evidence:log:v1"' not in payload:
        return None
    try:
        predicate = cast("Mapping[str, Mapping[str, Mapping[str, str]]]", json.loads(payload))
        told = predicate["predicate"].get("log", {})
        key = cast("Mapping[str, str]", told.get("key"))
        if key is None:  # pyright: ignore[reportUnnecessaryComparison]  # told by JSON
            return None
        public = base64.b64decode(key["public"], validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EvidenceFormatError("bad_log_entry", "an entry names no key") from error
    if fingerprint_of(public) != key["fingerprint"]:
        raise EvidenceFormatError("bad_log_entry", "a key has not the fingerprint that is named")
    return key["fingerprint"], public


def _hold_keys(stored: Sequence[SigningKey], keys: _Keys, result: Rechecked) -> None:
    """Hold the keys that people are shown to those that the entries brought in."""
    for key in stored:
        last_signs = key is not stored[-1] or key.fingerprint == keys.signing
        if keys.known.get(key.fingerprint) != key.public or not last_signs:
            result.note("key_differs", key.log, key.since_leaf)


def _hold_to_file(
    log: Log | None,
    reads: EvidenceReads,
    files: FileLooks,
    connection: sqlite3.Connection,
    result: Rechecked,
) -> None:
    before, after = files.before, files.after
    if log is None:
        if before is not None:
            result.note("other_log_signed", number_of(before.origin), before.size)
        return
    head = reads.last_head(log.number)(connection)
    if head is not None:
        if after is None:
            result.note("heads_file_missing", log.number, head.size)
        elif number_of(after.origin) < log.number or after.size < head.size:
            result.note("heads_file_behind", log.number, head.size)
    if before is None or number_of(before.origin) < log.number:
        return
    if before.origin != log.origin:
        result.note("other_log_signed", log.number, before.size)
    elif before.size > log.size:
        result.note("log_shorter_than_signed", log.number, before.size)
    else:
        kept = reads.head(log.number, before.size)(connection)
        if kept is not None and kept.root != before.root:
            result.note("log_differs_from_signed", log.number, before.size)
