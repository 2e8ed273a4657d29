"""What the planner decided for one incident: a runbook of the catalogue, or none."""

import math
from collections.abc import Mapping

import attrs

from actors.l2_planner.core import Judgement, Ruling
from actors.messages import JSON


def _share(_decision: object, field: "attrs.Attribute[float]", value: float) -> None:
    if not (math.isfinite(value) and 0.0 <= value <= 1.0):
        raise ValueError(f"{field.name} {value} is not within 0.0 to 1.0")


@attrs.frozen
class L2Decision:
    """A plan, or the word that there is none; by itself it lets nothing run."""

    runbook_id: str | None = None
    """None: the planner abstains, and a person takes over."""
    reasoning: str = ""
    """Untrusted text: shown escaped, and never given to a model again."""
    confidence: float = attrs.field(default=0.0, validator=_share)
    """0.0 to 1.0."""
    requires_human_review: bool = True
    """Whether a person must say yes first: below 0.7, and wherever the gate says so."""
    pattern_signature: str = ""
    """The kind of drift, for the learning loop; made by us, never by a model."""
    params: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])


def decision_of(judgement: Judgement, signature: str) -> L2Decision:
    """Give what a judged answer decides; a rejected one decides nothing."""
    if judgement.decision is Ruling.REJECT:
        return L2Decision(reasoning=judgement.reasoning, pattern_signature=signature)
    return L2Decision(
        judgement.runbook_id,
        judgement.reasoning,
        judgement.confidence,
        judgement.decision is not Ruling.ACCEPT,
        signature,
        judgement.params,
    )
