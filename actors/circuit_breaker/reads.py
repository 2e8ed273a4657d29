"""What people look at: pending approvals and used budgets.  Breakers list themselves."""

import sqlite3
from collections.abc import Sequence

import attrs

from actors.circuit_breaker.budget import Use, uses
from actors.circuit_breaker.records import Approval
from actors.circuit_breaker.settings import GateSettings
from actors.circuit_breaker.store import GateMemory
from actors.messages import Incident, Moment, State
from actors.ports import Incidents
from runtime.store import Query


@attrs.frozen
class PendingApproval:
    """A fix that waits for a person's yes; `incident.due` is when the question expires."""

    incident: Incident
    approval: Approval


def pending_approvals(memory: GateMemory, incidents: Incidents) -> Query[Sequence[PendingApproval]]:
    """List what waits for a person, oldest first."""

    def query(connection: sqlite3.Connection) -> Sequence[PendingApproval]:
        asked = memory.unanswered()(connection)
        both = ((incidents.get(approval.incident_id)(connection), approval) for approval in asked)
        return [
            PendingApproval(incident, approval)
            for incident, approval in both
            if incident is not None and incident.state is State.AWAITING_APPROVAL
        ]

    return query


def budgets_in_use(memory: GateMemory, settings: GateSettings, now: Moment) -> Query[Sequence[Use]]:
    """List every budget of which something is used."""
    return lambda connection: uses(memory.runs()(connection), now, settings.runs_per_day)
