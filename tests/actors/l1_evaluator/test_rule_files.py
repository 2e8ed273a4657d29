"""Rule files, and the lines that `aright rule decide` prints over them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from actors.catalogue.rule_files import read_rules
from actors.l1_evaluator.decide_lines import decide_lines, quarantine_line
from actors.l1_evaluator.engine import RuleSet
from runtime.errors import InvalidFileError

L1_FIREWALL = """\
# rules/l1_baseline.json
- id: L1-FIREWALL-001
  conditions:
    - field: check_type
      operator: eq
      value: firewall_status
    - field: platform
      operator: ne
      value: nixos
  action: execute_runbook
  runbook_id: RB-WIN-FIREWALL-001
"""


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def yaml_rule(rule_id: str, value: str = "x") -> str:
    return (
        f"- id: {rule_id}\n"
        f"  conditions: [{{field: f, operator: eq, value: {value}}}]\n"
        "  action: alert\n"
    )


def test_the_user_s_rule_loads_verbatim(tmp_path: Path) -> None:
    raw = read_rules(written(tmp_path / "rules.yaml", L1_FIREWALL))
    rule_set = RuleSet.compile(raw.rules)
    event = {"check_type": "firewall_status", "platform": "windows"}

    assert rule_set.quarantined == []
    assert rule_set.decide(event) == "L1-FIREWALL-001"
    assert rule_set.rule("L1-FIREWALL-001").runbook_id == "RB-WIN-FIREWALL-001"
    assert rule_set.decide({**event, "platform": "nixos"}) is None
    assert rule_set.decide({"check_type": "firewall_status"}) is None
    assert [place.line for place in raw.places] == [2]
    assert str(raw.places[0]).endswith(":2")


@pytest.mark.parametrize("name", ["rules.yaml", "rules.json"])
def test_a_mapping_with_rules_is_read_too(tmp_path: Path, name: str) -> None:
    raw = read_rules(written(tmp_path / name, '{"rules": [{"id": "a"}, 5]}'))

    assert raw.rules == ({"id": "a"}, 5)


@pytest.mark.parametrize(
    "text",
    [
        '[\n 1,\n {"id": "]"},\n\n [2]]',
        '{"rules": [5], "x": {"rules": []}, "rules":\n[1,\n {"a": "\\n"},\n\n [] ] , "y": 1}',
    ],
)
def test_a_rule_in_a_json_file_has_its_line_too(tmp_path: Path, text: str) -> None:
    raw = read_rules(written(tmp_path / "rules.json", text))

    assert [place.line for place in raw.places] == [2, 3, 5]


def test_a_folder_is_read_by_sorted_relative_path_with_positions_counted_through(
    tmp_path: Path,
) -> None:
    written(tmp_path / "b.yml", yaml_rule("b1") + yaml_rule("b2"))
    written(tmp_path / "a" / "z.json", json.dumps([{"id": "az"}]))
    written(tmp_path / "a.yaml", yaml_rule("a"))
    written(tmp_path / "notes.txt", "not a rule")

    raw = read_rules(tmp_path)

    places = [
        (Path(place.path).relative_to(tmp_path).as_posix(), place.line) for place in raw.places
    ]
    assert places == [("a.yaml", 1), ("a/z.json", 1), ("b.yml", 1), ("b.yml", 4)]
    assert [position for position, _ in RuleSet.compile(raw.rules).quarantined] == [1]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rules.yaml", yaml_rule("a", ".nan") + yaml_rule("b") + yaml_rule("c", "-.inf")),
        (
            "rules.json",
            (
                '[{"id":"a","action":"x","conditions":[{"field":"f","operator":"gt","value":NaN}]},'
                '{"id":"b","action":"x","conditions":[{"field":"f","operator":"eq","value":"x"}]},'
                '{"id":"c","action":"x","n":-Infinity,"match_all":true,"conditions":[]}]'
            ),
        ),
    ],
)
def test_nan_and_infinity_cost_their_rule_and_never_the_file(
    tmp_path: Path, name: str, text: str
) -> None:
    rule_set = RuleSet.compile(read_rules(written(tmp_path / name, text)).rules)

    assert [position for position, _ in rule_set.quarantined] == [0, 2]
    assert rule_set.decide({"f": "x"}) == "b"


@pytest.mark.parametrize("value", ["2026-99-99", "!!python/object:os.x {}", "9" * 5000])
def test_a_value_that_cannot_be_made_costs_its_rule_alone(tmp_path: Path, value: str) -> None:
    text = yaml_rule("a") + yaml_rule("b") + f"  note: {value}\n" + yaml_rule("c")

    rule_set = RuleSet.compile(read_rules(written(tmp_path / "rules.yaml", text)).rules)

    assert [position for position, _ in rule_set.quarantined] == [1]


@pytest.mark.parametrize(
    ("name", "again"),
    [
        (
            "rules.yaml",
            "action: x, conditions: [], conditions: [{field: f, operator: eq, value: x}]",
        ),
        ("rules.yaml", "action: x, conditions: [{field: f, field: g, operator: eq, value: x}]"),
        ("rules.json", '"action": "x", "match_all": true, "match_all": true, "conditions": []'),
        ("rules.json", '"action": "x", "conditions": [], "n": [{"a": {"b": 1, "b": 2}}]'),
    ],
)
def test_a_rule_that_says_a_key_twice_is_none_and_costs_no_other(
    tmp_path: Path, name: str, again: str
) -> None:
    good = '{"id": "b", "action": "x", "conditions": [], "match_all": true}'
    text = f'[{{"id": "a", {again}}}, {good}]'

    rule_set = RuleSet.compile(read_rules(written(tmp_path / name, text)).rules)

    [(position, reason)] = rule_set.quarantined
    assert position == 0
    assert "twice" in reason
    assert rule_set.decide({"f": "x"}) == "b"


def test_keys_that_a_mapping_takes_over_from_another_are_not_said_twice(tmp_path: Path) -> None:
    text = yaml_rule("a").replace("- id", "- &a\n  id") + "- <<: *a\n  id: b\n"

    rule_set = RuleSet.compile(read_rules(written(tmp_path / "rules.yaml", text)).rules)

    assert rule_set.quarantined == []


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("rules.yaml", "rules: []\n\nrules:\n- id: a\n", 3),
        ("rules.yaml", "- id: a\n- id: [b\n- id: c\n", 3),
        ("rules.json", '[\n{"id": "a"},\n{"id" "b"}]', 3),
        ("rules.yaml", "", 1),
        ("rules.yaml", "\nrule: []\n", 2),
        ("rules.json", '{"rules": {}}', 1),
        ("rules.json", "- id: a\n", 1),
        ("rules.yaml", "[" * 3000, None),
        ("rules.json", "[" * 100_000, None),
        ("rules.yaml", "- a: \x00\n", None),
    ],
)
def test_a_broken_file_is_named_with_its_line(
    tmp_path: Path, name: str, text: str, line: int | None
) -> None:
    path = written(tmp_path / name, text)

    with pytest.raises(InvalidFileError) as caught:
        read_rules(path)

    assert caught.value.path == str(path)
    assert line is None or caught.value.line == line


def test_a_pipe_in_a_folder_of_rules_is_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rules.yaml")

    with pytest.raises(InvalidFileError, match="is no file, but a pipe"):
        read_rules(tmp_path)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"- id: \xe9\n")

    for path in (tmp_path, tmp_path / "nowhere.yaml"):
        with pytest.raises(InvalidFileError):
            read_rules(path)


def test_decisions_are_printed_one_line_an_event() -> None:
    rule: dict[str, Any] = {"id": "r", "conditions": [], "match_all": True, "action": "alert"}
    rule["none_of"] = [{"field": "n", "operator": "exists", "value": True}]
    rule_set = RuleSet.compile([5, rule])
    lines: list[str | bytes] = [
        "{}\n",
        '{"n": 1}',
        '{"n": NaN}',
        "[]",
        "",
        "{",
        b"\xff\xfe\xfd",
        "[" * 100_000,
        b"{}",
    ]

    decided = list(decide_lines(rule_set, lines))

    assert quarantine_line(rule_set) == '{"quarantined": [[0, "the rule is not a mapping"]]}'
    assert [line.text for line in decided[:3]] == [
        '{"rule": "r"}',
        '{"rule": null}',
        '{"rule": "r"}',
    ]
    assert [line.is_error for line in decided] == [False] * 3 + [True] * 5 + [False]
    for line in decided[3:-1]:
        refused = json.loads(line.text)
        assert refused["rule"] is None
        assert refused["error"]
