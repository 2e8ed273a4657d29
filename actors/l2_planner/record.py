"""What is kept of each decision, and of answers that may be used again."""

import datetime as dt
from collections.abc import Mapping

import attrs

from actors.l2_planner.asking import Tokens
from actors.messages import JSON, Verdict

NO_PLAN = "none"
"""The ruling where there was no answer to judge."""


@attrs.frozen
class Try:
    """One call of a model, or one that was not made."""

    provider: str
    model: str
    outcome: str
    """answered, or the fault."""
    took_ms: int = 0
    cost: int = 0
    """Micro-dollars."""


@attrs.frozen
class PlanRecord:
    """All that explains one decision of the planner."""

    id: str
    incident_id: str
    site: str
    host: str
    check: str
    pattern: str
    made_at: dt.datetime
    ruling: str
    """accept, review, reject, or none where there was no answer to judge."""
    reason: str
    runbook_id: str | None = None
    params: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])
    confidence: float = 0.0
    reasoning: str = ""
    """Text of a model: data, and nothing else."""
    provider: str = ""
    model: str = ""
    prompt_hash: str = ""
    candidates: tuple[str, ...] = ()
    tokens: Tokens | None = None
    cost: int = 0
    """Micro-dollars, of all tries."""
    took_ms: int = 0
    answer_of: str = ""
    """The decision whose answer was used again."""
    tries: tuple[Try, ...] = ()
    verdict: Verdict | None = None
    """Of the fix, once it ended."""


@attrs.frozen
class KeptAnswer:
    """An answer that may be used again: the gate judges it anew each time."""

    pattern: str
    catalogue: str
    """Hash of what the model might choose from."""
    event: str
    """Hash of the very drift; empty where the answer fits any of its kind."""
    output: str = attrs.field(repr=False)
    provider: str
    model: str
    prompt_hash: str
    decision_id: str
    answered_at: dt.datetime
