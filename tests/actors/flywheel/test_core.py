"""When a plan is proven, which stage follows which, and when a rule is taken back."""

import datetime as dt

import attrs
import pytest
from hypothesis import given, strategies as st

from actors.flywheel import (
    TRANSITIONS,
    FlywheelSettings,
    Promotion,
    Record,
    Tally,
    entering,
    may_be_proposed,
    next_stage,
    shortfalls,
    taken_back,
)
from actors.flywheel.core import IllegalStepError
from actors.messages import Mode, Moment, Verdict
from actors.messages.promotion import Stage

NOW = Moment(dt.datetime(2026, 3, 2, tzinfo=dt.UTC), "boot", 1_000_000.0)
SETTINGS = FlywheelSettings()
DAY_S = 86_400.0


def clean(attempts: int, *, hosts: int = 5) -> Record:
    return Record(Tally(healed=attempts, clean_run=attempts), hosts)


def after(record: Record, *verdicts: Verdict) -> Record:
    tally = record.tally
    for verdict in verdicts:
        tally = tally.counting(verdict)
    return attrs.evolve(record, tally=tally)


def standing(stage: Stage, mode: Mode = Mode.APPROVE, entered: Tally | None = None) -> Promotion:
    promotion = Promotion("p", Stage.PROPOSED, mode, NOW)
    for step in {
        Stage.PROPOSED: (),
        Stage.SHADOW: (Stage.SHADOW,),
        Stage.CANARY: (Stage.SHADOW, Stage.CANARY),
        Stage.ACTIVE: (Stage.SHADOW, Stage.CANARY, Stage.ACTIVE),
        Stage.RETIRED: (Stage.RETIRED,),
    }[stage]:
        record = Record(entered or clean(60).tally, 5)
        promotion = entering(promotion, step, record, NOW, SETTINGS)
    return promotion


def test_sixty_clean_attempts_on_five_hosts_prove_a_plan() -> None:
    assert shortfalls(clean(60), Mode.APPROVE, SETTINGS) == []
    [bound] = shortfalls(clean(59), Mode.APPROVE, SETTINGS)
    assert bound == "the lower bound over all 59 attempts is 0.8989, not 0.90"
    [hosts] = shortfalls(clean(60, hosts=4), Mode.APPROVE, SETTINGS)
    assert hosts == "it healed on 4 hosts, not 5"


def test_a_rule_that_acts_without_a_person_needs_127() -> None:
    assert shortfalls(clean(126), Mode.AUTO, SETTINGS)
    assert not shortfalls(clean(127), Mode.AUTO, SETTINGS)


def test_a_failure_among_the_last_thirty_is_one_too_many_whatever_the_bound() -> None:
    record = after(clean(1_000), Verdict.FAILED, *[Verdict.HEALED] * 29)

    [missing] = shortfalls(record, Mode.APPROVE, SETTINGS)
    assert missing == "of the last 30 attempts only 29 are clean in a row"
    assert not shortfalls(after(record, Verdict.HEALED), Mode.APPROVE, SETTINGS)


def test_an_attempt_of_unknown_outcome_counts_against_a_plan() -> None:
    assert shortfalls(after(clean(59), Verdict.UNKNOWN), Mode.APPROVE, SETTINGS)


@pytest.mark.parametrize("hosts", [0, 1, 2])
def test_no_setting_lets_fewer_than_three_hosts_do(hosts: int) -> None:
    FlywheelSettings(min_hosts=3)
    with pytest.raises(ValueError, match="min_hosts"):
        FlywheelSettings(min_hosts=hosts)


def test_a_plan_is_proposed_once_and_after_a_retirement_only_on_new_proof() -> None:
    retired = standing(Stage.RETIRED)
    enough, same = [Verdict.HEALED] * 30, clean(60)

    assert may_be_proposed(None, same, Mode.APPROVE, SETTINGS)
    assert not may_be_proposed(standing(Stage.PROPOSED), same, Mode.APPROVE, SETTINGS)
    assert not may_be_proposed(retired, same, Mode.APPROVE, SETTINGS)
    assert not may_be_proposed(retired, after(same, *enough[1:]), Mode.APPROVE, SETTINGS)
    assert may_be_proposed(retired, after(same, *enough), Mode.APPROVE, SETTINGS)


