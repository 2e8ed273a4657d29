"""The arithmetic of what was not observed: numbers and time, each exact."""

import itertools

from hypothesis import given, strategies as st

from actors.coverage.core import Cause, Hole, Span, account, fill, hole_between, reach

INTERVAL = 300


def numbers_in(spans: list[Span]) -> set[int]:
    return {number for span in spans for number in range(span.first, span.last + 1)}


@given(late=st.integers(10, 40))
def test_what_comes_late_is_no_longer_missing(late: int) -> None:
    assert numbers_in(list(fill(Span(10, 40), late))) == set(range(10, 41)) - {late}


def test_a_look_that_is_half_an_interval_late_leaves_no_hole() -> None:
    assert hole_between(0, reach(INTERVAL), INTERVAL) is None


def test_one_missed_look_is_one_interval_unobserved() -> None:
    hole = hole_between(0, 2 * INTERVAL, INTERVAL)

    assert hole is not None
    assert hole.unobserved == Span(INTERVAL, 2 * INTERVAL)


def test_a_hole_in_which_something_was_observed_is_the_two_beside_it() -> None:
    hole = Hole(0, 3000, INTERVAL, Cause.SEQUENCE_GAP, "why")

    assert [(part.began, part.ended) for part in hole.split(1000)] == [(0, 1000), (1000, 3000)]
    assert {(part.cause, part.reason) for part in hole.split(1000)} == {(hole.cause, "why")}
    assert [(part.began, part.ended) for part in hole.split(200)] == [(200, 3000)]


spans = st.builds(
    lambda first, length: Span(first, first + length),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
)


@given(
    seen=st.lists(st.integers(0, 20_000), min_size=1, unique=True),
    window=spans,
    cuts=st.lists(st.integers(0, 20_000), max_size=6, unique=True).map(sorted),
)
def test_observed_and_unobserved_are_the_time_that_passed(
    seen: list[int], window: Span, cuts: list[int]
) -> None:
    instants = sorted(seen)
    found = (
        hole_between(before, after, INTERVAL) for before, after in itertools.pairwise(instants)
    )
    holes = [hole for hole in found if hole]
    outages = [Span(*pair) for pair in zip(cuts[::2], cuts[1::2], strict=False)]
    watched = Span(instants[0], instants[-1])

    settled = account(watched, holes, outages, window)

    asked = watched.within(window)
    assert settled.elapsed == asked.length
    assert settled.unobserved == sum(settled.by_cause.values())
    dark = {
        moment
        for hole in holes
        for moment in range(hole.unobserved.first, hole.unobserved.last)
        if asked.first <= moment < asked.last
    }
    assert settled.unobserved == len(dark)
    assert settled.observed + settled.unobserved == settled.elapsed
    away = sum(outage.first <= moment < outage.last for moment in dark for outage in outages)
    assert settled.away == away == settled.by_cause[Cause.RESTART]
