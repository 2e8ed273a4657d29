"""Lint, finding by finding."""

import itertools
from typing import Any

import pytest

from actors.catalogue.emission import ANY_EVENT, TEXT, Domain, Emission, Shape, one_of
from actors.catalogue.misfits import Surroundings
from actors.catalogue.rule_files import RawRules, RulePlace
from actors.l1_evaluator.engine import RuleSet
from actors.l1_evaluator.lint import Report, lint

Raw = dict[str, Any]


def rule(name: str, *conditions: tuple[str, str, Any], **more: Any) -> Raw:
    asked = [{"field": f, "operator": operator, "value": v} for f, operator, v in conditions]
    return {"id": name, "conditions": asked, "action": "escalate", **more}


def linted(*rules: Any, around: Surroundings | None = None) -> Report:
    places = tuple(RulePlace("own.yaml", line) for line in range(1, len(rules) + 1))
    ticks = itertools.count()
    clock = lambda: next(ticks) * 1e-6  # noqa: E731  # a microsecond a look
    return lint(RawRules(rules, places), around or Surroundings(), clock)


def told(report: Report) -> list[tuple[str, str]]:
    return [(finding.rule, finding.code) for finding in report.findings]


FIREWALL = ("check_type", "eq", "firewall")
DRIFT = ("drift_detected", "eq", True)
FAIL = ("status", "eq", "fail")


def test_rules_that_all_may_decide_are_left_in_peace() -> None:
    report = linted(
        rule("A", FIREWALL, FAIL), rule("B", FIREWALL), rule("C", FIREWALL, enabled=False)
    )

    assert (report.findings, report.undecided, report.rules) == ((), (), 3)


def test_a_rule_behind_a_wider_one_is_shadowed_and_a_witness_shows_it() -> None:
    wide, narrow = rule("WIDE", FIREWALL), rule("NARROW", FIREWALL, FAIL)

    [finding] = linted(wide, narrow).findings

    assert (finding.rule, finding.code, finding.by) == ("NARROW", "shadowed", ("WIDE",))
    assert finding.place == "own.yaml:2"
    assert finding.witness is not None
    assert RuleSet.compile([wide, narrow]).decide(finding.witness) == "WIDE"
    assert RuleSet.compile([narrow]).decide(finding.witness) == "NARROW"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("n", "gt", 5), ("n", "gt", 7)),
        (("n", "gte", 5), ("n", "eq", 5)),
        (("n", "exists", True), ("n", "ne", "x")),
        (("n", "in", ["a", "b", "c"]), ("n", "in", ["c", "a"])),
        (("n", "not_in", ["a"]), ("n", "not_in", ["a", "b"])),
        (("n", "starts_with", "web-"), ("n", "starts_with", "web-1")),
        (("n", "contains", "web"), ("n", "ends_with", "web")),
        (("n", "regex", "^web"), ("n", "eq", "web-3")),
    ],
)
def test_a_wider_condition_before_a_narrower_one_shadows_it(before: Any, after: Any) -> None:
    assert told(linted(rule("W", FIREWALL, before), rule("N", FIREWALL, after))) == [
        ("N", "shadowed")
    ]
    assert told(linted(rule("N", FIREWALL, after), rule("W", FIREWALL, before))) == []


def test_rules_may_shadow_one_only_together() -> None:
    rules = (
        rule("LOW", FIREWALL, ("n", "lt", 5)),
        rule("HIGH", FIREWALL, ("n", "gte", 5)),
        rule("BETWEEN", FIREWALL, ("n", "in", [1, 5, 9])),
        rule("TEXT", FIREWALL, ("n", "in", [1, "many"])),
    )

    [finding] = linted(*rules).findings

    assert (finding.rule, set(finding.by)) == ("BETWEEN", {"LOW", "HIGH"})


def test_any_of_none_of_and_the_severity_filter_count() -> None:
    kept_out = rule("OUT", FIREWALL, none_of=[rule("", FAIL)["conditions"][0]])
    split = rule(
        "SPLIT", FIREWALL, any_of=[rule("", FAIL)["conditions"], rule("", DRIFT)["conditions"]]
    )
    severe = rule("SEVERE", FIREWALL, severity_filter=["high"])

    assert told(linted(kept_out, rule("N", FIREWALL, FAIL))) == []
    assert told(linted(split, rule("N", FIREWALL, DRIFT))) == [("N", "shadowed")]
    assert told(linted(split, severe, rule("N", FIREWALL, severity_filter=["high", "low"]))) == []
    assert told(linted(severe, rule("N", FIREWALL, FAIL, severity_filter=["high"]))) == [
        ("N", "shadowed")
    ]


def test_a_disabled_rule_or_a_later_priority_shadows_nobody() -> None:
    assert told(linted(rule("W", FIREWALL, enabled=False), rule("N", FIREWALL, FAIL))) == []
    assert told(linted(rule("W", FIREWALL, priority=101), rule("N", FIREWALL, FAIL))) == []
    assert told(linted(rule("N", FIREWALL, FAIL), rule("W", FIREWALL, priority=99))) == [
        ("N", "shadowed")
    ]


