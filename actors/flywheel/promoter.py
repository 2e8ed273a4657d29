"""What every step of a promotion takes: it is kept, its file laid, and the rules are asked."""

from collections.abc import Mapping
from typing import TypeVar

import attrs
import structlog

from actors.flywheel.core import Promotion
from actors.flywheel.reviews import News
from actors.flywheel.rule_text import rule_file, rule_of
from actors.flywheel.steps import ARIGHT, Hand, Steps
from actors.flywheel.store import Known, Replay, Rulebook
from actors.messages import JSON, Moment
from runtime.clock import Clock
from runtime.errors import InvalidFileError
from runtime.store import Store, Write

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="flywheel")

T = TypeVar("T")

_PROVEN = Hand(ARIGHT, "its attempts prove it, and a replay agrees")


@attrs.define
class Promoter:
    """Takes promotions from stage to stage, as they are told to."""

    store: Store
    steps: Steps
    rulebook: Rulebook
    clock: Clock
    news: News

    async def advance(self, known: Known, promotion: Promotion, after: Promotion) -> None:
        """Let a rule into the next stage, or take it back where a replay disagrees."""
        file = await self.file(known, after)
        replay = await self.replay(known, file)
        if not replay.agrees:
            await self.demote(known, promotion, "replay_disagrees", replay.numbers())
            return
        await self.enter(known, after, "advanced", file, _PROVEN, replay.numbers())
        await self.bring_into_force(attrs.evolve(known, promotion=after), after)

    async def bring_into_force(self, known: Known, promotion: Promotion) -> None:
        """Have its rule loaded, and take it back where it then does not decide what it is for."""
        file = await self.store.read(self.steps.memory.rule_file(known.pattern.id))
        if not await self.lay():
            return  # of the file that hinders it a ticket tells; it is tried again
        replay = await self.replay(known, file)
        # Of an old rule no incident may be left on which it was tried: nothing speaks against it.
        if replay.loaded and not replay.disagreements:
            after = attrs.evolve(promotion, in_force=replay.version)
            hand = Hand(ARIGHT, "the rule set that is in force decides by it")
            await self.enter(known, after, "in_force", file, hand, replay.numbers())
            return
        reason = "replay_disagrees" if replay.loaded else "not_loaded"
        await self.demote(known, promotion, reason, replay.numbers())

    async def demote(
        self,
        known: Known,
        promotion: Promotion,
        reason: str,
        found: Mapping[str, JSON] | None = None,
    ) -> None:
        """Take a rule out of force, and tell a person."""
        now, hand = self.now(), Hand(ARIGHT, "it did not keep what it promised")
        retire = self.steps.retire(known, promotion, "demoted", reason, hand, now, found)
        await self.commit(self.steps.told(retire, now))
        self.log("rule_demoted", known, reason=reason)
        await self.lay()

    async def enter(  # noqa: PLR0913, PLR0917  # all that a step says
        self,
        known: Known,
        after: Promotion,
        what: str,
        file: str,
        hand: Hand,
        found: Mapping[str, JSON],
    ) -> None:
        """Keep that a promotion stands where it now stands, with its rule file."""
        await self.commit(self.steps.enter(known, after, what, file, hand, found, self.now()))
        self.log("promotion_changed", known, kind=what, state=after.stage)

    async def lay(self) -> bool:
        """Have the rule files stand that must, and load them; say whether that was possible."""
        files = await self.store.read(self.steps.memory.rule_files())
        try:
            await self.rulebook.put_in_force(files)
        except InvalidFileError as error:
            log.error("rules_not_loaded", path=error.path, error=error.problem)  # noqa: TRY400  it was told where it stands
            return False
        return True

    async def file(self, known: Known, promotion: Promotion) -> str:
        """Spell the rule file of a promotion."""
        pattern, record = known.pattern, known.record
        samples = await self.store.read(self.steps.memory.samples(pattern.id))
        rule = rule_of(pattern, promotion, samples, self.rulebook.decides())
        tally = record.tally
        proof = f"{tally.healed} of {tally.attempts} attempts healed on {record.hosts} hosts"
        remarks = [
            f"Written by Aright in the stage {promotion.stage}: {proof}.",
            f"Not to be changed by hand: aright flywheel show {pattern.id}, or demote.",
        ]
        return rule_file(rule, remarks)

    async def replay(self, known: Known, file: str) -> Replay:
        """Put the stored incidents before the rules, with that of a file in them."""
        tried = await self.store.read(self.steps.memory.justifying(known.pattern.id))
        return await self.rulebook.replay(known.pattern, file, tried)

    async def commit(self, write: Write[T]) -> T:
        """Commit one write; what follows from it is looked at afterwards."""
        [result] = await self.store.commit(write)
        # Told only now: a commit of somebody else would take it for its own.
        self.news.tell()
        self.news.committed()
        return result

    def now(self) -> Moment:
        """Read the clocks."""
        return Moment.read(self.clock)

    def log(self, event: str, known: Known, **more: str) -> None:
        """Say what happened to a promotion."""
        pattern = known.pattern
        log.info(
            event,
            rule_id=pattern.rule_id,
            check=pattern.check,
            runbook_id=pattern.runbook_id,
            **more,
        )
