"""The life of an incident: its states, what is known of it, and the moves between states."""

import datetime as dt
import enum
from collections.abc import Mapping

import attrs

from actors.messages.json import JSON
from actors.messages.many import one_of_many
from actors.messages.moment import Moment
from actors.messages.observation import Severity


class State(enum.StrEnum):
    """Where an incident stands.  Which move is allowed says the journal's core."""

    OBSERVED = "observed"
    DECIDING = "deciding"
    AWAITING_APPROVAL = "awaiting_approval"
    ACTING = "acting"
    VERIFYING = "verifying"
    REFUSED = "refused"
    SUPPRESSED = "suppressed"
    ROLLED_BACK = "rolled_back"
    ESCALATED = "escalated"
    HEALED = "healed"
    CLOSED = "closed"
    RECURRED = "recurred"


class Mode(enum.StrEnum):
    """What a rule may do by itself."""

    AUDIT = "audit"
    """Say what would be done."""
    APPROVE = "approve"
    """Ask a person first."""
    AUTO = "auto"


class Refusal(enum.StrEnum):
    """Why the safety gate said no.  The last four are asked again by themselves."""

    AUDIT = "audit"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WINDOW = "window"
    BUDGET = "budget"
    CANARY = "canary"
    BREAKER = "breaker"


@attrs.frozen
class Fact:
    """One line of an incident's trace: something that happened, with what explains it."""

    kind: str
    """In the past tense, snake_case: `rule_matched`, `budget_refused`, `verify_failed`."""
    body: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])
    """Ids, numbers, reason codes.  No expected, actual or script output."""


@attrs.frozen
class Plan:
    """Where a decision comes from that no rule made: L2 chose a runbook of the catalogue."""

    decision_id: str
    """Of the planner's own record of it."""
    pattern_signature: str
    confidence: float
    """0.0 to 1.0, as the model gave it."""
    model: str
    provider: str
    """By its name in the settings."""


@attrs.frozen
class Decision:
    """What was made of an incident; stored with it, so that every later stop can name the rule."""

    rule_id: str
    """Empty for a plan."""
    rule_version: str
    """Version of the whole rule set, by content hash."""
    action: str
    """execute_runbook, or escalate."""
    runbook_id: str = ""
    params: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])
    mode: Mode = Mode.AUDIT
    rule_hash: str = ""
    """Content hash of this one rule: when it changes, the first host goes alone."""
    max_per_hour: int | None = None
    """The rule's own bound on the hosts it touches in an hour, where it has one."""
    cooldown_s: float = 0.0
    """Seconds for which the rule's cooldown still holds on this host; 0 means not cooling."""
    plan: Plan | None = None
    """None for a rule's decision."""

    @property
    def made_by(self) -> str:
        """Name what budgets and canaries count it for: the rule, or the kind of drift of a plan."""
        return self.rule_id if self.plan is None else self.plan.pattern_signature


@one_of_many
class Incident:
    """Drift that must be settled; one at a time for a site, host and check."""

    id: str
    site: str
    host: str
    check: str
    severity: Severity
    state: State
    opened_at: dt.datetime
    moved_at: dt.datetime
    last_seen: dt.datetime
    observation_id: str
    """The observation that opened it; rules see that one."""
    count: int = 1
    """Observations of the same drift while it was open."""
    reason: str = ""
    """Why it stands where it stands: a `Refusal`, flap, cooldown, no_rule, rule, unknown …"""
    due: Moment | None = None
    decision: Decision | None = None
    attempt: int = 0
    """Fixes begun for this incident so far."""
    recurred_from: str | None = None
    """The healed incident of the same drift that this one follows."""
    stalled_starts: int = 0
    """Starts of the appliance in a row that found it in the same unfinished state."""


@attrs.frozen
class Move:
    """A wish to take an incident to another state.

    It is refused with `StaleMoveError` when the incident is not in one of `expected`, and with
    `IllegalMoveError` when the table of states does not know the transition.
    """

    to: State
    expected: tuple[State, ...]
    """Where the mover believes the incident to be; more than one where it does not matter."""
    fact: Fact
    reason: str = ""
    due: Moment | None = None
    """None clears what was due before."""
    decision: Decision | None = None
    """None leaves the decision as it is."""
    begins_attempt: bool = False
