"""How the journal forgets: in small steps, and the freed pages go back to the disk."""

import datetime as dt
import sqlite3

import attrs
import structlog
import trio

from actors.journal.store import Journal
from actors.ports import Proofs
from runtime.clock import Clock
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="journal")

_STEP = 200
_PAGES = 2000
_EVERY = 6 * 3600.0


@attrs.define
class Retention:
    """Deletes what is settled and older than `days`; open incidents stay for ever."""

    store: Store
    journal: Journal
    clock: Clock
    days: int
    proofs: Proofs | None = None
    """Tells what is proved; None where nothing is to be."""

    async def run(self) -> None:
        """Forget at the start and every six hours, until cancelled."""
        while True:
            await self.forget()
            await trio.sleep(_EVERY)

    async def forget(self) -> None:
        """Forget what is old, without holding others up for long."""
        before = self.clock.now() - dt.timedelta(days=self.days)
        forgotten = 0
        proved = None if self.proofs is None else await self.store.read(self.proofs.proved())
        while True:
            [count] = await self.store.commit(self.journal.forget(before, _STEP, proved))
            if not count:
                break
            forgotten += count
            await self.store.commit(_give_back)
        if forgotten:
            log.info("forgotten", count=forgotten)


def _give_back(connection: sqlite3.Connection) -> None:
    [free] = connection.execute("PRAGMA freelist_count").fetchone()
    for _ in range(min(_PAGES, int(free))):
        # Asked for many at once it frees one: sqlite3 steps a statement without columns once.
        connection.execute("PRAGMA incremental_vacuum(1)")
