"""A check explained, and every check of this machine asked at once."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from runtime.cli.reasons import why
from tests.system.appliance import aright

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "appliance.yaml"
    path.write_text(f"site_id: clinic\nstate_dir: {tmp_path / 'state'}\nhealth: {{port: 0}}\n")
    return str(path)


def test_a_check_says_what_it_asks_and_who_does_what_about_drift(config: str) -> None:
    said = aright("--config", config, "check", "explain", "shadow_permissions", "-o", "json")

    told = json.loads(said.stdout)
    assert told["asks"].startswith("file_mode: path /etc/shadow. Permission bits")
    assert told["right_answer"] == "no more than 0640"
    assert told["where_absent"] == "fail: it must be there"
    assert "LIN-PERM-001" in {runbook["id"] for runbook in told["runbooks"]}
    assert "LIN-PERM-001" in {rule["action"] for rule in told["rules"]}


def test_the_nearest_name_is_told_of_a_check_that_is_none(config: str) -> None:
    said = aright("--config", config, "check", "explain", "shadow_permission")

    assert said.exit_code == 3
    assert "did you mean shadow_permissions?" in said.stderr


def test_every_check_of_this_machine_is_answered_with_a_reason_and_touches_nothing(
    config: str,
) -> None:
    before = fingerprint(Path("/etc"))

    said = aright("--config", config, "check", "run", "--all", "-o", "json")

    answers = json.loads(said.stdout)
    assert said.exit_code in {0, 6}
    assert len(answers) >= 20
    assert {row["status"] for row in answers} <= {"pass", "fail", "error", "unknown"}
    for row in answers:
        silent = row["status"] in {"error", "unknown"}
        assert bool(row["reason"]) is silent, row
        assert not silent or row["why"] != row["reason"], f"no words for {row['reason']}"
    assert fingerprint(Path("/etc")) == before


def test_all_is_all(config: str) -> None:
    assert aright("--config", config, "check", "run", "--all", "shadow_owner").exit_code == 2


def test_every_reason_code_of_a_host_has_words() -> None:
    raised = re.compile(
        r"Unanswer(?:ed|able)Error\(\s*\"(\w+)\"|(?:Failed|Unanswerable)\(\"(\w+)\""
    )
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("runtime/hosts", "actors/catalogue")
        for path in (REPOSITORY / folder).glob("*.py")
    ]
    codes = {code for text in sources for pair in raised.findall(text) for code in pair if code}

    assert len(codes) > 10
    assert {code for code in codes if why(code) == code} == set()


def fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        digest.update(f"{path} {about.st_mode} {about.st_uid} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()
