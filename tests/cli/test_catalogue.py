"""Checks, rules, runbooks and settings, as a person reads them; nothing needs to run for it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import SHADOW, SOUND, TRIES
from tests.system.appliance import aright, tree

FAULTS = {"drifted": SHADOW, "sound": SOUND, "tries": TRIES}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    targets = [
        {"host": host, "root": str(tree(tmp_path / host, files)), "checks": ["shadow_permissions"]}
        for host, files in FAULTS.items()
    ]
    settings = {
        "site_id": "clinic",
        "state_dir": str(tmp_path / "state"),
        "targets": targets,
        "health": {"port": 0},
    }
    path = tmp_path / "appliance.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


def data(config: Path, *words: str) -> Any:
    result = aright("--config", str(config), *words, "-o", "json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_check_that_finds_drift_ends_with_six_and_changes_nothing(config: Path) -> None:
    said = aright("--config", str(config), "check", "run", "--host", "drifted", "-o", "json")

    assert said.exit_code == 6
    [row] = json.loads(said.stdout)
    assert (row["check"], row["status"], row["actual"]) == ("shadow_permissions", "fail", "0644")
    assert (config.parent / "drifted/etc/shadow").stat().st_mode & 0o777 == 0o644
    assert not (config.parent / "state").exists()


def test_a_check_that_passes_ends_with_zero(config: Path) -> None:
    rows = data(config, "check", "run", "shadow_permissions", "--host", "sound")

    assert [row["status"] for row in rows] == ["pass"]


def test_what_a_tree_does_not_have_or_cannot_answer_is_not_drift(config: Path) -> None:
    words = ("check", "run", "ssh_max_auth_tries", "ntp_sync", "--host", "sound")

    rows = {row["check"]: row["status"] for row in data(config, *words)}

    assert rows["ntp_sync"] == "unknown"
    assert rows["ssh_max_auth_tries"] == "unknown"


@pytest.mark.parametrize(
    "words", [("check", "run", "no_such_check"), ("check", "run", "--host", "nobody")]
)
def test_a_check_or_host_that_is_not_there_is_told(config: Path, words: tuple[str, ...]) -> None:
    said = aright("--config", str(config), *words)

    assert (said.exit_code, said.stdout) == (3, "")


def test_checks_rules_and_runbooks_are_listed(config: Path) -> None:
    checks = {row["id"]: row for row in data(config, "check", "list", "--known")}
    assert checks["shadow_permissions"]["severity"] == "critical"
    rules = data(config, "rule", "list")
    assert [row["priority"] for row in rules] == sorted(row["priority"] for row in rules)
    assert {row["mode"] for row in rules} >= {"audit (default)"}
    runbooks = {row["id"]: row for row in data(config, "runbook", "list")}
    assert runbooks["LIN-PERM-001"]["checks"] == ["shadow_permissions"]
    for words in (("check", "list", "--known"), ("rule", "list"), ("runbook", "list")):
        table = aright("--config", str(config), *words).stdout.splitlines()
        assert table[0].startswith("ID\t")


def test_a_runbook_is_shown_with_its_params_and_what_takes_it_back(config: Path) -> None:
    shown = data(config, "runbook", "show", "LIN-PERM-001")

    assert shown["params"]["mode"]["default"] == "0640"
    assert shown["undo"]
    assert "detect" in shown
    text = aright("--config", str(config), "runbook", "show", "LIN-PERM-001").stdout
    assert yaml.safe_load(text) == shown


def test_a_dry_run_that_would_change_something_ends_with_ten_and_changes_nothing(
    config: Path,
) -> None:
    words = ("runbook", "run", "LIN-PERM-001", "--host", "drifted", "--dry-run", "-o", "json")

    said = aright("--config", str(config), *words)

    assert said.exit_code == 10
    told = json.loads(said.stdout)
    assert told["would_change"] is True
    assert told["answers_now"] == {"shadow_permissions": "fail"}
    assert [step["phase"] for step in told["steps"]]
    assert (config.parent / "drifted/etc/shadow").stat().st_mode & 0o777 == 0o644
    assert not (config.parent / "state").exists()


def test_a_dry_run_with_nothing_to_do_ends_with_zero(config: Path) -> None:
    told = data(config, "runbook", "run", "LIN-PERM-001", "--host", "sound", "--dry-run")

    assert told["would_change"] is False


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("LIN-PERM-001", "--host", "drifted"), 2),
        (("LIN-PERM-001", "--dry-run"), 2),
        (("NOBODY-1", "--host", "drifted", "--dry-run"), 3),
        (("LIN-PERM-001", "--host", "nobody", "--dry-run"), 3),
        (("LIN-PERM-001", "--host", "drifted", "--dry-run", "--param", "mode"), 2),
        (("LIN-PERM-001", "--host", "drifted", "--dry-run", "--param", "mode=rw"), 1),
        (("LIN-PERM-001", "--host", "drifted", "--dry-run", "--param", "colour=red"), 1),
    ],
)
def test_a_dry_run_that_makes_no_sense_is_told(
    config: Path, words: tuple[str, ...], code: int
) -> None:
    said = aright("--config", str(config), "runbook", "run", *words)

    assert (said.exit_code, said.stdout) == (code, "")
    assert said.stderr


def test_why_explains_an_event_by_hand(config: Path) -> None:
    event = {"check_type": "shadow_permissions", "platform": "linux", "status": "fail"}
    words = ("--config", str(config), "rule", "why", "-")

    said = aright(*words, stdin=json.dumps(event))
    assert said.exit_code == 0
    assert "rule L1-SHADOW-PERMISSIONS decides" in said.stdout

    other = aright(*words, "--rule", "L1-RSYSLOG", stdin=json.dumps(event))
    assert "check_type eq" in other.stdout
    unknown = aright(*words, "--rule", "L1-NOBODY", stdin=json.dumps(event))
    assert unknown.exit_code == 3
    for broken in ("{", "[]", "[" * 100_000, '{"a":' * 5_000 + "1" + "}" * 5_000):
        said = aright(*words, stdin=broken)
        assert said.exit_code == 1
        assert said.stderr.startswith("aright: -: not ")


def test_half_a_character_is_printed_as_json_spells_it(config: Path, tmp_path: Path) -> None:
    rules = tmp_path / "half.json"
    rules.write_text(
        '[{"id": "R\\ud800", "conditions": [], "match_all": true, "action": "escalate"}]'
    )
    words = ("--config", str(config), "rule")

    assert (
        "rule R\\ud800 decides"
        in aright(*words, "why", "-", "--rules", str(rules), stdin="{}").stdout
    )
    assert "unkeepable" in aright(*words, "lint", str(rules)).stdout
    [found] = json.loads(aright(*words, "lint", str(rules), "-o", "json").stdout)
    assert found["rule"] == "R\ud800"


def test_settings_are_shown_with_where_each_comes_from(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MSP_POLL_INTERVAL", "17")

    rows = {row["key"]: row for row in data(config, "config", "show", "--origin")}

    assert rows["site_id"]["origin"].startswith(f"{config}:")
    assert (rows["poll_interval"]["value"], rows["poll_interval"]["origin"]) == (
        17.0, "environment MSP_POLL_INTERVAL",
    )  # fmt: skip
    assert rows["drain_within"]["origin"] == "default"
    assert data(config, "config", "show")["poll_interval"] == 17


def test_valid_settings_are_called_so(config: Path) -> None:
    said = aright("--config", str(config), "config", "check")

    assert said.exit_code == 0
    assert said.stdout.startswith("valid: 3 targets")


def test_the_schema_describes_every_key(config: Path) -> None:
    schema = json.loads(aright("config", "schema").stdout)

    shown = data(config, "config", "show")
    assert set(shown) == set(schema["properties"])


def test_a_diff_of_a_host_says_what_would_change_and_changes_nothing(config: Path) -> None:
    before = (config.parent / "drifted/etc/shadow").stat()

    said = aright("--config", str(config), "runbook", "diff", "drifted")

    assert said.exit_code == 10
    assert said.stdout == (
        "# shadow_permissions: L1-SHADOW-PERMISSIONS, LIN-PERM-001, audit\n"
        "/etc/shadow: mode 0644 -> 0640\n\n"
    )
    assert (config.parent / "drifted/etc/shadow").stat() == before
    assert aright("--config", str(config), "runbook", "diff", "sound").exit_code == 0
    assert aright("--config", str(config), "runbook", "diff", "nowhere").exit_code == 3
