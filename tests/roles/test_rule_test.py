"""`aright rule test`: examples asked of the whole set, and mutants that they must notice."""

import json
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from actors.catalogue.rule_judgement import rule_from
from actors.catalogue.rules import Rule
from actors.l1_evaluator import RuleSet
from runtime.roles.catalogue import Trial, load_catalogue
from runtime.roles.rule_test import Report, Subject, report_on
from runtime.roles.rule_test.draws import Draws
from runtime.roles.rule_test.given import Known
from runtime.roles.rule_test.mutants import mutants_of
from runtime.settings import Settings
from tests.system.appliance import aright

Raw = dict[str, Any]

CATALOGUE = load_catalogue(Settings())
KNOWN = Known(CATALOGUE.checks, CATALOGUE.names)


def asks(field: str, value: object, operator: str = "eq") -> Raw:
    return {"field": field, "operator": operator, "value": value}


ROOT, FAILS = asks("check_type", "ssh_root_login"), asks("status", "fail")
ON_LINUX = asks("platform", "linux")


def test_of(expect: object, **fields: object) -> Raw:
    return {"given": {"check_type": "ssh_root_login", **fields}, "expect": expect}


test_of.__test__ = False  # type: ignore[attr-defined]  # makes a test of a rule, and is none of ours


def rule(name: str, conditions: list[Raw], *tests: Raw, **more: object) -> Raw:
    return {
        "id": name,
        "conditions": conditions,
        "action": "escalate",
        "tests": list(tests),
        **more,
    }


def run(tmp_path: Path, *rules: Raw, mutate: bool = False, only: str | None = None) -> Report:
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"rules": rules}), encoding="utf-8")
    subject = Subject.of(Settings(), Trial(file, alone=True))
    return report_on(subject, only=only, mutate=mutate)


def said(report: Report) -> list[tuple[str, str]]:
    return [(each.kind, each.says) for each in report.findings]


# Examples.


@pytest.mark.parametrize(
    ("fields", "expect"),
    [
        ({}, "this"),
        ({"platform": "windows"}, "other"),
        ({"platform": "windows"}, "B"),
        ({"status": "error"}, "none"),
        ({"status": "error"}, None),
        ({"check_type": "ntp_sync"}, "none"),
        ({}, {"action": "escalate", "mode": "approve"}),
        ({"platform": "macos"}, {"rule": "B", "action": "escalate"}),
        ({"check_type": None, "incident_type": "ssh_root_login"}, "B"),
        ({"severity": None}, "this"),
    ],
)
def test_an_example_comes_true_where_the_whole_set_decides_so(
    tmp_path: Path, fields: Mapping[str, object], expect: object
) -> None:
    first = rule("A", [ROOT, FAILS, ON_LINUX], test_of(expect, **fields), mode="approve")
    second = rule("B", [asks("incident_type", "ssh_root_login"), FAILS], test_of("other"))

    assert said(run(tmp_path, first, second)) == []


@pytest.mark.parametrize(
    ("test", "says", "why"),
    [
        (test_of("none"), "A decides, expected none", ["rule A does decide this event"]),
        (
            test_of("this", status="error"),
            "no rule decides, expected A",
            ["rule A fails status eq 'fail' (is 'error')"],
        ),
        (
            test_of("B"),
            "A decides, expected B",
            ["rule B matches, but A comes before it"],
        ),
        (test_of("C"), "A decides, expected C", ["no rule C"]),
        (test_of({"mode": "auto"}), "A says mode 'approve', expected mode 'auto'", []),
    ],
)
def test_an_example_that_fails_says_what_decided_instead_and_why(
    tmp_path: Path, test: Raw, says: str, why: list[str]
) -> None:
    first = rule("A", [ROOT, FAILS], test, mode="approve")
    report = run(tmp_path, first, rule("B", [ROOT, FAILS], test_of("other")))

    [finding] = report.findings
    assert (finding.says, list(finding.why)) == (f"test 1 of A: {says}", why)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"state": "fail"}, "no event has the field 'state'; did you mean 'status'?"),
        ({"status": "failed"}, "status is one of pass, fail, error, unknown, never 'failed'"),
        ({"details": "x"}, "details is a mapping, never 'x'"),
        ({"host_id": 5}, "host_id is a text, never 5"),
        ({"drift_detected": False}, "drift_detected is true for fail, and status is 'fail'"),
        ({"incident_type": "ntp_sync"}, "incident_type is always check_type"),
        ({"check_type": "firewall"}, "rules see it as 'firewall_status'"),
        ({"check_type": None}, "given names no check_type"),
    ],
)
def test_an_event_that_cannot_be_fails_its_test(
    tmp_path: Path, fields: Mapping[str, object], says: str
) -> None:
    [finding] = run(tmp_path, rule("A", [ROOT], test_of("this", **fields))).findings

    assert says in finding.says


