"""What may go wrong on a simulated host, and which rules are in force about it."""

from collections.abc import Callable, Mapping
from functools import cache

import attrs

from actors.l1_evaluator import RuleSet, RulesInForce
from runtime.codec import plain_json
from runtime.roles.catalogue import Catalogue, load_catalogue
from runtime.settings import Settings
from tests.fakes.target import FakeFile, FakeTarget

_SSHD = "/etc/ssh/sshd_config"
PASSWD = "root:x:0:0:root:/root:/bin/sh\n"


def healthy(host: FakeTarget) -> None:
    """Make a host as the baselines want it."""
    host.files |= {
        _SSHD: FakeFile("PermitRootLogin no\nPasswordAuthentication no\n", 0o600),
        "/etc/shadow": FakeFile("root:*:1::::::\n", 0o640),
        "/etc/passwd": FakeFile(PASSWD),
        "/etc/issue.net": FakeFile("Authorised users only.\n"),
        "/etc/os-release": FakeFile("ID=debian\n"),
    }
    host.services["rsyslog"] = True


@attrs.frozen
class Drift:
    """One way in which a host leaves its baseline."""

    check: str
    breaks: Callable[[FakeTarget], None]
    stands: Callable[[FakeTarget], bool]


def _says(host: FakeTarget, path: str, text: str) -> bool:
    return text in host.files[path].text


def _write(path: str, text: str) -> Callable[[FakeTarget], None]:
    def write(host: FakeTarget) -> None:
        host.files[path].text = text

    return write


def _replace(path: str, old: str, new: str) -> Callable[[FakeTarget], None]:
    def replace(host: FakeTarget) -> None:
        host.files[path].text = host.files[path].text.replace(old, new)

    return replace


def _loosen(host: FakeTarget) -> None:
    host.files["/etc/shadow"].mode = 0o666


def _stop(host: FakeTarget) -> None:
    host.services["rsyslog"] = False


DRIFTS: Mapping[str, Drift] = {
    drift.check: drift
    for drift in (
        Drift(
            "ssh_root_login",
            _replace(_SSHD, "PermitRootLogin no", "PermitRootLogin yes"),
            lambda host: _says(host, _SSHD, "PermitRootLogin yes"),
        ),
        Drift(
            "ssh_password_auth",
            _replace(_SSHD, "PasswordAuthentication no", "PasswordAuthentication yes"),
            lambda host: _says(host, _SSHD, "PasswordAuthentication yes"),
        ),
        Drift("shadow_permissions", _loosen, lambda host: host.files["/etc/shadow"].mode == 0o666),
        Drift("rsyslog_service", _stop, lambda host: not host.services["rsyslog"]),
        Drift(
            "login_banner",
            _write("/etc/issue.net", "Welcome!\n"),
            lambda host: not _says(host, "/etc/issue.net", "Authorised"),
        ),
        Drift(
            "root_accounts",
            _write("/etc/passwd", f"{PASSWD}toor:x:0:0::/:/bin/sh\n"),
            lambda host: _says(host, "/etc/passwd", "toor"),
        ),
    )
}
"""By check."""


def _rule(check: str, **more: object) -> dict[str, object]:
    conditions = [
        {"field": "check_type", "operator": "eq", "value": check},
        {"field": "status", "operator": "eq", "value": "fail"},
    ]
    heals = {"action": "execute_runbook"}
    return {"id": f"R-{check}", "conditions": conditions, **heals, **more}


_RULES = [
    _rule("ssh_root_login", runbook_id="LIN-SSH-001", mode="auto"),
    _rule("ssh_password_auth", runbook_id="LIN-SSH-002", mode="approve"),
    _rule("shadow_permissions", runbook_id="LIN-PERM-001", mode="auto", cooldown_seconds=600),
    _rule("rsyslog_service", runbook_id="LIN-SVC-003", mode="auto"),
    _rule("login_banner", runbook_id="LIN-BANNER-001", mode="auto"),
    _rule("root_accounts", action="escalate"),
]


@cache
def catalogue() -> Catalogue:
    """Give the shipped checks and runbooks under rules of the simulation's own."""
    in_force = RulesInForce(RuleSet.compile(_RULES), plain_json(_RULES))
    return attrs.evolve(load_catalogue(Settings()), in_force=in_force)
