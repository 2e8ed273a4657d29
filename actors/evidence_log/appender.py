"""Appends to the log: builds, signs, makes leaves durable, and signs heads over them.

Whoever holds an `Appender` is the only one who appends.  What it knows of the log it read when the
log was opened; after an error the log is opened anew, and so looked at again.
"""

import datetime as dt
import sqlite3
from collections.abc import Callable, Mapping, Sequence

import attrs
import trio

from actors.evidence_log.core import Written
from actors.evidence_log.entries import entry, rotated
from actors.evidence_log.envelope import Signer
from actors.evidence_log.files import HeadsFile, KeyFiles
from actors.evidence_log.statement import Scrub, Statement, statement_of
from actors.evidence_log.store import EvidenceMemory, Growth, Leaf, Owed
from actors.evidence_log.tlog.checking import verify_consistency
from actors.evidence_log.tlog.checkpoint import Checkpoint
from actors.evidence_log.tlog.hashing import leaf_hash
from actors.evidence_log.tlog.making import make_consistency
from actors.evidence_log.tlog.notes import NoteSigner
from actors.evidence_log.tlog.tiles import TileTree, subtrees_in
from actors.messages import JSON
from actors.messages.evidence import Head, Log, OwedFact, SigningKey
from runtime.clock import Clock
from runtime.errors import ConflictError
from runtime.store import Query, Store, Write

_YIELD_EVERY = 16
"""Statements that are signed before others get the thread: about a millisecond."""


class InconsistentHeadError(ConflictError):
    """The tree is not the one that was signed before; its head was not signed."""


@attrs.frozen
class Desk:
    """What the evidence log writes with, and where."""

    site: str
    version: str
    """Of Aright; statements name it."""
    store: Store
    memory: EvidenceMemory
    keys: KeyFiles
    heads: HeadsFile
    scrub: Scrub
    clock: Clock

    def stated(self, fact: OwedFact, log: Mapping[str, JSON] | None = None) -> Statement:
        """State a fact."""
        return statement_of(fact, self.scrub, self.version, log)


@attrs.define
class Appender:
    """A log that is open for appending; see `opened`."""

    desk: Desk
    log: Log
    signer: Signer
    key: SigningKey
    """The public half of `signer`."""
    tree: TileTree
    head: Head | None
    """The last that was signed."""

    async def append(
        self,
        owed: Owed,
        beside: Callable[[Sequence[Statement]], Sequence[Write[object]]] = lambda _: (),
    ) -> Sequence[Statement]:
        """State facts: in the log, durable, and owed no more when this returns, in one commit.

        Args:
            owed: the facts.
            beside: says what else is to be written in that commit.

        Raises:
            StoreError, LogMovedError: nothing was appended; the log is to be opened anew.
        """
        statements, leaves = list[Statement](), list[Leaf]()
        for place, fact in enumerate(owed.facts):
            if place % _YIELD_EVERY == 0:
                await trio.lowlevel.checkpoint()
            statement = self.desk.stated(fact)
            statements.append(statement)
            leaves.append(signed(fact, statement, (self.key, self.signer)))
        await self._grow(leaves, self.desk.memory.prove(owed), *beside(statements))
        return statements

    @property
    def has_unsigned(self) -> bool:
        """Whether there are leaves that no head is over."""
        return self.head is None or self.head.size < self.tree.size

    async def sign_head(self, *others: Signer) -> Head:
        """Sign a head over all leaves; it is in file and database when this returns.

        Args:
            others: keys that sign beside the log's own.

        Raises:
            InconsistentHeadError: see there.
            StoreError, OSError: it may be in the file alone; the log is to be opened anew.
        """
        desk, origin = self.desk, self.log.origin
        size, root = self.tree.size, self.tree.root()
        if self.head is not None and not await desk.store.read(self._grew(self.head, size, root)):
            raise InconsistentHeadError(f"{origin} of {size} leaves is not the one that was signed")
        note = Checkpoint(origin, size, root).signed(NoteSigner(origin, self.signer.private))
        for other in others:
            note = note.beside(NoteSigner(origin, other.private).sign(note.text))
        head = Head(self.log.number, size, root, note.spelled(), desk.clock.now())
        await trio.to_thread.run_sync(desk.heads.put, Written(origin, size, root, head.note))
        await desk.store.commit(desk.memory.keep_head(head))
        self.head = head
        return head

    async def rotate(self, who: str, reason: str) -> SigningKey:
        """Let a new key sign from now on.

        Raises:
            StoreError, OSError, InvalidFileError: the log is to be opened anew; it knows its key.
        """
        desk, old = self.desk, (self.key, self.signer)
        signer, now = await trio.to_thread.run_sync(desk.keys.make), desk.clock.now()
        number, since = self.key.number + 1, self.tree.size + 1
        key = SigningKey(number, signer.public, signer.fingerprint, self.log.number, since, now)
        fact = entry(desk.site, "key_rotated", now.isoformat(), who, reason)
        statement = desk.stated(fact, rotated(self.log, self.key, key))
        await self._grow([signed(fact, statement, old, (key, signer))], desk.memory.keep_key(key))
        self.signer, self.key = signer, key
        await self.sign_head(old[1])
        await trio.to_thread.run_sync(desk.keys.settle, key.fingerprint)
        return key

    async def _grow(self, leaves: Sequence[Leaf], *also: Write[object]) -> None:
        size = self.tree.size
        growth = grown(self.log, self.tree, leaves, self.desk.clock.now())
        await self.desk.store.commit(self.desk.memory.grow(growth), *also)
        self.log = attrs.evolve(self.log, size=size + len(leaves))

    def _grew(self, before: Head, size: int, root: bytes) -> Query[bool]:
        """Ask whether the stored tree grew out of the one that was signed before."""
        tiles = self.desk.memory.tiles(self.log.number)

        def query(connection: sqlite3.Connection) -> bool:
            path = (
                make_consistency(before.size, size, subtrees_in(tiles(connection)))
                if before.size < size
                else []
            )
            return verify_consistency(
                old_size=before.size,
                new_size=size,
                old_root=before.root,
                new_root=root,
                path=path,
            )

        return query


def signed(fact: OwedFact, statement: Statement, *signers: tuple[SigningKey, Signer]) -> Leaf:
    """Sign a statement."""
    return Leaf(
        statement.proves,
        fact.kind,
        fact.incident_id,
        fact.host,
        fact.check,
        fact.at,
        statement.payload,
        tuple((key, signer.sign(statement.payload)) for key, signer in signers),
    )


def grown(log: Log, tree: TileTree, leaves: Sequence[Leaf], at: dt.datetime) -> Growth:
    """Let a tree grow by leaves; give what is to be kept of that."""
    size = tree.size
    tiles = tree.append(leaf_hash(leaf.envelope) for leaf in leaves)
    return Growth(log.number, size, leaves, tiles, at)
