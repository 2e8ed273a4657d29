"""The cooldown: a layer above the decision."""

import datetime as dt
from typing import Any

import pytest

from actors.l1_evaluator.cooldown import (
    Cooldowns,
    NoRuleMatched,
    Outcome,
    RuleMatched,
    SuppressedByCooldown,
)
from actors.l1_evaluator.engine import RuleSet
from actors.messages.moment import Moment

NOON = Moment(dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC), "boot-1", 1000.0)
FIREWALL = {"check_type": "firewall", "host_id": "ws-7"}


def rules(**more: Any) -> RuleSet:
    condition = {"field": "check_type", "operator": "eq", "value": "firewall"}
    first = {"id": "first", "conditions": [condition], "action": "alert", "priority": 1, **more}
    second = {"id": "second", "conditions": [condition], "action": "alert"}
    return RuleSet.compile([first, second])


def won(outcome: Outcome) -> bool:
    return isinstance(outcome, RuleMatched) and outcome.rule.id == "first"


def suppressed(outcome: Outcome) -> bool:
    return isinstance(outcome, SuppressedByCooldown) and outcome.rule.id == "first"


def test_a_winner_rests_from_its_decision_on_and_nothing_takes_its_place() -> None:
    cooldowns = Cooldowns(default_seconds=300)

    assert won(cooldowns.decide(rules(), FIREWALL, NOON))
    assert suppressed(cooldowns.decide(rules(), FIREWALL, NOON)), "claimed with the decision"
    assert suppressed(cooldowns.decide(rules(), FIREWALL, NOON.after(299.9)))
    assert won(cooldowns.decide(rules(), FIREWALL, NOON.after(300)))


def test_the_key_is_rule_and_host() -> None:
    cooldowns = Cooldowns(default_seconds=300)
    cooldowns.decide(rules(), FIREWALL, NOON)

    assert won(cooldowns.decide(rules(), {**FIREWALL, "host_id": "ws-8"}, NOON))


@pytest.mark.parametrize("nobody", [None, 5, ["unknown"]])
def test_an_event_without_host_has_a_key_of_its_own(nobody: Any) -> None:
    cooldowns = Cooldowns(default_seconds=300)

    assert won(cooldowns.decide(rules(), {**FIREWALL, "host_id": "unknown"}, NOON))
    assert won(cooldowns.decide(rules(), {**FIREWALL, "host_id": nobody}, NOON))
    assert suppressed(cooldowns.decide(rules(), {"check_type": "firewall"}, NOON))


def test_zero_seconds_mean_no_cooldown() -> None:
    cooldowns = Cooldowns(default_seconds=300)
    for _ in range(2):
        outcome = cooldowns.decide(rules(cooldown_seconds=0), FIREWALL, NOON)
        assert isinstance(outcome, RuleMatched)
        assert outcome.window is None


def test_an_event_that_no_rule_matches_claims_nothing() -> None:
    cooldowns = Cooldowns(default_seconds=300)

    assert cooldowns.decide(rules(), {}, NOON) == NoRuleMatched()
    assert cooldowns.windows(NOON) == []


@pytest.mark.parametrize("jump", [dt.timedelta(days=-400), dt.timedelta(days=400)])
def test_a_wall_clock_that_jumps_changes_nothing_within_a_boot(jump: dt.timedelta) -> None:
    cooldowns = Cooldowns(default_seconds=300)
    cooldowns.decide(rules(), FIREWALL, NOON)

    assert suppressed(
        cooldowns.decide(rules(), FIREWALL, Moment(NOON.wall + jump, "boot-1", 1299.0))
    )
    assert won(cooldowns.decide(rules(), FIREWALL, Moment(NOON.wall + jump, "boot-1", 1300.0)))


@pytest.mark.parametrize("boot", ["boot-1", "boot-2"])
def test_a_window_goes_on_after_a_restart(boot: str) -> None:
    before = Cooldowns(default_seconds=300)
    before.decide(rules(), FIREWALL, NOON)
    monotonic = 1100.0 if boot == "boot-1" else 3.0
    later = Moment(NOON.wall + dt.timedelta(seconds=100), boot, monotonic)

    after = Cooldowns(default_seconds=300)
    after.restore(before.windows(NOON), later)

    assert suppressed(after.decide(rules(), FIREWALL, later.after(199)))
    assert won(after.decide(rules(), FIREWALL, later.after(200)))


def test_a_wall_clock_set_back_over_a_reboot_costs_one_cooldown_at_most() -> None:
    before = Cooldowns(default_seconds=300)
    before.decide(rules(), FIREWALL, NOON)
    yesterday = Moment(NOON.wall - dt.timedelta(days=1), "boot-2", 3.0)

    after = Cooldowns(default_seconds=300)
    after.restore(before.windows(NOON), yesterday)

    assert suppressed(after.decide(rules(), FIREWALL, yesterday.after(299)))
    assert won(after.decide(rules(), FIREWALL, yesterday.after(300)))


def test_what_is_over_is_not_kept() -> None:
    cooldowns = Cooldowns(default_seconds=300)
    cooldowns.decide(rules(), FIREWALL, NOON)

    assert [window.host for window in cooldowns.windows(NOON)] == ["ws-7"]
    assert cooldowns.windows(NOON.after(300)) == []
