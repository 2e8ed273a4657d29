"""L2 planner: where no rule fits, a model may choose a runbook from a closed list, or abstain.

Receives  PlanWanted
Asks      providers of models, over the one door out, within budgets
Sends     FixProposed, with the decision committed, for what `judge` lets stand
Keeps     decisions with what explains them, the spend ledger, answers that may be used again,
          verified fixes of the last hours
Gives     PlanAccounts: what it learns from a verdict, in the runner's commit
Falls     the incident comes again; what was reserved for a call counts as spent

The model has no authority: `judge` decides what may be done with its answer, and an accepted plan
still passes the safety gate and the runner's own detect as any other fix does.

Who attacks plans, or judges them from a file, imports `redteam`, `redteam_file`, `judge_lines` or
`catalogue_file` in it: an appliance does neither.
"""

from actors.l2_planner.accounts import PlanAccounts
from actors.l2_planner.actor import L2PlannerActor
from actors.l2_planner.anthropic_dialect import Messages
from actors.l2_planner.asking import Dialect
from actors.l2_planner.candidates import candidates
from actors.l2_planner.chain import Chain
from actors.l2_planner.closed_catalogue import Choice, ClosedCatalogue, Slot, SlotType
from actors.l2_planner.core import IncidentFacts, Judgement, Ruling, judge
from actors.l2_planner.decision import L2Decision, decision_of
from actors.l2_planner.drift_text import DriftText, drift_text_in, drift_text_of
from actors.l2_planner.ledger import Budgets, Spending, Spent, Use, uses
from actors.l2_planner.offering import SitePolicy, catalogue_of
from actors.l2_planner.ollama_dialect import OllamaChat
from actors.l2_planner.openai_dialect import ChatCompletions
from actors.l2_planner.prices import FREE, Price, paid_price_of
from actors.l2_planner.prompt import Prompt, prompt_for, reply_schema
from actors.l2_planner.provider import Provider
from actors.l2_planner.record import PlanRecord, Try
from actors.l2_planner.settings import PlannerSettings
from actors.l2_planner.sqlite import SqlitePlans
from actors.l2_planner.store import PlanFilter, PlanMemory

__all__ = [
    "FREE",
    "Budgets",
    "Chain",
    "ChatCompletions",
    "Choice",
    "ClosedCatalogue",
    "Dialect",
    "DriftText",
    "IncidentFacts",
    "Judgement",
    "L2Decision",
    "L2PlannerActor",
    "Messages",
    "OllamaChat",
    "PlanAccounts",
    "PlanFilter",
    "PlanMemory",
    "PlanRecord",
    "PlannerSettings",
    "Price",
    "Prompt",
    "Provider",
    "Ruling",
    "SitePolicy",
    "Slot",
    "SlotType",
    "Spending",
    "Spent",
    "SqlitePlans",
    "Try",
    "Use",
    "candidates",
    "catalogue_of",
    "decision_of",
    "drift_text_in",
    "drift_text_of",
    "judge",
    "paid_price_of",
    "prompt_for",
    "reply_schema",
    "uses",
]
