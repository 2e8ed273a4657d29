"""An evidence log beside a journal, on a store in memory, with its files in a folder."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import attrs
import trio

from actors.evidence_log.actor import EvidenceLog
from actors.evidence_log.appender import Appender, Desk
from actors.evidence_log.canonical import canonical, whole
from actors.evidence_log.files import HEADS, HeadsFile, KeyFiles
from actors.evidence_log.opening import Fault, opened
from actors.evidence_log.sqlite import SqliteEvidence
from actors.evidence_log.statement import Scrub
from actors.evidence_log.tlog.checkpoint import open_checkpoint
from actors.evidence_log.tlog.notes import NoteKey
from actors.journal import SqliteFacts
from actors.messages import JSON, Fact, Incident, Move, State, Status
from actors.messages.evidence import Head, Logged
from runtime.hosts.sqlite import InlineStore
from tests.actors.journal.world import World as JournalWorld
from tests.fakes.store import inline_store

ROOMS = ("journal", "coverage", "evidence_log")


def as_is(text: str) -> bytes:
    """Stand in for a scrubber where nothing has to go."""
    return canonical(whole(cast("JSON", json.loads(text))))


@attrs.define
class World:
    """What a test of the evidence log stands on."""

    folder: Path
    journal: JournalWorld = attrs.field(factory=lambda: JournalWorld(inline_store(*ROOMS)))
    scrub: Scrub = as_is

    @property
    def store(self) -> InlineStore:
        return self.journal.store

    @property
    def memory(self) -> SqliteEvidence:
        return SqliteEvidence(SqliteFacts())

    @property
    def desk(self) -> Desk:
        return Desk(
            "site",
            "1.0",
            self.store,
            self.memory,
            KeyFiles(self.folder),
            HeadsFile(self.folder / HEADS),
            self.scrub,
            self.journal.clock,
        )

    def room(self) -> EvidenceLog:
        """Give a room that signs a head with each batch."""
        return EvidenceLog(self.desk, self.journal.tickets, 0.0)

    async def open(self) -> Appender:
        found = await opened(self.desk)
        assert isinstance(found, Appender), found
        return found

    async def fault(self) -> str:
        found = await opened(self.desk)
        assert isinstance(found, Fault)
        return found.reason

    async def prove(self, *, head: bool = True) -> Appender:
        """Start, prove all that is owed, and end."""
        appender = await self.open()
        while (owed := await self.store.read(self.memory.owed(100))).facts:
            await appender.append(owed)
        if head and appender.has_unsigned:
            await appender.sign_head()
        return appender

    async def drift(self, host: str = "ws-1") -> Incident:
        [recording] = await self.journal.record(self.journal.heard(host=host))
        assert recording.opened is not None
        return recording.opened

    async def passed(self, host: str = "ws-1") -> None:
        await self.journal.record(self.journal.heard(Status.PASS, host=host))

    async def move(self, incident: Incident, to: State, kind: str, **body: JSON) -> None:
        before = await self.journal.get(incident.id)
        assert before is not None
        move = Move(to, (before.state,), Fact(kind, body))
        await self.store.commit(self.journal.journal.move(incident.id, move, self.journal.now))

    async def logged(self) -> Sequence[Logged]:
        return await self.store.read(self.memory.statements())

    async def kinds(self) -> list[tuple[str, str]]:
        return [(each.proves, each.kind) for each in await self.logged()]

    async def heads(self, log: int = 1) -> Sequence[Head]:
        return await self.store.read(self.memory.heads_after(log, 0))

    async def note_keys(self) -> list[NoteKey]:
        """Give the log's keys as a verifier has them."""
        origins = {log.number: log.origin for log in await self.store.read(self.memory.logs())}
        keys = await self.store.read(self.memory.keys())
        return [NoteKey(origins[key.log], key.public) for key in keys]

    async def check_heads(self, log: int = 1) -> None:
        """Hold every head to the tree, and to each other: one for a size."""
        keys = await self.note_keys()
        for head in await self.heads(log):
            checkpoint = open_checkpoint(head.note, keys).checkpoint
            assert (checkpoint.size, checkpoint.root) == (head.size, head.root)


def statement(logged: Logged) -> Mapping[str, JSON]:
    """Read what was signed."""
    import base64

    assert logged.envelope is not None
    envelope = cast("Mapping[str, str]", json.loads(logged.envelope))
    return cast("Mapping[str, JSON]", json.loads(base64.b64decode(envelope["payload"])))


def predicate(logged: Logged) -> Mapping[str, JSON]:
    return cast("Mapping[str, JSON]", statement(logged)["predicate"])


def copied(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Back a database up."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    connection.backup(copy)
    return copy


async def settled(room: EvidenceLog) -> None:
    """Let the room work until nothing is left to do; what it opened before stays open."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(room.run)
        await at_rest(room)
        nursery.cancel_scope.cancel()


async def at_rest(room: EvidenceLog) -> None:
    """Wait until a room has nothing to prove and nothing to sign, or must not."""
    with trio.fail_after(60):
        while not await _rests(room):  # noqa: ASYNC110  nothing tells
            await trio.sleep(0.005)


async def _rests(room: EvidenceLog) -> bool:
    found = room._open
    if isinstance(found, Fault):
        return bool(room._told)
    owed = await room.desk.store.read(room.desk.memory.owed(1))
    # Last: while we waited, the room may have taken what was owed, and not have said it all.
    return found is not None and not owed.facts and not found.has_unsigned
