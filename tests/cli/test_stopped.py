"""Without a running appliance: what can be read is read, and nothing can be changed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import SHADOW
from tests.system.appliance import NOBODY, Appliance, aright, tree

WHY = ("--reason", "nobody runs")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Appliance:
    """Give an appliance that ran, refused one fix, and was killed: its socket is still there."""
    folder = tmp_path_factory.mktemp("stopped")
    target = {"host": "ws-1", "root": str(tree(folder / "ws-1", SHADOW))}
    appliance = Appliance(
        folder, {"targets": [{**target, "checks": ["shadow_permissions"]}], "mode": "audit"}
    )
    appliance.start()
    appliance.incident("ws-1", "refused")
    appliance.kill()
    assert (appliance.state_dir / "control.sock").exists()
    return appliance


def test_the_journal_is_read_and_not_written(stopped: Appliance) -> None:
    [row] = stopped.data("incident", "list")
    assert (row["host"], row["reason"]) == ("ws-1", "audit")
    assert stopped.data("incident", "show", row["id"])["actual"] == "0644"
    assert "L1-SHADOW-PERMISSIONS" in stopped.aright("incident", "why", row["id"]).stdout
    [ticket] = stopped.data("ticket", "list")
    assert stopped.data("ticket", "show", ticket["id"])["kind"] == "audit"
    assert stopped.data("suppression", "list") == []
    assert stopped.data("breaker", "list") == []
    answers = {answer["check"]: answer["status"] for answer in stopped.data("check", "list")}
    assert answers == {"shadow_permissions": "fail", "observation_coverage": "pass"}
    assert stopped.aright("incident", "show", "nobody").exit_code == 3
    assert stopped.aright("incident", "list", "--state", "bad").exit_code == 2
    findings = {row["what"]: row["finding"] for row in stopped.data("doctor")}
    assert findings["appliance"] == "not running"


def test_a_change_is_told_how_to_become_possible(stopped: Appliance) -> None:
    [row] = stopped.data("incident", "list")
    for words in (
        ("incident", "approve", row["id"], *WHY),
        ("incident", "reject", row["id"], *WHY),
        ("incident", "ack", row["id"]),
        ("suppression", "add", "ws-1", *WHY),
        ("suppression", "lift", "any", *WHY),
        ("breaker", "reset", "any", *WHY),
        ("ticket", "ack", "any"),
        ("ticket", "resolve", "any"),
        ("event", "submit", "--host", "ws-1", "--check", "shadow_permissions"),
        ("top", "--once"),
    ):
        said = stopped.aright(*words)
        assert (said.exit_code, said.stdout) == (1, ""), words
        assert said.stderr == "aright: the appliance is not running: aright run\n"


def test_where_none_ever_ran_there_is_nothing_to_read(tmp_path: Path) -> None:
    for words in (("incident", "list"), ("ticket", "list"), ("check", "list")):
        said = aright("--state-dir", str(tmp_path / "nothing"), *words)
        assert (said.exit_code, said.stdout) == (1, "")
        assert "no appliance has run" in said.stderr
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    "words", ["incident list", "evidence status", "top --once", "rule reload", "doctor", "run"]
)
def test_the_state_of_another_user_is_told_not_to_be_ours(tmp_path: Path, words: str) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0)
    other = ["tests.system.unprivileged", str(NOBODY)] if os.geteuid() == 0 else ["runtime"]
    command = [sys.executable, "-m", *other, "--state-dir", str(locked / "state"), *words.split()]

    # No rules: who may not read this state may not be able to read the interpreter's files either.
    environment = {**os.environ, "MSP_SHIPPED_RULES": "false"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "denied" in done.stderr or "is not writable" in done.stdout


def test_rules_of_another_user_are_told_not_to_be_ours() -> None:
    command = [sys.executable, "-m"]
    command += ["tests.system.unprivileged", str(NOBODY)] if os.geteuid() == 0 else ["runtime"]

    environment = {**os.environ, "MSP_RULES": "/proc/1/fd/rules"}
    done = subprocess.run(
        [*command, "config", "check"], capture_output=True, text=True, check=False, env=environment
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "aright: /proc/1/fd/rules: is no folder that can be read\n"


def test_what_is_no_journal_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_text("no database " * 100, encoding="utf-8")

    said = aright("--state-dir", str(tmp_path), "incident", "list")

    assert (said.exit_code, said.stdout) == (1, "")
    assert "journal.db" in said.stderr


def test_the_doctor_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    rules = tmp_path / "rules" / "l1"
    rules.mkdir(parents=True)
    (rules / "own.yaml").write_text("rules: [", encoding="utf-8")
    channel = {"name": "pager", "url": "https://hooks.example.org/", "secret": "env:NOT_SET"}
    config = tmp_path / "appliance.yaml"
    models = [{"kind": "openai", "key": "env:NOT_SET"}, {"kind": "ollama"}]
    told = {"rules": str(tmp_path / "rules"), "channels": [channel], "llm": {"providers": models}}
    config.write_text(json.dumps({**told, "state_dir": str(tmp_path / "s")}), encoding="utf-8")

    said = aright("--config", str(config), "doctor", "-o", "json")

    assert said.exit_code == 1
    rows = {row["what"]: row for row in json.loads(said.stdout)}
    assert rows["rules"]["ok"] == rows["channel pager"]["ok"] == "FAIL"
    assert (rows["model openai"]["ok"], rows["model ollama"]["ok"]) == ("FAIL", "ok")
    assert rows["rules"]["do"]
    assert "own.yaml" in rows["rules"]["finding"]
    assert not (tmp_path / "s").exists()
