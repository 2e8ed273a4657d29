"""Does what the appliance orders, once."""

from typing import Protocol

import attrs
import structlog
import trio

from actors.endpoint_agent.core import Given, Outcome, Standing, Tier
from actors.endpoint_agent.news import News
from actors.endpoint_agent.store import Commands
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="healer")


class Remedies(Protocol):
    """The closed table of what this agent can heal; the role makes it of the catalogue."""

    async def heal(self, given: Given) -> Outcome:
        """Do it, or say by a code why not; within the time that the command allows."""
        ...


@attrs.define
class Healer:
    """Remembers a command before it acts: one that was begun is never begun again."""

    store: Store
    commands: Commands
    remedies: Remedies
    standing: Standing
    news: News

    async def started(self) -> None:
        """Give up what an earlier life began, and say so."""
        [interrupted] = await self.store.commit(self.commands.interrupt())
        if interrupted:
            log.warning("commands_interrupted", count=interrupted)
            self.news.tell()

    async def handle(self, given: Given) -> None:
        """Take one command."""
        [new] = await self.store.commit(self.commands.take(given))
        if new:
            outcome = await self._outcome(given)
            await self.store.commit(self.commands.finish(given.command_id, outcome))
            self.standing.heals += outcome.success
            log.info(
                "command_done",
                check=given.check_type,
                verdict="done" if outcome.success else "failed",
                reason=outcome.reason,
            )
        self.news.tell()

    async def _outcome(self, given: Given) -> Outcome:
        if self.standing.tier < Tier.SELF_HEAL:
            return Outcome(success=False, reason="monitor_only")
        if trio.current_time() >= given.until:
            return Outcome(success=False, reason="expired")
        return await self.remedies.heal(given)
