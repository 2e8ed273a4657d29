"""Scenarios: what a file may say, how it is played on the line, and what is said where it fails."""

import json
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import InvalidFileError
from runtime.roles.catalogue import load_catalogue
from runtime.roles.scenario import Miss, Theatre, UnplayableError, read_scenarios
from runtime.settings import Settings

THEATRE = Theatre.of(load_catalogue(Settings()))
CHECK, RUNBOOK = "rsyslog_service", "LIN-SVC-003"
FAILS = {"check": CHECK, "status": "fail"}
HEAL = {
    "id": "HEAL",
    "priority": -1000,
    "conditions": [
        {"field": "check_type", "operator": "eq", "value": CHECK},
        {"field": "status", "operator": "eq", "value": "fail"},
    ],
    "action": "execute_runbook",
    "runbook_id": RUNBOOK,
    "mode": "auto",
}


def at(offset: str, **expected: object) -> dict[str, object]:
    return {"at": offset, "check": CHECK, **expected}


def play(tmp_path: Path, when: list[Any], then: list[Any], **given: object) -> list[Miss]:
    scenario = {"name": "one", "given": {"rules": [HEAL], **given}, "when": when, "then": then}
    file = tmp_path / "one.yaml"
    file.write_text(json.dumps({"scenarios": [scenario]}), encoding="utf-8")
    [written] = read_scenarios(file)
    return list(THEATRE.play(written.scenario))


def test_a_scenario_that_comes_true_misses_nothing(tmp_path: Path) -> None:
    then = [at("+1m", state="healed", rule="HEAL", runbook=RUNBOOK, acts=1, incidents=1)]

    assert play(tmp_path, [FAILS], then) == []


def test_what_does_not_come_true_is_told_with_the_trace_of_the_incident(tmp_path: Path) -> None:
    then = [
        at("+1m", state="healed"),
        at("+2m", state="escalated", acts=2, tickets={"fix_failed": 1}),
    ]

    [miss] = play(tmp_path, [FAILS], then)

    assert miss.position == 1
    assert miss.says == (
        f"at +2m {CHECK}: state is healed, expected escalated; acts is 1, expected 2;"
        " tickets is {}, expected {'fix_failed': 1}"
    )
    assert miss.why[0] == f"host-1 {CHECK} is healed"
    assert any("rule_matched -> deciding" in line for line in miss.why)


def test_before_anything_happened_there_is_no_incident(tmp_path: Path) -> None:
    then = [at("+1m", state="none", rule="none", incidents=0), at("+1h1m", state="healed")]

    assert play(tmp_path, [{**FAILS, "at": "+1h"}], then) == []


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("heals", {"state": "healed", "acts": 1}),
        ("late", {"state": "healed", "acts": 1}),
        ("nothing", {"state": "escalated", "tickets": {"rolled_back": 1}}),
        ("fails", {"state": "escalated", "tickets": {"rolled_back": 1}}),
        ("hangs", {"state": "escalated", "acts": 2, "tickets": {"fix_unknown": 1}}),
        ("stuck", {"state": "escalated", "tickets": {"fix_failed": 1}}),
    ],
)
def test_a_runbook_goes_as_the_scenario_says(
    tmp_path: Path, outcome: str, expected: dict[str, object]
) -> None:
    when = [{"runbook": RUNBOOK, "outcome": outcome}, FAILS]

    assert play(tmp_path, when, [at("+10m", **expected)]) == []


@pytest.mark.parametrize("status", ["pass", "error", "unknown"])
def test_only_a_failing_check_is_healed(tmp_path: Path, status: str) -> None:
    assert play(tmp_path, [{**FAILS, "status": status}], [at("+1h", acts=0)]) == []


