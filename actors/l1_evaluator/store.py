"""What the L1 room needs remembered: cooldowns, and every rule set that ever decided."""

from collections.abc import Sequence
from typing import Protocol

import attrs

from actors.l1_evaluator.cooldown import CooldownWindow
from actors.messages import Moment
from runtime.store import Query, Write


@attrs.frozen
class Claim:
    """A cooldown, and the incident whose decision began it."""

    window: CooldownWindow
    incident_id: str


class L1Store(Protocol):
    """The memory of the L1 room."""

    def remember_rules(self, version: str, content: str, at: Moment) -> Write[None]:
        """Keep a rule set, as JSON, so that `why` can ask it again; once for each version."""
        ...

    def rules_of(self, version: str) -> Query[str | None]:
        """Give the content of a rule set that once decided."""
        ...

    def claim(self, claim: Claim) -> Write[None]:
        """Keep a cooldown, in place of an older one of the same rule and host."""
        ...

    def claims(self) -> Query[Sequence[Claim]]:
        """List the cooldowns that were kept."""
        ...
