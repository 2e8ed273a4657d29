"""The life of an incident: every transition there is, and none that is not there."""

import datetime as dt

import attrs
import pytest
from hypothesis import given, strategies as st

from actors.journal import TRANSITIONS
from actors.journal.core import (
    STALLED_AFTER,
    UNFINISHED,
    Effect,
    Task,
    admits,
    decided_again,
    due_move,
    effect_of,
    keeps_row,
    moved,
    opened,
    task_of,
)
from actors.messages import (
    Decision,
    Fact,
    Incident,
    Moment,
    Move,
    Observation,
    Severity,
    State,
    Status,
)
from actors.ports import IllegalMoveError, StaleMoveError

NOW = Moment(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "boot-1", 100.0)
LATER = NOW.after(10)

# DESIGN 5, written a second time: a test that read the table could not disagree with it.
LEGAL = """
    observed          deciding
    deciding          acting awaiting_approval refused suppressed escalated closed
    awaiting_approval acting refused closed
    acting            verifying rolled_back escalated closed
    verifying         healed rolled_back escalated
    refused           deciding closed
    suppressed        deciding closed
    rolled_back       escalated
    escalated         deciding closed
    healed            closed recurred
    closed
    recurred
"""
LEGAL_PAIRS = {
    (State(before), State(after))
    for before, *afters in map(str.split, LEGAL.strip().splitlines())
    for after in afters
}
ALL_PAIRS = [(before, after) for before in State for after in State]


def heard(status: Status = Status.FAIL, source: str = "agent") -> Observation:
    return Observation("obs_1", "site", "ws-1", "firewall", status, Severity.HIGH, NOW.wall, source)


def incident(state: State = State.OBSERVED) -> Incident:
    return attrs.evolve(opened(heard(), "inc_1", NOW, NOW, None), state=state)


def move(after: State, *expected: State) -> Move:
    return Move(after, expected, Fact("moved"))


@pytest.mark.parametrize(("before", "after"), sorted(LEGAL_PAIRS))
def test_a_transition_of_the_design_is_made(before: State, after: State) -> None:
    there = moved(incident(before), move(after, before), LATER)

    assert (there.state, there.moved_at) == (after, LATER.wall)


@pytest.mark.parametrize(
    ("before", "after"), [pair for pair in ALL_PAIRS if pair not in LEGAL_PAIRS]
)
def test_any_other_transition_is_refused(before: State, after: State) -> None:
    with pytest.raises(IllegalMoveError, match=f"{before} -> {after}"):
        moved(incident(before), move(after, before), LATER)


def test_the_table_knows_every_state() -> None:
    assert set(TRANSITIONS) == set(State)


def test_every_state_is_reached_from_observed() -> None:
    reached = {State.OBSERVED}
    while more := {after for state in reached for after in TRANSITIONS[state]} - reached:
        reached |= more

    assert reached == set(State)


def test_who_believes_an_incident_elsewhere_moves_nothing() -> None:
    with pytest.raises(StaleMoveError):
        moved(incident(State.DECIDING), move(State.ACTING, State.AWAITING_APPROVAL), LATER)


@pytest.mark.parametrize("state", UNFINISHED[1:])
def test_work_that_a_move_hands_to_a_room_is_due_for_handing_out_again(state: State) -> None:
    before = next(before for before, after in LEGAL_PAIRS if after is state)

    there = moved(incident(before), move(state, before), LATER)

    assert there.due == LATER.after(STALLED_AFTER)


def test_a_move_clears_reason_and_due_and_keeps_the_decision() -> None:
    decision = Decision("L1-1", "v1", "execute_runbook")
    before = attrs.evolve(
        incident(State.REFUSED), reason="budget", due=LATER, decision=decision, stalled_starts=2
    )

    there = moved(before, move(State.CLOSED, State.REFUSED), LATER)

    assert (there.reason, there.due, there.stalled_starts) == ("", None, 0)
    assert there.decision == decision


def test_a_move_that_begins_an_attempt_counts_it() -> None:
    begins = attrs.evolve(move(State.ACTING, State.DECIDING), begins_attempt=True)

    assert moved(incident(State.DECIDING), begins, LATER).attempt == 1


def test_only_a_deciding_incident_is_decided_again() -> None:
    decision = Decision("L1-2", "v2", "escalate")

    again = decided_again(incident(State.DECIDING), decision, LATER)
    assert (again.decision, again.due) == (decision, LATER)
    with pytest.raises(StaleMoveError):
        decided_again(incident(State.ACTING), decision, LATER)


# What an answer does.

OPEN_STATES = [state for state in State if state not in (State.CLOSED, State.RECURRED)]


