"""L2 planner: where no rule fits, a model may choose a runbook from a closed list, or abstain.

The model has no authority: `judge` decides what may be done with its answer, and an accepted plan
still passes the safety gate and the runner's own detect as any other fix does.
"""

from actors.l2_planner.catalogue_file import catalogue_in, read_catalogue
from actors.l2_planner.closed_catalogue import Choice, ClosedCatalogue, Slot, SlotType
from actors.l2_planner.core import IncidentFacts, Judgement, Ruling, judge
from actors.l2_planner.decision import L2Decision, decision_of
from actors.l2_planner.judge_lines import JudgedLine, judge_lines

__all__ = [
    "Choice",
    "ClosedCatalogue",
    "IncidentFacts",
    "JudgedLine",
    "Judgement",
    "L2Decision",
    "Ruling",
    "Slot",
    "SlotType",
    "catalogue_in",
    "decision_of",
    "judge",
    "judge_lines",
    "read_catalogue",
]
