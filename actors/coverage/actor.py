"""The lookout: asks every quarter of an hour what was not observed, and reports it as drift."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import attrs
import structlog
import trio

from actors.catalogue.check_names import NamedCheck
from actors.coverage.sqlite import LOOK_S
from actors.coverage.store import CheckCoverage, CoverageMemory, CoverageReport
from actors.messages import JSON, Observation, Status
from actors.requests import RecordObservation
from runtime.clock import Clock
from runtime.errors import StoreError
from runtime.ids import Ids
from runtime.mailbox import MailboxRefusedError, Post
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="coverage")

CHECK = "observation_coverage"
"""The check that is answered here: were the checks of this host observed?"""

_MINUTE = 60_000
_DAY_S = 86_400.0
_TOLD = 20
"""Checks that an observation names at most."""


@attrs.frozen
class CoverageSettings:
    """When what was not observed is an incident.  Durations are seconds."""

    threshold_s: float = 3600.0
    """A check of a host may be unobserved for as long, within `window_s`."""
    window_s: float = _DAY_S
    retention_days: int = 90
    agents_interval_s: float = 300.0
    """Between two looks of an agent, as it is told when it registers."""


@attrs.define
class Lookout:
    """Leaves a sign of life, and answers `observation_coverage` for each host.

    A host is answered for at the first look of a life, when its answer changes, and at each look
    at which it fails.  Of what a host missed while the appliance was not there, the site is told
    once instead of each host.
    """

    site: str
    store: Store
    memory: CoverageMemory
    journal: Post[RecordObservation]
    clock: Clock
    ids: Ids
    settings: CoverageSettings
    asked: Callable[[], Collection[tuple[str, str]]]
    """What the scanner asks now: (host, check)."""
    named: Callable[[], NamedCheck]
    """Gives what the catalogue says of `observation_coverage`."""
    _begun: bool = attrs.field(default=False, init=False)
    _answers: dict[str, Status] = attrs.field(factory=dict[str, Status], init=False)
    """What each host was last answered for, in this life."""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except (StoreError, MailboxRefusedError) as error:  # the next look says it again
                log.warning("coverage_not_looked_at", error=type(error).__name__)
            await trio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look once."""
        now = self.clock.now()
        if not self._begun:  # once a life of the process, not once a fall of this service
            await self.store.commit(self.memory.begin(now))
            self._begun = True
        await self.store.commit(self.memory.keep(now, self.asked(), self.settings.retention_days))
        report = self.memory.report(now, self.settings.window_s)
        limit_s = self.settings.threshold_s
        # In the reading thread: a large site has tens of thousands of checks.
        for answer in await self.store.read(
            lambda connection: list(answers(report(connection), self.site, limit_s))
        ):
            await self._tell(answer)

    async def _tell(self, answer: "Answer") -> None:
        known = self._answers.get(answer.host)
        if answer.status is known and answer.status is Status.PASS:
            return
        named = self.named()
        await RecordObservation(
            Observation(
                id=self.ids.new("observation"),
                site=self.site,
                host=answer.host,
                check=CHECK,
                status=answer.status,
                severity=named.severity,
                observed_at=self.clock.now(),
                source="scanner",
                expected=_expected(self.settings),
                actual=answer.actual,
                details=answer.details,
                controls=named.controls,
            )
        ).ask(self.journal)
        self._answers[answer.host] = answer.status


@attrs.frozen
class Answer:
    """What is to be said of a host."""

    host: str
    status: Status
    actual: str
    details: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])


def answers(report: CoverageReport, site: str, threshold_s: float) -> Iterator[Answer]:
    """Answer for the site, which is the appliance, and for each host: pass up to the threshold."""
    limit = round(threshold_s * 1000)
    away = sum(outage.length for outage in report.outages)
    yield Answer(site, _status(away, limit), f"the appliance was away for {minutes(away)} min")
    hosts: dict[str, list[CheckCoverage]] = {}
    for each in report.checks:
        hosts.setdefault(each.host, []).append(each)
    for host, checks in hosts.items():
        yield _answer(host, checks, limit)


def _answer(host: str, checks: Sequence[CheckCoverage], limit: int) -> Answer:
    dark = sorted(
        ((_while_there(each), each) for each in checks if not each.retired),
        key=lambda pair: (-pair[0], pair[1].check),
    )
    over = [(length, each) for length, each in dark if length > limit]
    if not over:
        return Answer(host, Status.PASS, "observed")
    length, worst = over[0]
    others = f", and {len(over) - 1} more checks" if len(over) > 1 else ""
    cause = max(worst.account.by_cause, key=lambda cause: worst.account.by_cause[cause])
    return Answer(
        host,
        Status.FAIL,
        f"{worst.check}: {minutes(length)} min unobserved, {cause}{others}",
        {
            "unobserved_minutes": {each.check: minutes(span) for span, each in over[:_TOLD]},
            "checks": len(over),
            "cause": cause.value,
            "reason": worst.holes[-1].reason if worst.holes else "",
        },
    )


def _while_there(check: CheckCoverage) -> int:
    """Give what was unobserved while the appliance was there."""
    return check.account.unobserved - check.account.away


def _status(length: int, limit: int) -> Status:
    return Status.FAIL if length > limit else Status.PASS


def minutes(length: int) -> float:
    """Give milliseconds as minutes, to a tenth."""
    return round(length / _MINUTE, 1)


def _expected(settings: CoverageSettings) -> str:
    return f"at most {settings.threshold_s / 60:g} min unobserved in {settings.window_s / 3600:g} h"
