"""What a site lets the planner do, with units and defaults."""

import attrs

from actors.l2_planner.closed_catalogue import MIN_CONFIDENCE
from actors.l2_planner.ledger import Budgets
from actors.l2_planner.offering import SitePolicy
from actors.messages import Mode

_positive = attrs.validators.gt(0.0)


@attrs.frozen
class PlannerSettings:
    """How long, for how much and how far the planner may go."""

    timeout_s: float = attrs.field(default=30.0, validator=_positive)
    """For one plan, all providers together."""
    mode: Mode = Mode.APPROVE
    """The most that a plan may do by itself; one that a person must see first asks at least."""
    min_confidence: float = MIN_CONFIDENCE
    """Below it a person is asked."""
    budgets: Budgets = attrs.field(factory=Budgets)
    answers_s: float = 24 * 3600.0
    """Seconds for which an answer is used again for drift of its kind; 0 for never."""
    at_once: int = attrs.field(default=4, validator=attrs.validators.ge(1))
    """Kinds of drift that are planned for at the same time."""
    policy: SitePolicy = attrs.field(factory=SitePolicy)
    """What plans may name."""
    days: int = 90
    """For which decisions and spending are kept."""
