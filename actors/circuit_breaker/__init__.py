"""Circuit breaker, the safety gate: may this fix run, here and now, this often?

Receives  FixProposed; ApproveFix, RejectFix, ResetBreaker
Asks      the flap suppressor (SuppressionOf)
Sends     ExecuteRunbook, once the incident is `acting`
Keeps     breakers, the runs that budgets count, canaries, approvals
Gives     GateAccounts: what it learns from a verdict, in the runner's commit
Falls     harmlessly: one decision is one commit, and an undecided incident is due again
"""

from actors.circuit_breaker.accounts import GateAccounts
from actors.circuit_breaker.actor import CircuitBreakerActor, GateCommand
from actors.circuit_breaker.breaker import Breaker, BreakerState
from actors.circuit_breaker.budget import Use
from actors.circuit_breaker.gate import Gate
from actors.circuit_breaker.reads import PendingApproval, budgets_in_use, pending_approvals
from actors.circuit_breaker.records import RunbookFacts
from actors.circuit_breaker.settings import GateSettings
from actors.circuit_breaker.sqlite import SqliteGate
from actors.circuit_breaker.store import BreakerLine, GateMemory
from actors.circuit_breaker.window import Window, next_opening

__all__ = [
    "Breaker",
    "BreakerLine",
    "BreakerState",
    "CircuitBreakerActor",
    "Gate",
    "GateAccounts",
    "GateCommand",
    "GateMemory",
    "GateSettings",
    "PendingApproval",
    "RunbookFacts",
    "SqliteGate",
    "Use",
    "Window",
    "budgets_in_use",
    "next_opening",
    "pending_approvals",
]
