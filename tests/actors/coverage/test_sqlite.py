"""What the tables say after any history: exactly what was not heard, and why."""

import datetime as dt
import itertools
import sqlite3
from collections.abc import Sequence

import attrs
from hypothesis import given, settings, strategies as st

from actors.coverage import AgentCoverage, Cause, CheckCoverage, CoverageReport, SqliteCoverage
from actors.journal import SqliteJournal
from actors.journal.store import news_in
from actors.messages import Moment, Observation, Severity, Status
from tests.actors.journal.world import SpyTickets
from tests.fakes.store import inline_store

EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
INTERVAL_S = 300.0
MONTH_S = 30 * 86_400.0
SOME_MOMENT = Moment(EPOCH, "boot", 0.0)
NUMBERS = itertools.count()
MEMORY = SqliteCoverage(lambda answer: None if answer.source == "operator" else INTERVAL_S)


def answer(
    at: float,
    *,
    status: Status = Status.PASS,
    check: str = "firewall_status",
    host: str = "ws-1",
    boot: str = "b1",
    seq: int | None = None,
    absent: bool = False,
    reason: str = "",
    source: str = "agent",
) -> Observation:
    """Make an answer that was observed `at` seconds after the epoch."""
    return Observation(
        id=f"obs_{next(NUMBERS)}",
        site="site",
        host=host,
        check=check,
        status=status,
        severity=Severity.LOW,
        observed_at=EPOCH + dt.timedelta(seconds=at),
        source=source,
        agent_id="agent-1" if seq is not None else "",
        boot_id=boot if seq is not None else "",
        seq=seq,
        absent=absent,
        reason=reason,
    )


@attrs.define
class Book:
    """The tables in memory, spoken to without a loop."""

    connection: sqlite3.Connection = attrs.field(
        factory=lambda: inline_store("journal", "coverage").connection, init=False
    )
    journal: SqliteJournal = attrs.field(factory=lambda: SqliteJournal(SpyTickets()), init=False)

    def hear(self, *answers: Observation) -> None:
        """Have the journal keep answers, and count them in as it does."""
        new_id = map(str, NUMBERS).__next__
        recordings = self.journal.record(answers, new_id, SOME_MOMENT)(self.connection)
        MEMORY.heard(*news_in(answers, recordings))(self.connection)

    def begin(self, at: float) -> None:
        MEMORY.begin(EPOCH + dt.timedelta(seconds=at))(self.connection)

    def keep(self, at: float, asked: Sequence[tuple[str, str]] = (), days: int = 90) -> None:
        now = EPOCH + dt.timedelta(seconds=at)
        MEMORY.keep(now, asked, days)(self.connection)
        while self.journal.forget(now - dt.timedelta(days=days), 100)(self.connection):
            pass

    def report(self, at: float, window_s: float = MONTH_S) -> CoverageReport:
        return MEMORY.report(EPOCH + dt.timedelta(seconds=at), window_s)(self.connection)

    def check(self, at: float, window_s: float = MONTH_S) -> CheckCoverage:
        [check] = self.report(at, window_s).checks
        return check

    def unobserved_s(self, at: float, window_s: float = MONTH_S) -> float:
        return self.check(at, window_s).account.unobserved / 1000

    def causes(self, at: float) -> dict[Cause, float]:
        by_cause = self.check(at).account.by_cause
        return {cause: length / 1000 for cause, length in by_cause.items() if length}

    def lost(self) -> dict[str, list[tuple[int, int]]]:
        agents: Sequence[AgentCoverage] = self.report(0, MONTH_S).agents
        return {each.boot_id: [(span.first, span.last) for span in each.lost] for each in agents}


def ranges_of(numbers: set[int]) -> list[tuple[int, int]]:
    """Spell numbers as ranges, in the plainest way."""
    firsts = sorted(number for number in numbers if number - 1 not in numbers)
    lasts = sorted(number for number in numbers if number + 1 not in numbers)
    return list(zip(firsts, lasts, strict=True))


# The numbers of an agent's events.


deliveries = st.lists(
    st.lists(st.tuples(st.sampled_from(["b1", "b2"]), st.integers(1, 30)), min_size=1, max_size=12),
    max_size=12,
)


