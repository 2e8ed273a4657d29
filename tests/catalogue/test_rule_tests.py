"""The tests beside a rule: which are read, and what is said of those that are none."""

import pytest

from actors.catalogue.rule_judgement import rule_from
from actors.catalogue.rules import Expected, Rule, RuleTest


def judged(*tests: object) -> Rule | str:
    return rule_from(
        {
            "id": "R",
            "conditions": [{"field": "check_type", "operator": "eq", "value": "motd"}],
            "action": "escalate",
            "tests": list(tests),
        }
    )


@pytest.mark.parametrize(
    ("expect", "expected"),
    [
        ("this", Expected("this")),
        ("other", Expected("other")),
        ("none", Expected("none")),
        (None, Expected("none")),
        ("L1-SSH", Expected("L1-SSH")),
        ({"rule": "L1-SSH"}, Expected("L1-SSH")),
        ({"mode": "approve"}, Expected("this", {"mode": "approve"})),
        (
            {"rule": "other", "action": "execute_runbook", "runbook_id": "LIN-1"},
            Expected("other", {"action": "execute_runbook", "runbook_id": "LIN-1"}),
        ),
    ],
)
def test_what_a_test_expects_is_read(expect: object, expected: Expected) -> None:
    rule = judged({"given": {"check_type": "motd"}, "expect": expect})

    assert isinstance(rule, Rule)
    assert rule.tests == (RuleTest({"check_type": "motd"}, expected),)


@pytest.mark.parametrize(
    ("test", "says"),
    [
        ("motd", "each of tests is not a mapping"),
        ({"given": {}}, "each of tests needs given and expect, and nothing else"),
        ({"given": {}, "expect": "this", "name": 1}, "needs given and expect, and nothing else"),
        ({"given": [], "expect": "this"}, "given is not a mapping"),
        ({"given": {1: "motd"}, "expect": "this"}, "a field of given must be a non-empty string"),
        ({"given": {"actual": float("nan")}, "expect": "this"}, "NaN and infinities"),
        ({"given": {}, "expect": True}, "expect must be this, other, none, the id of a rule"),
        ({"given": {}, "expect": ""}, "expect must be a non-empty string"),
        (
            {"given": {}, "expect": {"rule": "none", "mode": "auto"}},
            "of it mode",
        ),
        ({"given": {}, "expect": {"mode": "manual"}}, "must be one of audit, approve, auto"),
        ({"given": {}, "expect": {"runbok_id": "X"}}, "there are rule, mode, action, runbook_id"),
        ({"given": {}, "expect": {"action": 1}}, "the action of expect must be a non-empty string"),
    ],
)
def test_a_test_of_another_form_sets_its_rule_aside_with_the_reason(
    test: object, says: str
) -> None:
    reason = judged(test)

    assert isinstance(reason, str)
    assert says in reason


def test_a_test_with_an_event_that_cannot_be_takes_no_rule_out_of_force() -> None:
    assert isinstance(judged({"given": {"statsu": "failed"}, "expect": "this"}), Rule)
