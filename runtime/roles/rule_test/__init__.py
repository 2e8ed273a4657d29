"""The tests of rules: examples beside them, and mutants that the examples must notice.

All of it is decided by the rule set that production runs, on the whole set.
"""

from runtime.roles.rule_test.report import Finding, Report, report_on
from runtime.roles.rule_test.subject import Subject

__all__ = ["Finding", "Report", "Subject", "report_on"]
