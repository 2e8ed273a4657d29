"""Validity is checked at load, rule by rule: clauses 12 and 13 of the rules page."""

from typing import Any

import pytest

from actors.catalogue.rule_judgement import rule_from
from actors.catalogue.rules import Rule
from actors.l1_evaluator.engine import InvalidRuleError, RuleSet, UnknownRuleError

NAN, INF = float("nan"), float("inf")
GOOD: dict[str, Any] = {
    "id": "r",
    "conditions": [{"field": "f", "operator": "eq", "value": "x"}],
    "action": "alert",
}


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != key}


def asking(**changes: Any) -> dict[str, Any]:
    return {**GOOD, "conditions": [{"field": "f", "operator": "eq", "value": "x", **changes}]}


def circular() -> dict[str, Any]:
    loop: list[Any] = []
    loop.append(loop)
    return {**GOOD, "note": loop}


def nested(levels: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(levels - 1):
        inner = [inner]
    return inner


def doubling() -> dict[str, Any]:
    bomb: list[Any] = ["x"]
    for _ in range(64):
        bomb = [bomb, bomb]
    return {**GOOD, "note": bomb}


INVALID: dict[str, Any] = {
    "not a mapping": ["r"],
    "no id": without("id"),
    "an empty id": {**GOOD, "id": ""},
    "an id that is no string": {**GOOD, "id": 5},
    "no conditions": without("conditions"),
    "conditions that are no list": {**GOOD, "conditions": {}},
    "null conditions": {**GOOD, "conditions": None},
    "empty conditions without match_all": {**GOOD, "conditions": []},
    "match_all beside conditions": {**GOOD, "match_all": True},
    "match_all without a list of conditions": {**without("conditions"), "match_all": True},
    "match_all that is no bool": {**GOOD, "conditions": [], "match_all": "true"},
    "a condition that is no mapping": {**GOOD, "conditions": ["f"]},
    "a condition without field": {**GOOD, "conditions": [{"operator": "eq", "value": 1}]},
    "a condition without operator": {**GOOD, "conditions": [{"field": "f", "value": 1}]},
    "a condition without value": {**GOOD, "conditions": [{"field": "f", "operator": "exists"}]},
    "an unknown operator": asking(operator="equals"),
    "an operator in capitals": asking(operator="EQ"),
    "an operator that is no string": asking(operator=["eq"]),
    "an empty field": asking(field=""),
    "a path with an empty segment": asking(field="a..b"),
    "a path that ends with a dot": asking(field="a."),
    "a field that is no string": asking(field=5),
    "priority as text": {**GOOD, "priority": "5"},
    "priority as a bool": {**GOOD, "priority": True},
    "priority as a float": {**GOOD, "priority": 5.0},
    "enabled as text": {**GOOD, "enabled": "yes"},
    "enabled as null": {**GOOD, "enabled": None},
    "ignore_case as a number": asking(ignore_case=1),
    "severity_filter as a string": {**GOOD, "severity_filter": "high"},
    "severity_filter with a number": {**GOOD, "severity_filter": ["high", 5]},
    "no action": without("action"),
    "execute_runbook without a runbook": {**GOOD, "action": "execute_runbook"},
    "execute_runbook with an empty runbook_id": {
        **GOOD,
        "action": "execute_runbook",
        "runbook_id": "",
    },
    "eq null": asking(value=None),
    "eq a list": asking(value=["x"]),
    "ne a mapping": asking(operator="ne", value={}),
    "contains a list": asking(operator="contains", value=["x"]),
    "in a string": asking(operator="in", value="x"),
    "in an empty list": asking(operator="in", value=[]),
    "in a list with null": asking(operator="in", value=["x", None]),
    "not_in a list with a list": asking(operator="not_in", value=[["x"]]),
    "starts_with a number": asking(operator="starts_with", value=5),
    "regex as a number": asking(operator="regex", value=5),
    "gt a string": asking(operator="gt", value="5"),
    "gt a bool": asking(operator="gt", value=True),
    "lt infinity": asking(operator="lt", value=INF),
    "exists as text": asking(operator="exists", value="true"),
    "eq NaN": asking(value=NAN),
    "in a list with NaN": asking(operator="in", value=[1, NAN]),
    "NaN in an unknown key": {**GOOD, "note": {"deep": [NAN]}},
    "infinity in an unknown key of a condition": asking(note=INF),
    "an empty any_of": {**GOOD, "any_of": []},
    "an empty list in any_of": {**GOOD, "any_of": [[]]},
    "a bad condition in none_of": {**GOOD, "none_of": [{"field": "f"}]},
    "an unknown mode": {**GOOD, "mode": "yolo"},
    "a negative cooldown": {**GOOD, "cooldown_seconds": -1},
    "a priority that no rule set can order": {**GOOD, "priority": 1 << 200_000},
    "lists within each other, 65 deep": {**GOOD, "note": nested(66)},
    "a circular value": circular(),
    "a value that unfolds to gigabytes": doubling(),
}
REFUSED_PATTERNS = [
    r"(a)\1", "(?P<n>a)(?P=n)", "(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "(?(1)a|b)", "(?>a)",
    "a++", "a*+", "a{1,2}+", "(", "[a", "a**", "*", r"\p{Nope}", "\ud800",
    "(?:.{1,30}x){30}", "(?x)a",
]  # fmt: skip


@pytest.mark.parametrize("raw", INVALID.values(), ids=INVALID.keys())
def test_an_invalid_rule_is_quarantined_and_leaves_the_others_working(raw: Any) -> None:
    rule_set = RuleSet.compile([{**GOOD, "id": "before"}, raw, {**GOOD, "id": "after"}])

    assert [position for position, _ in rule_set.quarantined] == [1]
    assert rule_set.quarantined[0][1]
    assert rule_set.decide({"f": "x"}) == "before"
    assert rule_set.why_not({"f": "x"}, "after").reason == "shadowed"


@pytest.mark.parametrize("pattern", REFUSED_PATTERNS)
def test_a_pattern_without_a_linear_meaning_is_refused(pattern: str) -> None:
    assert "pattern" in str(rule_from(asking(operator="regex", value=pattern)))


@pytest.mark.parametrize("value", ["x", 5, 5.5, True, ""])
def test_plain_values_are_valid(value: Any) -> None:
    assert isinstance(rule_from(asking(value=value)), Rule)


@pytest.mark.parametrize("number", [10**400, -(10**5000)], ids=["large", "deep"])
def test_a_huge_integer_is_a_finite_number(number: int) -> None:
    rule_set = RuleSet.compile([asking(operator="lt", value=number)])

    assert rule_set.quarantined == []
    assert rule_set.decide({"f": 5}) == ("r" if number > 5 else None)


def test_unknown_keys_are_carried_along() -> None:
    judged = rule_from({**GOOD, "description": "why", "x-note": {"a": [1]}})

    assert isinstance(judged, Rule)
    assert judged.extra == {"description": "why", "x-note": {"a": [1]}}


def test_the_first_valid_definition_of_an_id_stands() -> None:
    rules = [without("action"), GOOD, asking(value="y"), {**GOOD, "id": "other"}]

    rule_set = RuleSet.compile(rules)

    assert [position for position, _ in rule_set.quarantined] == [0, 2]
    assert rule_set.decide({"f": "y"}) is None
    assert rule_set.decide({"f": "x"}) == "r"


def test_a_disabled_first_definition_stands_too() -> None:
    rule_set = RuleSet.compile([{**GOOD, "enabled": False}, GOOD])

    assert [position for position, _ in rule_set.quarantined] == [1]
    assert rule_set.decide({"f": "x"}) is None
    assert rule_set.why_not({"f": "x"}, "r").reason == "disabled"


def test_why_not_tells_quarantined_from_unknown() -> None:
    rule_set = RuleSet.compile([without("action")])

    quarantined = rule_set.why_not({"f": "x"}, "r")

    assert quarantined.reason == "quarantined"
    assert quarantined.quarantined_because == "action must be a non-empty string"
    assert rule_set.why_not({"f": "x"}, "nobody").reason == "unknown"
    with pytest.raises(UnknownRuleError):
        rule_set.rule("r")


def test_why_not_names_the_first_failing_condition_and_what_it_met() -> None:
    rule_set = RuleSet.compile(
        [{**GOOD, "conditions": [*GOOD["conditions"], *asking(field="g.h")["conditions"]]}]
    )

    failed = rule_set.why_not({"f": "x", "g": {"h": "z"}}, "r").failed

    assert failed is not None
    assert (failed.part, failed.condition.field, failed.actual) == ("conditions", "g.h", "z")


def test_a_change_that_is_no_rule_leaves_the_set_in_force() -> None:
    rule_set = RuleSet.compile([GOOD])

    with pytest.raises(InvalidRuleError):
        rule_set.replace(without("action"))

    assert rule_set.decide({"f": "x"}) == "r"


def test_the_version_is_the_content_s() -> None:
    version = RuleSet.compile([GOOD]).version

    assert len(version) == 64
    assert RuleSet.compile([dict(reversed(GOOD.items()))]).version == version
    assert RuleSet.compile([{**GOOD, "note": {1, 2}}]).version != version
    assert RuleSet.compile([asking(value="y")]).version != version
    assert (
        RuleSet.compile([asking(value=1)]).version != RuleSet.compile([asking(value=True)]).version
    )
