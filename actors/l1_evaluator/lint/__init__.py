"""Lint: which rules can never decide, and why; found by asking the rule set that decides.

For each rule an event is sought that it decides.  Where the rule set gives the event to another
rule, that rule is kept out by breaking one of its conditions, and so on, until the rule itself
wins or every way is closed.  The answers are three: it can decide, it never can, or nobody knows.
"""

from actors.l1_evaluator.lint.findings import Finding
from actors.l1_evaluator.lint.report import Report, lint

__all__ = ["Finding", "Report", "lint"]
