"""The scanner: what is asked when, and that no answer is kept back or lost."""

import datetime as dt
import math
import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
from hypothesis import given, strategies as st
from trio.testing import MockClock

from actors.catalogue import probes
from actors.catalogue.baseline import Baseline
from actors.catalogue.checks import Check
from actors.messages import Observation, Platform, Recorded, Severity, Status
from actors.requests import CheckRun, RecordObservation
from actors.scanner import CheckRunActor, Eye, Scanner, Watch
from actors.scanner.core import RETRY_S, Question, Schedule, checks_of, questions
from runtime.actor import actor, service
from runtime.clock import VirtualClock
from runtime.errors import NotFoundError, StoreFullError
from runtime.ids import TimeOrderedIds
from runtime.mailbox import Mailbox
from tests.fakes.target import FakeFile, FakeTarget
from tests.runtime.crew import running


def check(name: str = "shadow_permissions", *, interval_s: float | None = 300.0) -> Check:
    return Check(
        id=name,
        title=name,
        platform=Platform.LINUX,
        probe=probes.FileMode("/etc/shadow"),
        baseline=Baseline("mode_within", "0640"),
        severity=Severity.CRITICAL,
        interval_s=interval_s,
        controls=("hipaa:164.312(a)(1)",),
    )


def host(name: str, mode: int = 0o640, *, delay_s: float = 0.0) -> Watch:
    files = {
        "/etc/shadow": FakeFile(mode=mode),
        "/etc/os-release": FakeFile('NAME="Debian"\nVERSION_ID="12"\nID=debian\n'),
    }
    return Watch("clinic", name, Platform.LINUX, FakeTarget(files, delay_s=delay_s))


@attrs.define
class Journal:
    """Keeps what it is told, unless its disk is full."""

    kept: list[tuple[float, Observation]] = attrs.field(factory=list[tuple[float, Observation]])
    full: bool = False

    async def handle(self, request: RecordObservation) -> None:
        if self.full:
            request.fail(StoreFullError("no room"))
            return
        self.kept.append((trio.current_time(), request.observation))
        request.reply(Recorded(request.observation.id, None))

    def times(self, start: float) -> list[float]:
        return [round(at - start, 3) for at, _ in self.kept]


@attrs.frozen
class Line:
    """A scanner, a person's door to it, and a journal."""

    journal: Journal
    scanner: Scanner
    runs: Mailbox[CheckRun]
    start: float
    checks: list[Mapping[str, Check]]
    """In force is the last."""