def test_a_shadow_is_through_when_it_decided_often_enough() -> None:
    shadow = standing(Stage.SHADOW)

    assert next_stage(shadow, clean(60), 4, SETTINGS) is None
    assert next_stage(shadow, clean(60), 5, SETTINGS) is Stage.CANARY


def test_a_canary_is_through_after_thirty_fixes_by_which_it_is_still_proven() -> None:
    canary = standing(Stage.CANARY)

    assert next_stage(canary, clean(89), 99, SETTINGS) is None
    assert next_stage(canary, clean(90), 0, SETTINGS) is Stage.ACTIVE


@pytest.mark.parametrize("stage", [Stage.PROPOSED, Stage.ACTIVE, Stage.RETIRED])
def test_nothing_else_goes_on_by_itself(stage: Stage) -> None:
    assert next_stage(standing(stage), clean(10_000), 10_000, SETTINGS) is None


@pytest.mark.parametrize("stage", [Stage.SHADOW, Stage.CANARY, Stage.ACTIVE])
def test_the_first_rollback_takes_a_rule_back(stage: Stage) -> None:
    long_proven = clean(5_000).tally
    record = after(Record(long_proven, 5), Verdict.ROLLED_BACK)

    promotion = standing(stage, entered=long_proven)
    assert taken_back(promotion, record, NOW, SETTINGS) == "rolled_back"


def test_a_canary_under_seventy_percent_is_taken_back_whatever_was_before() -> None:
    canary = standing(Stage.CANARY, entered=clean(5_000).tally)
    two_of_three = [Verdict.HEALED, Verdict.HEALED, Verdict.FAILED]
    three_of_four = [Verdict.HEALED, *two_of_three]

    failed = after(clean(5_000), *two_of_three)
    assert taken_back(canary, failed, NOW, SETTINGS) == "canary_failed"
    assert taken_back(canary, after(clean(5_000), *three_of_four), NOW, SETTINGS) is None


@pytest.mark.parametrize("stage", [Stage.SHADOW, Stage.CANARY, Stage.ACTIVE])
def test_a_rule_whose_proof_is_lost_is_taken_back(stage: Stage) -> None:
    record = after(clean(60), *[Verdict.HEALED] * 4, Verdict.FAILED)

    assert taken_back(standing(stage), record, NOW, SETTINGS) == "proof_lost"


def test_a_stage_that_takes_too_long_and_a_signature_that_is_too_old_end_a_rule() -> None:
    month, half_year = NOW.after(30 * DAY_S), NOW.after(180 * DAY_S)

    for stage in (Stage.SHADOW, Stage.CANARY):
        assert taken_back(standing(stage), clean(60), NOW.after(29 * DAY_S), SETTINGS) is None
        assert taken_back(standing(stage), clean(60), month, SETTINGS) == "stage_unfinished"
    active = standing(Stage.ACTIVE)
    assert taken_back(active, clean(60), month, SETTINGS) is None
    assert taken_back(active, clean(60), half_year, SETTINGS) == "signature_expired"


@given(
    stage=st.sampled_from([Stage.PROPOSED, Stage.RETIRED]),
    verdicts=st.lists(st.sampled_from(Verdict), max_size=50),
)
def test_where_no_rule_stands_none_is_taken_back(stage: Stage, verdicts: list[Verdict]) -> None:
    assert taken_back(standing(stage), after(clean(60), *verdicts), NOW, SETTINGS) is None


@given(before=st.sampled_from(Stage), later=st.sampled_from(Stage))
def test_only_the_table_of_stages_says_which_step_there_is(before: Stage, later: Stage) -> None:
    promotion = attrs.evolve(standing(Stage.PROPOSED), stage=before)
    if later in TRANSITIONS[before]:
        moved = entering(promotion, later, clean(60), NOW, SETTINGS)
        assert (moved.stage, moved.in_force, moved.entered) == (later, "", clean(60).tally)
        assert (moved.until is not None) is (later in {Stage.SHADOW, Stage.CANARY, Stage.ACTIVE})
    else:
        with pytest.raises(IllegalStepError):
            entering(promotion, later, clean(60), NOW, SETTINGS)


def test_no_stage_is_a_dead_end_and_every_rule_can_be_taken_back() -> None:
    assert all(TRANSITIONS[stage] for stage in Stage)
    for stage in (Stage.PROPOSED, Stage.SHADOW, Stage.CANARY, Stage.ACTIVE):
        assert Stage.RETIRED in TRANSITIONS[stage]
