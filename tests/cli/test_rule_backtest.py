"""`aright rule backtest`: on a running appliance's journal, and on given events."""

import json
from pathlib import Path

import pytest
import yaml

from tests.system.appliance import Appliance, aright

DRAFT = {
    "id": "SITE-SHADOW",
    "priority": 1,
    "conditions": [{"field": "check_type", "operator": "eq", "value": "shadow_permissions"}],
    "action": "escalate",
}
DRIFT = '{"check_type": "shadow_permissions", "platform": "linux", "status": "fail"}'


@pytest.fixture
def draft(tmp_path: Path) -> str:
    path = tmp_path / "draft.yaml"
    path.write_text(yaml.safe_dump([DRAFT]), encoding="utf-8")
    return str(path)


def test_what_would_differ_is_told_from_the_journal_of_a_running_appliance(
    site: Appliance, draft: str
) -> None:
    incident = site.incident("audited", "refused")
    words = ("rule", "backtest", "--rules", draft, "--host", "audited")

    told = site.data(*words)

    assert told["changes"] == {"lost_fix": 1, "newly_escalated": 1}
    [group] = told["by_rule"]
    assert group["before"] == {
        "rule": "L1-SHADOW-PERMISSIONS",
        "action": "execute_runbook",
        "runbook": "LIN-PERM-001",
        "mode": "audit",  # of the host
    }
    assert group["after"]["rule"] == "SITE-SHADOW"
    assert group["examples"] == [incident["id"]]
    assert told["stored_decisions"]["same"] == 1
    said = site.aright(*words)
    assert said.exit_code == 0
    assert "L1-SHADOW-PERMISSIONS: LIN-PERM-001, audit only" in said.stdout
    assert "1 of 1 stored decisions are made again by their rules" in said.stdout


def test_nothing_differs_while_the_rules_are_those_that_decided(site: Appliance) -> None:
    site.incident("audited", "refused")

    said = site.aright("rule", "backtest", "--host", "audited", "--since", "1h")

    assert said.exit_code == 0
    assert said.stdout.endswith("nothing would differ\n")


def test_given_events_need_no_journal(tmp_path: Path, draft: str) -> None:
    state = ("--state-dir", str(tmp_path / "none"))
    words = ("rule", "backtest", "--rules", draft, "--events", "-", "-o", "json")

    said = aright(*state, *words, stdin=f"{DRIFT}\n")

    assert said.exit_code == 0
    assert json.loads(said.stdout)["decided"] == {"before": 1, "after": 1}
    assert aright(*state, "rule", "backtest", "--rules", draft).exit_code == 1


def test_a_line_that_is_no_event_is_told_and_ends_with_1(draft: str) -> None:
    words = ("rule", "backtest", "--rules", draft, "--events", "-")

    said = aright(*words, stdin=f"nothing\n{DRIFT}\n")

    assert said.exit_code == 1
    assert "line 1: not JSON" in said.stderr
    assert "1 events (1 fail)" in said.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--only",),
        ("--events", "-"),
        ("--rules", "x", "--events", "-", "--since", "3d"),
        ("--since", "soon"),
        ("--since", "0d"),
    ],
)
def test_what_makes_no_sense_together_is_wrong_usage(words: tuple[str, ...]) -> None:
    assert aright("rule", "backtest", *words).exit_code == 2
