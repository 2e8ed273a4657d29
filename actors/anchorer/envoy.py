"""The envoy to one calendar: hands roots in, and asks for what was promised, for ever."""

from functools import partial

import attrs
import structlog

from actors.anchorer.calendar import Calendars
from actors.anchorer.core import TO_GROW, TO_SUBMIT, Promise, accepted, heights, waiting
from actors.anchorer.desk import Desk
from actors.anchorer.guards import ProofError
from actors.anchorer.proof import Stamp, read_stamp
from actors.anchorer.stamps import grown
from runtime.outbound import OutboundError, RejectedError, TooLargeError

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="anchorer")


@attrs.define
class Envoy:
    """A service.  All it knows is in the store, so it goes on where an earlier life ended."""

    desk: Desk
    calendars: Calendars
    calendar: str
    _silences: int = attrs.field(default=0, init=False)
    """In a row."""

    async def run(self) -> None:
        """Do what is due, for ever."""
        while True:
            await self.visit(await self.desk.next_due(self.desk.memory.next_of(self.calendar)))
            if self._silences:  # whatever else is due would not be heard either
                pause_s = TO_SUBMIT.wait_s(self._silences, self.desk.random.random())
                await self.desk.rest(pause_s)

    async def visit(self, promise: Promise) -> None:
        """Do what is due with one batch.  Whatever goes wrong is tried again later."""
        submits = promise.kept is None
        patience = TO_SUBMIT if submits else TO_GROW
        self._silences += 1
        try:
            await (self._submit(promise) if submits else self._ask(promise))
            self._silences = 0
        except OutboundError as error:
            if isinstance(error, RejectedError | TooLargeError):  # it is there, and said no
                self._silences = 0
            self._failed(promise, error.reason)
            await self.desk.postpone(promise, patience, error.reason, error.retry_in_s)
        except ProofError as error:
            self._silences = 0
            self._failed(promise, error.reason)
            await self.desk.postpone(promise, patience, error.reason)

    async def _submit(self, promise: Promise) -> None:
        answer = await self.calendars.submit(self.calendar, promise.root)
        stamp = await self.desk.aside(partial(accepted, promise.root, answer, self.desk.allowed))
        # One that names a block at once is not believed more than one that does so later.
        claims = bool(heights(stamp))
        await self._keep(
            attrs.evolve(
                promise,
                promised=None if claims else stamp.data,
                grown=stamp.data if claims else None,
            )
        )
        log.info("calendar_promised", calendar=self.calendar, batch=promise.batch)

    async def _ask(self, promise: Promise) -> None:
        stamp = await self._read(promise)
        for uri, commitment in waiting(stamp, self.desk.allowed):
            answer = await self.calendars.ask(uri, commitment)
            if answer is None:
                continue
            stamp = await self.desk.aside(partial(grown, stamp, uri, commitment, answer))
            if heights(stamp):
                await self._keep(attrs.evolve(promise, grown=stamp.data))
                log.info("block_named", calendar=self.calendar, batch=promise.batch)
                return
        await self.desk.postpone(promise, TO_GROW, "")

    async def _read(self, promise: Promise) -> Stamp:
        return await self.desk.aside(partial(read_stamp, promise.root, promise.kept or b""))

    async def _keep(self, promise: Promise) -> None:
        """Keep an answer; the store verifies it.  A block is checked at once, a promise later."""
        now = self.desk.now()
        wait_s = 0.0 if promise.grown else TO_GROW.wait_s(0, self.desk.random.random())
        kept = attrs.evolve(promise, attempts=0, due=now.after(wait_s), error="")
        memory = self.desk.memory
        await self.desk.store.commit(memory.keep(kept), memory.answered(promise.batch, now))
        self.desk.changed()

    def _failed(self, promise: Promise, reason: str) -> None:
        log.warning("calendar_failed", calendar=self.calendar, batch=promise.batch, reason=reason)
