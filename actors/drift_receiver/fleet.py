"""The agents that registered, by heart and on disk: who they are, and what they may do.

An agent may heal while three agree: the site, a person, and what the agent itself was told last.
One that was told less than it may do now, or more, is asked to register again.
"""

import attrs
import structlog
import trio

from actors.drift_receiver.core import Agent, ReceiverSettings
from actors.drift_receiver.inventory import Inventory, RmmTool
from actors.drift_receiver.store import Agents
from actors.drift_receiver.terms import Terms, Tier
from runtime.by_heart import commit_and_learn
from runtime.clock import Clock
from runtime.hosts.grpc import Caller
from runtime.store import Query, Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="drift_receiver")


@attrs.define
class Fleet:
    """All agents of a site; `load` before agents are served."""

    settings: ReceiverSettings
    store: Store
    agents: Agents
    clock: Clock
    _by_id: dict[str, Agent] = attrs.field(factory=dict[str, Agent], init=False)
    """All of them: each event asks for the platform of its agent."""
    _by_host: dict[str, Agent] = attrs.field(factory=dict[str, Agent], init=False)
    """By host, case-folded."""
    _limiting: trio.Lock = attrs.field(factory=trio.Lock, init=False)

    async def load(self) -> None:
        """Recall the agents that registered in an earlier life."""
        for agent in await self.store.read(self.agents.all()):
            self._learn(agent)

    def agent(self, agent_id: str) -> Agent | None:
        """Give an agent by its id."""
        return self._by_id.get(agent_id)

    def on(self, host: str) -> Agent | None:
        """Give the agent of a host."""
        return self._by_host.get(host.casefold())

    def called(self, identity: str) -> str:
        """Spell the host of a certificate as everything else here does."""
        own = self._by_host.get(identity)
        return identity if own is None else own.hostname

    def foreign(self, caller: Caller, agent_id: str, host: str) -> str | None:
        """Say why a caller may not speak for an agent and a host; None if it may.

        Who shows no certificate may: somebody let it in.  An empty id or host claims nothing.
        """
        identity = caller.identity
        if not identity:
            return None
        # Folded, a letter outside ASCII may be one within: the Kelvin sign is a k.
        if host and not (host.isascii() and host.casefold() == identity):
            return "hostname is not that of the certificate"
        own = self._by_host.get(identity)
        if agent_id and (own is None or own.id != agent_id):
            return "agent_id is not that of the certificate's host: register"
        return None

    # What agents may do.

    def terms(self, most: Tier) -> Terms:
        """Say what an agent is told that a person lets do so much."""
        settings = self.settings
        tier = settings.tier.capped(most)
        return Terms(settings.interval_s, settings.enabled_checks, tier, settings.check_config)

    def outdated(self, agent: Agent) -> bool:
        """Say whether an agent would be told something else if it registered now."""
        return agent.told != self.terms(agent.most).digest

    def may_heal(self, host: str) -> bool:
        """Say whether the agent of a host may be sent commands."""
        agent = self.on(host)
        return agent is not None and (
            self.settings.tier.capped(agent.most).capped(agent.told_tier) is Tier.SELF_HEAL
        )

    def reaches(self, host: str) -> Query[bool]:
        """Say the same from the disk: also before `load`."""
        lets = self.agents.may_heal(host)
        return lambda connection: self.settings.tier is Tier.SELF_HEAL and lets(connection)

    async def limit(self, host: str, most: Tier, *, who: str, reason: str) -> Agent:
        """Set what a person lets the agent of a host do; it holds at once.

        Raises:
            NotFoundError: the agent of this host has not registered.
            StoreError: it was not kept.
        """
        async with self._limiting:  # the last one on disk is then also the last one by heart
            change = self.agents.limit(host, most, self.clock.now(), who, reason)
            kept = await commit_and_learn(
                self.store,
                change,
                lambda kept: self._learn(attrs.evolve(self._by_id.get(kept.id, kept), most=most)),
            )
        agent = self._by_id[kept.id]
        log.info("agent_tier_set", agent_id=agent.id, host=agent.hostname, reason=most.value)
        return agent

    # What agents say.

    async def register(self, newcomer: Agent, inventory: Inventory) -> tuple[Agent, Terms]:
        """Keep an agent and what it is told; one whose host is known keeps its id.

        Raises:
            StoreError: it was not kept.
        """
        known = self.on(newcomer.hostname)
        terms = self.terms(known.most if known else newcomer.most)
        told = attrs.evolve(newcomer, told=terms.digest, told_tier=terms.tier)
        [agent] = await self.store.commit(self.agents.register(told, inventory))
        # What a person said while this was being stored holds: `limit` alone learns of it.
        current = self._by_id.get(agent.id, agent)
        agent = attrs.evolve(agent, most=current.most)
        self._learn(agent)
        return agent, terms

    async def seen(self, agent: Agent, *, drifts: int, healings: int, version: str) -> None:
        """Note a heartbeat.

        Raises:
            StoreError: it was not kept.
        """
        agent = attrs.evolve(
            agent,
            last_seen=self.clock.now(),
            drift_count=drifts,
            healing_count=healings,
            version=version or agent.version,
        )
        self._learn(agent)
        await self.store.commit(self.agents.seen(agent))

    async def found(self, agent: Agent, tools: tuple[RmmTool, ...]) -> None:
        """Keep which tools for remote management an agent found, in place of those before.

        Raises:
            StoreError: they were not kept.
        """
        await self.store.commit(self.agents.found(agent.hostname, tools, self.clock.now()))

    def _learn(self, agent: Agent) -> None:
        self._by_id[agent.id] = agent
        self._by_host[agent.hostname.casefold()] = agent
