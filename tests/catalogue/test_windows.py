"""The Windows half of the shipped catalogue: data that agents and people stand behind."""

from pathlib import Path

import pytest

from actors.catalogue.check_files import load_checks
from actors.catalogue.rule_files import read_rules
from actors.catalogue.rules import Rule
from actors.catalogue.runbook_files import load_runbooks
from actors.l1_evaluator import RuleSet
from actors.messages import Platform

SHIPPED = Path(__file__).parents[2] / "rules"
CHECKS = load_checks(SHIPPED / "checks").by_id
RUNBOOKS = load_runbooks(SHIPPED / "runbooks")
RULES = RuleSet.compile(read_rules(SHIPPED / "l1").rules)

PREDECESSOR = """
RB-NET-SECURITY-001 312(e)(1),312(e)(2)(ii) 180 R
RB-WIN-ACCESS-001 312(d),312(a)(1),312(a)(2)(i) 120 -
RB-WIN-ACCESS-002 312(d),312(a)(2)(i) 180 -
RB-WIN-ACCESS-003 312(b),308(a)(1)(ii)(D),312(a)(1) 300 -
RB-WIN-ACCESS-004 312(a)(1),312(e)(1) 300 -
RB-WIN-ACCESS-005 312(a)(2)(i),310(d)(1) 180 -
RB-WIN-AD-001 312(a)(1),308(a)(3)(ii)(C) 300 -
RB-WIN-AD-002 312(a)(1),308(a)(4)(ii)(B) 180 DW
RB-WIN-AD-003 308(a)(3) 300 -
RB-WIN-AD-004 312(d) 120 -
RB-WIN-AV-001 308(a)(5)(ii)(B),312(b) 600 -
RB-WIN-BACKUP-001 308(a)(7)(ii)(A),310(d)(2)(iv) 3600 -
RB-WIN-CERT-001 312(e)(2)(ii) 120 -
RB-WIN-DEVICE-001 312(a)(1),312(e)(2)(ii),310(d)(1) 600 -
RB-WIN-DEVICE-002 312(a)(1),308(a)(1)(ii)(A) 600 -
RB-WIN-DEVICE-003 312(d),312(a)(1) 600 W
RB-WIN-DEVICE-004 308(a)(5)(ii)(B),312(b) 900 -
RB-WIN-ENCRYPTION-001 312(a)(2)(iv),312(e)(2)(ii) 60 DRW
RB-WIN-FIREWALL-001 312(a)(1),312(e)(1) 120 -
RB-WIN-LOGGING-001 312(b),308(a)(1)(ii)(D) 300 -
RB-WIN-NET-001 312(b) 60 -
RB-WIN-NET-002 312(a)(1) 180 D
RB-WIN-NET-003 312(e)(1) 60 -
RB-WIN-NET-004 312(b) 60 -
RB-WIN-NET-005 312(e)(1) 60 -
RB-WIN-NET-006 312(a)(1),312(e)(1) 120 -
RB-WIN-NET-007 312(a)(1),312(e)(1) 180 -
RB-WIN-NET-008 312(a)(1),312(e)(1) 120 D
RB-WIN-NET-009 308(a)(5)(ii)(B),312(e)(1) 120 -
RB-WIN-PATCH-001 308(a)(5)(ii)(B),312(c)(1) 1800 DRW
RB-WIN-RDP-001 312(a)(1),312(e)(1) 120 -
RB-WIN-SEC-001 312(a)(1),312(e)(1) 60 -
RB-WIN-SEC-002 312(b),308(a)(1)(ii)(D) 120 -
RB-WIN-SEC-003 312(a)(2)(i) 60 -
RB-WIN-SEC-004 312(d) 120 -
RB-WIN-SEC-005 312(a)(2)(iv),312(e)(2)(ii) 120 DW
RB-WIN-SEC-006 308(a)(5)(ii)(B) 300 -
RB-WIN-SEC-007 312(e)(1),312(e)(2)(i) 60 -
RB-WIN-SEC-008 312(d),312(e)(2)(ii) 60 DRW
RB-WIN-SEC-009 312(a)(2)(i),308(a)(3)(ii)(A) 120 -
RB-WIN-SEC-010 312(d),312(e)(1) 60 -
RB-WIN-SEC-011 312(a)(1),312(a)(2)(i) 60 R
RB-WIN-SEC-012 312(b),308(a)(1)(ii)(D) 120 -
RB-WIN-SEC-013 312(a)(2)(iv),312(d) 60 RW
RB-WIN-SEC-014 312(e)(1),312(e)(2)(ii) 120 RW
RB-WIN-SEC-015 310(d)(1),312(a)(1) 60 -
RB-WIN-SEC-016 312(a)(2)(iii) 60 -
RB-WIN-SEC-017 308(a)(5)(ii)(B),312(b) 120 -
RB-WIN-SEC-018 308(a)(1)(ii)(D),312(b) 300 -
RB-WIN-SEC-019 308(a)(1)(ii)(D),312(b) 300 -
RB-WIN-SEC-020 312(e)(1),312(e)(2)(i) 120 -
RB-WIN-SEC-021 308(a)(5)(ii)(C),312(a)(1) 120 -
RB-WIN-STG-001 312(c)(1) 600 -
RB-WIN-STG-002 308(a)(7)(ii)(A) 180 -
RB-WIN-STG-003 310(d)(2)(iv) 120 -
RB-WIN-SVC-001 312(b) 120 -
RB-WIN-SVC-002 312(b) 120 -
RB-WIN-SVC-003 308(a)(5)(ii)(B) 60 -
RB-WIN-SVC-004 312(b) 120 -
RB-WIN-UPD-001 308(a)(5)(ii)(B) 300 -
RB-WIN-UPD-002 308(a)(5)(ii)(B) 180 -
"""
"""The predecessor's Windows runbooks: id, sections of HIPAA 164, seconds, and its flags:
disruptive, reboot, window."""

