"""A proven plan, as a person handles it by the command line on a real appliance."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from actors.flywheel import FlywheelSettings
from runtime.settings import shipped
from tests.roles.clinic import CHECK, RUNBOOK, proven_journal
from tests.system.appliance import Appliance, aright, until

WHY = ("--reason", "the same fix each time")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Appliance]:
    """An appliance without L1 rules, in whose journal a plan healed 127 times."""
    rules = tmp_path / "rules"
    for name in ("checks", "runbooks"):
        shutil.copytree(shipped("rules") / name, rules / name)
    (rules / "l1").mkdir()
    appliance = Appliance(
        tmp_path, {"rules": str(rules), "shipped_rules": False, "retention": {"days": 36_500}}
    )
    appliance.state_dir.mkdir(mode=0o700)
    proven = proven_journal(tmp_path / "clinic", FlywheelSettings())
    with closing(proven), closing(sqlite3.connect(appliance.state_dir / "journal.db")) as kept:
        proven.backup(kept)
    appliance.start()
    yield appliance
    appliance.kill()


def pattern(site: Appliance) -> str:
    [row] = site.data("flywheel", "list")
    return str(row["id"])


def learned(site: Appliance) -> list[str]:
    return sorted(path.name for path in (site.state_dir / "rules" / "l1").glob("*"))


def test_a_person_reads_signs_and_takes_back(site: Appliance) -> None:
    plan = pattern(site)
    rule = f"FLY-{plan}"
    listed = site.aright("flywheel", "list").stdout
    assert f"{plan}\tproposed\t{CHECK}\t{RUNBOOK}\t127/127\t0.9503\t6" in listed
    assert site.data("flywheel", "list", "--stage", "active") == []
    [ticket] = [each for each in site.data("ticket", "list") if each["kind"] == "promotion"]
    assert "aright flywheel show" in site.aright("ticket", "show", ticket["id"]).stdout

    page = site.aright("flywheel", "show", rule).stdout
    assert "127: 127 healed, 0 failed, 0 rolled back" in page
    assert max(map(len, page.splitlines())) <= 80
    data = site.data("flywheel", "show", plan)
    assert (data["missing_for_auto"], data["params"]) == ([], {"mode": "0640"})

    tried = site.aright("flywheel", "approve", plan, *WHY, "--dry-run")
    assert (tried.exit_code, tried.stdout) == (10, f"would approve {plan}, which is proposed\n")
    assert learned(site) == []
    signed = site.aright("flywheel", "approve", plan, "--mode", "auto", *WHY)
    assert (signed.exit_code, signed.stdout) == (0, f"{rule} is shadow\n")
    assert learned(site) == [f"{rule}.yaml"]
    assert site.aright("flywheel", "approve", plan, *WHY).exit_code == 5
    assert site.aright("flywheel", "approve", plan, *WHY, "--dry-run").exit_code == 5

    # An ordinary rule: its tests come true, and the mutants of its conditions are noticed.
    tested = site.aright("rule", "test", "--mutate")
    assert tested.exit_code == 0, tested.stdout
    assert "0 failed, 0 rules without a test" in tested.stdout
    text = (site.state_dir / "rules" / "l1" / f"{rule}.yaml").read_text(encoding="utf-8")
    [written] = yaml.safe_load(text)["rules"]
    assert (written["mode"], written["runbook_id"]) == ("audit", RUNBOOK)
    assert "ws-" not in text

    # Killed and started again, with its files lost: it is in force as before.
    site.kill()
    shutil.rmtree(site.state_dir / "rules")
    site.start()
    assert learned(site) == [f"{rule}.yaml"]
    event = {"host_id": "ws-9", "check_type": CHECK, "platform": "linux", "actual": "fail"}
    assert site.aright("event", "submit", "-", stdin=json.dumps(event)).exit_code == 0
    until(lambda: site.incident("ws-9")["rule"] == rule, "decided by the rule")

    assert site.aright("flywheel", "reject", plan, *WHY).exit_code == 5
    assert site.aright("flywheel", "demote", rule, *WHY, "--dry-run").exit_code == 10
    back = site.aright("flywheel", "demote", rule, *WHY)
    assert (back.exit_code, back.stdout) == (0, f"{rule} is retired (demoted)\n")
    assert learned(site) == []
    event["host_id"] = "ws-10"
    assert site.aright("event", "submit", "-", stdin=json.dumps(event)).exit_code == 0
    assert site.incident("ws-10", "escalated")["reason"] == "no_rule"
    ledger = site.data("flywheel", "show", plan)["ledger"]
    assert [line["what"] for line in ledger] == ["proposed", "approved", "in_force", "demoted"]
    assert ledger[-1]["why"] == WHY[1]
    assert ledger[1]["numbers"]["replayed"] == 127


def test_without_a_plan_there_is_nothing_to_list_or_to_decide(tmp_path: Path) -> None:
    appliance = Appliance(tmp_path, {})
    appliance.start()
    for verb in ("show", "approve", "reject", "demote"):
        words = ("flywheel", verb, "0123456789abcdef", *(() if verb == "show" else WHY))
        assert appliance.aright(*words).exit_code == 3
    appliance.kill()

    listed = appliance.aright("flywheel", "list")
    assert (listed.exit_code, listed.stderr) == (0, "no plan was tried yet\n")
    assert appliance.aright("flywheel", "demote", "nothing", *WHY).exit_code == 1
    assert aright("flywheel", "approve", "nothing").exit_code == 2
