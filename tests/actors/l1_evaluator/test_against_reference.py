"""The engine beside a trivially correct evaluator: no rule set and no event tells them apart."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st

from actors.l1_evaluator.engine import RuleSet
from tests.actors.l1_evaluator import hostile, reference

ROOT = Path(__file__).parents[3]


@settings(max_examples=400, deadline=None)
@given(rules=hostile.rule_sets(), events=st.lists(hostile.events, min_size=1, max_size=20))
def test_every_decision_is_the_reference_s(
    rules: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    rule_set = RuleSet.compile(rules)

    for event in events * 3:
        assert rule_set.decide(event) == reference.decide(rules, event)


@settings(max_examples=60, deadline=None)
@given(rules=hostile.rule_sets(), events=st.lists(hostile.events, min_size=1, max_size=5))
def test_a_leaf_that_became_code_decides_as_before(
    rules: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    rule_set = RuleSet.compile(rules)
    before = [rule_set.decide(event) for event in events]

    for _ in range(210):
        assert [rule_set.decide(event) for event in events] == before


@settings(max_examples=150, deadline=None)
@given(
    rules=hostile.rule_sets(),
    changes=st.lists(st.integers(0, 30).flatmap(lambda n: hostile.rules(f"r{n}")), max_size=6),
    events=st.lists(hostile.events, min_size=1, max_size=10),
)
def test_a_set_changed_rule_by_rule_is_the_set_compiled_anew(
    rules: list[dict[str, Any]], changes: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    rule_set, expected = RuleSet.compile(rules), list(rules)
    before = [rule_set.decide(event) for event in events]
    original = rule_set

    for change in changes:
        rule_set = rule_set.replace(change)
        at = next((n for n, rule in enumerate(expected) if rule["id"] == change["id"]), None)
        expected[len(expected) if at is None else at : len(expected) if at is None else at + 1] = [
            change
        ]

    assert rule_set.version == RuleSet.compile(expected).version
    assert rule_set.quarantined == RuleSet.compile(expected).quarantined
    for event in events:
        assert rule_set.decide(event) == reference.decide(expected, event)
    assert [original.decide(event) for event in events] == before


@settings(max_examples=150, deadline=None)
@given(rules=hostile.rule_sets(), events=st.lists(hostile.events, min_size=1, max_size=5))
def test_explain_and_why_not_never_disagree_with_decide(
    rules: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    rule_set = RuleSet.compile(rules)
    by_id = {rule["id"]: rule for rule in reversed(rules)}

    for event in events:
        decided = rule_set.decide(event)
        explained = rule_set.explain(event)
        assert explained.rule_id == decided
        assert all(answer.as_wanted for answer in explained.answers)
        assert all(near.rule_id != decided for near in explained.nearest)
        assert len(explained.nearest) <= 10
        for near in explained.nearest:
            assert (near.failed is None) == reference.matches(by_id[near.rule_id], event)
        for rule_id, rule in by_id.items():
            why = rule_set.why_not(event, rule_id)
            assert why.winner == decided
            assert (why.reason == "wins") == (rule_id == decided)
            assert (why.reason == "shadowed") == (
                rule_id != decided and reference.matches(rule, event)
            )
            assert (why.reason == "failed") == (why.failed is not None)
            assert why.failed is None or not why.failed.as_wanted


def test_the_same_answers_come_under_any_hash_seed() -> None:
    program = """
import json, random, sys
from actors.l1_evaluator.engine import RuleSet
draw = random.Random(5)
def pick(): return draw.choice(["a", "b", "c", "d", 1, True, 2.5])
rules = [
    {"id": f"r{n}", "action": "alert", "priority": draw.randint(0, 3), "note": {"k": 1, "j": [2]},
     "conditions": [{"field": draw.choice("xyz"), "operator": "in", "value": [pick(), pick()]}
                    for _ in range(2)]}
    for n in range(60)
]
rule_set = RuleSet.compile(rules)
events = [{key: pick() for key in "xyz"} for _ in range(200)]
print(rule_set.version)
print(json.dumps([rule_set.decide(event) for event in events]))
print([[near.rule_id for near in rule_set.explain(event).nearest] for event in events])
"""
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(printed) == 1
    decisions = json.loads(printed.pop().splitlines()[1])
    assert len(set(decisions)) > 10
