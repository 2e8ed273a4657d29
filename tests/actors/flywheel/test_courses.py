"""Simulated plans: a bad one hardly becomes a rule and does not stay one, a good one does."""

from actors.messages.promotion import Stage
from bench.flywheel.course import End, course, lucky_canary

ATTEMPTS = 300


def test_of_plans_that_heal_eighty_times_in_a_hundred_none_becomes_a_rule() -> None:
    done = [course(0.80, ATTEMPTS, f"bad {number}") for number in range(500)]

    assert [each for each in done if each.promoted_at is not None] == []


def test_one_that_was_lucky_is_taken_back_in_the_canary() -> None:
    """At 80 % true success a whole canary goes well with a chance of 0.1 %."""
    done = [lucky_canary(0.80, f"lucky {number}") for number in range(500)]

    assert sum(each.end is End.DEMOTED for each in done) >= 497
    assert {stage for each in done for stage in each.demoted_in} == {Stage.CANARY}


def test_ninety_eight_of_a_hundred_plans_that_heal_nearly_always_become_rules() -> None:
    done = [course(0.99, ATTEMPTS, f"good {number}") for number in range(200)]

    promoted = [each.promoted_at for each in done if each.promoted_at is not None]
    assert len(promoted) >= 0.98 * len(done)
    assert min(promoted) >= 60


def test_a_plan_that_gets_worse_loses_its_rule() -> None:
    """A printer driver changes: what healed always heals half of the time from then on."""
    under_way = course(1.0, 150, "worse")
    assert under_way.active_at == 90

    under_way.true_share = 0.5
    for _ in range(20):
        under_way.attempt()
    assert under_way.end is End.DEMOTED
    assert under_way.demoted_in == [Stage.ACTIVE]
