"""Why a rule decided, or did not: one sentence for each answer, and the same as data."""

from typing import Any

import pytest

from actors.l1_evaluator import RuleSet
from runtime.roles.explain import explanation, why_not

FIRST = {"field": "check_type", "operator": "eq", "value": "firewall"}
DRIFT = {"check_type": "firewall", "host_id": "ws-1"}


def rule(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "conditions": [FIRST], "action": "escalate", **more}


RULES = RuleSet.compile(
    [
        rule("wins"),
        rule("later"),
        rule("off", enabled=False),
        rule("other", conditions=[{**FIRST, "value": "patching"}]),
        rule("partly", conditions=[FIRST, {"field": "severity", "operator": "eq", "value": "low"}]),
        rule("not_here", none_of=[{"field": "host_id", "operator": "eq", "value": "ws-1"}]),
        rule("broken", conditions=[]),
    ]
)


@pytest.mark.parametrize(
    ("name", "reason", "sentence"),
    [
        ("wins", "wins", "rule wins does decide this event"),
        ("later", "shadowed", "rule later matches, but wins comes before it"),
        ("off", "disabled", "rule off is disabled"),
        ("other", "failed", "rule other fails check_type eq 'patching' (is 'firewall')"),
        ("partly", "failed", "rule partly fails severity eq 'low' (is missing)"),
        ("not_here", "failed", "rule not_here fails none_of: host_id eq 'ws-1' (is 'ws-1')"),
        ("broken", "quarantined", "rule broken is quarantined: "),
        ("nobody", "unknown", "no rule nobody"),
    ],
)
def test_why_not_has_a_sentence_for_each_reason(name: str, reason: str, sentence: str) -> None:
    told = why_not(RULES, DRIFT, name)

    assert told["reason"] == reason
    assert str(told["text"]).startswith(sentence)


def test_an_explanation_names_what_held_and_what_came_near() -> None:
    told = explanation(RULES, DRIFT)

    assert told["rule"] == RULES.decide(DRIFT) == "wins"
    lines = str(told["text"]).splitlines()
    assert lines[0] == "rule wins decides"
    assert "  ok    check_type eq 'firewall' (is 'firewall')" in lines
    assert "  later: matches too, but comes later" in lines
    assert "  partly: 1 of 2 hold; fails" in lines


def test_an_event_that_no_rule_matches_is_told_so() -> None:
    told = explanation(RULES, {"check_type": "nothing"})

    assert told["rule"] is None
    assert told["conditions"] == []
    assert str(told["text"]).startswith("no rule matches")


def test_a_long_value_is_cut_on_the_page_and_whole_in_the_data() -> None:
    text = "x" * 500
    rules = RuleSet.compile([rule("long", conditions=[{**FIRST, "value": text}])])

    told = explanation(rules, {"check_type": text})

    assert max(map(len, str(told["text"]).splitlines())) < 200
    assert told["conditions"][0]["value"] == text  # type: ignore[index]  # a list of mappings
