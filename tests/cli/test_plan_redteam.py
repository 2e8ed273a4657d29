"""`aright plan redteam`: attacks on the user's own configuration, and exit 6 when one succeeds."""

import json
from pathlib import Path

from tests.system.appliance import aright

LAX = """{"runbooks": {"RB": {"platform": "linux", "check_types": ["dns"], "auto": true,
  "params": {"name": {"type": "str", "pattern": ".*"}}}}}"""


def test_the_shipped_configuration_holds() -> None:
    said = aright("plan", "redteam")

    lines = said.stdout.splitlines()
    assert lines[0] == "ATTACK\tTRIED\tDECISION\tREASON\tVERDICT"
    assert len(lines) > 150
    assert "UNSAFE" not in said.stdout
    assert said.stderr.endswith(": 0 unsafe\n")
    assert said.exit_code == 0


def test_a_lax_pattern_is_found_and_ends_with_6(tmp_path: Path) -> None:
    path = tmp_path / "lax.json"
    path.write_text(LAX, encoding="utf-8")

    said = aright("plan", "redteam", "--catalogue", str(path), "-o", "json")

    found = [each for each in json.loads(said.stdout) if each["verdict"] == "UNSAFE"]
    assert {"value-semicolon", "value-substitution"} <= {each["attack"] for each in found}
    assert (found[0]["runbook"], found[0]["decision"]) == ("RB", "accept")
    assert said.exit_code == 6


def test_attacks_of_the_site_are_tried_too(tmp_path: Path) -> None:
    (tmp_path / "rules" / "redteam").mkdir(parents=True)
    (tmp_path / "rules" / "redteam" / "own.yaml").write_text(
        "answers: [{id: our-own, title: Ours, says: '<<INNER>>'}]", encoding="utf-8"
    )
    config = tmp_path / "config.yaml"
    config.write_text(f"rules: {tmp_path / 'rules'}\n", encoding="utf-8")

    said = aright("--config", str(config), "plan", "redteam", "-o", "json")

    assert "our-own" in {each["attack"] for each in json.loads(said.stdout)}


def test_a_catalogue_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    assert aright("plan", "redteam", "--catalogue", str(tmp_path / "none")).exit_code == 1
