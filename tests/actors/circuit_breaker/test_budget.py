"""Budgets: how much is done without a person, and when there is room again."""

import attrs
import pytest
from hypothesis import given, strategies as st

from actors.circuit_breaker.budget import (
    DAY_S,
    HOUR_S,
    host_limit,
    rule_use,
    runbook_use,
    uses,
)
from actors.circuit_breaker.records import Recipe, Run
from actors.messages import Moment
from tests.actors.circuit_breaker.ports import moment

RECIPE = Recipe("site", "r-1", "h-1", "rb-1", "h-2")


def run(at: Moment, host: str = "ws-1") -> Run:
    return Run("i", 1, host, RECIPE, at, host_limit=2)


@pytest.mark.parametrize(
    ("hosts", "limit"),
    [(0, 1), (1, 1), (20, 1), (21, 2), (40, 2), (41, 3), (140, 7), (1000, 50), (1001, 51)],
)
def test_a_rule_may_touch_five_percent_of_the_hosts_rounded_up(hosts: int, limit: int) -> None:
    assert host_limit(hosts, 0.05, None) == limit


def test_a_rules_own_bound_stands_whether_tighter_or_wider() -> None:
    assert host_limit(1000, 0.05, 2) == 2
    assert host_limit(10, 0.05, 7) == 7


def test_a_fourth_run_waits_until_the_first_is_a_day_old() -> None:
    runs = [run(moment(hour * HOUR_S)) for hour in (0, 5, 6)]
    at = moment(7 * HOUR_S)

    use = runbook_use(runs, "rb-1", "ws-1", at, 3)

    assert (use.used, use.limit, use.wait_s) == (3, 3, 17 * HOUR_S)
    assert runbook_use(runs, "rb-1", "ws-1", at.after(use.wait_s), 3).wait_s == 0


def test_a_host_touched_within_the_hour_is_no_further_one() -> None:
    runs = [run(moment(0), "ws-1"), run(moment(60), "ws-2")]

    assert rule_use(runs, "r-1", moment(100), 2, host="ws-1").wait_s == 0
    assert rule_use(runs, "r-1", moment(100), 2, host="ws-3").wait_s == HOUR_S - 100


def test_a_host_falls_out_an_hour_after_its_last_run() -> None:
    runs = [run(moment(0), "ws-1"), run(moment(1000), "ws-1")]
    assert rule_use(runs, "r-1", moment(1500), 1, host="ws-2").wait_s == HOUR_S - 500


def test_a_clock_set_back_an_hour_changes_nothing() -> None:
    runs = [run(moment(0)), run(moment(10)), run(moment(20))]
    for seconds in (30.0, DAY_S - 1, DAY_S, DAY_S + 10):
        straight = runbook_use(runs, "rb-1", "ws-1", moment(seconds), 3)
        set_back = runbook_use(runs, "rb-1", "ws-1", moment(seconds, wall_off=-3600), 3)
        assert straight == set_back


def test_across_a_boot_the_wall_counts() -> None:
    runs = [run(moment(0))] * 3
    rebooted = attrs.evolve(moment(HOUR_S), boot="boot-2", monotonic=5.0)
    assert runbook_use(runs, "rb-1", "ws-1", rebooted, 3).wait_s == DAY_S - HOUR_S


def test_people_see_only_what_is_in_use() -> None:
    runs = [run(moment(0)), run(moment(DAY_S - HOUR_S / 2), "ws-2")]

    listed = uses(runs, moment(DAY_S), 3)

    assert [(use.kind, use.name, use.host, use.used, use.limit) for use in listed] == [
        ("runbook", "rb-1", "ws-2", 1, 3),
        ("rule", "r-1", "", 1, 2),
    ]


@given(
    gaps=st.lists(st.floats(0, HOUR_S), max_size=60),
    hosts=st.lists(st.sampled_from("abcdef"), min_size=60, max_size=60),
    limit=st.integers(1, 4),
)
def test_no_hour_ever_sees_more_hosts_than_the_budget(
    gaps: list[float], hosts: list[str], limit: int
) -> None:
    begun: list[Run] = []
    now = 0.0
    for gap, host in zip(gaps, hosts, strict=False):
        now += gap
        if rule_use(begun, "r-1", moment(now), limit, host=host).wait_s == 0:
            begun.append(run(moment(now), host))
        within = {each.host for each in begun if moment(now).since(each.begun_at) < HOUR_S}
        assert len(within) <= limit


@given(
    ages=st.lists(st.floats(0, 2 * DAY_S), max_size=30),
    limit=st.integers(1, 5),
)
def test_there_is_room_when_the_wait_is_over_and_not_before(ages: list[float], limit: int) -> None:
    now = moment(2 * DAY_S)
    runs = [run(moment(2 * DAY_S - age)) for age in ages]

    wait_s = runbook_use(runs, "rb-1", "ws-1", now, limit).wait_s

    # A millisecond of slack: sums of floats.
    assert runbook_use(runs, "rb-1", "ws-1", now.after(wait_s + 0.001), limit).wait_s == 0
    if wait_s > 0.001:
        assert runbook_use(runs, "rb-1", "ws-1", now.after(wait_s - 0.001), limit).wait_s > 0
