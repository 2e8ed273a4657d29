"""Keeps what the checks say until the appliance has it."""

from collections.abc import Sequence

import attrs
import structlog

from actors.endpoint_agent.core import Report, Standing, report_of
from actors.endpoint_agent.news import News
from actors.endpoint_agent.store import Spool
from actors.messages import Observation, Recorded
from actors.requests import RecordObservation
from runtime.errors import StoreError
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="spooler")


@attrs.define
class Spooler:
    """Stands where an appliance has its journal: answers when an observation is durable."""

    store: Store
    spool: Spool
    news: News
    standing: Standing
    _unanswered: dict[str, str] = attrs.field(factory=dict[str, str], init=False)
    """By check, why it was not answered: said once, and again when it changes."""

    async def handle_batch(self, asked: list[RecordObservation]) -> None:
        """Keep what queued up, in one commit."""
        told = [report_of(each.observation) for each in asked]
        reports = [report for report in told if report is not None]
        try:
            await self._keep(reports)
        except StoreError as error:
            log.warning("observations_not_kept", count=len(asked), error=str(error))
            for each in asked:
                each.fail(error)
            return
        for each, report in zip(asked, told, strict=True):
            self._note(each.observation, answered=report is not None)
            each.reply(Recorded(each.observation.id, None))

    async def _keep(self, reports: Sequence[Report]) -> None:
        if not reports:
            return
        [dropped] = await self.store.commit(self.spool.append(reports))
        if dropped:
            log.warning("reports_dropped", reason="spool_full", count=dropped)
        self.standing.fails += sum(not report.passed for report in reports)
        self.news.tell()

    def _note(self, seen: Observation, *, answered: bool) -> None:
        if answered:
            self._unanswered.pop(seen.check, None)
        elif self._unanswered.get(seen.check) != seen.reason:
            self._unanswered[seen.check] = seen.reason
            log.info("check_not_answered", check=seen.check, reason=seen.reason)
