"""The flywheel as an actor: reviews promotions, and obeys the people who sign them."""

from collections.abc import Awaitable, Mapping
from typing import TypeVar, assert_never

import attrs
import structlog

from actors.flywheel.core import (
    AUTO_BOUND,
    RULE_STAGES,
    Promotion,
    entering,
    may_be_proposed,
    next_stage,
    shortfalls,
    taken_back,
)
from actors.flywheel.reviews import News
from actors.flywheel.rule_text import rule_file, rule_of
from actors.flywheel.steps import ARIGHT, Hand, PromotionMovedError, Steps
from actors.flywheel.store import Known, Replay, Rulebook
from actors.messages import JSON, Mode, Moment
from actors.messages.promotion import ReviewPromotions, Stage, Standing
from actors.requests import ApprovePromotion, DemoteRule, RejectPromotion
from runtime.clock import Clock
from runtime.errors import ConflictError, InvalidFileError, NotFoundError
from runtime.request import Request
from runtime.store import Store, Write

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="flywheel")

T = TypeVar("T")

FlywheelCommand = ApprovePromotion | RejectPromotion | DemoteRule

_POLICY = Hand(ARIGHT, "flywheel.auto_promote: low_risk")
_PROVEN = Hand(ARIGHT, "its attempts prove it, and a replay agrees")


