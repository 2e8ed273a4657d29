"""What attempts prove: the bound, the count of all, and how seldom luck passes for proof."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from actors.flywheel import BOUND, CLEAN_RUN, Tally, crossing, wilson_lower_bound
from actors.messages import Verdict

COUNTS = st.integers(0, 3_000).flatmap(
    lambda attempts: st.tuples(st.integers(0, attempts), st.just(attempts))
)
VERDICTS = st.lists(st.sampled_from(Verdict), max_size=200)


@pytest.mark.parametrize(
    ("attempts", "bound", "reached"),
    [(59, 0.90, False), (60, 0.90, True), (126, 0.95, False), (127, 0.95, True)],
)
def test_sixty_clean_attempts_reach_90_percent_and_127_reach_95(
    attempts: int, bound: float, reached: bool
) -> None:
    assert (wilson_lower_bound(attempts, attempts) >= bound) is reached


@given(attempts=st.integers(1, 100_000), z=st.floats(0.1, 5))
def test_of_clean_attempts_the_bound_is_n_by_n_plus_z_squared(attempts: int, z: float) -> None:
    closed = attempts / (attempts + z * z)

    assert wilson_lower_bound(attempts, attempts, z) == pytest.approx(closed, rel=1e-12)
    assert wilson_lower_bound(0, attempts, z) == pytest.approx(0, abs=1e-12)


@given(counts=COUNTS.filter(lambda counts: 0 < counts[0] < counts[1]))
def test_at_the_bound_the_share_lies_z_standard_errors_off(counts: tuple[int, int]) -> None:
    """The bound is the root of the score test; no formula is shared with what is tested."""
    healed, attempts = counts
    low = wilson_lower_bound(healed, attempts)

    distance = float(Fraction(healed, attempts)) - low
    assert distance == pytest.approx(2.576 * math.sqrt(low * (1 - low) / attempts), rel=1e-9)


@given(counts=COUNTS)
def test_the_bound_lies_under_the_share_and_one_more_outcome_moves_it_its_way(
    counts: tuple[int, int],
) -> None:
    healed, attempts = counts
    bound = wilson_lower_bound(healed, attempts)

    assert 0 <= bound <= (healed / attempts if attempts else 0)
    assert wilson_lower_bound(healed + 1, attempts + 1) > bound
    assert wilson_lower_bound(healed, attempts + 1) <= bound


@given(verdicts=VERDICTS)
def test_every_attempt_is_counted_and_only_a_verified_one_as_healed(
    verdicts: list[Verdict],
) -> None:
    tally = Tally.of(verdicts)

    assert tally.healed == verdicts.count(Verdict.HEALED)
    assert tally.attempts == len([each for each in verdicts if each is not Verdict.NO_DRIFT])


@given(verdicts=VERDICTS)
def test_the_clean_run_goes_back_to_the_last_attempt_that_did_not_heal(
    verdicts: list[Verdict],
) -> None:
    attempts = [each for each in verdicts if each is not Verdict.NO_DRIFT]
    run = 0
    while run < len(attempts) and attempts[-1 - run] is Verdict.HEALED:
        run += 1

    assert Tally.of(verdicts).clean_run == run


@given(before=VERDICTS, after=VERDICTS)
def test_what_came_since_is_what_was_counted_since(
    before: list[Verdict], after: list[Verdict]
) -> None:
    earlier = Tally.of(before)

    assert Tally.of([*before, *after]).since(earlier) == Tally.of(after)


@pytest.mark.parametrize(
    ("true_share", "attempts", "at_least", "at_most"),
    [
        (0.80, 200, 1.9e-6, 2.0e-6),  # 0.2 of 100,000 patterns, looked at after each attempt
        (0.99, 300, 0.9999999, 1.0),
        (0.99, 60, 0.99**60 - 1e-12, 0.99**60 + 1e-12),
    ],
)
def test_the_chance_to_seem_proven_at_any_of_many_looks_is_known_exactly(
    true_share: float, attempts: int, at_least: float, at_most: float
) -> None:
    assert at_least <= crossing(true_share, attempts, BOUND, CLEAN_RUN) <= at_most


@pytest.mark.parametrize("true_share", [0.5, 0.7, 0.9])
def test_the_exact_chance_is_that_of_counting_every_course(true_share: float) -> None:
    """All courses of twelve attempts, for a rule that is crossed after four clean ones."""
    attempts, bound, run = 12, 0.45, 4
    crossed = 0.0
    for course in range(2**attempts):
        tally, chance, seemed = Tally(), 1.0, False
        for step in range(attempts):
            healed = bool(course >> step & 1)
            chance *= true_share if healed else 1 - true_share
            tally = tally.counting(Verdict.HEALED if healed else Verdict.FAILED)
            seemed = seemed or (tally.lower_bound >= bound and tally.clean_run >= run)
        crossed += chance * seemed

    assert crossing(true_share, attempts, bound, run) == pytest.approx(crossed, rel=1e-9)
