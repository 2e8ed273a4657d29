"""One appliance for all tests of the command line; each test has a host of its own on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.system.appliance import Appliance, tree

SHADOW = {"etc/shadow": ("root:*:19000::::::\n", 0o644)}
SOUND = {"etc/shadow": ("root:*:19000::::::\n", 0o640)}
TRIES = {"etc/ssh/sshd_config": ("Port 22\nMaxAuthTries 9\n", 0o600)}

HOSTS = {
    "ask-yes": SHADOW,
    "ask-no": SHADOW,
    "ask-later": SHADOW,
    "audited": SHADOW,
    "sound": SOUND,
    "held": SOUND,
    "misspelt": TRIES,
}
"""Host -> its files.  Each drift is found by itself, and waits for the person that a test is."""

MISSPELT = """
runbooks:
  - id: MISSPELT
    title: Let SSH hang up after a few wrong tries, misspelt
    platform: linux
    checks: [ssh_max_auth_tries]
    act:
      script: directive
      args: {path: /etc/ssh/sshd_config, directive: MaxAuthTrys, value: "4"}
    undo: directive
    changes: [file]
    timeout_s: 10
    idempotent: true
"""

RULE = {
    "id": "MISSPELT",
    "priority": 1,
    "mode": "auto",
    "conditions": [{"field": "check_type", "operator": "eq", "value": "ssh_max_auth_tries"}],
    "action": "execute_runbook",
    "runbook_id": "MISSPELT",
}


def own_rules(folder: Path) -> Path:
    """Write a rule of the site's own whose runbook never reaches what it wants."""
    for name in ("l1", "runbooks"):
        (folder / name).mkdir(parents=True)
    (folder / "l1" / "own.yaml").write_text(yaml.safe_dump({"rules": [RULE]}), encoding="utf-8")
    (folder / "runbooks" / "own.yaml").write_text(MISSPELT, encoding="utf-8")
    return folder


def settings(folder: Path) -> dict[str, object]:
    """Make the trees of the hosts, and the settings that name them."""
    return {
        "mode": "approve",
        "rules": str(own_rules(folder / "rules")),
        "gate": {"breaker": {"failures": 1}, "budgets": {"hosts_per_rule_and_hour": 1.0}},
        "targets": [
            {
                "host": host,
                "root": str(tree(folder / "hosts" / host, files)),
                "checks": ["ssh_max_auth_tries" if files is TRIES else "shadow_permissions"],
                "interval": 3600,
                "mode": "audit" if host == "audited" else "auto",
            }
            for host, files in HOSTS.items()
        ],
    }


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """Give the running appliance."""
    folder = tmp_path_factory.mktemp("site")
    appliance = Appliance(folder, settings(folder))
    appliance.start()
    yield appliance
    appliance.kill()
