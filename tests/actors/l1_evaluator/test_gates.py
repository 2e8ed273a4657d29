"""Rules without an equality stand behind shared gates: no answer depends on that."""

import random
from typing import Any

import pytest

from actors.catalogue.patterns import required_text
from actors.l1_evaluator.engine import RuleSet
from tests.actors.l1_evaluator import reference

WORDS = ["unit", "volume", "driver", "policy", "failed", "expired", "timeout", "re"]


def drawn_condition(draw: random.Random) -> dict[str, Any]:
    phrase = f"{draw.choice(WORDS)} {draw.choice(WORDS)}"
    field, operator, value = draw.choice(
        [
            ("message", "contains", phrase),
            ("message", "regex", rf"{draw.choice(WORDS)} \d+ {draw.choice(WORDS)}"),
            ("message", "regex", rf"(?i){phrase}|{draw.choice(WORDS)}\b"),
            ("host", "starts_with", f"host-{draw.randrange(30)}-"),
            ("d.used", "gt", draw.randrange(60, 100)),
            ("d.used", "gte", draw.randrange(60, 100)),
            ("d.left", "lt", draw.randrange(40)),
            ("status", "eq", draw.choice(["pass", "fail"])),
        ]
    )
    return {"field": field, "operator": operator, "value": value}


def drawn_rule(draw: random.Random, rule_id: str) -> dict[str, Any]:
    conditions = [drawn_condition(draw) for _ in range(draw.randint(1, 2))]
    return {"id": rule_id, "action": "x", "priority": draw.randrange(40), "conditions": conditions}


def drawn_event(draw: random.Random) -> dict[str, Any]:
    phrase = f"{draw.choice(WORDS)} {draw.randrange(9)} {draw.choice(WORDS)} {draw.choice(WORDS)}"
    numbers = [draw.randrange(100), str(draw.randrange(100)), None, float("nan"), True, [99]]
    return {
        "message": draw.choice([phrase, phrase.upper(), [phrase, "unit failed"], None, "\ud800"]),
        "host": draw.choice([f"host-{draw.randrange(30)}-1", "host", 7]),
        "d": draw.choice([{"used": draw.choice(numbers), "left": draw.choice(numbers)}, None]),
        "status": draw.choice(["pass", "fail", None]),
    }


@pytest.mark.parametrize("seed", range(6))
def test_rules_behind_gates_are_decided_as_the_reference_does(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - seeded, no secret
    rules = [drawn_rule(draw, f"r{number}") for number in range(150)]
    rule_set = RuleSet.compile(rules)
    assert rule_set.quarantined == []

    for change in range(10):
        for _ in range(60):
            event = drawn_event(draw)
            assert rule_set.decide(event) == reference.decide(rules, event), event
            assert rule_set.explain(event).rule_id == rule_set.decide(event)
        at = draw.randrange(len(rules))
        rules[at] = drawn_rule(draw, f"r{at}")
        rule_set = rule_set.replace(rules[at])
        assert change < 9 or rule_set.version == RuleSet.compile(rules).version


def test_rules_too_few_for_a_gate_decide_in_their_order_among_the_rest() -> None:
    def ruled(rule_id: str, priority: int, *condition: object) -> dict[str, Any]:
        conditions = [dict(zip(("field", "operator", "value"), condition, strict=True))]
        return {"id": rule_id, "action": "x", "priority": priority, "conditions": conditions}

    behind_a_gate = [
        ruled(f"phrase-{number}", 100, "message", "contains", f"unit {number} has failed")
        for number in range(20)
    ]
    alone = ruled("prefix", 1, "host", "starts_with", "host-")
    without = ruled("any-host", 50, "host", "exists", True)
    rule_set = RuleSet.compile([*behind_a_gate, without, alone])

    assert rule_set.decide({"host": "host-7"}) == "prefix"
    assert rule_set.decide({"host": "ws-7"}) == "any-host"


def test_a_text_too_long_for_a_quick_look_is_searched_all_the_same() -> None:
    draw = random.Random(7)  # noqa: S311 - seeded, no secret
    rules = [drawn_rule(draw, f"r{number}") for number in range(150)]
    event = {"message": "x" * 5_000 + " unit failed unit 3 expired"}

    assert RuleSet.compile(rules).decide(event) == reference.decide(rules, event)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"unit-\d+ expired", " expired"),
        (r"x\.y", "x.y"),
        ("ab?c+de{2}f", "a"),
        ("abc*?d", "ab"),
        ("a{b}c", "c"),
        (r"\\d", r"\d"),
        (r"\x41b", ""),
        (r"\Qa.b\E", ""),
        ("(?i)abc", ""),
        ("abc|def", ""),
        ("[abc]def", ""),
        ("", ""),
    ],
)
def test_the_text_that_a_pattern_requires_is_never_guessed(pattern: str, text: str) -> None:
    assert required_text(pattern) == text
