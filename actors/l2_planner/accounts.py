"""What the planner learns from a verdict, in the very commit that keeps the verdict."""

import sqlite3
from collections.abc import Sequence

import attrs

from actors.l2_planner.store import PlanMemory
from actors.messages import Incident, Moment, Stop, Verdict
from actors.messages.suppression import drift_key
from runtime.store import Write


@attrs.frozen
class PlanAccounts:
    """Counts verified fixes of each drift, and keeps what became of each plan."""

    memory: PlanMemory

    def finished(self, incident: Incident, verdict: Verdict, at: Moment) -> Write[Sequence[Stop]]:
        """Count a verdict, once for each attempt.  It causes no stop."""
        drift = drift_key(incident.site, incident.host, incident.check)
        plan = None if incident.decision is None else incident.decision.plan

        def write(connection: sqlite3.Connection) -> Sequence[Stop]:
            self.memory.ended(drift, incident.id, incident.attempt, verdict, at)(connection)
            if plan is not None:
                self.memory.plan_ended(plan.decision_id, plan.pattern_signature, verdict)(
                    connection
                )
            return ()

        return write
