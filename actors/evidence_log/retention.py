"""How payloads are purged after retention: in small steps, and the log says so.  Leaves stay."""

import datetime as dt

import attrs
import structlog
import trio

from actors.evidence_log.store import EvidenceMemory
from actors.messages import JSON, Fact, Moment
from actors.messages.evidence import ProofKind
from runtime.clock import Clock
from runtime.store import Store

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
        firsts, ends = dict[str, int](), dict[str, int]()
        while True:
            [purged] = await self.store.commit(self.memory.purge(before, _STEP))
            if not purged:
                break
            for was, end in purged:
                firsts.setdefault(was.origin, was.purged)
                ends[was.origin] = end
        for origin, end in ends.items():
            body: dict[str, JSON] = {
                "origin": origin,
                "from_leaf": firsts[origin],
                "to_leaf": end - 1,
                "logged_before": before.isoformat(),
            }
            fact = Fact("payloads_purged", body)
            now = Moment.read(self.clock)
            await self.store.commit(self.memory.owe(ProofKind.LOG, fact, now, site=self.site))
            log.info("payloads_purged", origin=origin, count=end - firsts[origin])
