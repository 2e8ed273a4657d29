"""What is counted of every verdict, and the rule that is taken back in the same commit."""

import json
import sqlite3

import attrs
import pytest

from actors.evidence_log import SqliteEvidence
from actors.flywheel import Promotion, entering
from actors.flywheel.steps import Hand
from actors.journal import SqliteFacts
from actors.messages import Decision, Mode, Verdict
from actors.messages.promotion import Stage
from tests.actors.flywheel.world import NOW, RUNBOOK, Books, pattern, planned, ruled

COUNTED = [Verdict.HEALED, Verdict.FAILED, Verdict.ROLLED_BACK, Verdict.UNKNOWN]


def in_stage(books: Books, *stages: Stage) -> None:
    """Take a proven pattern through the stages."""
    here = books.memory.get(pattern().id)
    promotion = books.steps.propose(here(books.connection), Mode.APPROVE, NOW)(books.connection)
    for stage in stages:
        now = here(books.connection)
        promotion = entering(promotion, stage, now.record, NOW, books.settings)
        books.do(
            books.steps.enter(now, promotion, "advanced", "rules: []", Hand("kim", "so"), {}, NOW)
        )


@pytest.mark.parametrize("verdict", COUNTED)
def test_every_outcome_of_a_plan_is_counted_once_however_often_it_is_told(
    verdict: Verdict,
) -> None:
    books = Books()
    incident = books.incident("ws-1", planned())

    for _ in range(3):
        books.tell(incident, verdict)
    books.tell(incident, Verdict.HEALED)

    tally = books.memory.get(pattern().id)(books.connection).record.tally
    assert (tally.attempts, getattr(tally, verdict)) == (1, 1)
    assert books.told == 1


def test_a_second_attempt_of_the_same_incident_is_another_attempt() -> None:
    books = Books()
    incident = books.incident("ws-1", planned())
    books.tell(incident, Verdict.FAILED)
    books.tell(attrs.evolve(incident, attempt=2), Verdict.HEALED)

    record = books.memory.get(pattern().id)(books.connection).record
    assert (record.tally.attempts, record.tally.clean_run, record.hosts) == (2, 1, 1)


@pytest.mark.parametrize(
    ("decision", "verdict"),
    [
        (planned(), Verdict.NO_DRIFT),
        (None, Verdict.UNKNOWN),
        (Decision("L1-OTHER", "v", "execute_runbook", RUNBOOK), Verdict.HEALED),
        (Decision("FLY-0123456789abcdef", "v", "execute_runbook", RUNBOOK), Verdict.HEALED),
    ],
    ids=["nothing was done", "nothing was decided", "another rule", "a rule of no pattern"],
)
def test_what_is_no_attempt_of_a_plan_is_not_counted(
    decision: Decision | None, verdict: Verdict
) -> None:
    books = Books()

    assert books.tell(books.incident("ws-1", decision), verdict) == ()
    assert books.memory.all()(books.connection) == []


def test_another_param_runbook_platform_or_kind_of_answer_is_another_pattern() -> None:
    first = pattern()

    others = [
        pattern(wait_s=6),
        attrs.evolve(first, runbook_id="OTHER"),
        attrs.evolve(first, platform="windows"),
        attrs.evolve(first, check="other"),
        attrs.evolve(first, signature="p1-other"),
        pattern("missing"),
    ]
    assert len({first.id, *(each.id for each in others)}) == 1 + len(others)
    turned = dict(reversed(list(first.params.items())))
    assert attrs.evolve(first, params=turned).id == first.id


def test_a_host_counts_when_it_was_healed_there() -> None:
    books = Books()
    books.tell(books.incident("ws-1", planned()), Verdict.HEALED)
    books.tell(books.incident("ws-1", planned()), Verdict.HEALED)
    books.tell(books.incident("ws-2", planned()), Verdict.FAILED)

    assert books.memory.get(pattern().id)(books.connection).record.hosts == 1


