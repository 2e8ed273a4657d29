"""What the gate remembers of the fixes it let through, and of the people who said yes."""

import datetime as dt
import hashlib
from typing import Protocol

import attrs

from actors.messages import Decision, Moment, Refusal, Verdict
from runtime.codec import to_json


class RunbookFacts(Protocol):
    """What the gate must know of a runbook; `actors.catalogue.runbooks.Runbook` says all of it."""

    @property
    def irreversible(self) -> bool:
        """Whether nothing takes it back."""
        ...

    @property
    def disruptive(self) -> bool:
        """Whether people notice when it runs."""
        ...

    @property
    def content_hash(self) -> str:
        """Name its content: it changes when the runbook does."""
        ...

    @property
    def text(self) -> str:
        """Say what a person does where it cannot be run."""
        ...


@attrs.frozen
class Recipe:
    """A rule and the runbook it names, as they are written today: what a canary proves."""

    site: str
    rule_id: str
    """The kind of drift, for a plan; its hash is then of runbook and params."""
    rule_hash: str
    runbook_id: str
    runbook_hash: str

    @classmethod
    def of(cls, site: str, decision: Decision, runbook: RunbookFacts) -> "Recipe":
        """Give the recipe of a decision."""
        return cls(
            site, decision.made_by, decision.rule_hash, decision.runbook_id, runbook.content_hash
        )

    @property
    def key(self) -> str:
        """Spell it shortly."""
        return f"{self.rule_id}/{_digest(self)}"

    def plan(self, decision: Decision) -> str:
        """Name what a person says yes to: this recipe with these params."""
        return _digest([self.key, decision.params])


@attrs.frozen
class Run:
    """A fix that was let through.  Budgets count it from then on, whatever became of it."""

    incident_id: str
    attempt: int
    host: str
    recipe: Recipe
    begun_at: Moment
    host_limit: int
    """Hosts that its rule might touch in an hour, by then."""
    approved_by: str = ""
    """The person who said yes; empty for an automatic run."""
    verdict: Verdict | None = None


@attrs.frozen
class Canary:
    """The first host of a recipe, which goes alone until its fix is verified."""

    incident_id: str
    host: str
    begun_at: Moment
    proven: bool = False


@attrs.frozen
class Approval:
    """A question to a person about one fix, and the yes to it."""

    incident_id: str
    plan: str
    """What it is about; a yes to another plan does not count."""
    asked_at: dt.datetime
    granted_at: Moment | None = None
    who: str = ""
    reason: str = ""
    over: Refusal | None = None
    """The refusal that the yes lifted, where the fix had been refused."""


def _digest(value: object) -> str:
    return hashlib.sha256(to_json(value).encode("utf-8", "surrogatepass")).hexdigest()[:16]
