"""The planter: puts the checkpoints that wait into a batch, at most once in an interval."""

import hashlib
import sqlite3
from collections.abc import Sequence
from functools import partial

import attrs
import structlog

from actors.anchorer.desk import Desk
from actors.anchorer.store import Batch, Last, Member
from actors.anchorer.tree import NONCE, plant
from actors.messages import Moment, Severity
from actors.messages.evidence import Head
from actors.ports import Heads

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="anchorer")

MOST = 256
"""Checkpoints of a log in one batch.  Where more wait, the newest stands for those before it."""

_LOOKS_S = (5.0, 300.0)  # between two looks while nothing waits: doubled from one to the other
_SILENT_S = 86_400.0  # after which a person is told that no calendar answers


@attrs.define
class Planter:
    """A service.  While no calendar promised anything for the last batch, it makes no other:
    what waits goes into the next one, and nothing is to be caught up with."""  # noqa: D205, D209

    desk: Desk
    heads: Heads
    calendars: Sequence[str]
    quorum: int
    interval_s: float
    _look_s: float = attrs.field(default=_LOOKS_S[0], init=False)
    _told: str = attrs.field(default="", init=False)
    _began: Moment | None = attrs.field(default=None, init=False)
    """When this life first looked."""

    async def run(self) -> None:
        """Plant for ever."""
        while True:
            await self.desk.rest(await self.plant())

    async def plant(self) -> float:
        """Make a batch if one is due; give the seconds until the next look."""
        last, now = await self.desk.store.read(self.desk.memory.last()), self.desk.now()
        if last is not None:
            if last.answered is None:
                return await self._wait_for_answers(last, now)
            rest_s = self.interval_s - self._since(last.answered, now)
            if rest_s > 0:
                return rest_s
        waiting = await self.desk.store.read(self._waiting)
        if waiting:
            await self._make(waiting, now)
        look_s = self._look_s
        self._look_s = _LOOKS_S[0] if waiting else min(2 * look_s, _LOOKS_S[1])
        return look_s

    def _since(self, then: Moment, now: Moment) -> float:
        """Count the seconds since a moment: since one of an earlier boot at least those of this
        life, for the clock may have been ahead."""  # noqa: D205, D209
        self._began = self._began or now
        return max(now.since(then), 0.0 if then.boot == now.boot else now.since(self._began))

    def _waiting(self, connection: sqlite3.Connection) -> Sequence[Head]:
        """List what waits: the eldest heads of each log, and its newest, which is over them all."""
        waiting: list[Head] = []
        for log in self.heads.logs()(connection):
            after = self.desk.memory.taken(log.number)(connection)
            eldest = self.heads.heads_after(log.number, after, MOST - 1)(connection)
            newest = self.heads.last_head(log.number)(connection)
            waiting += eldest
            if newest is not None and eldest and newest != eldest[-1]:
                waiting.append(newest)
        return waiting

    async def _make(self, heads: Sequence[Head], now: Moment) -> None:
        digests = [hashlib.sha256(head.note).digest() for head in heads]
        nonces = [self.desk.random.randbytes(NONCE) for _ in heads]
        tree = await self.desk.aside(partial(plant, digests, nonces))
        members = [Member(head, path) for head, path in zip(heads, tree.paths, strict=True)]
        batch = Batch(tree.root, members, self.calendars, self.quorum, now)
        await self.desk.store.commit(self.desk.memory.add(batch))
        log.info("checkpoints_batched", batch=batch.root.hex(), count=len(heads))
        self.desk.changed()

    async def _wait_for_answers(self, last: Last, now: Moment) -> float:
        """Tell a person after a day without any; give the seconds until the next look."""
        left_s = _SILENT_S - self._since(last.made, now)
        if left_s <= 0 and self._told != last.batch:
            self._told = last.batch
            await self.desk.tell("calendars", Severity.MEDIUM, "no_calendar_answers")
        return left_s if left_s > 0 else _SILENT_S
