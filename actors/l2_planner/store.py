"""What the planner needs remembered."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import attrs

from actors.l2_planner.ledger import Budgets, OverBudget, Reservation, Spending
from actors.l2_planner.record import KeptAnswer, PlanRecord
from actors.messages import Moment, StopKind, Verdict
from actors.ports import Tickets
from runtime.store import Query, Write


class Desk(Tickets, Protocol):
    """Given by the escalator: what people are told, and that what they were told is over."""

    def answered(self, kind: StopKind, key: str, who: str, note: str, at: Moment) -> Write[None]:
        """What stopped goes on: resolve its ticket, if one is unresolved."""
        ...


@attrs.frozen
class PlanFilter:
    """Which decisions to list, newest first."""

    incident_id: str = ""
    host: str = ""
    ruling: str = ""
    before: str = ""
    """Only those older than this one: the next page."""
    limit: int = 100


class PlanMemory(Protocol):
    """Decisions, the spend ledger, answers that may be used again, and verified fixes."""

    def reserve(self, wish: Reservation, budgets: Budgets) -> Write[OverBudget | None]:
        """Take the worst cost of a call out of every budget, or say which one has no room."""
        ...

    def settle(self, reservation_id: str, cost: int) -> Write[None]:
        """Put what a call cost in the place of what was reserved for it."""
        ...

    def spending(self, site: str, pattern: str, at: dt.datetime) -> Query[Spending]:
        """Add up what was spent in the hour and day of an instant."""
        ...

    def keep(self, record: PlanRecord) -> Write[None]:
        """Keep a decision, and forget what is older than it is to be remembered."""
        ...

    def answer(
        self, pattern: str, catalogue: str, event: str, since: dt.datetime
    ) -> Query[KeptAnswer | None]:
        """Look for an answer to this drift, or to any of its kind, not older than `since`."""
        ...

    def keep_answer(self, answer: KeptAnswer) -> Write[None]:
        """Keep an answer in the place of an older one."""
        ...

    def ended(
        self, drift: str, incident_id: str, attempt: int, verdict: Verdict, at: Moment
    ) -> Write[None]:
        """Count a verified fix of a drift, once; whoever made it."""
        ...

    def plan_ended(self, decision_id: str, pattern: str, verdict: Verdict) -> Write[None]:
        """Keep what became of a plan; one that failed is not used again."""
        ...

    def heals(self, drift: str) -> Query[Sequence[Moment]]:
        """List when a drift was healed lately."""
        ...

    def listed(self, which: PlanFilter) -> Query[Sequence[PlanRecord]]:
        """List decisions, newest first."""
        ...

    def record(self, decision_id: str) -> Query[PlanRecord]:
        """Look a decision up; raises NotFoundError."""
        ...
