"""The spend ledger: what is reserved before a call is spent until it is settled."""

import datetime as dt

import pytest
from hypothesis import given, settings, strategies as st

from actors.l2_planner.ledger import Budgets, Reservation, Spending, Spent, admit
from actors.l2_planner.sqlite import SqlitePlans
from tests.fakes.store import inline_store

NOON = dt.datetime(2026, 11, 29, 12, 10, tzinfo=dt.UTC)
PLANS = SqlitePlans()
ROOMY = Budgets(hour=10**9, day=10**9, pattern_day=10**9, calls_hour=99, calls_day=99)


def wish(
    number: int, cost: int = 100, *, pattern: str = "p1-a", at: dt.datetime = NOON
) -> Reservation:
    return Reservation(f"call_{number}", "plan_1", "site-1", pattern, "cloud", "gpt-4o", at, cost)


@pytest.mark.parametrize(
    ("spending", "budgets", "key"),
    [
        (Spending(hour=Spent(901, 1)), Budgets(hour=1000), "hour/2026-11-29T12"),
        (Spending(hour=Spent(0, 5)), Budgets(calls_hour=5), "hour_calls/2026-11-29T12"),
        (Spending(day=Spent(901, 1)), Budgets(day=1000), "day/2026-11-29"),
        (Spending(day=Spent(0, 5)), Budgets(calls_day=5), "day_calls/2026-11-29"),
        (
            Spending(pattern_day=Spent(901, 1)),
            Budgets(pattern_day=1000),
            "pattern/2026-11-29/p1-a",
        ),
        (
            Spending(pattern_day=Spent(0, 5)),
            Budgets(calls_pattern_day=5),
            "pattern_calls/2026-11-29/p1-a",
        ),
    ],
)
def test_each_budget_is_named_when_a_call_does_not_fit_into_it(
    spending: Spending, budgets: Budgets, key: str
) -> None:
    over = admit(wish(1), spending, budgets)

    assert over is not None
    assert over.key == key


def test_what_fits_exactly_is_admitted() -> None:
    assert admit(wish(1), Spending(hour=Spent(900, 1)), Budgets(hour=1000)) is None


def test_a_free_model_is_bound_by_calls_alone() -> None:
    broke = Budgets(hour=0, day=0, pattern_day=0)

    assert admit(wish(1, 0), Spending(), broke) is None
    assert admit(wish(1, 1), Spending(), broke) is not None


async def test_what_was_never_settled_counts_as_spent() -> None:
    store = inline_store("l2_planner")
    budgets = Budgets(hour=250)

    await store.commit(PLANS.reserve(wish(1), budgets), PLANS.reserve(wish(2), budgets))
    [full] = await store.commit(PLANS.reserve(wish(3), budgets))
    await store.commit(PLANS.settle("call_1", 10))
    [fits] = await store.commit(PLANS.reserve(wish(4), budgets))

    assert full is not None
    assert fits is None
    spending = await store.read(PLANS.spending("site-1", "p1-a", NOON))
    assert spending.hour == Spent(10 + 100 + 100, 3)


async def test_an_hour_a_day_and_a_pattern_are_counted_apart() -> None:
    store = inline_store("l2_planner")
    for each in (
        wish(1),
        wish(2, at=NOON - dt.timedelta(hours=1)),
        wish(3, pattern="p1-b"),
        wish(4, at=NOON - dt.timedelta(days=1)),
    ):
        await store.commit(PLANS.reserve(each, ROOMY))

    spending = await store.read(PLANS.spending("site-1", "p1-a", NOON))
    assert (spending.hour.cost, spending.day.cost, spending.pattern_day.cost) == (200, 300, 200)


@settings(max_examples=40)
@given(
    costs=st.lists(st.integers(min_value=0, max_value=400), max_size=40),
    settled=st.lists(st.integers(min_value=0, max_value=100), max_size=40),
)
async def test_no_order_of_calls_spends_more_than_a_budget(
    costs: list[int], settled: list[int]
) -> None:
    store = inline_store("l2_planner")
    budgets = Budgets(hour=1000, day=800, pattern_day=700, calls_hour=9, calls_day=8)
    for number, cost in enumerate(costs):
        [over] = await store.commit(PLANS.reserve(wish(number, cost), budgets))
        if over is None and number < len(settled):
            real = min(cost, settled[number])
            await store.commit(PLANS.settle(f"call_{number}", real))

    spending = await store.read(PLANS.spending("site-1", "p1-a", NOON))
    assert spending.pattern_day.cost <= 700
    assert spending.day.calls <= 8