def test_what_is_not_given_is_what_events_of_the_check_have() -> None:
    event = KNOWN.event({"check_type": "ssh_root_login", "status": "pass"})

    check = CATALOGUE.checks["ssh_root_login"]
    assert event == {
        "site_id": "site-1",
        "host_id": "host-1",
        "check_type": "ssh_root_login",
        "incident_type": "ssh_root_login",
        "platform": "linux",
        "distro": "",
        "status": "pass",
        "drift_detected": False,
        "severity": check.severity.value,
        "expected": str(check.baseline),
        "actual": "",
        "details": {},
        "metadata": {},
        "source": "scanner",
        "agent_id": "",
    }


def test_a_rule_without_a_test_is_a_finding_and_a_disabled_one_is_not(tmp_path: Path) -> None:
    report = run(tmp_path, rule("A", [ROOT]), rule("B", [ROOT], enabled=False))

    assert said(report) == [("untested", "rule A has no test")]


def test_a_rule_that_was_set_aside_is_a_finding(tmp_path: Path) -> None:
    [finding] = run(tmp_path, rule("A", [], test_of("this"))).findings

    assert finding.kind == "set_aside"


# Mutants.


def test_every_condition_is_dropped_and_negated() -> None:
    judged = rule_from(
        rule(
            "A",
            [ROOT, asks("actual", "x", "contains")],
            severity_filter=["high"],
            any_of=[[ON_LINUX, asks("actual", 5, "gt")], [asks("details.a", True, "exists")]],
            none_of=[asks("host_id", "lab", "starts_with")],
        )
    )
    assert isinstance(judged, Rule)

    assert [mutant.what for mutant in mutants_of(judged)] == [
        "severity_filter dropped",
        "severity_filter negated",
        "check_type eq 'ssh_root_login' dropped",
        "check_type eq 'ssh_root_login' negated",
        "check_type eq 'ssh_root_login' turned to ne",
        "actual contains 'x' dropped",
        "actual contains 'x' negated",
        "any_of list 1 dropped",
        "any_of list 1: platform eq 'linux' dropped",
        "any_of list 1: platform eq 'linux' turned to ne",
        "any_of list 1: actual gt 5 dropped",
        "any_of list 1: actual gt 5 turned to lte",
        "any_of list 2 dropped",
        "any_of list 2: details.a exists True dropped",
        "any_of list 2: details.a exists True turned to exists False",
        "none_of: host_id starts_with 'lab' dropped",
        "none_of: host_id starts_with 'lab' negated",
    ]
    assert all(isinstance(rule_from(mutant.raw), Rule) for mutant in mutants_of(judged))


def test_a_set_whose_tests_notice_every_mutant_has_all_points(tmp_path: Path) -> None:
    tests = (
        test_of("this"),
        test_of("none", status="unknown"),
        test_of("none", platform="windows"),
        test_of("none", check_type="ntp_sync"),
        test_of("none", host_id="lab-1"),
        test_of("none", severity="low"),
    )
    report = run(
        tmp_path,
        rule(
            "A",
            [ROOT, FAILS, ON_LINUX],
            *tests,
            none_of=[asks("host_id", "lab-", "starts_with")],
            severity_filter=["high", "critical"],
        ),
        mutate=True,
    )

    assert said(report) == []
    assert report.mutation is not None
    assert (report.mutation.score, list(report.mutation.excused)) == (100.0, [])


def test_a_mutant_that_no_test_notices_is_told_with_the_test_that_is_missing(
    tmp_path: Path,
) -> None:
    tests = (test_of("this"), test_of("none", check_type="ntp_sync"))
    report = run(tmp_path, rule("A", [ROOT, ON_LINUX], *tests), mutate=True)

    [finding] = report.findings
    assert finding.kind == "survived"
    assert finding.says == "no test notices platform eq 'linux' dropped in A"
    missing = json.loads(finding.why[0].partition("given: ")[2].partition(", expect")[0])
    added = {"given": missing, "expect": "none"}
    assert said(run(tmp_path, rule("A", [ROOT, ON_LINUX], *tests, added), mutate=True)) == []


def test_a_mutant_that_decides_as_its_rule_does_is_excused_and_listed(tmp_path: Path) -> None:
    twice = rule("A", [ROOT, asks("check_type", ["ssh_root_login", "ntp_sync"], "in")])
    tests = [test_of("this"), test_of("none", check_type="ntp_sync")]
    report = run(tmp_path, {**twice, "tests": tests}, mutate=True)

    assert report.mutation is not None
    assert [each.what for each in report.mutation.excused] == [
        "check_type in ['ssh_root_login', 'ntp_sync'] dropped"
    ]
    assert said(report) == []


