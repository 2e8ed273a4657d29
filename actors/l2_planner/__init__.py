"""L2 planner: where no rule fits, a model may choose a runbook from a closed list, or abstain.

The model has no authority: `judge` decides what may be done with its answer, and an accepted plan
still passes the safety gate and the runner's own detect as any other fix does.
"""

from actors.l2_planner.closed_catalogue import Choice, ClosedCatalogue, Slot, SlotType
from actors.l2_planner.core import IncidentFacts, Judgement, Ruling, judge
from actors.l2_planner.decision import L2Decision, decision_of

__all__ = [
    "Choice",
    "ClosedCatalogue",
    "IncidentFacts",
    "Judgement",
    "L2Decision",
    "Ruling",
    "Slot",
    "SlotType",
    "decision_of",
    "judge",
]
