"""What the safety gate needs remembered, and what it asks of other rooms in its own commit."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import attrs

from actors.circuit_breaker.breaker import Breaker
from actors.circuit_breaker.records import Approval, Canary, Recipe, Run
from actors.messages import Moment, StopKind, Verdict
from actors.messages.suppression import Suppression
from actors.ports import Tickets
from runtime.store import Query, Write


class Suppressions(Protocol):
    """Given by the flap suppressor: whether what it answered still stands at the commit."""

    def standing(self, site: str, host: str, check: str) -> Query[Suppression | None]:
        """Look up the suppression of this very key; an empty check means the whole host."""
        ...


class Desk(Tickets, Protocol):
    """Given by the escalator: what people are told, and that what they were told is over."""

    def answered(self, kind: StopKind, key: str, who: str, note: str, at: Moment) -> Write[None]:
        """A person ended a stop: resolve its ticket, if one is unresolved."""
        ...


@attrs.frozen
class BreakerLine:
    """One line of a breaker's history."""

    at: dt.datetime
    what: str
    """opened, closed or reset."""
    who: str
    """A person, or aright."""
    reason: str


class GateMemory(Protocol):
    """Breakers, the runs that budgets count, canaries, approvals."""

    def breaker(self, site: str, host: str, runbook_id: str) -> Query[Breaker]:
        """Look a breaker up; one that never failed is closed."""
        ...

    def breaker_named(self, key: str) -> Query[Breaker]:
        """Look up a breaker that failed or opened once; raises NotFoundError."""
        ...

    def keep_breaker(self, breaker: Breaker) -> Write[None]:
        """Keep how it stands now."""
        ...

    def tell_breaker(
        self, breaker: Breaker, what: str, who: str, reason: str, at: Moment
    ) -> Write[None]:
        """Add a line to its history."""
        ...

    def breakers(self) -> Query[Sequence[tuple[Breaker, Sequence[BreakerLine]]]]:
        """List all breakers that ever failed, with their history, by key."""
        ...

    def begin(self, run: Run) -> Write[None]:
        """Count a run, and forget those that no budget counts any more."""
        ...

    def end(self, run: Run, verdict: Verdict) -> Write[None]:
        """Keep what became of a run.  One that did nothing counts no more."""
        ...

    def run(self, incident_id: str, attempt: int) -> Query[Run | None]:
        """Look a run up."""
        ...

    def runs(
        self, *, rule_id: str | None = None, runbook_id: str | None = None, host: str | None = None
    ) -> Query[Sequence[Run]]:
        """List the runs that may count, of the rule, runbook and host that are named."""
        ...

    def canary(self, recipe: Recipe) -> Query[Canary | None]:
        """Look up the first host of a recipe."""
        ...

    def keep_canary(self, recipe: Recipe, canary: Canary | None) -> Write[None]:
        """Keep the first host of a recipe; None: the next may be first."""
        ...

    def approval(self, incident_id: str) -> Query[Approval | None]:
        """Look up what was asked about an incident, and answered."""
        ...

    def keep_approval(self, approval: Approval) -> Write[None]:
        """Keep a question to a person, or the yes to it."""
        ...

    def drop_approval(self, incident_id: str) -> Write[None]:
        """Forget it: it was used, or turned down."""
        ...

    def unanswered(self) -> Query[Sequence[Approval]]:
        """List the questions without a yes, oldest first; some may have lost their incident."""
        ...

    def wait(self, incident_id: str, on: str | None, at: Moment) -> Write[None]:
        """Note what an incident waits for; None: nothing any more."""
        ...

    def release(self, on: str) -> Write[Sequence[str]]:
        """Give the incidents that wait for a breaker or a recipe, and forget that they do."""
        ...
