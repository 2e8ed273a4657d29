"""A plain Debian root without systemd answers most of what a Linux host is asked."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from actors.messages import Platform
from tests.prove.cases import PlannedFile
from tests.prove.machine import has_machines
from tests.prove.outcome import in_force
from tests.prove.roots import Root, sound_host
from tests.prove.thirty_one import QUESTIONS
from tests.system.appliance import aright

MAY_NOT_ANSWER = {
    "LIN-AUDIT-001": "auditd is not installed, so there are no rules to look at",
    "LIN-AUDIT-002": "auditd is not installed, so there are no rules to look at",
    "LIN-SVC-001": "no systemd runs there, and the config names no command",
    "LIN-SVC-003": "no systemd runs there, and the config names no command",
    "LIN-BOOT-001": "it has no bootloader",
    "LIN-MAC-001": "only a running kernel tells",
    "LIN-PATCH-001": "it has no package lists",
}
"""What a plain root need not answer with pass or fail, and why."""

PLACED = {
    "/etc/rsyslog.conf": "*.* /var/log/syslog\n",
    "/etc/crontab": "17 * * * * root true\n",
    "/etc/gshadow": "root:*::\n",
    "/var/lib/dpkg/status": "Package: base-files\nStatus: install ok installed\nVersion: 12.4\n",
}


@pytest.fixture
def config(tmp_path: Path) -> str:
    root = Root.made(tmp_path / "root")
    root.plan(sound_host("debian"))
    root.plan({path: PlannedFile(content=text) for path, text in PLACED.items()})
    root.plan(
        {
            f"/usr/{name}": PlannedFile(mode="0755")
            for name in ("bin", "sbin", "lib", "libexec", "local/bin")
        }
    )
    settings = {
        "site_id": "clinic",
        "state_dir": str(tmp_path / "state"),
        "health": {"port": 0},
        "targets": [{"host": "plain", "root": str(root.path)}],
    }
    path = tmp_path / "appliance.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return str(path)


def test_every_question_of_the_predecessor_is_asked_by_a_check() -> None:
    checks, _ = in_force()
    asked = {each.id for each in checks.values() if each.platform is Platform.LINUX}

    assert len(QUESTIONS) == 31
    assert {name for names in QUESTIONS.values() for name in names} <= asked


def test_a_plain_root_answers_all_but_what_it_cannot_know(config: str) -> None:
    said = aright("--config", config, "check", "run", "-o", "json")

    status = {row["check"]: row["status"] for row in json.loads(said.stdout)}
    assert set(status.values()) <= {"pass", "fail", "unknown"}, "no question goes wrong there"
    silent = {
        question
        for question, names in QUESTIONS.items()
        if not {status[name] for name in names} & {"pass", "fail"}
    }
    assert silent <= set(MAY_NOT_ANSWER)
    assert len(QUESTIONS) - len(silent) >= 20


def test_every_check_of_this_machine_is_answered_where_nothing_can_be_written(
    tmp_path: Path,
) -> None:
    (tmp_path / "appliance.yaml").write_text("site_id: clinic\nhealth: {port: 0}\n")
    command = [sys.executable, "-m", "runtime", "--config", str(tmp_path / "appliance.yaml")]
    asked = [*command, "check", "run", "--all", "-o", "json"]
    if has_machines():  # only root can make all of it read-only
        script = 'mount --make-rprivate / && mount -o remount,ro,bind / && exec "$@"'
        asked = ["unshare", "--mount", "sh", "-c", script, "sh", *asked]

    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode in {0, 6}, done.stderr
    assert len(json.loads(done.stdout)) >= 31