def test_a_test_beside_another_rule_may_notice_a_mutant(tmp_path: Path) -> None:
    first = rule("A", [ROOT, ON_LINUX], test_of("this"), test_of("none", check_type="ntp_sync"))
    second = rule("B", [ROOT], test_of("this", platform="windows"), test_of("other"))
    second["tests"].append(test_of("none", check_type="ntp_sync"))

    assert said(run(tmp_path, first, second, mutate=True, only="A")) == []


@given(seed=st.integers(min_value=0, max_value=2**32))
def test_every_drawn_event_could_be_given_by_a_test(seed: int) -> None:
    raw = rule(
        "A",
        [ROOT, asks("details.kind", ["x", 5], "in"), asks("drift_detected", True)],
        severity_filter=["high"],
        any_of=[[asks("host_id", "^web-", "regex")], [asks("metadata.n.m", 3, "gte")]],
        none_of=[asks("actual", False, "exists"), asks("source", "agent")],
    )
    rules = RuleSet.compile([raw])
    draws, random = Draws.of(rules, KNOWN), Random(seed)  # noqa: S311
    [judged] = rules.rules
    assert judged is not None

    for event in [*islice(draws.free(random), 5), *islice(draws.near(judged, random), 5)]:
        if "check_type" in event or "incident_type" in event:
            assert KNOWN.event(KNOWN.given(event)) == event


def test_what_is_drawn_near_a_rule_meets_it_often() -> None:
    rules = CATALOGUE.rules
    draws, random = Draws.of(rules, KNOWN), Random(1)  # noqa: S311
    for each in rules.rules:
        assert each is not None
        drawn = list(islice(draws.near(each, random), 100))
        assert sum(rules.decide(event) == each.id for event in drawn) > 25, each.id


# The command.


def test_the_command_ends_with_6_and_names_the_line_of_the_test(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(
        """\
rules:
  - id: A
    conditions:
      - {field: check_type, operator: eq, value: ssh_root_login}
    action: escalate
    tests:
      - {given: {check_type: ssh_root_login}, expect: this}
      - {given: {check_type: ssh_root_login}, expect: none}
""",
        encoding="utf-8",
    )

    told = aright("rule", "test", str(file), "--only")

    assert told.exit_code == 6
    assert told.stdout.splitlines() == [
        f"{file}:8: test 2 of A: A decides, expected none",
        "    rule A does decide this event",
        "2 tests of 1 rules: 1 failed, 0 rules without a test",
    ]


def test_the_command_gives_its_findings_as_data(tmp_path: Path) -> None:
    file = tmp_path / "site.json"
    tests = [test_of("this"), test_of("none", check_type="ntp_sync")]
    file.write_text(json.dumps([rule("A", [ROOT], *tests)]), encoding="utf-8")

    told = aright("rule", "test", str(file), "--only", "--mutate", "-o", "json")

    assert told.exit_code == 0
    assert json.loads(told.stdout) == {
        "rules": 1,
        "tests": 2,
        "scenarios": 0,
        "findings": [],
        "mutation": {"score": 100.0, "caught": 3, "survived": 0, "excused": []},
    }


def test_a_folder_is_laid_over_the_rules_in_force_and_it_alone_is_tested(tmp_path: Path) -> None:
    hides = rule("SITE", [ROOT, FAILS], test_of("this"), test_of("none", status="error"))
    folder = tmp_path / "site"
    for name in ("l1", "scenarios"):
        (folder / name).mkdir(parents=True)
    (folder / "l1" / "site.json").write_text(json.dumps([hides]), encoding="utf-8")
    scenario = {
        "name": "a person is told",
        "when": [{"check": "ssh_root_login", "status": "fail"}],
        "then": [{"at": "+1m", "check": "ssh_root_login", "state": "closed"}],
    }
    file = folder / "scenarios" / "site.yaml"
    file.write_text(json.dumps({"scenarios": [scenario]}), encoding="utf-8")

    told = aright("rule", "test", str(folder))

    assert told.exit_code == 6
    first, *_, tests, scenes = told.stdout.splitlines()
    assert first == (
        f"{file}:1: a person is told: at +1m ssh_root_login: state is escalated, expected closed"
    )
    assert tests == "2 tests of 1 rules: 0 failed, 0 rules without a test"
    assert scenes == "1 scenarios: 1 expectations failed"


def test_rules_that_decide_alone_must_be_named() -> None:
    assert aright("rule", "test", "--only").exit_code == 2


def test_a_file_that_cannot_be_read_ends_with_1_and_an_unknown_rule_with_3(tmp_path: Path) -> None:
    assert aright("rule", "test", str(tmp_path / "none.yaml")).exit_code == 1
    assert aright("rule", "test", "--rule", "NONE").exit_code == 3
