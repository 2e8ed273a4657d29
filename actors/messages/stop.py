"""A stop: something that needs a person, and the identity of the ticket it opens."""

import enum

import attrs

from actors.messages.incident import Incident
from actors.messages.observation import Severity


class StopKind(enum.StrEnum):
    """Why healing stopped; with its key it is the identity of a ticket."""

    AUDIT = "audit"
    """Key: the host.  Lists what would have been done."""
    FLAP = "flap"
    """Key: site/host/check."""
    SUPPRESSED = "suppressed"
    """A person's own suppression.  Key: its id."""
    BREAKER = "breaker"
    """Key: the breaker."""
    BUDGET = "budget"
    """Key: rule or runbook, host or hour."""
    CANARY = "canary"
    """Key: rule and its hash."""
    WINDOW = "window"
    """Key: the window."""
    APPROVAL = "approval"
    """Key: the incident."""
    REJECTED = "rejected"
    """Key: the incident."""
    EXPIRED = "expired"
    """Key: the incident."""
    NO_RULE = "no_rule"
    """Key: the incident."""
    PLAN_BUDGET = "plan_budget"
    """Key: the planner's budget and its hour or day."""
    ROOT_CAUSE = "root_cause"
    """Key: site/host/check."""
    PROVIDER_DOWN = "provider_down"
    """Key: the provider of a model."""
    RULE_ESCALATES = "rule_escalates"
    """Key: the incident."""
    FIX_FAILED = "fix_failed"
    """Key: the incident."""
    FIX_UNKNOWN = "fix_unknown"
    """Key: the incident."""
    ROLLED_BACK = "rolled_back"
    """Key: the incident."""
    DEAD_LETTER = "dead_letter"
    """Key: mailbox, or incident."""
    ROOM_DOWN = "room_down"
    """Key: the actor."""
    CHANNEL_DEAD = "channel_dead"
    """Key: the channel."""
    CHANNEL_TEST = "channel_test"
    """Told by `aright channel test` alone; never kept.  Key: the channel."""
    NOBODY_REACHED = "nobody_reached"
    """Key: `people`."""
    RULES_SET_ASIDE = "rules_set_aside"
    """Key: version of the rule set."""
    PROMOTION = "promotion"
    """A plan is proven and waits for a signature.  Key: its pattern."""
    DEMOTION = "demotion"
    """A rule that was a plan is taken back.  Key: the rule."""
    STORE = "store"
    """Key: what of it: full, budget, error."""
    EVIDENCE = "evidence"
    """Key: what of it: stopped, late, withheld."""
    ANCHOR = "anchor"
    """Key: the calendar; `calendars` for all of them; `headers` for the sources of headers."""


@attrs.frozen
class Stop:
    """Something stopped, and a person must know."""

    kind: StopKind
    key: str
    severity: Severity
    reason: str
    """A code in snake_case; the sentence for people is made from it where it is shown."""
    incident_id: str | None = None
    host: str = ""
    check: str = ""
    rule_id: str = ""
    runbook_id: str = ""
    note: str = ""
    """A word to those who read the ticket here; no channel brings it outside."""
    text: str = ""
    """What the person shall do; as little as the note does a channel bring it outside."""

    @classmethod
    def of(
        cls, incident: Incident, kind: StopKind, reason: str, *, key: str = "", text: str = ""
    ) -> "Stop":
        """Give the stop of an incident, with what was decided for it; the key is its id."""
        decision = incident.decision
        return cls(
            kind,
            key or incident.id,
            incident.severity,
            reason,
            incident_id=incident.id,
            host=incident.host,
            check=incident.check,
            rule_id=decision.rule_id if decision else "",
            runbook_id=decision.runbook_id if decision else "",
            text=text,
        )
