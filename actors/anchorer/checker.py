"""The checker: holds every block that a proof names against its header."""

from collections.abc import Mapping
from functools import partial

import attrs
import structlog

from actors.anchorer.core import TO_CHECK, TO_GROW, Promise, heights
from actors.anchorer.desk import Desk
from actors.anchorer.proof import Stamp, read_stamp
from actors.anchorer.sources import Found, HeaderSource, NoHeaderError
from actors.anchorer.verdict import Outcome, weigh
from actors.messages import Severity

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="anchorer")


@attrs.define
class Checker:
    """A service.  Only what it checked is `verified`; nothing stays `anchored` for good."""

    desk: Desk
    headers: HeaderSource

    async def run(self) -> None:
        """Check what is due, for ever."""
        while True:
            await self.check(await self.desk.next_due(self.desk.memory.next_unchecked()))

    async def check(self, promise: Promise) -> None:
        """Check the blocks of one promise.  What cannot be checked now is checked later."""
        stamp = await self.desk.aside(partial(read_stamp, promise.root, promise.kept or b""))
        try:
            found = await self._headers(stamp)
        except NoHeaderError as error:
            log.warning("header_not_at_hand", batch=promise.batch, reason=error.reason)
            if error.reason == "sources_disagree":
                await self.desk.tell("headers", Severity.HIGH, error.reason)
            await self.desk.postpone(promise, TO_CHECK, error.reason)
            return
        if found is None:  # mined a moment ago, or never: the calendar is asked once more
            await self._take_back(promise, "no_such_block")
            return
        headers = {height: each.header for height, each in found.items()}
        verdict = weigh(stamp.attestations, headers.get)
        if verdict.outcome is Outcome.VERIFIED and verdict.height is not None:
            await self._verified(promise, verdict.height, found[verdict.height])
        else:
            await self.desk.tell(promise.calendar, Severity.HIGH, "other_merkle_root")
            await self._take_back(promise, "other_merkle_root")

    async def _headers(self, stamp: Stamp) -> Mapping[int, Found] | None:
        """Fetch the headers of all blocks that are named; None where one is not there."""
        found: dict[int, Found] = {}
        for height in heights(stamp):
            one = await self.headers.at(height)
            if one is None:
                return None
            found[height] = one
        return found

    async def _verified(self, promise: Promise, height: int, found: Found) -> None:
        verified = attrs.evolve(
            promise,
            height=height,
            header=found.header.raw,
            header_source=found.source,
            attempts=0,
            error="",
        )
        await self.desk.store.commit(self.desk.memory.keep(verified))
        log.info("anchor_verified", batch=promise.batch, height=height, provider=found.source)

    async def _take_back(self, promise: Promise, reason: str) -> None:
        """Go back to what the calendar had promised, and ask it again later."""
        log.warning("block_refused", calendar=promise.calendar, batch=promise.batch, reason=reason)
        await self.desk.postpone(attrs.evolve(promise, grown=None), TO_GROW, reason)
        self.desk.changed()
