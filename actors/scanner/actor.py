"""The scanner's shells: a service that asks what is due, and an actor that asks on demand."""

from collections.abc import Callable, Mapping, Sequence

import attrs
import structlog
import trio

from actors.catalogue.checks import Check, examine, judge
from actors.catalogue.extraction import extract
from actors.catalogue.readings import Failed
from actors.messages import JSON, Observation, Recorded, Status
from actors.requests import CheckRun, RecordObservation
from actors.scanner.core import (
    Question,
    Schedule,
    Watch,
    check_of,
    checks_of,
    interval_of,
    questions,
)
from actors.scanner.footprint import footprint
from runtime.clock import Clock
from runtime.errors import ArightError, NotFoundError, UnansweredError
from runtime.ids import Ids
from runtime.mailbox import Post

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="scanner")

_OS_RELEASE_BYTES = 65_536


@attrs.frozen
class Eye:
    """Looks at hosts, and has the journal keep what they answer."""

    watches: Mapping[str, Watch]
    """By host."""
    checks: Callable[[], Mapping[str, Check]]
    """Gives those in force, by id; a reload gives another mapping."""
    journal: Post[RecordObservation]
    clock: Clock
    ids: Ids
    default_interval_s: float
    """For a check that names no interval."""

    async def look(self, host: str, check: Check) -> Observation:
        """Ask one question, for no longer than the check may take."""
        watch = self.watches[host]
        answer = judge(check, Failed("timeout"))
        with trio.move_on_after(check.timeout_s):
            answer = await examine(check, watch.target, self.clock.now())
        details: Mapping[str, JSON] = {}
        if answer.status is Status.FAIL:
            details = await self._details(watch, check)
        return Observation(
            id=self.ids.new("observation"),
            site=watch.site,
            host=host,
            check=check.id,
            status=answer.status,
            severity=check.severity,
            observed_at=self.clock.now(),
            source="scanner",
            platform=watch.platform,
            distro=await _distro(watch, check.timeout_s),
            expected=answer.expected,
            actual=answer.actual,
            details=details,
            controls=check.controls,
            absent=answer.absent,
            reason=answer.reason,
        )

    async def _details(self, watch: Watch, check: Check) -> Mapping[str, JSON]:
        """Say what is known of the change behind a drift, and how late it may have been seen."""
        left: Mapping[str, JSON] = {}
        with trio.move_on_after(check.timeout_s):
            left = await footprint(check.probe, watch.target)
        return {**left, "asked_every_s": interval_of(watch, check, self.default_interval_s)}

    async def record(self, observation: Observation) -> Recorded:
        """Have it kept; returns when it is durable.

        Raises:
            StoreError: nothing was kept.
            MailboxRefusedError: the journal takes none now.
        """
        return await RecordObservation(observation).ask(self.journal)


async def _distro(watch: Watch, timeout_s: float) -> str:
    """Give the host's distribution as its os-release names it; empty where it does not."""
    text = None
    try:
        with trio.move_on_after(timeout_s):
            text = await watch.target.read_text("/etc/os-release", _OS_RELEASE_BYTES)
    except UnansweredError:
        return ""
    found = extract(text or "", r'(?m)^ID="?([a-z0-9._-]+)"?\s*$', "last")
    return found if isinstance(found, str) else ""


@attrs.define
class Scanner:
    """Asks each host what is due, a few questions at once, and sleeps until the next is."""

    eye: Eye
    spread_s: float = 5.0
    """Over which the first round is spread, so that a start is no flood."""
    at_once: int = 4
    unrecorded: int = attrs.field(default=0, init=False)
    """Answers that could not be kept; each was asked again."""

    _known: Mapping[str, Check] | None = attrs.field(default=None, init=False)
    """The checks that `_schedule` asks."""
    _schedule: Schedule = attrs.field(factory=Schedule, init=False)
    _changed: trio.Event = attrs.field(factory=trio.Event, init=False)

    async def run(self) -> None:
        """Ask until cancelled.

        Raises:
            NotFoundError: the configuration names a check that a host cannot be asked.
        """
        clock = self.eye.clock
        async with trio.open_nursery() as workers:
            give, take = trio.open_memory_channel[tuple[Schedule, Question]](0)
            for _ in range(self.at_once):
                workers.start_soon(self._work, take)
            while True:
                self._changed = trio.Event()
                self._learn()
                while question := self._schedule.take(clock.monotonic()):
                    await give.send((self._schedule, question))
                # It may have fallen due since it was last looked for.
                wait_s = max(0.0, self._schedule.next_due - clock.monotonic())
                with trio.move_on_after(wait_s):
                    await self._changed.wait()

    def _learn(self) -> None:
        """Begin anew where other checks are in force."""
        checks = self.eye.checks()
        if checks is self._known:
            return
        asked = questions(self.eye.watches.values(), checks, self.eye.default_interval_s)
        self._schedule = Schedule.spread(asked, self.eye.clock.monotonic(), self.spread_s)
        self._known = checks

    async def _work(self, asked: trio.MemoryReceiveChannel[tuple[Schedule, Question]]) -> None:
        async for schedule, question in asked:
            await self._answer(question, schedule)
            self._changed.set()

    async def _answer(self, question: Question, schedule: Schedule) -> None:
        observation = await self.eye.look(question.host, question.check)
        try:
            await self.eye.record(observation)
        except ArightError as error:
            # Nothing is kept back: a fresh answer says more than a stale one.
            self.unrecorded += 1
            log.warning(
                "observation_not_recorded",
                host=question.host,
                check=question.check.id,
                error=type(error).__name__,
                count=self.unrecorded,
            )
            schedule.retry(question, self.eye.clock.monotonic())
        else:
            schedule.settle(question, self.eye.clock.monotonic())


@attrs.frozen
class CheckRunActor:
    """Asks a host because a person wants to know now."""

    eye: Eye

    async def handle(self, request: CheckRun) -> None:
        """Answer with what the host says, once it is durable."""
        try:
            request.reply(await self._run(request))
        except ArightError as error:
            request.fail(error)

    async def _run(self, request: CheckRun) -> Sequence[Observation]:
        watch = self.eye.watches.get(request.host)
        if watch is None:
            raise NotFoundError("host", request.host)
        checks = self.eye.checks()
        if request.checks:
            wanted = [check_of(watch, name, checks) for name in request.checks]
        else:
            wanted = list(checks_of(watch, checks))
        observations: list[Observation] = []
        for check in wanted:
            # Each at once: a host may be asked for minutes, and an answer that waited for the
            # others would come after a fix, and be taken for drift that is back.
            observation = await self.eye.look(watch.host, check)
            await self.eye.record(observation)
            observations.append(observation)
        return observations
