"""`aright rule lint`: what is printed, and how it ends."""

import json
from pathlib import Path

import pytest
import yaml

from tests.system.appliance import aright

DATA = Path(__file__).parents[1] / "data" / "predecessor"
NARROW = """\
- id: WIDE
  conditions: [{field: check_type, operator: eq, value: shadow_permissions}]
  action: escalate
- id: NARROW
  conditions:
    - {field: check_type, operator: eq, value: shadow_permissions}
    - {field: status, operator: eq, value: fail}
  action: escalate
"""


def test_nothing_is_found_in_the_rules_that_are_shipped() -> None:
    said = aright("rule", "lint", "-o", "json")

    assert json.loads(said.stdout) == []
    assert said.exit_code == 0
    assert "0 undecided" in said.stderr


def test_a_finding_ends_with_six_and_is_told_with_its_place_and_a_witness(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(NARROW, encoding="utf-8")

    said = aright("rule", "lint", str(file), "-o", "json")

    assert said.exit_code == 6
    [finding] = json.loads(said.stdout)
    assert (finding["rule"], finding["code"], finding["by"]) == ("NARROW", "shadowed", ["WIDE"])
    assert finding["place"] == f"{file}:4"
    witness = json.dumps(finding["witness"])
    decided = aright("rule", "decide", "--rules", str(file), stdin=witness)
    assert json.loads(decided.stdout) == {"rule": "WIDE"}


def test_a_rule_of_the_site_is_held_against_the_shipped_ones_with_its_place(tmp_path: Path) -> None:
    rules = tmp_path / "rules" / "l1"
    rules.mkdir(parents=True)
    (rules / "own.json").write_text(
        '{"rules": [\n  {"id": "A", "action": "escalate", "conditions": [\n'
        '    {"field": "details.age", "operator": "gt", "value": 9}]}]}',
        encoding="utf-8",
    )
    config = tmp_path / "appliance.yaml"
    config.write_text(yaml.safe_dump({"rules": str(tmp_path / "rules")}), encoding="utf-8")

    said = aright("--config", str(config), "rule", "lint", "-o", "json")

    [finding, cost] = json.loads(said.stdout)
    assert (finding["rule"], finding["code"]) == ("A", "unreachable")
    assert "details.age" in finding["sentence"]
    assert (cost["code"], cost["cost_us"] > 0) == ("unanchored", True)
    assert finding["place"] == f"{rules}/own.json:2"
    assert said.exit_code == 6


@pytest.mark.parametrize("form", ["table", "jsonl", "yaml"])
def test_findings_come_in_every_form(form: str) -> None:
    emits = str(DATA / "emits.yaml")

    said = aright("rule", "lint", str(DATA / "rules"), "--emits", emits, "-o", form)

    assert said.exit_code == 6
    assert "L1-LIN-PERM-001" in said.stdout
    assert "bundled.yaml:221" in said.stdout


def test_a_file_that_cannot_be_read_ends_with_one_and_its_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("rules:\n  - {id: A\n", encoding="utf-8")

    said = aright("rule", "lint", str(broken))
    assert (said.exit_code, said.stdout) == (1, "")
    assert f"{broken}:3: " in said.stderr
    said = aright("rule", "lint", str(DATA / "rules"), "--emits", str(broken))
    assert said.exit_code == 1
