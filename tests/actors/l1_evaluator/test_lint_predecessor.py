"""Lint of the predecessor's rules: what a study found by hand comes out by itself.

The study counts 12 ids that are defined more than once among the 145; among the 92 bundled ones 46
that no source's events can match, and 5 more that another rule always beats on a drift.
"""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from actors.catalogue.emission import ANY_EVENT, Emission, Shape, one_of
from actors.catalogue.emission_files import load_emitted
from actors.catalogue.misfits import Surroundings
from actors.catalogue.rule_files import RawRules, read_rules
from actors.l1_evaluator.engine import RuleSet
from actors.l1_evaluator.lint import Report, lint

DATA = Path(__file__).parents[2] / "data" / "predecessor"
BUNDLED = read_rules(DATA / "rules" / "bundled.yaml")
ALL = read_rules(DATA / "rules")
EMITTED = load_emitted(DATA / "emits.yaml")
THEIRS = Surroundings(EMITTED.emission, EMITTED.emission.checks, EMITTED.actions)

NEVER_MATCHES = {"unreachable", "contradictory", "unknown_check"}


def marked(*marks: str) -> set[str]:
    rules: list[Any] = list(BUNDLED.rules)
    return {rule["id"] for rule in rules if not {*marks}.isdisjoint(rule.get("marks", ()))}


def with_code(report: Report, *codes: str) -> set[str]:
    return {finding.rule for finding in report.findings if finding.code in codes}


def renamed(raw: RawRules, seed: int) -> RawRules:
    """Give every rule an id of its own, in an order that has nothing to do with theirs."""
    rules: list[Any] = list(raw.rules)
    numbers = random.Random(seed).sample(range(len(rules)), len(rules))  # noqa: S311
    ids = [f"R{number}" for number in numbers]
    return RawRules(tuple({**r, "id": i} for r, i in zip(rules, ids, strict=True)), raw.places)


def looked_at(raw: RawRules, around: Surroundings) -> Report:
    report = lint(raw, around, lambda: 0.0)
    assert report.undecided == ()
    decide = RuleSet.compile(raw.rules).decide
    for finding in report.findings:
        if finding.code == "shadowed":
            assert finding.witness is not None
            assert decide(finding.witness) in finding.by
            alone: list[Any] = [r for r in list[Any](raw.rules) if r["id"] == finding.rule]
            assert RuleSet.compile(alone).decide(finding.witness) == finding.rule
    return report


def test_the_145_define_twelve_ids_more_than_once() -> None:
    report = looked_at(ALL, Surroundings())

    assert len(with_code(report, "duplicate_id")) == 12
    assert Counter(finding.code for finding in report.findings)["duplicate_id"] == 12
    assert with_code(report, "quarantined", "duplicate", "catch_all", "unanchored") == set()


def test_46_of_the_92_never_match_and_these_are_the_ones_that_the_study_marks() -> None:
    report = looked_at(BUNDLED, THEIRS)

    never = with_code(report, *NEVER_MATCHES)
    assert len(never) == 46
    assert never == marked("D", "I", "N")
    assert len(with_code(report, "unknown_action")) == 8
    assert with_code(report, "unknown_action") == marked("X")


def test_5_more_of_the_92_are_shadowed_and_these_are_the_ones_that_the_study_marks() -> None:
    report = looked_at(BUNDLED, THEIRS)

    shadowed = with_code(report, "shadowed")
    assert len(shadowed) == 5
    assert shadowed == marked("S") - marked("D", "I", "N")


def test_with_every_id_its_own_the_145_have_the_ten_shadows_of_any_event() -> None:
    """The study's ten are those that conditions alone show, with each definition of an id alive."""
    report = looked_at(renamed(ALL, 1), Surroundings())

    assert len(with_code(report, "shadowed")) == 10
    rules: list[Any] = list(ALL.rules)
    by_id = {r["id"]: n for n, r in enumerate(list[Any](renamed(ALL, 1).rules))}
    others = [
        finding.rule
        for finding in report.findings
        if finding.code == "shadowed"
        and all(_does(rules[by_id[finding.rule]]) != _does(rules[by_id[b]]) for b in finding.by)
    ]
    assert len(others) == 9


def _does(rule: Any) -> object:
    return rule["action"], rule.get("runbook_id"), str(rule.get("params"))


def test_as_they_are_loaded_six_of_the_145_are_shadowed_by_conditions_alone() -> None:
    """The first definition of an id stands: four of the ten shadows came from a later one."""
    assert len(with_code(looked_at(ALL, Surroundings()), "shadowed")) == 6


@pytest.mark.parametrize("seed", range(3))
def test_other_ids_change_no_count(seed: int) -> None:
    for raw, around in ((BUNDLED, THEIRS), (ALL, THEIRS), (ALL, Surroundings())):
        one, other = (looked_at(renamed(raw, 10 * seed + n), around) for n in (1, 2))
        assert Counter(f.code for f in one.findings) == Counter(f.code for f in other.findings)


def test_with_the_words_of_the_self_check_two_more_never_match() -> None:
    """The NixOS self-check warns of the generation and the services, and never says `fail`."""
    said = {"nixos_generation": "warning", "critical_services": "warning", "ntp_sync": "fail",
            "disk_space": "fail"}  # fmt: skip
    self_check, *others = EMITTED.emission.shapes
    assert self_check.source == "NixOS self-check"
    shapes = [
        Shape(check, {**self_check.fields, "check_type": one_of(check), "status": one_of(status)})
        for check, status in said.items()
    ]
    firewall = Shape("firewall", {**self_check.fields, "check_type": one_of("firewall")})
    emission = Emission((*shapes, firewall, *others))

    report = looked_at(BUNDLED, Surroundings(emission, emission.checks, EMITTED.actions))

    further = with_code(report, *NEVER_MATCHES) - marked("D", "I", "N")
    assert further == {"L1-LIN-GENERATION-001", "L1-LIN-CRITICAL-SVC-001"}


def test_any_event_makes_no_rule_of_theirs_impossible() -> None:
    assert with_code(looked_at(ALL, Surroundings(ANY_EVENT)), *NEVER_MATCHES) == set()
