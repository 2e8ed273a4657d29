"""How a plan that proved itself becomes a rule: its stages, and where one stands."""

import enum

import attrs

from actors.messages.incident import Mode


class Stage(enum.StrEnum):
    """How far a proven plan has come.  Which step follows which says the flywheel's core."""

    PROPOSED = "proposed"
    """Its attempts are proof enough; a person is asked to sign."""
    SHADOW = "shadow"
    """A rule that is in force in audit mode: it says what it would do."""
    CANARY = "canary"
    """A rule that heals, one host an hour."""
    ACTIVE = "active"
    """A rule like any other, until it expires."""
    RETIRED = "retired"
    """No rule: turned down, demoted or expired.  New proof may have it proposed again."""


@attrs.frozen
class Standing:
    """Where a promotion stands after a command; what a person is answered."""

    pattern_id: str
    rule_id: str
    stage: Stage
    mode: Mode
    """What the rule may do once it heals."""
    reason: str = ""
    """Why it is retired: a code in snake_case."""
    in_force: bool = False
    """Whether its rule was found in force, and decides what it is for."""


@attrs.frozen
class ReviewPromotions:
    """An attempt was counted, a rule decided, or a time is over: look at all promotions."""
