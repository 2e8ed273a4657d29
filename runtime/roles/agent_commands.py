"""What an operator may change about agents: each verb of the control socket."""

from collections.abc import Mapping

import attrs

from actors.drift_receiver import Fleet, Tier
from runtime.roles.control import Body, Change, MissingArgumentError, text, words


@attrs.frozen
class AgentCommands:
    """Obeys operators in what concerns agents."""

    fleet: Fleet

    def changes(self) -> Mapping[tuple[str, str], Change]:
        """Map noun and verb to what they do."""
        return {("agent", "tier"): self._tier}

    async def _tier(self, body: Body) -> dict[str, object]:
        wish = text(body, "tier")
        if wish not in set(Tier):
            raise MissingArgumentError("tier", f"one of {', '.join(Tier)}")
        agent = await self.fleet.limit(
            words(body, "host"),
            Tier(wish),
            who=words(body, "who"),
            reason=words(body, "reason"),
        )
        tier = self.fleet.terms(agent.most).tier
        return {"host": agent.hostname, "tier": tier, "told": agent.told_tier, "most": agent.most}
