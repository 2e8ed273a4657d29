"""What tokens cost: whole micro-dollars, never less than true."""

import pytest
from hypothesis import given, strategies as st

from actors.l2_planner.asking import Tokens
from actors.l2_planner.prices import DEAREST, FREE, TABLE, Price, price_of

COUNTS = st.integers(min_value=0, max_value=200_000)


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-mini", "gpt-4o-mini"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
    ],
)
def test_a_model_costs_what_its_name_without_the_date_costs(model: str, known: str) -> None:
    assert price_of(model) is TABLE[known]


@pytest.mark.parametrize("model", ["gpt-4o-audio-preview", "gpt-5-pro", "gpt-4", "llama3.1:8b", ""])
def test_another_model_of_a_like_name_is_not_known(model: str) -> None:
    assert price_of(model) is None


def test_a_call_costs_its_tokens_rounded_up() -> None:
    price = Price.of_dollars(2.50, 10.00, 1.25)

    assert price.cost(Tokens(1000, 100)) == 2500 + 1000
    assert price.cost(Tokens(0, 100, cached=1000)) == 1250 + 1000
    assert price.cost(Tokens(1, 0)) == 3
    assert FREE.cost(Tokens(10**6, 10**6)) == 0


@given(input_=COUNTS, cached=COUNTS, output=COUNTS)
def test_no_call_costs_more_than_its_worst(input_: int, cached: int, output: int) -> None:
    for price in (DEAREST, *TABLE.values()):
        cost = price.cost(Tokens(input_, output, cached))

        assert 0 <= cost <= price.worst(input_ + cached, output)


def test_an_unknown_model_is_taken_for_the_dearest() -> None:
    assert all(
        DEAREST.input >= price.input and DEAREST.output >= price.output for price in TABLE.values()
    )
