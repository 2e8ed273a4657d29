"""Budgets: so many at once, and the same again spread over the window."""

import pytest
from hypothesis import given, strategies as st

from runtime.hosts.grpc.budget import Budget


def test_a_budget_is_spent_at_once_and_comes_back_with_time() -> None:
    budget = Budget(capacity=10, window_s=5)

    assert budget.spend(now=0, count=10)
    assert not budget.spend(now=0)
    assert budget.spend(now=1, count=2)
    assert not budget.spend(now=1)


def test_what_would_be_too_much_takes_nothing() -> None:
    budget = Budget(capacity=10, window_s=5)

    assert not budget.spend(now=0, count=11)
    assert budget.left(now=0) == 10


def test_a_refund_never_makes_it_larger() -> None:
    budget = Budget(capacity=10, window_s=5)
    budget.spend(now=0, count=3)

    budget.refund(100)

    assert budget.left(now=0) == 10


def test_it_says_how_long_to_wait() -> None:
    budget = Budget(capacity=10, window_s=5)
    budget.spend(now=0, count=10)

    assert budget.wait_s(now=0, count=4) == pytest.approx(2)
    assert budget.spend(now=2, count=4)


@given(steps=st.lists(st.tuples(st.floats(0, 3), st.integers(1, 20)), max_size=50))
def test_no_window_sees_more_than_twice_the_capacity(steps: list[tuple[float, int]]) -> None:
    budget, now, spent = Budget(capacity=10, window_s=5), 0.0, list[tuple[float, int]]()
    for wait, count in steps:
        now += wait
        if budget.spend(now, count):
            spent.append((now, count))

    for began, _ in spent:
        within = sum(count for at, count in spent if began <= at <= began + 5)
        assert within <= 20 + 1e-6