@given(batches=deliveries)
def test_reported_gaps_are_the_true_ones_after_drops_repeats_reorderings_and_restarts(
    batches: list[list[tuple[str, int]]],
) -> None:
    book, heard = Book(), dict[str, set[int]]()
    for batch in batches:
        new = [each for each in dict.fromkeys(batch) if each[1] not in heard.get(each[0], set())]
        book.hear(*(answer(-60, boot=boot, seq=number) for boot, number in new))
        for boot, number in new:
            heard.setdefault(boot, set()).add(number)

    assert book.lost() == {
        boot: ranges_of(set(range(1, max(numbers) + 1)) - numbers)
        for boot, numbers in heard.items()
    }


def test_a_repeat_that_comes_through_all_the_same_changes_nothing() -> None:
    book = Book()
    for _ in range(2):
        book.hear(answer(-60, seq=2), answer(-60, seq=5))

    assert book.lost() == {"b1": [(1, 1), (3, 4)]}


# The time of a check.


@settings(max_examples=200)
@given(
    instants=st.lists(st.integers(0, 8000), min_size=1, max_size=25, unique=True).flatmap(
        lambda instants: st.tuples(st.permutations(instants), st.integers(1, 5))
    )
)
def test_unobserved_time_is_the_same_in_whatever_order_answers_arrive(
    instants: tuple[list[int], int],
) -> None:
    arrived, size = instants
    book = Book()
    for start in range(0, len(arrived), size):
        book.hear(*(answer(at) for at in arrived[start : start + size]))

    ordered = [*sorted(arrived), 9000]
    pairs = itertools.pairwise(ordered)
    gaps = [after - before for before, after in pairs]
    expected = sum(gap - INTERVAL_S for gap in gaps if gap > 1.5 * INTERVAL_S)
    check = book.check(9000)
    assert check.account.unobserved / 1000 == expected
    assert check.account.elapsed / 1000 == 9000 - min(arrived)


def test_silence_counts_while_it_lasts() -> None:
    book = Book()
    book.hear(answer(0))

    assert book.unobserved_s(450) == 0
    assert book.unobserved_s(451) == 151
    assert book.causes(3900) == {Cause.MISSED: 3600}


def test_only_what_lies_within_the_window_counts() -> None:
    book = Book()
    book.hear(answer(0), answer(3900), answer(4200))

    assert book.unobserved_s(4200) == 3600
    assert book.unobserved_s(4200, window_s=900) == 600
    assert book.unobserved_s(4200, window_s=300) == 0


def test_answers_that_observe_nothing_leave_the_time_unobserved() -> None:
    book = Book()
    book.hear(answer(0))
    for at in range(300, 1500, 300):
        book.hear(answer(at, status=Status.ERROR, reason="timeout"))

    check = book.check(1500)
    assert (check.unanswered, check.holes[-1].reason) == (4, "timeout")
    assert book.causes(1500) == {Cause.UNANSWERED: 1200}

    book.hear(answer(1500))
    check = book.check(1600)
    assert (check.unanswered, check.holes[-1].reason) == (0, "timeout")
    assert book.causes(1600) == {Cause.UNANSWERED: 1200}


def test_a_check_that_never_had_an_answer_is_unobserved_from_its_first_question_on() -> None:
    book = Book()
    book.hear(answer(0, status=Status.UNKNOWN, reason="no_rights"))

    check = book.check(3600)
    assert check.last_at is None
    assert check.account.observed == 0
    assert book.causes(3600) == {Cause.UNANSWERED: 3600}


def test_that_nothing_is_there_to_ask_about_is_observed() -> None:
    book = Book()
    for at in range(0, 1500, 300):
        book.hear(answer(at, status=Status.UNKNOWN, absent=True))

    assert book.unobserved_s(1500) == 0


def test_what_an_operator_submits_is_expected_never_again() -> None:
    book = Book()
    book.hear(answer(0, source="operator"))

    assert book.report(3600).checks == []


# Why it was not observed.


def test_lost_events_are_the_cause_of_what_they_left_unobserved() -> None:
    book = Book()
    for number, at in ((1, 0), (2, 300), (4, 900)):
        book.hear(answer(at, seq=number))

    assert book.causes(900) == {Cause.SEQUENCE_GAP: 300}


def test_an_agent_that_started_anew_tells_its_silence_by_the_restart() -> None:
    book = Book()
    book.hear(answer(0, boot="b1", seq=1))
    book.hear(answer(3900, boot="b2", seq=1))

    assert book.causes(3900) == {Cause.RESTART: 3600}


