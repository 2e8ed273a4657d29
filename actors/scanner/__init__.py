"""Scanner: asks the hosts that it can reach by itself whatever is due, and on demand.

Receives  CheckRun
Sends     RecordObservation, and waits until the answer is durable
Keeps     the schedule, in memory: a fall asks everything anew
Falls     nothing is lost; an answer that could not be recorded is asked again
"""

from actors.scanner.actor import CheckRunActor, Eye, Scanner
from actors.scanner.core import Watch, checks_of, questions

__all__ = ["CheckRunActor", "Eye", "Scanner", "Watch", "checks_of", "questions"]
