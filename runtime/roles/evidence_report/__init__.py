"""The report for those who answer for compliance: what happened, each line with its statement.

Whoever wants it on paper imports `paper`: the library that makes PDF takes time to load.
"""

from runtime.roles.evidence_report.asking import report_of
from runtime.roles.evidence_report.model import Report
from runtime.roles.evidence_report.page import page

__all__ = ["Report", "page", "report_of"]