def test_a_drift_without_an_incident_opens_one() -> None:
    assert effect_of(Status.FAIL, None) is Effect.OPEN


@pytest.mark.parametrize("state", [state for state in OPEN_STATES if state is not State.HEALED])
def test_an_open_incident_absorbs_the_same_drift(state: State) -> None:
    assert effect_of(Status.FAIL, state) is Effect.ABSORB


def test_a_drift_after_a_verified_fix_recurs() -> None:
    assert effect_of(Status.FAIL, State.HEALED) is Effect.RECUR


@pytest.mark.parametrize("state", OPEN_STATES)
def test_a_pass_closes_where_the_table_allows_it_and_disturbs_no_fix(state: State) -> None:
    effect = effect_of(Status.PASS, state)

    if state is State.HEALED:
        assert effect is Effect.NOTHING
    elif state in (State.OBSERVED, State.ACTING, State.VERIFYING, State.ROLLED_BACK):
        assert effect is Effect.NOTE
    else:
        assert effect is Effect.CLOSE
        assert State.CLOSED in TRANSITIONS[state]


@pytest.mark.parametrize("status", [Status.ERROR, Status.UNKNOWN])
@pytest.mark.parametrize("state", [None, *State])
def test_an_answer_that_is_no_evidence_does_nothing(status: Status, state: State | None) -> None:
    assert effect_of(status, state) is Effect.NOTHING


def test_a_pass_without_an_incident_does_nothing() -> None:
    assert effect_of(Status.PASS, None) is Effect.NOTHING


# What time does.


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("status", Status)
def test_what_comes_late_is_counted_at_most(status: Status, state: State | None) -> None:
    in_time, late = effect_of(status, state), effect_of(status, state, late=True)

    assert late is (Effect.ABSORB if in_time is Effect.ABSORB else Effect.NOTHING)


@pytest.mark.parametrize("state", State)
def test_what_time_does_to_a_state_is_a_legal_move_or_none(state: State) -> None:
    there = attrs.evolve(incident(state), reason="budget")

    match task_of(state):
        case Task.DECIDE_AGAIN | Task.EXPIRE | Task.CLOSE:
            assert moved(there, due_move(there), LATER).state is not state
        case Task.HAND_OUT:
            assert state in UNFINISHED
        case Task.FORGET:
            assert state not in UNFINISHED


# What is kept while room is scarce.

ANY_EFFECT = st.sampled_from(Effect)


@given(fullness=st.floats(0, 1), severity=st.sampled_from(Severity))
def test_a_change_of_state_is_taken_however_full_the_disk_is(
    fullness: float, severity: Severity
) -> None:
    assert all(
        admits(fullness, each, severity) for each in (Effect.OPEN, Effect.CLOSE, Effect.RECUR)
    )


@pytest.mark.parametrize(
    ("fullness", "severity", "taken"),
    [
        (0.84, Severity.LOW, True),
        (0.85, Severity.LOW, False),
        (0.85, Severity.MEDIUM, True),
        (0.94, Severity.CRITICAL, True),
        (0.95, Severity.CRITICAL, False),
    ],
)
def test_a_repeat_is_refused_from_85_percent_on_if_low_and_from_95_whatever_it_is(
    fullness: float, severity: Severity, *, taken: bool
) -> None:
    assert admits(fullness, Effect.ABSORB, severity) is taken


@pytest.mark.parametrize(("fullness", "kept"), [(0.69, True), (0.70, False)])
def test_a_repeat_of_an_agent_has_a_row_below_70_percent(fullness: float, *, kept: bool) -> None:
    assert keeps_row(fullness, Effect.ABSORB, heard()) is kept


def test_a_repeat_of_the_scanner_never_has_a_row() -> None:
    assert not keeps_row(0.0, Effect.ABSORB, heard(source="scanner"))


@given(fullness=st.floats(0, 1), source=st.sampled_from(["agent", "scanner", "operator"]))
def test_what_changed_a_state_always_has_a_row(fullness: float, source: str) -> None:
    changes = (Effect.OPEN, Effect.CLOSE, Effect.RECUR)
    assert all(keeps_row(fullness, each, heard(source=source)) for each in changes)


@given(
    lower=st.floats(0, 1),
    more=st.floats(0, 1),
    effect=ANY_EFFECT,
    severity=st.sampled_from(Severity),
)
def test_a_fuller_disk_never_takes_more(
    lower: float, more: float, effect: Effect, severity: Severity
) -> None:
    higher = min(1.0, lower + more)
    assert admits(lower, effect, severity) or not admits(higher, effect, severity)
