"""L1 evaluator: decides which rule, if any, an event meets, and says why."""

from actors.l1_evaluator.engine import InvalidRuleError, RuleSet, UnknownRuleError
from actors.l1_evaluator.explanation import Answer, Explanation, NearMiss, WhyNot

__all__ = [
    "Answer",
    "Explanation",
    "InvalidRuleError",
    "NearMiss",
    "RuleSet",
    "UnknownRuleError",
    "WhyNot",
]
