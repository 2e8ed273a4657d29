"""The verified-fix transaction: which step follows which outcome, and what a fix came to."""

import pytest
from hypothesis import given, strategies as st

from actors.catalogue.checks import Answer
from actors.messages import Status, Verdict
from actors.runbook_runner.core import (
    Captured,
    Conclusion,
    Failed,
    Fix,
    Healed,
    Next,
    NoDrift,
    NoOutcome,
    Ran,
    RolledBack,
    Step,
    Unknown,
    together,
    verdict_of,
)

PASS, FAIL, UNKNOWN, ERROR = (
    Answer("check", status, "eq no")
    for status in (Status.PASS, Status.FAIL, Status.UNKNOWN, Status.ERROR)
)


def fix(
    *, idempotent: bool = True, undoable: bool = True, soaked: bool = True, begun: bool = False
) -> Fix:
    return Fix(idempotent=idempotent, undoable=undoable, soaked=soaked, begun=begun)


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.PASS])
def test_no_answer_but_pass_makes_healed(status: Status) -> None:
    with pytest.raises(ValueError, match="heals nothing"):
        Healed(Answer("check", status, "eq no"))


def test_drift_that_is_gone_needs_no_act() -> None:
    assert fix().after_detect(PASS) == NoDrift()


def test_a_fix_captures_begins_acts_and_verifies() -> None:
    one = fix()
    assert one.after_detect(FAIL) is Step.CAPTURE
    assert one.after_capture(Captured("{}")) is Step.BEGIN
    assert one.after_act(Ran(0)) is Step.VERIFY
    assert one.after_verify(PASS) == Healed(PASS)


def test_an_exit_code_decides_nothing() -> None:
    assert fix().after_act(Ran(1)) is fix().after_act(Ran(0)) is Step.VERIFY


def test_without_a_capture_nothing_is_done() -> None:
    assert fix().after_capture(NoOutcome("timeout")) == Failed("capture_failed")


def test_a_failed_verify_is_undone_and_the_undo_is_checked() -> None:
    one = fix()
    assert one.after_verify(FAIL) is Step.UNDO
    assert one.after_check_undo("before", Captured("before")) == RolledBack("verify_failed")
    assert one.after_check_undo("before", Captured("other")) == Failed("undo_failed")
    assert one.after_check_undo("before", NoOutcome("timeout")) == Unknown("undo_unknown")


def test_a_failed_verify_without_undo_has_failed() -> None:
    assert fix(undoable=False).after_verify(FAIL) == Failed("verify_failed")


def test_a_soak_comes_before_healed() -> None:
    assert fix(soaked=False).after_verify(PASS) is Step.SOAK
    assert fix(soaked=True).after_verify(PASS) == Healed(PASS)


@pytest.mark.parametrize("answer", [UNKNOWN, ERROR])
def test_no_answer_is_asked_for_once_more_and_then_unknown(answer: Answer) -> None:
    one = fix()
    assert one.after_detect(answer) is Step.DETECT
    assert one.after_detect(answer) == Unknown("detect_unknown")
    assert one.after_verify(answer) is Step.VERIFY
    assert one.after_verify(answer) == Unknown("verify_unknown")


def test_an_act_of_unknown_outcome_is_looked_after_and_retried_once() -> None:
    one = fix()
    assert one.after_act(NoOutcome("timeout")) is Step.DETECT
    assert one.after_detect(FAIL) is Step.RETRY
    assert one.after_act(NoOutcome("timeout")) is Step.DETECT
    assert one.after_detect(FAIL) == Unknown("act_unknown")


def test_what_is_not_idempotent_is_never_retried() -> None:
    one = fix(idempotent=False, begun=True)
    assert one.after_detect(FAIL) == Unknown("act_unknown")


def test_an_act_of_unknown_outcome_that_reached_its_aim_is_verified() -> None:
    assert fix(begun=True).after_detect(PASS) is Step.VERIFY


def test_a_possible_orphan_is_waited_out_before_the_retry() -> None:
    one = Fix(idempotent=True, undoable=True, soaked=True, begun=True, orphan=True)
    assert one.after_detect(FAIL) is Step.WAIT
    assert one.after_wait() is Step.DETECT
    assert one.after_detect(FAIL) is Step.RETRY


def test_a_pass_beside_a_possible_orphan_is_looked_at_again_before_the_verify() -> None:
    one = Fix(idempotent=True, undoable=True, soaked=True, begun=True, orphan=True)
    assert one.after_detect(PASS) is Step.WAIT
    assert one.after_wait() is Step.DETECT
    assert one.after_detect(PASS) is Step.VERIFY


def test_the_worst_of_several_answers_counts() -> None:
    assert together([PASS, UNKNOWN, FAIL]) is FAIL
    assert together([PASS, UNKNOWN]) is UNKNOWN
    assert together([PASS, PASS]) == PASS
    with pytest.raises(ValueError, match="empty"):
        together([])


def test_every_conclusion_has_its_verdict() -> None:
    ends: list[Conclusion] = [
        Healed(PASS), Failed("x"), RolledBack("x"), Unknown("x"), NoDrift(),
    ]  # fmt: skip
    assert {verdict_of(end) for end in ends} == set(Verdict)


answers = st.sampled_from([PASS, FAIL, UNKNOWN, ERROR])
outcomes: st.SearchStrategy[Ran | NoOutcome] = st.sampled_from(
    [Ran(0), Ran(1), NoOutcome("timeout")]
)
captures: st.SearchStrategy[Captured | NoOutcome] = st.sampled_from([
    Captured("before"), Captured("other"), NoOutcome("timeout"),
])  # fmt: skip


@given(data=st.data(), idempotent=st.booleans(), undoable=st.booleans(), begun=st.booleans())
def test_no_act_follows_another_without_a_look_between_and_every_fix_ends(
    data: st.DataObject, *, idempotent: bool, undoable: bool, begun: bool
) -> None:
    one = fix(idempotent=idempotent, undoable=undoable, begun=begun)
    steps: list[Step] = []
    step: Next = Step.DETECT
    while isinstance(step, Step):
        steps.append(step)
        assert len(steps) < 20
        match step:
            case Step.DETECT:
                step = one.after_detect(data.draw(answers))
            case Step.CAPTURE:
                step = one.after_capture(data.draw(captures))
            case Step.BEGIN | Step.RETRY:
                step = one.after_act(data.draw(outcomes))
            case Step.VERIFY:
                step = one.after_verify(data.draw(answers))
            case Step.UNDO:
                step = Step.CHECK_UNDO
            case Step.CHECK_UNDO:
                step = one.after_check_undo("before", data.draw(captures))
            case Step.WAIT | Step.SOAK:
                pytest.fail(f"{step} has no cause here")

    acts = [i for i, each in enumerate(steps) if each in {Step.BEGIN, Step.RETRY}]
    assert len(acts) <= 2
    assert all(steps[i - 1] in {Step.DETECT, Step.CAPTURE} for i in acts)
    assert isinstance(step, Healed) <= (steps[-1] is Step.VERIFY)
