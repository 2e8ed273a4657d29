"""SIGHUP: rules are read anew, all of them or none, and no mistake goes untold."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.appliance import Appliance, until


def rule(action: str, name: str = "OWN", check: str = "shadow_permissions") -> dict[str, Any]:
    """Make a rule that decides before the shipped ones."""
    condition = {"field": "check_type", "operator": "eq", "value": check}
    named = {"runbook_id": action} if action != "escalate" else {}
    return {
        "id": name,
        "priority": 1,
        "conditions": [condition],
        "action": "execute_runbook" if named else "escalate",
        **named,
    }


class Site:
    """An appliance with rules of its own, which a test rewrites."""

    def __init__(self, folder: Path) -> None:
        self.rules = folder / "rules" / "l1" / "own.json"
        self.rules.parent.mkdir(parents=True)
        self.appliance = Appliance(folder, {"rules": str(folder / "rules")})
        self.hosts = 0

    def write(self, *rules: object) -> None:
        self.rules.write_text(json.dumps(rules), encoding="utf-8")

    def hang_up(self, *rules: object) -> None:
        """Rewrite the rules, and have them read."""
        self.write(*rules)
        self.appliance.send(signal.SIGHUP)

    def decided(self) -> str:
        """Submit a drift of a new host; give the rule that decides it."""
        self.hosts += 1
        host = f"ws-{self.hosts}"
        words = ("--host", host, "--check", "shadow_permissions", "--platform", "linux")
        submitted = self.appliance.aright("event", "submit", *words)
        assert submitted.exit_code == 0, submitted.stderr
        row = until(lambda: self._decided(host), "a decision")
        return f"{row['rule']} {row['runbook'] or 'escalate'}"

    def _decided(self, host: str) -> dict[str, Any] | None:
        rows = self.appliance.data("incident", "list", "--state", "all", "--host", host)
        return rows[0] if rows[0]["state"] not in {"observed", "deciding"} else None

    def tickets(self) -> list[str]:
        listed = self.appliance.data("ticket", "list")
        return [each["reason"] for each in listed if each["kind"] == "rules_set_aside"]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    site.write(rule("escalate"))
    yield site
    site.appliance.kill()


def test_a_changed_rule_takes_effect_and_a_broken_file_changes_nothing(site: Site) -> None:
    site.appliance.start()
    assert site.decided() == "OWN escalate"

    site.hang_up(rule("LIN-PERM-001"))
    site.appliance.waits_for("rules_in_force", times=2)
    assert site.decided() == "OWN LIN-PERM-001"

    site.rules.write_text("[{", encoding="utf-8")
    for times in (1, 2):
        site.appliance.send(signal.SIGHUP)
        refused = site.appliance.waits_for("reload_refused", times)
        assert refused["level"] == "error"
        assert refused["path"] == str(site.rules)
    assert site.decided() == "OWN LIN-PERM-001"
    until(lambda: site.tickets() == ["reload_refused"], "one ticket for the broken file")

    site.hang_up(rule("escalate", name="MENDED"))
    site.appliance.waits_for("rules_in_force", times=3)
    assert site.decided() == "MENDED escalate"


def test_a_hangup_while_it_starts_or_ends_does_not_end_it(site: Site) -> None:
    appliance = site.appliance
    appliance.spawn()
    until((appliance.state_dir / "lock").exists, "the start")
    while not appliance.is_ready():
        appliance.send(signal.SIGHUP)
        time.sleep(0.01)
    appliance.waits_for("rules_in_force", times=2)

    appliance.send(signal.SIGTERM)
    process = appliance.process
    while process is not None and process.poll() is None:
        process.send_signal(signal.SIGHUP)
        time.sleep(0.001)
    assert appliance.ended() == 0


def test_the_same_by_command(site: Site) -> None:
    site.appliance.start()
    site.write(rule("LIN-PERM-001"))

    assert site.appliance.aright("rule", "reload").exit_code == 0
    assert site.decided() == "OWN LIN-PERM-001"

    site.rules.write_text("[{", encoding="utf-8")
    said = site.appliance.aright("rule", "reload")
    assert said.exit_code == 1
    assert "own.json" in said.stderr
    assert site.decided() == "OWN LIN-PERM-001"


@pytest.mark.parametrize(
    ("misfit", "problem"),
    [
        (rule("NOBODY-1", name="BAD"), "no runbook is called 'NOBODY-1'"),
        (rule("escalate", name="BAD", check="shadow_permission"), "'shadow_permission'"),
        (rule("LIN-SSH-001", name="BAD"), "does not heal shadow_permissions"),
        ({**rule("escalate", name="BAD"), "action": "reboot"}, "reboot"),
        ({"id": "BAD", "conditions": [], "action": "escalate"}, "match_all"),
        ("no rule at all", "mapping"),
    ],
)
def test_a_rule_that_cannot_be_in_force_is_set_aside_and_the_others_are_in_force(
    site: Site, misfit: object, problem: str
) -> None:
    site.write(misfit, rule("LIN-PERM-001", name="GOOD"))

    site.appliance.start()

    [line] = site.appliance.logged("rule_set_aside")
    assert "own.json" in line["reason"]
    assert problem in line["reason"]
    assert site.decided() == "GOOD LIN-PERM-001"
    until(lambda: site.tickets() == ["rules_set_aside"], "one ticket")
    # A restart finds the same mistake: it is the same ticket.
    site.appliance.kill()
    site.appliance.start()
    site.appliance.waits_for("rule_set_aside", times=2)
    assert site.tickets() == ["rules_set_aside"]