def test_the_outage_of_the_appliance_is_told_apart_from_what_the_agent_missed() -> None:
    book = Book()
    book.begin(0)
    book.hear(answer(0), answer(300))
    book.keep(1500)
    book.begin(2100)
    book.hear(answer(2400))

    assert book.causes(2400) == {Cause.MISSED: 1200, Cause.RESTART: 600}
    assert book.check(2400).account.away == 600_000


def test_answers_that_observe_nothing_are_signs_of_life_of_the_appliance() -> None:
    book = Book()
    book.begin(0)
    for at in range(0, 900, 300):
        book.hear(answer(at, status=Status.ERROR, reason="timeout"))
    book.begin(900)

    assert book.causes(900) == {Cause.UNANSWERED: 600, Cause.RESTART: 300}


def test_an_appliance_that_does_not_run_is_away_until_now() -> None:
    book = Book()
    book.begin(0)
    book.hear(answer(0))

    assert book.causes(3900) == {Cause.RESTART: 3600}


# A clock that was ahead, and was set right.


def test_silence_counts_after_an_answer_that_was_dated_ahead() -> None:
    book, year = Book(), 365 * 86_400.0
    book.hear(answer(0), answer(year), answer(300))
    for at in range(600, 4200, 900):
        book.keep(at)

    assert book.unobserved_s(600) == 0
    assert book.causes(4200) == {Cause.MISSED: 3300}


def test_a_silence_that_ended_while_the_clock_was_ahead_ended_when_it_was_set_right() -> None:
    book, year = Book(), 365 * 86_400.0
    book.hear(answer(0), answer(year))
    book.keep(3900)
    book.hear(answer(4200))

    assert book.unobserved_s(4200) == 3600


def test_an_account_that_began_while_the_clock_was_ahead_begins_when_it_was_set_right() -> None:
    book, year = Book(), 365 * 86_400.0
    book.hear(answer(year))
    book.keep(600)

    assert book.unobserved_s(4500) == 3600


def test_a_start_while_the_clock_was_ahead_excuses_no_silence_after_it_was_set_right() -> None:
    book, year = Book(), 365 * 86_400.0
    book.begin(0)
    book.keep(0)
    book.begin(year)  # the last sign of life was a year ago, it seems
    book.hear(answer(600))
    for at in range(600, 4500, 900):
        book.keep(at)

    assert book.causes(4500) == {Cause.MISSED: 3600}


def test_what_was_asked_no_more_while_the_clock_was_ahead_is_expected_no_more() -> None:
    book, month = Book(), 30 * 86_400.0
    book.hear(answer(0, source="scanner"))
    book.keep(month)
    book.keep(300)

    assert book.unobserved_s(86_400) == 0
    assert book.check(86_400).retired


# What ends, and what is forgotten.


def test_what_the_scanner_asks_no_more_is_expected_no_more() -> None:
    book = Book()
    book.hear(answer(0, source="scanner"))
    book.keep(300)

    assert book.unobserved_s(86_400) == 0
    assert book.check(86_400).retired

    book.hear(answer(86_400, source="scanner"))
    assert book.unobserved_s(86_700) == 0
    assert not book.check(86_700).retired


def test_what_the_scanner_still_asks_is_expected_still() -> None:
    book = Book()
    book.hear(answer(0, source="scanner"))
    book.keep(300, [("ws-1", "firewall_status")])

    assert book.unobserved_s(3900) == 3600


def test_what_is_old_is_forgotten_and_accounted_for_no_longer() -> None:
    book, day = Book(), 86_400.0
    book.hear(answer(0, seq=1), answer(3900, seq=3), answer(10 * day, boot="b2", seq=1))
    book.keep(10 * day, days=5)

    check = book.check(10 * day)
    assert check.account.elapsed == 5 * day * 1000
    assert book.report(10 * day).agents[0].boot_id == "b2"
    tables = ("lost_events", "starts", "holes")
    counts = {
        table: book.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        for table in tables
    }
    assert counts == {"lost_events": 0, "starts": 1, "holes": 1}


def test_an_agent_that_comes_back_after_years_goes_on_counting() -> None:
    book, year = Book(), 365 * 86_400.0
    book.hear(answer(0, seq=1))
    book.keep(year)
    book.hear(answer(year, seq=3))

    assert [(span.first, span.last) for span in book.report(year).agents[0].lost] == [(2, 2)]
