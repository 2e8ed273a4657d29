"""`aright rule decide`, which outside checks drive: files, folders, streams and what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from tests.system.appliance import aright

FIREWALL = {
    "id": "first",
    "conditions": [{"field": "check_type", "operator": "eq", "value": "firewall"}],
    "action": "alert",
}
NOTHING = {"id": "nothing", "conditions": [], "action": "alert"}
DRIFT = '{"check_type": "firewall"}'
OTHER = '{"check_type": "patching"}'


def file(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), "utf-8")
    return path


def decide(rules: Path, *lines: str, words: tuple[str, ...] = ()) -> Result:
    return aright("rule", "decide", "--rules", str(rules), *words, stdin="\n".join(lines))


def told(result: Result) -> list[Any]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return file(tmp_path / "rules.yaml", {"rules": [FIREWALL]})


def test_one_line_an_event_in_order(rules: Path) -> None:
    said = decide(rules, DRIFT, OTHER, DRIFT)

    assert said.stdout == '{"rule": "first"}\n{"rule": null}\n{"rule": "first"}\n'
    assert (said.exit_code, said.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.yaml", [FIREWALL]),
        ("mapping.yml", {"rules": [FIREWALL], "made_by": "hand"}),
        ("list.json", json.dumps([FIREWALL])),
        ("mapping.json", json.dumps({"rules": [FIREWALL]})),
    ],
)
def test_rules_are_a_list_or_a_mapping_in_yaml_or_json(
    tmp_path: Path, name: str, content: object
) -> None:
    assert told(decide(file(tmp_path / name, content), DRIFT)) == [{"rule": "first"}]


def test_json_is_read_as_json(tmp_path: Path) -> None:
    tabbed = file(tmp_path / "rules.json", "[\t" + json.dumps(FIREWALL) + "\t]")
    assert told(decide(tabbed, DRIFT)) == [{"rule": "first"}]

    as_yaml_only = file(tmp_path / "yaml.json", "- id: first")
    said = decide(as_yaml_only, DRIFT)
    assert (said.exit_code, said.stdout) == (1, "")
    assert "yaml.json" in said.stderr


def test_a_folder_is_read_by_sorted_path_and_counted_through(tmp_path: Path) -> None:
    file(tmp_path / "b.yml", [NOTHING])
    file(tmp_path / "a" / "deep.json", json.dumps([NOTHING, FIREWALL]))
    file(tmp_path / "c.yaml", {"rules": [{**FIREWALL, "id": "later"}]})
    file(tmp_path / "notes.txt", "no rules")

    said = decide(tmp_path, DRIFT, words=("--quarantine",))

    quarantined, decided = told(said)
    assert [position for position, _ in quarantined["quarantined"]] == [0, 2]
    assert decided == {"rule": "first"}


def test_the_quarantine_comes_first_and_only_when_asked_for(tmp_path: Path) -> None:
    rules = file(tmp_path / "rules.yaml", [FIREWALL, NOTHING, "no rule", FIREWALL])

    lines = told(decide(rules, DRIFT, words=("--quarantine",)))

    assert [position for position, _ in lines[0]["quarantined"]] == [1, 2, 3]
    assert all(reason for _, reason in lines[0]["quarantined"])
    assert lines[1:] == [{"rule": "first"}]
    assert told(decide(rules, DRIFT)) == [{"rule": "first"}]
    sound = file(tmp_path / "sound.yaml", [FIREWALL])
    assert told(decide(sound, words=("--quarantine",))) == [{"quarantined": []}]


@pytest.mark.parametrize("name", ["rules.yaml", "rules.json"])
def test_nan_in_a_rule_costs_that_rule_alone(tmp_path: Path, name: str) -> None:
    spelled = {".yaml": "[.nan, .inf, -.inf]", ".json": "[NaN, Infinity, -Infinity]"}
    text = json.dumps(
        [
            {
                **FIREWALL,
                "id": "odd",
                "conditions": [{"field": "n", "operator": "in", "value": "ODD"}],
            },
            FIREWALL,
        ]
    ).replace('"ODD"', spelled[Path(name).suffix])

    lines = told(decide(file(tmp_path / name, text), DRIFT, words=("--quarantine",)))

    assert [position for position, _ in lines[0]["quarantined"]] == [0]
    assert lines[1:] == [{"rule": "first"}]


def test_nan_and_infinities_in_events_are_read(tmp_path: Path) -> None:
    limit = [{"field": "n", "operator": "gt", "value": 5}]
    rules = file(tmp_path / "rules.yaml", [{"id": "many", "conditions": limit, "action": "alert"}])

    said = decide(rules, '{"n": NaN}', '{"n": Infinity}', '{"n": -Infinity}', '{"n": 6}')

    assert [line["rule"] for line in told(said)] == [None, "many", None, "many"]
    assert said.exit_code == 0


@pytest.mark.parametrize("bad", ["", "{", "[]", "5", "null", '"text"', "[" * 100_000])
def test_a_line_that_is_no_event_is_told_and_stops_nothing(rules: Path, bad: str) -> None:
    said = decide(rules, DRIFT, bad, DRIFT)

    first, error, last = told(said)
    assert first == last == {"rule": "first"}
    assert error["rule"] is None
    assert error["error"]
    assert said.exit_code == 1


def test_a_line_that_is_no_utf_8_is_told_and_stops_nothing(rules: Path) -> None:
    stdin = b'{"check_type": "\xff"}\n' + DRIFT.encode()
    said = aright("rule", "decide", "--rules", str(rules), stdin=stdin)

    assert [("error" in line, line["rule"]) for line in told(said)] == [
        (True, None), (False, "first"),
    ]  # fmt: skip


def test_events_may_come_from_a_file(rules: Path, tmp_path: Path) -> None:
    events = file(tmp_path / "events.jsonl", f"{DRIFT}\n{OTHER}\n")

    said = aright("rule", "decide", "--rules", str(rules), "--events", str(events))

    assert [line["rule"] for line in told(said)] == ["first", None]


def test_an_unknown_runbook_or_check_is_no_matter_of_deciding(tmp_path: Path) -> None:
    heals = {**FIREWALL, "action": "execute_runbook", "runbook_id": "NOBODY-1"}
    assert told(decide(file(tmp_path / "rules.yaml", [heals]), DRIFT)) == [{"rule": "first"}]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("broken.yaml", "- id: [", ": is no YAML"),
        ("broken.json", "[{]", "is no JSON"),
        ("text.yaml", "just text", "rules"),
        ("mapping.yaml", "checks: []", "rules"),
        ("missing.yaml", None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_ends_it(
    tmp_path: Path, name: str, content: str | None, problem: str
) -> None:
    path = tmp_path / name if content is None else file(tmp_path / name, content)

    said = decide(path, DRIFT)

    assert (said.exit_code, said.stdout) == (1, "")
    assert name in said.stderr
    assert problem in said.stderr


def test_events_that_cannot_be_read_end_it(rules: Path) -> None:
    said = aright("rule", "decide", "--rules", str(rules), "--events", "/nowhere/events")

    assert said.exit_code == 1
    assert "/nowhere/events" in said.stderr


def test_rules_must_be_named() -> None:
    assert aright("rule", "decide").exit_code == 2
