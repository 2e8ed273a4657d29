"""What the drift receiver needs remembered: which agents there are, and what they say of hosts."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from actors.drift_receiver.core import Agent
from actors.drift_receiver.inventory import Inventory, RmmTool
from actors.drift_receiver.terms import Tier
from runtime.store import Query, Write


class Agents(Protocol):
    """The agents that registered; one for a host, whatever the case of its name."""

    def all(self) -> Query[Sequence[Agent]]:
        """List them by hostname."""
        ...

    def register(self, agent: Agent, inventory: Inventory) -> Write[Agent]:
        """Keep an agent, as it is and was told.

        One whose host is known keeps its id, the time it registered first, the counts of its last
        heartbeat, and what a person lets it do.
        """
        ...

    def seen(self, agent: Agent) -> Write[None]:
        """Note a heartbeat: when, the counts, and the version."""
        ...

    def limit(self, host: str, most: Tier, at: dt.datetime, who: str, reason: str) -> Write[Agent]:
        """Set what a person lets the agent of a host do, and keep who said so and why.

        The write raises NotFoundError for a host whose agent has not registered.
        """
        ...

    def may_heal(self, host: str) -> Query[bool]:
        """Say whether the agent of a host was told that it may heal, and a person lets it."""
        ...

    def found(self, host: str, tools: Sequence[RmmTool], at: dt.datetime) -> Write[None]:
        """Replace the tools for remote management of a host; one that stays keeps its first day."""
        ...
