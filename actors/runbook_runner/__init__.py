"""Runbook runner: works a fix through to a verified end.

Receives  ExecuteRunbook, one at a time for a host (the role's lanes)
Sends     nothing: what it decides stands in the journal, and the journal tells the others
Keeps     intents, through the journal
When it falls  an intent stays `started`.  The next life looks at the host before it does
          anything, acts at most once more, and only where the runbook is idempotent
"""

from actors.runbook_runner.actor import Repertoire, RunbookRunnerActor
from actors.runbook_runner.commands import Command, Order, Phase, ServiceOrder
from actors.runbook_runner.core import Captured, NoOutcome
from actors.runbook_runner.hands import Hands, Host
from actors.runbook_runner.record import Ledgers

__all__ = [
    "Captured",
    "Command",
    "Hands",
    "Host",
    "Ledgers",
    "NoOutcome",
    "Order",
    "Phase",
    "Repertoire",
    "RunbookRunnerActor",
    "ServiceOrder",
]
