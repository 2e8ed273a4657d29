"""Coverage: keeps account of what was not observed, and says so when it is too much.

Receives  nothing; the journal counts each observation in, within the commit that keeps it
Sends     RecordObservation: a host's answer to the check `observation_coverage`
Keeps     until when each check was heard, the holes in it, lost events, outages of the appliance
Falls     what is heard is counted all the same; the next look says what a lost one would have
"""

from actors.coverage.actor import CHECK, CoverageSettings, Lookout, minutes
from actors.coverage.core import Cause, Span
from actors.coverage.rows import instant
from actors.coverage.sqlite import SCHEMA, SqliteCoverage
from actors.coverage.store import AgentCoverage, CheckCoverage, CoverageReport

__all__ = [
    "CHECK",
    "SCHEMA",
    "AgentCoverage",
    "Cause",
    "CheckCoverage",
    "CoverageReport",
    "CoverageSettings",
    "Lookout",
    "Span",
    "SqliteCoverage",
    "instant",
    "minutes",
]
