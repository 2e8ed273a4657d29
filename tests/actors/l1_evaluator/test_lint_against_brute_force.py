"""Lint beside brute force: what it says of small rule sets is what trying every event says."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import given, settings, strategies as st

from actors.catalogue.emission import ANY_EVENT, MAPPING, Domain, Emission, Shape, one_of
from actors.l1_evaluator.engine import RuleSet
from actors.l1_evaluator.lint.reach import (
    Contradictory,
    Outcome,
    Reach,
    Reachable,
    Shadowed,
    Undecided,
    Unreachable,
)
from tests.actors.l1_evaluator import hostile, reference

Raw = dict[str, Any]
Values = Mapping[str, tuple[Any, ...]]

CASES: list[Values] = [
    {
        "check_type": ("fw", "av"),
        "platform": (None, "5"),
        "status": ("fail",),
        "severity": ("fw",),
        "n": (1, True, 5.5),
        "d.x": (None,),
    },
    {
        "check_type": ("fw", "FW"),
        "platform": ("", "1"),
        "status": ("pass", "fail\n"),
        "severity": ("av", None),
        "n": ("1e2",),
        "d.x": (1, "fw"),
    },
]
"""Two kinds of events, each with every combination of these values."""

FINITE = Emission(
    tuple(
        Shape("one", {"d": MAPPING, **{field: one_of(*values) for field, values in case.items()}})
        for case in CASES
    )
)


def all_events() -> Iterator[Raw]:
    for case in CASES:
        for chosen in itertools.product(*case.values()):
            event: Raw = {"d": {}}
            for field, value in zip(case, chosen, strict=True):
                top, _, below = field.partition(".")
                if value is not None and below:
                    event[top] = {below: value}
                elif value is not None:
                    event[top] = value
            yield event


EVENTS = list(all_events())


def outcomes(rules: list[Raw], emission: Emission) -> Iterator[tuple[Raw, Outcome]]:
    rule_set = RuleSet.compile(rules)
    reach = Reach(rule_set, emission)
    for raw, rule in zip(rules, rule_set.rules, strict=True):
        if rule is not None and rule.enabled:
            yield raw, reach.of(rule)


@settings(max_examples=150, deadline=None)
@given(rules=hostile.rule_sets(max_size=10))
def test_on_a_finite_world_every_answer_is_that_of_trying_all_events(rules: list[Raw]) -> None:
    decided = {reference.decide(rules, event) for event in EVENTS}

    for raw, outcome in outcomes(rules, FINITE):
        matched = any(reference.matches(raw, event) for event in EVENTS)
        match outcome:
            case Reachable(event):
                assert reference.decide(rules, event) == raw["id"]
                assert raw["id"] in decided
            case Shadowed(by, event):
                assert raw["id"] not in decided
                assert reference.matches(raw, event)
                assert reference.decide(rules, event) in by
            case Unreachable() | Contradictory():
                assert not matched
            case Undecided():
                raise AssertionError("a finite world leaves nothing open")


@settings(max_examples=150, deadline=None)
@given(
    rules=hostile.rule_sets(max_size=12), events=st.lists(hostile.events, min_size=1, max_size=40)
)
def test_no_event_at_all_speaks_against_what_is_said_of_any_event(
    rules: list[Raw], events: list[Raw]
) -> None:
    for raw, outcome in outcomes(rules, ANY_EVENT):
        match outcome:
            case Reachable(event):
                assert reference.decide(rules, event) == raw["id"]
            case Shadowed(by, event):
                assert reference.matches(raw, event)
                assert reference.decide(rules, event) in by
                assert all(reference.decide(rules, each) != raw["id"] for each in events)
            case Unreachable() | Contradictory():
                assert not any(reference.matches(raw, each) for each in events)
            case Undecided():
                pass


@settings(max_examples=60, deadline=None)
@given(rules=hostile.rule_sets(max_size=8))
def test_what_a_source_may_write_less_makes_no_rule_reachable(rules: list[Raw]) -> None:
    anything = Domain("anything", optional=True)
    fields = ("check_type", "platform", "status", "severity", "n", "d", "d.x", "d.x.y")
    wide = Emission((Shape("wide", dict.fromkeys(fields, anything)),))

    narrow = {raw["id"]: outcome for raw, outcome in outcomes(rules, FINITE)}
    for raw, outcome in outcomes(rules, wide):
        if isinstance(outcome, Shadowed | Contradictory | Unreachable):
            assert not isinstance(narrow[raw["id"]], Reachable)
