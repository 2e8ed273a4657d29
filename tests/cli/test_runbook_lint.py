"""`aright runbook lint`: what is printed, and how it ends."""

import json
from pathlib import Path

import yaml
from click.testing import Result

from tests.system.appliance import aright

OWN = """\
runbooks:
  - id: OWN
    title: A runbook of the site
    platform: linux
    checks: [shadow_permissions]
    act: {script: file_mode, args: {path: /etc/shadow, mode: "0640"}}
    undo: file_mode
    changes: [file]
    timeout_s: 7200
    idempotent: true
"""


def linted(folder: Path, text: str) -> Result:
    (folder / "rules" / "runbooks").mkdir(parents=True)
    (folder / "rules" / "runbooks" / "own.yaml").write_text(text, encoding="utf-8")
    config = folder / "appliance.yaml"
    config.write_text(yaml.safe_dump({"rules": str(folder / "rules")}), encoding="utf-8")
    return aright("--config", str(config), "runbook", "lint", "-o", "json")


def test_nothing_is_found_in_the_runbooks_that_are_shipped() -> None:
    said = aright("runbook", "lint", "-o", "json")

    assert json.loads(said.stdout) == []
    assert said.exit_code == 0


def test_findings_end_with_six_and_have_their_place(tmp_path: Path) -> None:
    said = linted(tmp_path, OWN)

    assert said.exit_code == 6
    found = json.loads(said.stdout)
    assert [each["code"] for each in found] == ["long_timeout", "no_controls", "no_text"]
    assert {each["place"] for each in found} == {f"{tmp_path}/rules/runbooks/own.yaml:2"}


def test_a_runbook_without_undo_that_does_not_say_so_ends_with_one_and_its_line(
    tmp_path: Path,
) -> None:
    said = linted(tmp_path, OWN.replace("    undo: file_mode\n", ""))

    assert (said.exit_code, said.stdout) == (1, "")
    assert "own.yaml:2: " in said.stderr
    assert "irreversible: true" in said.stderr
