"""What an endpoint agent asks its host: what its own file says, else what the appliance wishes."""

import attrs
import structlog
import trio

from actors.endpoint_agent import News, Wishes
from actors.requests import RecordObservation
from actors.scanner import Eye, Scanner, Watch, checks_of
from runtime.clock import Clock
from runtime.ids import Ids
from runtime.mailbox import Post
from runtime.roles.catalogue import Catalogue

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="scanner")

_UNTOLD_S = 300.0
"""Seconds between two looks before the appliance has said how many it wishes."""


@attrs.define(eq=False)
class WishedScanner:
    """A scanner that begins anew when the appliance wishes for other checks or another beat."""

    watch: Watch
    """Of this host; the checks and the interval that its own file names stand."""
    catalogue: Catalogue
    seen: Post[RecordObservation]
    clock: Clock
    ids: Ids
    _wishes: Wishes = attrs.field(factory=Wishes, init=False)
    _news: News = attrs.field(factory=News, init=False)

    def heed(self, wishes: Wishes) -> None:
        """Take what the appliance said; what is asked already goes on undisturbed."""
        before, self._wishes = self.watched, wishes
        now = self.watched
        if now != before:
            log.info("asks_otherwise", seconds=now.interval_s, names=now.checks)
            self._news.tell()

    @property
    def watched(self) -> Watch:
        """Say what is asked, and how often."""
        own, wishes = self.watch, self._wishes
        return attrs.evolve(
            own,
            interval_s=own.interval_s or wishes.interval_s or _UNTOLD_S,
            checks=self._wished() if own.checks is None else own.checks,
        )

    def _wished(self) -> tuple[str, ...] | None:
        """Give the wished checks that can be asked here; None, so all of them, where none can.

        A site names checks in the words of all its agents, and most are for other platforms.
        """
        asked_here = {check.id for check in checks_of(self.watch, self.catalogue.checks)}
        names = dict.fromkeys(self.catalogue.names.named(said).name for said in self._wishes.checks)
        return tuple(name for name in names if name in asked_here) or None

    async def run(self) -> None:
        """Ask until cancelled; raises as `Scanner.run` does."""
        while True:
            changed, watch = self._news.next, self.watched
            eye = Eye(
                {watch.host: watch}, lambda: self.catalogue.checks, self.seen, self.clock, self.ids,
                _UNTOLD_S,
            )  # fmt: skip
            async with trio.open_nursery() as nursery:
                nursery.start_soon(Scanner(eye).run)
                await changed.wait()
                nursery.cancel_scope.cancel(reason="the appliance wishes otherwise")