@asynccontextmanager
async def scanning(
    watches: Sequence[Watch], checks: Sequence[Check], *, at_once: int = 4, spread_s: float = 0.0
) -> AsyncGenerator[Line]:
    clock = VirtualClock(dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
    record, runs = (
        Mailbox[RecordObservation]("record", capacity=64),
        Mailbox[CheckRun]("r", capacity=4),
    )
    in_force: list[Mapping[str, Check]] = [{each.id: each for each in checks}]
    eye = Eye(
        {watch.host: watch for watch in watches},
        lambda: in_force[-1],
        record.post,
        clock,
        TimeOrderedIds(clock, random.Random(7)),  # noqa: S311  # no secret
        default_interval_s=60,
    )
    journal = Journal()
    scanner = Scanner(eye, spread_s=spread_s, at_once=at_once)
    start = trio.current_time()
    async with running(
        actor("journal", reads=record, make=lambda: journal),
        actor("check_runs", reads=runs, make=lambda: CheckRunActor(eye), sends=[record]),
        service("scanner", scanner.run, sends=[record], ingress=True),
        settle=0,
    ):
        yield Line(journal, scanner, runs, start, in_force)


async def test_a_drift_becomes_an_observation_with_all_that_is_known(
    autojump_clock: MockClock,
) -> None:
    async with scanning([host("ws-7", 0o644)], [check()]) as line:
        await trio.sleep(1)

    ((_, seen),) = line.journal.kept
    assert (seen.site, seen.host, seen.check) == ("clinic", "ws-7", "shadow_permissions")
    assert (seen.status, seen.severity) == (Status.FAIL, Severity.CRITICAL)
    assert (seen.expected, seen.actual) == ("no more than 0640", "0644")
    assert (seen.source, seen.platform, seen.distro) == ("scanner", Platform.LINUX, "debian")
    assert seen.controls == ("hipaa:164.312(a)(1)",)
    assert seen.id.startswith("observation_")


async def test_each_check_keeps_its_own_beat(autojump_clock: MockClock) -> None:
    checks = [check("slow"), check("unsaid", interval_s=None)]
    async with scanning([host("ws-7")], checks) as line:
        await trio.sleep(301)

    asked = [(seen.check, round(at - line.start)) for at, seen in line.journal.kept]
    assert [at for name, at in asked if name == "slow"] == [0, 300]
    assert [at for name, at in asked if name == "unsaid"] == [0, 60, 120, 180, 240, 300]


async def test_a_reload_does_not_leave_the_old_baseline_to_be_asked(
    autojump_clock: MockClock,
) -> None:
    async with scanning([host("ws-7", 0o644)], [check(interval_s=10)]) as line:
        await trio.sleep(15)
        looser = attrs.evolve(check(interval_s=10).baseline, value="0644")
        line.checks.append(
            {
                "shadow_permissions": attrs.evolve(check(interval_s=10), baseline=looser),
                "new": check("new", interval_s=10),
            }
        )
        await trio.sleep(10)

    asked = [(seen.check, seen.status.value) for _, seen in line.journal.kept]
    assert asked[:2] == [("shadow_permissions", "fail")] * 2
    assert set(asked[2:]) == {("shadow_permissions", "pass"), ("new", "fail")}


async def test_the_first_round_is_spread(autojump_clock: MockClock) -> None:
    checks = [check(f"c{number}") for number in range(5)]
    async with scanning([host("ws-7")], checks, spread_s=10) as line:
        await trio.sleep(20)

    assert line.journal.times(line.start) == [0, 2, 4, 6, 8]


async def test_a_question_that_falls_due_between_two_looks_at_the_clock_is_asked(
    autojump_clock: MockClock,
) -> None:
    """As where the machine was put to sleep between them."""

    @attrs.define
    class Sleepy:
        boot_id: str = "boot-1"
        looks: int = 0
        slept_s: float = 0.0

        def now(self) -> dt.datetime:
            return dt.datetime(2026, 3, 1, tzinfo=dt.UTC)

        def monotonic(self) -> float:
            self.looks += 1
            self.slept_s += 0.0 if self.looks % 7 else 400.0
            return trio.current_time() + self.slept_s

    known = {"a": check("a")}
    record = Mailbox[RecordObservation]("record", capacity=64)
    clock, journal = Sleepy(), Journal()
    eye = Eye(
        {"ws-7": host("ws-7")}, lambda: known, record.post, clock,
        TimeOrderedIds(clock, random.Random(7)), default_interval_s=60,  # noqa: S311  # no secret
    )  # fmt: skip
    async with (
        running(actor("journal", reads=record, make=lambda: journal), settle=0),
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(Scanner(eye).run)
        await trio.sleep(3000)
        nursery.cancel_scope.cancel()

    assert len(journal.kept) > 9


async def test_only_a_few_questions_are_asked_at_once(autojump_clock: MockClock) -> None:
    slow = host("ws-7", delay_s=1.0)
    async with scanning([slow], [check(f"c{number}") for number in range(9)], at_once=3) as line:
        await trio.sleep(30)

    assert isinstance(slow.target, FakeTarget)
    assert slow.target.most_at_once == 3
    assert len(line.journal.kept) == 9


async def test_a_question_that_takes_too_long_is_an_error_and_never_a_pass(
    autojump_clock: MockClock,
) -> None:
    async with scanning([host("ws-7", delay_s=60)], [check()]) as line:
        await trio.sleep(30)

    ((_, seen),) = line.journal.kept
    assert (seen.status, seen.reason) == (Status.ERROR, "timeout")


async def test_what_a_full_store_refused_is_asked_again(autojump_clock: MockClock) -> None:
    async with scanning([host("ws-7")], [check()]) as line:
        line.journal.full = True
        await trio.sleep(2.5 * RETRY_S)
        assert line.scanner.unrecorded == 3
        line.journal.full = False
        await trio.sleep(RETRY_S)

    assert line.journal.times(line.start) == [3 * RETRY_S]


async def test_without_hosts_the_scanner_owns_no_timer(autojump_clock: MockClock) -> None:
    async with scanning([], [check()]) as line:
        await trio.sleep(86_400)

    assert line.journal.kept == []


async def test_a_person_may_ask_now_and_the_answer_is_kept(autojump_clock: MockClock) -> None:
    async with scanning([host("ws-7", 0o666)], [check()]) as line:
        await trio.sleep(10)
        (seen,) = await CheckRun("ws-7", ("shadow_permissions",)).ask(line.runs.post)

    assert (seen.status, seen.actual) == (Status.FAIL, "0666")
    assert line.journal.kept[-1][1] == seen


async def test_what_a_person_asks_is_kept_as_soon_as_it_is_answered(
    autojump_clock: MockClock,
) -> None:
    """One that waits for the rest would undo what was heard of its check meanwhile."""
    async with scanning([host("ws-7", 0o666, delay_s=1.0)], []) as line:
        line.checks.append({name: check(name) for name in ("a", "b", "c")})
        observations = await CheckRun("ws-7").ask(line.runs.post)

    assert [seen for _, seen in line.journal.kept] == observations
    began = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    waited = [at - (seen.observed_at - began).total_seconds() for at, seen in line.journal.kept]
    assert max(waited) <= 1.0, "for the name of its distribution"


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (CheckRun("nobody"), "no host nobody"),
        (CheckRun("ws-7", ("none",)), "no check for linux none"),
    ],
)
async def test_a_name_that_nobody_has_is_said(
    autojump_clock: MockClock, request_: CheckRun, said: str
) -> None:
    async with scanning([host("ws-7")], [check()]) as line:
        with pytest.raises(NotFoundError, match=said):
            await request_.ask(line.runs.post)


