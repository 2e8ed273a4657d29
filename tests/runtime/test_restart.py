"""The restart budget: how long an actor pauses after a fall, and when it stays down."""

import pytest
from hypothesis import given, strategies as st

from runtime.restart import Budget, Restart


def test_the_pause_doubles_with_each_fall_in_the_window() -> None:
    budget = Budget(Restart(budget=4))

    assert [budget.fell(now=0.0, jitter=0.0) for _ in range(4)] == [0.1, 0.2, 0.4, 0.8]


def test_there_is_a_pause_from_the_first_fall_on() -> None:
    assert Budget(Restart()).fell(now=0.0, jitter=0.999) == pytest.approx(0.05, rel=0.01)


def test_the_sixth_fall_within_a_minute_is_over_budget() -> None:
    budget = Budget(Restart())

    assert None not in [budget.fell(now=n * 10.0, jitter=0.0) for n in range(5)]
    assert budget.fell(now=59.0, jitter=0.0) is None


def test_a_fall_older_than_the_window_does_not_count() -> None:
    budget = Budget(Restart(budget=1))

    assert budget.fell(now=0.0, jitter=0.0) == 0.1
    assert budget.fell(now=60.0, jitter=0.0) == 0.1
    assert budget.in_window(119.0) == 1


def test_a_lifted_budget_never_ends() -> None:
    budget = Budget(Restart(budget=10**9, first_pause=0.0))

    assert {budget.fell(now=0.0, jitter=0.5) for _ in range(2000)} == {0.0}


@given(
    falls=st.lists(st.floats(min_value=0, max_value=100), max_size=50),
    jitter=st.floats(min_value=0, max_value=1, exclude_max=True),
)
def test_a_pause_lies_between_half_the_first_and_the_longest(
    falls: list[float], jitter: float
) -> None:
    restart, now = Restart(budget=100), 0.0
    budget = Budget(restart)
    for gap in falls:
        now += gap
        pause = budget.fell(now, jitter)
        assert pause is not None
        assert restart.first_pause / 2 <= pause <= restart.longest_pause


@given(gaps=st.lists(st.floats(min_value=0, max_value=100), min_size=1, max_size=50))
def test_no_window_ever_holds_more_restarts_than_the_budget(gaps: list[float]) -> None:
    restart, now = Restart(budget=3, within=60.0), 0.0
    budget = Budget(restart)
    restarts: list[float] = []
    for gap in gaps:
        now += gap
        if budget.fell(now, 0.0) is not None:
            restarts.append(now)

    for start in restarts:
        assert len([at for at in restarts if start <= at < start + 60.0]) <= 3
