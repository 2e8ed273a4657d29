"""L1 evaluator: the first rule that matches decides, and the reason is kept.

Receives  IncidentToDecide
Sends     FixProposed, when the rule names a runbook
Keeps     every rule set that decided, and cooldowns, claimed in the commit of the decision;
          without a rule, or with one that escalates, the incident goes to a person there and then
Falls     the incident comes again and is decided again; cooldowns are taken up from the store
"""

from actors.l1_evaluator.actor import L1Evaluator, RulesInForce
from actors.l1_evaluator.decide_lines import DecidedLine, decide_lines, quarantine_line
from actors.l1_evaluator.engine import InvalidRuleError, RuleSet, UnknownRuleError
from actors.l1_evaluator.event import event_of
from actors.l1_evaluator.explanation import Answer, Explanation, NearMiss, WhyNot
from actors.l1_evaluator.sqlite import SqliteL1Store

__all__ = [
    "Answer",
    "DecidedLine",
    "Explanation",
    "InvalidRuleError",
    "L1Evaluator",
    "NearMiss",
    "RuleSet",
    "RulesInForce",
    "SqliteL1Store",
    "UnknownRuleError",
    "WhyNot",
    "decide_lines",
    "event_of",
    "quarantine_line",
]