@pytest.mark.parametrize(
    "conditions",
    [
        (("n", "gt", 5), ("n", "lt", 5)),
        (("n", "eq", True), ("n", "eq", 1)),
        (("n", "exists", False), ("n", "ne", 3)),
        (("d", "eq", "x"), ("d.y", "exists", True)),
        (("n", "starts_with", "a"), ("n", "starts_with", "b")),
        (("n", "contains", "code"), ("n", "gt", 3), ("n", "ends_with", "!")),
    ],
)
def test_conditions_that_exclude_each_other_are_contradictory(conditions: Any) -> None:
    [finding] = linted(rule("A", FIREWALL, *conditions)).findings

    assert finding.code == "contradictory"
    assert conditions[0][0] in finding.sentence


@pytest.mark.parametrize(
    "conditions",
    [
        (("n", "gt", 5), ("n", "lt", 6)),
        (("n", "gt", 5), ("n", "not_in", ["6", "5.5"]), ("n", "regex", "^[0-9.]+$")),
        (("n", "contains", "a"), ("n", "contains", "b"), ("n", "starts_with", "c")),
        (("n", "contains", 3), ("n", "contains", "b")),
        (("n", "regex", r"^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$"), ("n", "ne", "10.0.0.1")),
        (("d", "exists", True), ("d.x.y", "eq", "z")),
    ],
)
def test_conditions_that_go_together_are_seen_to(conditions: Any) -> None:
    assert told(linted(rule("A", FIREWALL, *conditions))) == []


def test_what_nobody_knows_is_counted_and_not_told() -> None:
    wide = rule("W", FIREWALL, ("n", "regex", "(a|b)+c"))
    narrow = rule("N", FIREWALL, ("n", "regex", "^(aa|bb)c$"))

    report = linted(wide, narrow)

    assert (report.findings, report.undecided) == ((), ("N",))


def test_quarantined_rules_and_ids_defined_twice_are_told_with_their_places() -> None:
    report = linted(rule("A", FIREWALL), "no rule", rule("A", FAIL), rule("A", DRIFT))

    quarantined, twice = report.findings
    assert (quarantined.code, quarantined.place) == ("quarantined", "own.yaml:2")
    assert (twice.rule, twice.code, twice.place) == ("A", "duplicate_id", "own.yaml:3")
    assert "own.yaml:1" in twice.sentence
    assert "own.yaml:4" in twice.sentence


def test_the_same_rule_under_another_id_is_a_duplicate() -> None:
    assert told(linted(rule("A", FIREWALL, FAIL), rule("B", FAIL, FIREWALL))) == [
        ("B", "duplicate")
    ]
    other = rule("B", FAIL, FIREWALL, action="execute_runbook", runbook_id="R")
    assert told(linted(rule("A", FIREWALL, FAIL), other)) == [("B", "shadowed")]


def test_a_rule_that_names_no_text_is_told_with_what_it_costs() -> None:
    slow = rule("SLOW", ("message", "regex", "code 0x[0-9]+"))

    cost, catch_all = linted(slow, rule("ALL", match_all=True)).findings

    assert (cost.rule, cost.code, catch_all.code) == ("SLOW", "unanchored", "catch_all")
    assert cost.cost_us is not None
    assert cost.cost_us > 0
    assert f"{cost.cost_us} µs" in cost.sentence


SCAN = {"check_type": one_of("firewall"), "status": one_of("pass", "fail"), "host_id": TEXT}
PROBE = {"check_type": one_of("disk"), "d.used": Domain("number"), "status": one_of("fail")}
EMISSION = Emission((Shape("scan", SCAN), Shape("probe", PROBE)))


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ((FIREWALL, ("d.used", "gt", 90)), "d.used gt 90"),
        ((FIREWALL, ("platform", "ne", "nixos")), "no source writes platform"),
        ((FIREWALL, ("status", "in", ["warning", "error"])), "status in 'warning', 'error'"),
        ((FIREWALL, ("host_id", "eq", 5)), "host_id eq 5"),
        (
            (("check_type", "in", ["firewall", "disk"]), ("status", "eq", "error")),
            "status eq 'error'",
        ),
        ((("status", "eq", "pass"), ("d.used", "gt", 90)), "scan fulfil d.used gt 90"),
    ],
)
def test_a_condition_that_nobodys_events_fulfil_is_named(conditions: Any, words: str) -> None:
    [finding] = linted(rule("A", *conditions), around=Surroundings(EMISSION)).findings

    assert finding.code == "unreachable"
    assert words in finding.sentence


def test_what_a_source_always_writes_lets_a_rule_shadow_another() -> None:
    rules = (rule("W", FIREWALL, ("status", "in", ["pass", "fail"])), rule("N", FIREWALL))

    assert told(linted(*rules, around=Surroundings(ANY_EVENT))) == []
    assert told(linted(*rules, around=Surroundings(EMISSION))) == [("N", "shadowed")]


def test_what_is_not_there_is_named_and_such_a_rule_shadows_nobody() -> None:
    around = Surroundings(EMISSION, EMISSION.checks, ("escalate", "execute_runbook"), {})
    rules = (
        rule("ACT", FIREWALL, action="reboot"),
        rule("CHECK", ("check_type", "eq", "firewal")),
        rule("RUNBOOK", FIREWALL, action="execute_runbook", runbook_id="R"),
        rule("GOOD", FIREWALL, FAIL),
    )

    assert told(linted(*rules, around=around)) == [
        ("ACT", "unknown_action"),
        ("CHECK", "unknown_check"),
        ("RUNBOOK", "unknown_runbook"),
    ]