async def test_a_full_store_is_told_to_the_person_who_asks(autojump_clock: MockClock) -> None:
    async with scanning([host("ws-7")], [check()]) as line:
        line.journal.full = True
        with pytest.raises(StoreFullError):
            await CheckRun("ws-7").ask(line.runs.post)


# The schedule by itself.


def test_a_host_is_asked_what_fits_it() -> None:
    windows = attrs.evolve(check("defender"), platform=Platform.WINDOWS)
    known = {each.id: each for each in (check("a"), check("b"), windows)}
    watch = attrs.evolve(host("ws-7"), interval_s=5.0)

    assert [q.check.id for q in questions([watch], known, 60)] == ["a", "b"]
    assert {q.interval_s for q in questions([watch], known, 60)} == {5.0}
    only = attrs.evolve(watch, checks=("b", "b"))
    assert [q.check.id for q in questions([only], known, 60)] == ["b"]
    with pytest.raises(NotFoundError):
        questions([attrs.evolve(watch, checks=("defender",))], known, 60)


def test_a_late_question_keeps_its_beat_and_does_not_catch_up() -> None:
    question = Question("ws-7", check(), 10.0)
    schedule = Schedule.spread([question], now=0.0, spread_s=0.0)

    assert schedule.take(0.0) is question
    assert schedule.next_due == math.inf
    schedule.settle(question, now=37.0)

    assert schedule.next_due == 40.0


@given(
    intervals=st.lists(st.floats(1, 100), min_size=1, max_size=5),
    pauses=st.lists(st.floats(0, 50), max_size=30),
)
def test_no_question_is_forgotten_or_asked_twice_within_its_interval(
    intervals: list[float], pauses: list[float]
) -> None:
    asked = [Question(f"h{n}", check(), interval) for n, interval in enumerate(intervals)]
    schedule = Schedule.spread(asked, now=0.0, spread_s=10.0)
    beats: dict[Question, list[int]] = {question: [] for question in asked}
    firsts: dict[Question, float] = {}
    now = 0.0

    for pause in (*pauses, 1000.0):
        now += pause
        while question := schedule.take(now):
            first = firsts.setdefault(
                question, min(10.0, question.interval_s) * asked.index(question) / len(asked)
            )
            beats[question].append(math.floor((now - first) / question.interval_s + 1e-9))
            schedule.settle(question, now)
        assert schedule.next_due > now

    for seen in beats.values():
        assert seen == sorted(set(seen)), "a beat is asked once"
        assert seen, "and none is forgotten"


def test_what_others_report_is_asked_of_no_host() -> None:
    asked = check("asked")
    told = attrs.evolve(asked, id="told", probe=probes.Reported())

    assert checks_of(host("web-1"), {each.id: each for each in (asked, told)}) == [asked]
