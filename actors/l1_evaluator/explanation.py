"""What is said about a decision: why this rule, and why not that one."""

from typing import Literal

import attrs

from actors.catalogue.rules import Condition
from actors.l1_evaluator.questions import Part


@attrs.frozen
class Answer:
    """What one condition of a rule met in the event."""

    part: Part
    condition: Condition
    actual: object
    """The value of the condition's field; None where it is missing."""
    as_wanted: bool
    """Whether this speaks for the rule: a condition of `none_of` does when it does not hold."""


@attrs.frozen
class NearMiss:
    """A rule that nearly matched, or that matched too late."""

    rule_id: str
    failed: Answer | None
    """The first condition that failed; None if all were met, but the winner stands before."""
    met: int
    """How many of its conditions were met."""
    asked: int
    """How many it has."""


@attrs.frozen
class Explanation:
    """Why an event met this rule, or none."""

    version: str
    """The rule set that decided."""
    rule_id: str | None
    answers: tuple[Answer, ...]
    """Every condition of the winner; empty for a catch-all and where no rule matched."""
    nearest: tuple[NearMiss, ...]
    """At most ten other rules, nearest first: those with the fewest unmet conditions."""


WhyNotReason = Literal["wins", "failed", "shadowed", "disabled", "quarantined", "unknown"]


@attrs.frozen
class WhyNot:
    """Why one rule was not the winner."""

    rule_id: str
    reason: WhyNotReason
    failed: Answer | None = None
    """The first condition that failed, for the reason `failed`."""
    winner: str | None = None
    """The rule that matched first, where there is one."""
    quarantined_because: str | None = None