@attrs.define
class FlywheelActor:
    """Takes proven plans from stage to stage, and rules that do not hold out of force.

    What is kept comes first, and the rule files follow it: whatever a crash leaves undone, the
    next review does.
    """

    store: Store
    steps: Steps
    rulebook: Rulebook
    clock: Clock
    news: News

    async def handle(self, message: ReviewPromotions | FlywheelCommand) -> None:
        """Review all promotions, or obey one command."""
        match message:
            case ReviewPromotions():
                await self._review()
            case ApprovePromotion():
                await _answered(message, self._approve(message))
            case RejectPromotion():
                await _answered(message, self._reject(message))
            case DemoteRule():
                await _answered(message, self._demote_for(message))
            case _:
                assert_never(message)

    # What goes on by itself.

    async def _review(self) -> None:
        for known in await self.store.read(self.steps.memory.to_review()):
            try:
                await self._look_at(known)
            except PromotionMovedError:  # by a verdict; then there is news, and another review
                self._log("promotion_moved_on", known)
        await self._lay()

    async def _look_at(self, known: Known) -> None:
        promotion = known.promotion
        if promotion is None or promotion.stage is Stage.RETIRED:
            await self._propose(known)
        elif promotion.stage is Stage.PROPOSED:
            await self._sign_by_policy(known, promotion)
        else:
            await self._look_after(known, promotion)

    async def _propose(self, known: Known) -> None:
        if may_be_proposed(known.promotion, known.record, Mode.APPROVE, self.steps.settings):
            promotion = await self._commit(self.steps.propose(known, Mode.APPROVE, self._now()))
            self._log("promotion_proposed", known)
            await self._sign_by_policy(attrs.evolve(known, promotion=promotion), promotion)

    async def _sign_by_policy(self, known: Known, promotion: Promotion) -> None:
        """Sign a plan of low risk where the site lets us, once the higher bound is reached."""
        if not self.steps.settings.auto_promote or known.record.tally.lower_bound < AUTO_BOUND:
            return
        if not self.rulebook.low_risk(known.pattern.runbook_id):
            return
        try:
            await self._sign(known, promotion, Mode.AUTO, _POLICY)
        except PromotionMovedError:
            raise
        except ConflictError as conflict:  # a person may still sign it with another mode
            self._log("promotion_not_signed", known, error=str(conflict))

    async def _look_after(self, known: Known, promotion: Promotion) -> None:
        settings, now = self.steps.settings, self._now()
        reason = taken_back(promotion, known.record, now, settings)
        if reason is not None:
            await self._demote(known, promotion, reason)
            return
        if promotion.in_force != self.rulebook.version:
            await self._bring_into_force(known, promotion)
            return
        decided = 0
        if promotion.stage is Stage.SHADOW:
            decided = await self.rulebook.decided(known.pattern, promotion.since)
        stage = next_stage(promotion, known.record, decided, settings)
        if stage is not None:
            after = entering(promotion, stage, known.record, now, settings)
            await self._advance(known, promotion, after)

    async def _advance(self, known: Known, promotion: Promotion, after: Promotion) -> None:
        file = await self._file(known, after)
        replay = await self._replay(known, file)
        if not replay.agrees:
            await self._demote(known, promotion, "replay_disagrees", replay.numbers())
            return
        await self._enter(known, after, "advanced", file, _PROVEN, replay.numbers())
        await self._bring_into_force(attrs.evolve(known, promotion=after), after)

    async def _bring_into_force(self, known: Known, promotion: Promotion) -> None:
        """Have its rule loaded, and take it back where it then does not decide what it is for."""
        file = await self.store.read(self.steps.memory.rule_file(known.pattern.id))
        if not await self._lay():
            return  # of the file that hinders it a ticket tells; it is tried again
        replay = await self._replay(known, file)
        if replay.agrees and replay.loaded:
            after = attrs.evolve(promotion, in_force=replay.version)
            hand = Hand(ARIGHT, "the rule set that is in force decides by it")
            await self._enter(known, after, "in_force", file, hand, replay.numbers())
            return
        reason = "replay_disagrees" if replay.loaded else "not_loaded"
        await self._demote(known, promotion, reason, replay.numbers())

    async def _demote(
        self,
        known: Known,
        promotion: Promotion,
        reason: str,
        found: Mapping[str, JSON] | None = None,
    ) -> None:
        now, hand = self._now(), Hand(ARIGHT, "it did not keep what it promised")
        retire = self.steps.retire(known, promotion, "demoted", reason, hand, now, found)
        await self._commit(self.steps.told(retire, now))
        self._log("rule_demoted", known, reason=reason)
        await self._lay()

    # What people order.

    async def _approve(self, command: ApprovePromotion) -> Standing:
        known = await self._known(command.pattern_id)
        promotion, hand = known.promotion, Hand(command.who, command.reason)
        if command.mode is Mode.AUDIT:
            raise ConflictError("a promoted rule heals: its mode is approve or auto")
        match promotion:
            case Promotion(stage=Stage.PROPOSED):
                await self._sign(known, promotion, command.mode, hand)
            case Promotion(stage=Stage.ACTIVE):
                await self._renew(known, promotion, command.mode, hand)
            case Promotion(stage=Stage.SHADOW | Stage.CANARY):
                raise ConflictError(f"{known.pattern.id} is signed, and in {promotion.stage} now")
            case _:
                missing = "; ".join(shortfalls(known.record, command.mode, self.steps.settings))
                why = missing or "it was retired, and needs 30 clean attempts made since"
                raise ConflictError(f"{known.pattern.id} is not proposed: {why}")
        return await self._standing(known.pattern.id)

    async def _sign(self, known: Known, promotion: Promotion, mode: Mode, hand: Hand) -> None:
        await self._sign_for(known, promotion, Stage.SHADOW, mode, "approved", hand)

    async def _renew(self, known: Known, promotion: Promotion, mode: Mode, hand: Hand) -> None:
        await self._sign_for(known, promotion, Stage.ACTIVE, mode, "renewed", hand)

    async def _sign_for(  # noqa: PLR0913, PLR0917  # all that a signature says
        self,
        known: Known,
        promotion: Promotion,
        stage: Stage,
        mode: Mode,
        what: str,
        hand: Hand,
    ) -> None:
        if missing := shortfalls(known.record, mode, self.steps.settings):
            raise ConflictError(f"{known.pattern.id} is not proven: {'; '.join(missing)}")
        signed = attrs.evolve(promotion, mode=mode)
        after = entering(signed, stage, known.record, self._now(), self.steps.settings)
        file = await self._file(known, after)
        replay = await self._replay(known, file)
        if not replay.agrees:
            told = "; ".join(replay.disagreements) or "no stored incident is decided by it"
            raise ConflictError(f"a replay does not agree: {told}")
        await self._enter(known, after, what, file, hand, replay.numbers())
        await self._bring_into_force(attrs.evolve(known, promotion=after), after)

    async def _reject(self, command: RejectPromotion) -> Standing:
        known = await self._known(command.pattern_id)
        promotion = known.promotion
        if promotion is None or promotion.stage is not Stage.PROPOSED:
            standing = "not proposed" if promotion is None else promotion.stage
            raise ConflictError(f"{known.pattern.id} is {standing}: there is nothing to turn down")
        hand = Hand(command.who, command.reason)
        now = self._now()
        await self._commit(self.steps.retire(known, promotion, "rejected", "rejected", hand, now))
        return await self._standing(known.pattern.id)

    async def _demote_for(self, command: DemoteRule) -> Standing:
        known = await self._known(command.pattern_id)
        promotion = known.promotion
        if promotion is None or promotion.stage not in RULE_STAGES:
            raise ConflictError(f"{known.pattern.id} has no rule in force")
        hand = Hand(command.who, command.reason)
        now = self._now()
        await self._commit(self.steps.retire(known, promotion, "demoted", "demoted", hand, now))
        await self._lay()
        return await self._standing(known.pattern.id)

    # What they share.

    async def _enter(  # noqa: PLR0913, PLR0917  # all that a step says
        self,
        known: Known,
        after: Promotion,
        what: str,
        file: str,
        hand: Hand,
        found: Mapping[str, JSON],
    ) -> None:
        await self._commit(self.steps.enter(known, after, what, file, hand, found, self._now()))
        self._log("promotion_changed", known, kind=what, state=after.stage)

    async def _lay(self) -> bool:
        """Have the rule files stand that must, and load them; say whether that was possible."""
        files = await self.store.read(self.steps.memory.rule_files())
        try:
            await self.rulebook.put_in_force(files)
        except InvalidFileError as error:
            log.error("rules_not_loaded", path=error.path, error=error.problem)  # noqa: TRY400  it was told where it stands
            return False
        return True

    async def _file(self, known: Known, promotion: Promotion) -> str:
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

    async def _replay(self, known: Known, file: str) -> Replay:
        tried = await self.store.read(self.steps.memory.justifying(known.pattern.id))
        return await self.rulebook.replay(known.pattern, file, tried)

    async def _known(self, pattern_id: str) -> Known:
        return await self.store.read(self.steps.memory.get(pattern_id))

    async def _standing(self, pattern_id: str) -> Standing:
        known = await self._known(pattern_id)
        promotion = known.promotion
        if promotion is None:
            raise NotFoundError("promotion", pattern_id)
        return Standing(
            pattern_id,
            known.pattern.rule_id,
            promotion.stage,
            promotion.mode,
            promotion.reason,
            in_force=bool(promotion.in_force),
        )

    async def _commit(self, write: Write[T]) -> T:
        self.news.tell()  # once it is durable
        [result] = await self.store.commit(write)
        return result

    def _now(self) -> Moment:
        return Moment.read(self.clock)

    def _log(self, event: str, known: Known, **more: str) -> None:
        pattern = known.pattern
        log.info(
            event,
            rule_id=pattern.rule_id,
            check=pattern.check,
            runbook_id=pattern.runbook_id,
            **more,
        )


async def _answered(command: Request[Standing], obeying: Awaitable[Standing]) -> None:
    try:
        command.reply(await obeying)
    except (ConflictError, NotFoundError) as refusal:
        command.fail(refusal)