def test_the_outcomes_of_the_rule_that_it_became_are_counted_on() -> None:
    books = Books()
    books.heal(60)
    books.tell(books.incident("ws-1", ruled()), Verdict.HEALED)

    [only] = books.memory.all()(books.connection)
    assert only.record.tally.attempts == 61


def test_a_rule_that_was_changed_by_hand_to_do_more_is_not_counted_as_the_plan() -> None:
    books = Books()
    books.heal(1)
    books.tell(books.incident("ws-1", attrs.evolve(ruled(), params={})), Verdict.HEALED)

    [only] = books.memory.all()(books.connection)
    assert only.record.tally.attempts == 1


@pytest.mark.parametrize(
    "stages",
    [
        [Stage.SHADOW],
        [Stage.SHADOW, Stage.CANARY],
        [Stage.SHADOW, Stage.CANARY, Stage.ACTIVE],
    ],
)
def test_a_rollback_takes_the_rule_back_in_the_commit_of_its_verdict(stages: list[Stage]) -> None:
    books = Books()
    books.heal(500)
    in_stage(books, *stages)
    assert list(books.memory.rule_files()(books.connection)) == [pattern().rule_id]

    [stop] = books.tell(books.incident("ws-1", ruled()), Verdict.ROLLED_BACK)

    assert (stop.kind, stop.key, stop.reason) == ("demotion", pattern().rule_id, "rolled_back")
    now = books.memory.get(pattern().id)(books.connection).promotion
    assert now is not None
    assert (now.stage, now.reason) == (Stage.RETIRED, "rolled_back")
    assert books.memory.rule_files()(books.connection) == {}
    last = books.memory.ledger(pattern().id)(books.connection)[-1].line
    assert (last.what, last.before, last.who) == ("demoted", stages[-1], "aright")
    assert (last.numbers["attempts"], last.numbers["rolled_back"]) == (501, 1)


def test_also_a_plan_that_was_still_under_way_takes_its_rule_back() -> None:
    books = Books()
    books.heal(500)
    in_stage(books, Stage.SHADOW)

    [stop] = books.tell(books.incident("ws-1", planned()), Verdict.ROLLED_BACK)
    assert stop.reason == "rolled_back"


def test_of_the_ledger_no_line_is_changed_or_removed() -> None:
    books = Books()
    books.heal(60)
    in_stage(books, Stage.SHADOW)

    for sql in ("update promotion_ledger set who = 'nobody'", "delete from promotion_ledger"):
        with pytest.raises(sqlite3.IntegrityError, match="ledger is never"):
            books.connection.execute(sql)
    lines = books.memory.ledger(pattern().id)(books.connection)
    assert [each.line.what for each in lines] == ["proposed", "advanced"]


def test_what_is_kept_is_what_is_read_back() -> None:
    books = Books()
    books.heal(60)
    in_stage(books, Stage.SHADOW, Stage.CANARY)

    found = books.memory.get(pattern().id)(books.connection)
    assert found.pattern == pattern()
    assert found.promotion == Promotion(
        pattern().id,
        Stage.CANARY,
        Mode.APPROVE,
        NOW,
        entered=found.record.tally,
        until=NOW.after(books.settings.stage_s),
    )


def test_each_step_of_a_promotion_owes_a_proof_in_its_own_commit() -> None:
    books = Books()
    books.steps = attrs.evolve(books.steps, proofs=SqliteEvidence(SqliteFacts()), site="site")
    books.tell(books.incident("ws-1", planned()), Verdict.HEALED)

    in_stage(books, Stage.SHADOW, Stage.CANARY)

    owed = books.connection.execute("SELECT proves, kind, body FROM statement_due").fetchall()
    assert [(proves, kind) for proves, kind, _ in owed] == [
        ("promotion", "promotion_proposed"),
        ("promotion", "promotion_advanced"),
        ("promotion", "promotion_advanced"),
    ]
    told = json.loads(owed[-1][2])
    assert (told["from"], told["to"], told["who"]) == ("shadow", "canary", "kim")
