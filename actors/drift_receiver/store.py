"""What the drift receiver needs remembered: which agents there are."""

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from actors.drift_receiver.core import Agent
from runtime.store import Query, Write


class Agents(Protocol):
    """The agents that registered; one for a host, whatever the case of its name."""

    def all(self) -> Query[Sequence[Agent]]:
        """List them by hostname."""
        ...

    def register(self, agent: Agent) -> Write[Agent]:
        """Keep an agent; one whose host is known keeps its id and the time it registered first."""
        ...

    def seen(self, agent_id: str, at: dt.datetime, drift_count: int) -> Write[None]:
        """Note a heartbeat."""
        ...
