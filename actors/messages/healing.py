"""What an agent is told to heal, and what it says of that."""

from collections.abc import Mapping

import attrs

from actors.messages.moment import Moment


@attrs.frozen
class HealOrder:
    """One command of a closed table to the agent of a host; given out until it is confirmed."""

    id: str
    """The same for every delivery, and for a retry: an agent may know it again."""
    host: str
    check_type: str
    """In the agent's own words."""
    action: str
    params: Mapping[str, str]
    timeout_s: float
    deadline: Moment
    """After it, the order is given to nobody."""


@attrs.frozen
class HealReport:
    """An agent confirmed an order.  It says nothing about the drift: only a check does."""

    success: bool
