"""`aright plan judge`, which outside checks drive: files, streams, and what is wrong with them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.system.appliance import aright

CATALOGUE = """{
  "min_confidence": 0.8,
  "max_output_bytes": 2048,
  "runbooks": {
    "RB-FW-001": {
      "platform": "windows",
      "check_types": ["firewall_status"],
      "risk": "low",
      "auto": true,
      "params": {
        "profile": {"type": "enum", "values": ["domain", "private", "all"], "required": true},
        "minutes": {"type": "int", "min": 1, "max": 60},
        "name": {"type": "str", "pattern": "^[A-Z][a-z]+$", "max_length": 12}
      }
    }
  }
}"""
EVENT = {
    "host": "ws-7",
    "platform": "windows",
    "check_type": "firewall_status",
    "expected": "on",
    "actual": "off",
}
PLAN = {
    "runbook_id": "RB-FW-001",
    "confidence": 0.9,
    "requires_human_review": False,
    "params": {"profile": "all"},
    "reasoning": "The firewall is off.",
}


def line(output: object = json.dumps(PLAN), **changes: object) -> str:
    return json.dumps({"id": "one", "event": EVENT, "model_output": output, **changes})


def judge(catalogue: Path, *lines: str) -> Result:
    return aright("plan", "judge", "--catalogue", str(catalogue), stdin="\n".join(lines))


def told(result: Result) -> list[Any]:
    return [json.loads(each) for each in result.stdout.splitlines()]


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.json"
    path.write_text(CATALOGUE, encoding="utf-8")
    return path


def test_one_decision_a_line_in_order_with_its_id_and_reason(catalogue: Path) -> None:
    unsure = json.dumps({**PLAN, "confidence": 0.75})
    said = judge(catalogue, line(), line(unsure, id=2), line("I cannot", id=None))

    assert told(said) == [
        {"id": "one", "decision": "accept", "reason": "ok"},
        {"id": 2, "decision": "review", "reason": "low_confidence"},
        {"id": None, "decision": "reject", "reason": "not_json"},
    ]
    assert (said.exit_code, said.stderr) == (0, "")


def test_lines_may_come_from_a_file(catalogue: Path, tmp_path: Path) -> None:
    (tmp_path / "lines").write_text(line() + "\n", encoding="utf-8")

    said = aright("plan", "judge", "--catalogue", str(catalogue), str(tmp_path / "lines"))

    assert (told(said)[0]["decision"], said.exit_code) == ("accept", 0)


def test_the_catalogue_sets_how_much_a_model_may_say(catalogue: Path) -> None:
    long = json.dumps({**PLAN, "reasoning": "x" * 2048})

    assert told(judge(catalogue, line(long)))[0]["reason"] == "too_large"


@pytest.mark.parametrize(
    ("broken", "own_id", "reason"),
    [
        ("", None, "line_not_json"),
        ("{", None, "line_not_json"),
        ("[]", None, "line_no_object"),
        ('{"id":' * 500, None, "line_too_deep"),
        ('{"id": 1, "id": 2}', None, "line_repeated_key"),
        (line(id={}, event=None), None, "line_without_event"),
        (line(event={**EVENT, "host": ""}), "one", "line_without_event"),
        (line(event={**EVENT, "platform": 1}), "one", "line_without_event"),
        (line(None), "one", "line_without_output"),
        (line(PLAN), "one", "line_without_output"),
    ],
)
def test_a_broken_line_is_rejected_and_stops_nothing(
    catalogue: Path, broken: str, own_id: object, reason: str
) -> None:
    said = judge(catalogue, broken, line())

    assert told(said) == [
        {"id": own_id, "decision": "reject", "reason": reason},
        {"id": "one", "decision": "accept", "reason": "ok"},
    ]
    assert said.exit_code == 1


def test_a_line_that_is_no_text_is_rejected(catalogue: Path, tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b'{"id": "\xff"}\n')

    said = aright("plan", "judge", "--catalogue", str(catalogue), str(tmp_path / "lines"))

    assert told(said)[0] == {"id": None, "decision": "reject", "reason": "line_no_text"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"windows"', '"beos"', ":6: runbooks.RB-FW-001.platform"),
        ('"^[A-Z][a-z]+$"', '"(?=x)"', ":13: runbooks.RB-FW-001.params.name.pattern: the pattern"),
        ('"^[A-Z][a-z]+$"', '"a)|(.*"', ":13: runbooks.RB-FW-001.params.name.pattern: the pattern"),
        ('"pattern"', '"pattern_"', "did you mean 'pattern'?"),
        ('"auto": true', '"auto": "true"', ":9: runbooks.RB-FW-001.auto"),
        ('"max": 60', '"max": 0', "min 1 is above max 0"),
        ('"values": ["domain", "private", "all"]', '"values": []', "an enum has values"),
        ('"RB-FW-001": {', '"RB-FW-001": {}, "RB-FW-001": {', "says 'RB-FW-001' twice"),
        ("0.8", "1.8", ":2: min_confidence"),
        ('"runbooks"', '"run books"', "is not a known key; did you mean 'runbooks'?"),
        ("}", "", "is no YAML"),
        ('["domain", "private", "all"]', '["domain", 1e999]', "no number that JSON can say"),
    ],
)
def test_a_wrong_catalogue_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(CATALOGUE.replace(old, new), encoding="utf-8")

    said = judge(path, line())

    assert (said.exit_code, said.stdout) == (1, "")
    assert words in said.stderr


def test_a_catalogue_may_be_indented_by_tabs_or_written_in_yaml(tmp_path: Path) -> None:
    tabs, yaml = tmp_path / "tabs.json", tmp_path / "catalogue.yaml"
    tabs.write_text(json.dumps(json.loads(CATALOGUE), indent="\t"), encoding="utf-8")
    yaml.write_text(
        "runbooks:\n  RB-FW-001: {platform: any, check_types: [firewall_status], auto: true,\n"
        "    owner: what other tools carry along, params: {profile: {type: str}}}\n",
        encoding="utf-8",
    )

    assert told(judge(tabs, line()))[0]["decision"] == "accept"
    assert told(judge(yaml, line()))[0]["reason"] == "free_value"


def test_no_catalogue_is_an_error(tmp_path: Path) -> None:
    said = judge(tmp_path / "none.json", line())

    assert (said.exit_code, "cannot be read" in said.stderr) == (1, True)