def test_people_suppress_lift_reject_and_reopen(tmp_path: Path) -> None:
    held = {"operator": "suppress", "check": CHECK, "lasts": "2h"}
    lifted = {"at": "+1h", "operator": "lift", "check": CHECK}
    then = [at("+59m", state="suppressed", reason="operator"), at("+61m", state="healed")]
    assert play(tmp_path, [held, FAILS, lifted], then) == []
    assert play(tmp_path, [held, FAILS], [at("+119m", acts=0), at("+121m", acts=1)]) == []

    rejected = {"at": "+1m", "operator": "reject", "check": CHECK}
    asks = {**HEAL, "mode": "approve"}
    then = [at("+2m", state="refused", reason="rejected", acts=0)]
    assert play(tmp_path, [FAILS, rejected], then, rules=[asks]) == []


def test_a_person_closes_a_breaker(tmp_path: Path) -> None:
    when = [
        {"runbook": RUNBOOK, "outcome": "fails"},
        FAILS,
        {"at": "+1m", "operator": "reopen", "check": CHECK},
        {"at": "+2m", "runbook": RUNBOOK, "outcome": "heals"},
        {"at": "+3m", "operator": "reset", "runbook": RUNBOOK},
    ]
    then = [at("+110s", state="refused", reason="breaker"), at("+4m", state="healed")]
    gate = {"breaker": {"failures": 1}}

    assert play(tmp_path, when, then, gate=gate) == []


def test_a_scene_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    for _ in range(2):
        assert play(tmp_path, [FAILS], [at("+1m", incidents=1, acts=1, tickets={})]) == []


@pytest.mark.parametrize(
    ("when", "then", "says"),
    [
        ([{**FAILS, "check": "rsyslog"}], [], "no check is called 'rsyslog'"),
        ([{"runbook": "LIN-SVC-03", "outcome": "fails"}], [], "did you mean 'LIN-SVC-003'?"),
        ([{**FAILS, "check": "windows_defender"}], [], "is told by agents, and host-1 is none"),
        (
            [{"at": "+5m", "operator": "approve", "check": CHECK}],
            [],
            f"at +5m: no incident of host-1 and {CHECK}",
        ),
        ([FAILS, {"at": "+5m", "operator": "approve", "check": CHECK}], [], "at +5m: incident"),
    ],
)
def test_what_cannot_be_played_says_why(
    tmp_path: Path, when: list[Any], then: list[Any], says: str
) -> None:
    with pytest.raises(UnplayableError) as refused:
        play(tmp_path, when, [*then, at("+1h", acts=0)])

    assert says in str(refused.value)


def test_a_rule_of_a_scenario_that_is_none_says_why(tmp_path: Path) -> None:
    with pytest.raises(UnplayableError, match="rule 1 of given is none: no conditions"):
        play(tmp_path, [FAILS], [at("+1h", acts=0)], rules=[{**HEAL, "conditions": []}])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "when: [{check: a, status: fail, at: soon}]",
            "6: scenarios.0.when.0.at: should be a time",
        ),
        ("when: [{check: a, status: failed}]", "6: scenarios.0.when.0.status: "),
        ("when: [{check: a, statis: fail}]", "is not a known key; did you mean 'status'?"),
        ("when: [{check: a}]", "a step says one of status, outcome, operator"),
        ("when: [{status: fail}]", "check is needed beside status"),
        ("when: [{runbook: a, status: fail}]", "check is needed beside status"),
        ("when: [{check: a, status: fail, times: 2}]", "times is said without every"),
        ("when: [{check: a, status: fail, host: x}]", "x is none of web-1, web-2"),
        ("when: [{check: a, status: fail}]", "a step names no host; there are web-1, web-2"),
    ],
)
def test_a_file_that_is_none_names_the_line_and_what_is_allowed(
    tmp_path: Path, line: str, says: str
) -> None:
    file = tmp_path / "wrong.yaml"
    hosts = "[web-1, web-2]" if "web-2" in says else "[web-1]"
    file.write_text(
        f"""\
scenarios:
  - name: one
    then: [{{at: 1m, acts: 0}}]
    given:
      hosts: {hosts}
    {line}
""",
        encoding="utf-8",
    )

    with pytest.raises(InvalidFileError) as refused:
        read_scenarios(file)

    assert says in str(refused.value)
