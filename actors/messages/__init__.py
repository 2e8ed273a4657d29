"""Every message that crosses a mailbox, by subject: frozen, and plain data all the way down."""

from actors.messages.flow import ExecuteRunbook, FixProposed, IncidentToDecide, PlanWanted
from actors.messages.incident import Decision, Fact, Incident, Mode, Move, Plan, Refusal, State
from actors.messages.intent import Intent, IntentState
from actors.messages.json import JSON
from actors.messages.moment import Moment
from actors.messages.observation import (
    Jump,
    Observation,
    Platform,
    Recorded,
    Severity,
    Status,
    Verdict,
)
from actors.messages.stop import Stop, StopKind

__all__ = [
    "JSON",
    "Decision",
    "ExecuteRunbook",
    "Fact",
    "FixProposed",
    "Incident",
    "IncidentToDecide",
    "Intent",
    "IntentState",
    "Jump",
    "Mode",
    "Moment",
    "Move",
    "Observation",
    "Plan",
    "PlanWanted",
    "Platform",
    "Recorded",
    "Refusal",
    "Severity",
    "State",
    "Status",
    "Stop",
    "StopKind",
    "Verdict",
]  # fmt: skip
