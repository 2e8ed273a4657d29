"""What the demo promises to show: each scene with the outcome that must be reached."""

from collections.abc import Mapping, Sequence

import attrs

from runtime.cli.client import rows
from runtime.cli.demo.appliance import incident

Incident = Mapping[str, object]


@attrs.frozen
class Scene:
    """One outcome of the demo."""

    title: str
    host: str
    """Or how it begins, where it does not matter which of several it is."""
    check: str
    state: str
    """In which the last incident of the drift must stand."""
    reason: str = ""
    facts: tuple[str, ...] = ()
    """Kinds that its trace must have, in this order."""
    rule: str = ""
    """That must have decided it."""

    def reached(self, incidents: Sequence[Incident]) -> Incident | None:
        """Give the incident that shows the outcome, None while there is none."""
        for one in reversed(incidents):
            if (
                str(one["host"]).startswith(self.host)
                and (one["check"], one["state"]) == (self.check, self.state)
                and self.reason in ("", one["reason"])
                and self.rule in ("", one["rule"])
                and self._has_facts(one)
            ):
                return one
        return None

    def _has_facts(self, one: Incident) -> bool:
        if not self.facts:
            return True
        kinds = iter([fact["kind"] for fact in rows(incident(str(one["id"]))["trace"])])
        return all(fact in kinds for fact in self.facts)


HEALED = (
    Scene("Root may log in over SSH: healed", "web-1", "ssh_root_login", "healed"),
    Scene("Everybody may read password hashes: healed", "db-1", "shadow_permissions", "healed"),
    Scene("The system log is dead: started, and still up", "log-1", "rsyslog_service", "healed"),
    Scene("The first of two VPN hosts: healed", "vpn-", "sshd_config_permissions", "healed"),
)
TYPO = Scene(
    "A runbook with a typo: verify fails, undone",
    "old-1",
    "ssh_max_auth_tries",
    "escalated",
    facts=("undo_finished",),
)
STOPPED = (
    Scene(
        "The second one: over the budget of one host an hour",
        "vpn-",
        "sshd_config_permissions",
        "refused",
        "budget",
    ),
    TYPO,
    Scene(
        "A second root account: a rule says that this is for a person",
        "lab-1",
        "root_accounts",
        "escalated",
        "rule_escalates",
    ),
)
UNKNOWN = Scene(
    "A drift that no runbook heals: to a person",
    "print-1",
    "printer_firmware",
    "escalated",
    "no_candidates",
)
ASKED = Scene(
    "Who may become root: waits for a yes", "hr-1", "sudoers_permissions", "awaiting_approval"
)
APPROVED = Scene(
    "Said yes: healed", "hr-1", "sudoers_permissions", "healed", facts=("fix_approved",)
)
FLAPPING = Scene(
    "Something keeps reverting a banner: no more healing", "kiosk-1", "login_banner", "suppressed"
)
LIFTED = Scene(
    "That something is gone, the suppression lifted: healed", "kiosk-1", "login_banner", "healed"
)
ACTING = Scene("A fix that takes its time", "slow-1", "shadow_permissions", "acting")
RECOVERED = Scene(
    "kill -9 in the middle of a fix: looked first, then healed",
    "slow-1",
    "shadow_permissions",
    "healed",
)
OWNED = Scene("Password hashes belong to somebody: healed", "own-1", "shadow_owner", "healed")

PLANNED = Scene(
    "No rule knows it: a model plans, the gate lets it, healed",
    "ward-1",
    "demo_notice_permissions",
    "healed",
    facts=("plan_made",),
)
ATTACKED = Scene(
    "A host tells the model what to choose: the gate drops it",
    "guest-1",
    "demo_notice_text",
    "escalated",
    "plan_rejected",
)
UNPAID = Scene(
    "The same again: its budget is spent, and a person is told",
    "guest-2",
    "demo_notice_text",
    "escalated",
    "plan_budget",
)


def in_shadow(host: str, rule: str) -> Scene:
    """Give what shows that a signed rule decides, and does nothing yet."""
    title = "Signed: its rule decides in shadow, and touches nothing"
    return Scene(title, host, "demo_notice_permissions", "refused", "audit", rule=rule)


def healed_alone(host: str, rule: str) -> Scene:
    """Give what shows that a rule heals what a plan healed before."""
    title = "Its rule heals alone, without a model"
    return Scene(title, host, "demo_notice_permissions", "healed", rule=rule)
