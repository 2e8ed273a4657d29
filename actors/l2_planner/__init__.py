"""L2 planner: where no rule fits, a model may choose a runbook from a closed list, or abstain.

The model has no authority: `judge` decides what may be done with its answer, and an accepted plan
still passes the safety gate and the runner's own detect as any other fix does.
"""

from actors.l2_planner.attacks import Attacks
from actors.l2_planner.candidates import candidates
from actors.l2_planner.catalogue_file import catalogue_in, read_catalogue
from actors.l2_planner.closed_catalogue import Choice, ClosedCatalogue, Slot, SlotType
from actors.l2_planner.core import IncidentFacts, Judgement, Ruling, judge
from actors.l2_planner.decision import L2Decision, decision_of
from actors.l2_planner.drift_text import DriftText, drift_text_in, drift_text_of
from actors.l2_planner.judge_lines import JudgedLine, judge_lines
from actors.l2_planner.offering import SitePolicy, catalogue_of
from actors.l2_planner.prompt import Prompt, prompt_for, reply_schema
from actors.l2_planner.redteam import Outcome, Verdict, attack, sound_answers
from actors.l2_planner.redteam_file import load_attacks

__all__ = [
    "Attacks",
    "Choice",
    "ClosedCatalogue",
    "DriftText",
    "IncidentFacts",
    "JudgedLine",
    "Judgement",
    "L2Decision",
    "Outcome",
    "Prompt",
    "Ruling",
    "SitePolicy",
    "Slot",
    "SlotType",
    "Verdict",
    "attack",
    "candidates",
    "catalogue_in",
    "catalogue_of",
    "decision_of",
    "drift_text_in",
    "drift_text_of",
    "judge",
    "judge_lines",
    "load_attacks",
    "prompt_for",
    "read_catalogue",
    "reply_schema",
    "sound_answers",
]
