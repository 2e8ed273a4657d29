"""L1 evaluator: the first rule that matches decides, and the reason is kept.

Receives  IncidentToDecide
Sends     FixProposed, when the rule names a runbook; PlanWanted, when none fits
Keeps     every rule set that decided, and cooldowns, claimed in the commit of the decision;
          with a rule that escalates, or with none and no planner that has room, the incident goes
          to a person there and then
Falls     the incident comes again and is decided again; cooldowns are taken up from the store
"""

from actors.l1_evaluator.actor import L1Evaluator, RulesInForce
from actors.l1_evaluator.backtest import Comparison, Disagreement, Group, LiveDecision, Replay
from actors.l1_evaluator.decide_lines import (
    DecidedLine,
    NoEventError,
    decide_lines,
    given_event,
    quarantine_line,
)
from actors.l1_evaluator.engine import InvalidRuleError, RuleSet, UnknownRuleError
from actors.l1_evaluator.event import event_in, event_of
from actors.l1_evaluator.explanation import Answer, Explanation, NearMiss, WhyNot
from actors.l1_evaluator.outcome import NO_RULE, Change, Judge, Modes, Outcome, outcome_of
from actors.l1_evaluator.sqlite import SqliteL1Store

__all__ = [
    "NO_RULE",
    "Answer",
    "Change",
    "Comparison",
    "DecidedLine",
    "Disagreement",
    "Explanation",
    "Group",
    "InvalidRuleError",
    "Judge",
    "L1Evaluator",
    "LiveDecision",
    "Modes",
    "NearMiss",
    "NoEventError",
    "Outcome",
    "Replay",
    "RuleSet",
    "RulesInForce",
    "SqliteL1Store",
    "UnknownRuleError",
    "WhyNot",
    "decide_lines",
    "event_in",
    "event_of",
    "given_event",
    "outcome_of",
    "quarantine_line",
]