LISTED = [line.split() for line in PREDECESSOR.split("\n") if line]

SWEPT = (
    "windows_defender", "firewall_status", "password_policy", "bitlocker_status",
    "audit_policy", "service_w32time", "service_dns", "service_spooler", "service_wuauserv",
    "service_netlogon", "smb_signing", "smb1_protocol", "wmi_event_persistence",
    "network_profile", "dns_config", "screen_lock_policy", "defender_exclusions",
    "backup_status", "scheduled_task_persistence", "registry_run_persistence", "patching",
    "lockout_policy", "guest_account", "firewall_logging", "open_ports", "prohibited_ports",
    "encrypted_services", "tls_web_services", "database_exposure", "snmp_security",
    "rdp_exposure", "device_inventory", "rmm_detection", "winrm", "nixos_generation",
)  # fmt: skip
"""What the predecessor's sweeps of Windows hosts, workstations and networks ask, in our names."""

ON_WINDOWS = [check.id for check in CHECKS.values() if check.platform is Platform.WINDOWS]

DRIFTS = sorted({*SWEPT, *ON_WINDOWS} - {"rmm_detection"})
"""That a tool was found which manages a host is news, and no rule's matter."""


def test_the_predecessors_windows_runbooks_are_all_there_and_no_other() -> None:
    ours = {each.id for each in RUNBOOKS.values() if each.platform is Platform.WINDOWS}

    assert len(LISTED) == 61
    assert ours == {listed[0] for listed in LISTED}


@pytest.mark.parametrize(("name", "sections", "seconds", "flags"), LISTED)
def test_a_windows_runbook_keeps_its_controls_its_time_and_its_flags(
    name: str, sections: str, seconds: str, flags: str
) -> None:
    runbook = RUNBOOKS[name]

    shown = [control for control in runbook.controls if control.startswith("hipaa:")]
    assert sorted(shown) == sorted(f"hipaa:164.{section}" for section in sections.split(","))
    assert runbook.timeout_s == float(seconds)
    assert runbook.disruptive is ("D" in flags or "W" in flags)
    assert runbook.reboots is ("R" in flags)


@pytest.mark.parametrize("name", [listed[0] for listed in LISTED])
def test_a_person_is_told_how_in_some_sentences(name: str) -> None:
    text = RUNBOOKS[name].text

    assert 150 < len(text) < 700
    assert text.count(". ") >= 1
    # Where a line of the file is folded after a separator, a space would stand within a path.
    assert "\\ " not in text


@pytest.mark.parametrize("name", SWEPT)
def test_what_the_predecessor_asks_of_windows_and_networks_is_a_check_that_others_report(
    name: str,
) -> None:
    check = CHECKS[name]

    assert check.is_reported
    assert check.platform is not Platform.LINUX
    assert check.controls
    assert check.interval_s
    assert check.unknown


def test_a_windows_runbook_heals_checks_that_there_are() -> None:
    for runbook in RUNBOOKS.values():
        if runbook.platform is Platform.WINDOWS:
            platforms = {CHECKS[check].platform for check in runbook.checks}
            assert platforms <= {Platform.WINDOWS, Platform.UNKNOWN}


def decided(check: str) -> Rule:
    """Give the rule for a drift as the check's own platform reports it."""
    event = {"check_type": check, "platform": CHECKS[check].platform.value, "status": "fail"}
    winner = RULES.winner(event)
    assert winner is not None, check
    return winner


@pytest.mark.parametrize("check", DRIFTS)
def test_what_others_report_has_a_rule_that_tells_a_person_what_to_do(check: str) -> None:
    rule = decided(check)

    if rule.runbook_id is None:
        assert rule.extra["text"]
    else:
        assert check in RUNBOOKS[rule.runbook_id].checks
        assert RUNBOOKS[rule.runbook_id].text
    assert rule.controls


def test_no_rule_runs_on_windows_what_a_person_does() -> None:
    for check in DRIFTS:
        rule = decided(check)
        runbook = RUNBOOKS.get(rule.runbook_id or "")
        assert rule.action == "escalate" or (runbook is not None and not runbook.by_person)
