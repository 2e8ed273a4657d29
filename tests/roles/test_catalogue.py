"""The catalogue in force: sources laid over each other, and what does not fit set aside."""

import json
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import InvalidFileError
from runtime.roles.catalogue import Catalogue, load_catalogue
from runtime.settings import Settings

SHADOW = {"field": "check_type", "operator": "eq", "value": "shadow_permissions"}
EVENT = {"check_type": "shadow_permissions", "platform": "linux", "status": "fail"}


def rule(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "conditions": [SHADOW], "action": "escalate", **more}


def loaded(folder: Path, *rules: object, shipped: bool = True) -> Catalogue:
    """Load the catalogue of a site with rules of its own."""
    file = folder / "l1" / "own.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(rules), encoding="utf-8")
    return load_catalogue(Settings(rules=folder, shipped_rules=shipped))


def decided(catalogue: Catalogue) -> str | None:
    winner = catalogue.rules.winner(EVENT)
    return None if winner is None else f"{winner.id} {winner.action}"


def test_what_is_shipped_fits_together() -> None:
    catalogue = load_catalogue(Settings())

    assert catalogue.problems == ()
    assert decided(catalogue) == "L1-SHADOW-PERMISSIONS execute_runbook"
    assert json.loads(catalogue.in_force.content)


def test_a_rule_of_the_site_stands_in_for_the_shipped_one_of_its_id(tmp_path: Path) -> None:
    catalogue = loaded(tmp_path, rule("L1-SHADOW-PERMISSIONS", priority=900))

    assert decided(catalogue) == "L1-SHADOW-PERMISSIONS escalate"
    assert catalogue.problems == ()


@pytest.mark.parametrize("key", ["2024-05-01: looked at", "history: {2024-05-01: made, 7: seen}"])
def test_a_date_as_a_key_of_a_rule_is_carried_along_as_text(tmp_path: Path, key: str) -> None:
    (tmp_path / "l1").mkdir()
    written = f"- {{id: OWN, conditions: [{json.dumps(SHADOW)}], action: escalate, {key}}}\n"
    (tmp_path / "l1" / "own.yaml").write_text(written)

    catalogue = load_catalogue(Settings(rules=tmp_path, shipped_rules=True))

    assert catalogue.problems == ()
    assert "2024-05-01" in str(json.loads(catalogue.in_force.content)[0])


def test_a_rule_that_can_be_kept_nowhere_is_set_aside_and_leaves_the_others(
    tmp_path: Path,
) -> None:
    catalogue = loaded(
        tmp_path, rule("HALF\ud800", priority=1), rule("NOTE", priority=1, note="\ud800")
    )

    assert decided(catalogue) == "L1-SHADOW-PERMISSIONS execute_runbook"
    assert len(catalogue.problems) == 2
    assert all("half a character" in problem for problem in catalogue.problems)
    assert "".join(catalogue.problems).encode()
    assert catalogue.in_force.content.encode()


def test_between_different_ids_priority_alone_decides(tmp_path: Path) -> None:
    assert decided(loaded(tmp_path, rule("OWN", priority=101))) == (
        "L1-SHADOW-PERMISSIONS execute_runbook"
    )
    assert decided(loaded(tmp_path, rule("OWN", priority=99))) == "OWN escalate"


def test_an_invalid_rule_of_the_site_does_not_push_the_shipped_one_out(tmp_path: Path) -> None:
    catalogue = loaded(tmp_path, {**rule("L1-SHADOW-PERMISSIONS"), "conditions": []})

    assert decided(catalogue) == "L1-SHADOW-PERMISSIONS execute_runbook"
    [problem] = catalogue.problems
    assert problem.startswith(f"{tmp_path}/l1/own.json")


def test_an_empty_site_has_no_rules(tmp_path: Path) -> None:
    catalogue = loaded(tmp_path, shipped=False)

    assert decided(catalogue) is None
    assert (catalogue.checks, catalogue.runbooks, catalogue.problems) == ({}, {}, ())


@pytest.mark.parametrize(
    ("misfit", "problem"),
    [
        (rule("BAD", action="execute_runbook", runbook_id="NOBODY"), "no runbook is called"),
        (rule("BAD", action="execute_runbook", runbook_id="LIN-SSH-001"), "does not heal"),
        (rule("BAD", action="reboot"), "unknown action 'reboot'"),
        (
            rule("BAD", conditions=[{**SHADOW, "operator": "in", "value": ["firewal"]}]),
            "no check is called 'firewal'",
        ),
    ],
)
def test_a_rule_that_does_not_fit_is_set_aside_with_its_place(
    tmp_path: Path, misfit: object, problem: str
) -> None:
    catalogue = loaded(tmp_path, rule("GOOD", priority=1), misfit)

    assert decided(catalogue) == "GOOD escalate"
    [told] = catalogue.problems
    assert told.startswith(f"{tmp_path}/l1/own.json")
    assert "BAD" in told
    assert problem in told


def test_the_same_rules_have_the_same_version_and_others_another(tmp_path: Path) -> None:
    one = loaded(tmp_path, rule("A")).rules.version

    assert loaded(tmp_path, rule("A")).rules.version == one
    assert loaded(tmp_path, rule("A", priority=5)).rules.version != one


def test_an_invalid_check_leaves_the_others_and_is_told(tmp_path: Path) -> None:
    checks = tmp_path / "checks" / "own.yaml"
    checks.parent.mkdir()
    checks.write_text("checks:\n  - id: mine\n    tilte: a\n", encoding="utf-8")

    catalogue = loaded(tmp_path)

    assert "shadow_permissions" in catalogue.checks
    [problem] = catalogue.problems
    assert problem.startswith(f"{checks}:3: ")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    for name in ("checks", "runbooks", "l1"):
        broken = tmp_path / name / "broken.yaml"
        broken.parent.mkdir(exist_ok=True)
        broken.write_text("a: [", encoding="utf-8")
        with pytest.raises(InvalidFileError, match=r"broken\.yaml:\d: is no YAML"):
            loaded(tmp_path)
        broken.unlink()
