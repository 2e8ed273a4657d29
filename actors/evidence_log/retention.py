"""How payloads are purged after retention: in small steps, and the log says so.  Leaves stay."""

import datetime as dt
import sqlite3
from collections.abc import Sequence

import attrs
import structlog
import trio

from actors.evidence_log.store import EvidenceMemory
from actors.messages import JSON, Fact, Moment
from actors.messages.evidence import Log, ProofKind
from runtime.clock import Clock
from runtime.store import Store, Write

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="evidence_log")

_STEP = 500
_EVERY = 6 * 3600.0


@attrs.define
class PayloadRetention:
    """Drops the payloads of statements that were logged more than `days` ago."""

    site: str
    store: Store
    memory: EvidenceMemory
    clock: Clock
    days: int

    async def run(self) -> None:
        """Purge at the start and every six hours, until cancelled."""
        while True:
            await self.purge()
            await trio.sleep(_EVERY)

    async def purge(self) -> None:
        """Purge what is old, without holding others up for long."""
        before = self.clock.now() - dt.timedelta(days=self.days)
        while True:
            [purged] = await self.store.commit(self._step(before))
            if not purged:
                return
            for was, end in purged:
                log.info("payloads_purged", origin=was.origin, count=end - was.purged)

    def _step(self, before: dt.datetime) -> Write[Sequence[tuple[Log, int]]]:
        """Purge some payloads; that the log shall say so is owed in the same commit."""
        purge, now = self.memory.purge(before, _STEP), Moment.read(self.clock)

        def write(connection: sqlite3.Connection) -> Sequence[tuple[Log, int]]:
            purged = purge(connection)
            for was, end in purged:
                body: dict[str, JSON] = {
                    "origin": was.origin,
                    "from_leaf": was.purged,
                    "to_leaf": end - 1,
                    "logged_before": before.isoformat(),
                }
                fact = Fact("payloads_purged", body)
                self.memory.owe(ProofKind.LOG, fact, now, site=self.site)(connection)
            return purged

        return write
