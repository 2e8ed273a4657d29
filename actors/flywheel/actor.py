"""The flywheel as an actor: reviews promotions, and obeys the people who sign them."""

from collections.abc import Awaitable
from typing import assert_never

import attrs

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
from actors.flywheel.promoter import Promoter
from actors.flywheel.steps import ARIGHT, Hand, PromotionMovedError
from actors.flywheel.store import Known
from actors.messages import Mode
from actors.messages.promotion import ReviewPromotions, Stage, Standing
from actors.requests import ApprovePromotion, DemoteRule, RejectPromotion
from runtime.errors import ConflictError, NotFoundError
from runtime.request import Request

FlywheelCommand = ApprovePromotion | RejectPromotion | DemoteRule

_POLICY = Hand(ARIGHT, "flywheel.auto_promote: low_risk")


@attrs.define
class FlywheelActor:
    """Takes proven plans from stage to stage, and rules that do not hold out of force.

    What is kept comes first, and the rule files follow it: whatever a crash leaves undone, the
    next review does.
    """

    promoter: Promoter

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
        for known in await self.promoter.store.read(self.promoter.steps.memory.to_review()):
            try:
                await self._look_at(known)
            except PromotionMovedError:  # by a verdict; then there is news, and another review
                self.promoter.log("promotion_moved_on", known)
        await self.promoter.lay()

    async def _look_at(self, known: Known) -> None:
        promotion = known.promotion
        if promotion is None or promotion.stage is Stage.RETIRED:
            await self._propose(known)
        elif promotion.stage is Stage.PROPOSED:
            await self._sign_by_policy(known, promotion)
        else:
            await self._look_after(known, promotion)

    async def _propose(self, known: Known) -> None:
        settings = self.promoter.steps.settings
        if may_be_proposed(known.promotion, known.record, Mode.APPROVE, settings):
            promotion = await self.promoter.commit(
                self.promoter.steps.propose(known, Mode.APPROVE, self.promoter.now())
            )
            self.promoter.log("promotion_proposed", known)
            await self._sign_by_policy(attrs.evolve(known, promotion=promotion), promotion)

    async def _sign_by_policy(self, known: Known, promotion: Promotion) -> None:
        """Sign a plan of low risk where the site lets us, once the higher bound is reached."""
        settings = self.promoter.steps.settings
        if not settings.auto_promote or known.record.tally.lower_bound < AUTO_BOUND:
            return
        if not self.promoter.rulebook.low_risk(known.pattern.runbook_id):
            return
        try:
            await self._sign(known, promotion, Mode.AUTO, _POLICY)
        except PromotionMovedError:
            raise
        except ConflictError as conflict:  # a person may still sign it with another mode
            self.promoter.log("promotion_not_signed", known, error=str(conflict))

    async def _look_after(self, known: Known, promotion: Promotion) -> None:
        settings, now = self.promoter.steps.settings, self.promoter.now()
        reason = taken_back(promotion, known.record, now, settings)
        if reason is not None:
            await self.promoter.demote(known, promotion, reason)
            return
        if promotion.in_force != self.promoter.rulebook.version:
            await self.promoter.bring_into_force(known, promotion)
            return
        decided = 0
        if promotion.stage is Stage.SHADOW:
            decided = await self.promoter.rulebook.decided(known.pattern, promotion.since)
        stage = next_stage(promotion, known.record, decided, settings)
        if stage is not None:
            after = entering(promotion, stage, known.record, now, settings)
            await self.promoter.advance(known, promotion, after)

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
                missing = "; ".join(
                    shortfalls(known.record, command.mode, self.promoter.steps.settings)
                )
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
        if missing := shortfalls(known.record, mode, self.promoter.steps.settings):
            raise ConflictError(f"{known.pattern.id} is not proven: {'; '.join(missing)}")
        signed = attrs.evolve(promotion, mode=mode)
        after = entering(
            signed, stage, known.record, self.promoter.now(), self.promoter.steps.settings
        )
        file = await self.promoter.file(known, after)
        replay = await self.promoter.replay(known, file)
        if not replay.agrees:
            told = "; ".join(replay.disagreements) or "no stored incident is decided by it"
            raise ConflictError(f"a replay does not agree: {told}")
        await self.promoter.enter(known, after, what, file, hand, replay.numbers())
        await self.promoter.bring_into_force(attrs.evolve(known, promotion=after), after)

    async def _reject(self, command: RejectPromotion) -> Standing:
        known = await self._known(command.pattern_id)
        promotion = known.promotion
        if promotion is None or promotion.stage is not Stage.PROPOSED:
            standing = "not proposed" if promotion is None else promotion.stage
            raise ConflictError(f"{known.pattern.id} is {standing}: there is nothing to turn down")
        hand = Hand(command.who, command.reason)
        now = self.promoter.now()
        await self.promoter.commit(
            self.promoter.steps.retire(known, promotion, "rejected", "rejected", hand, now)
        )
        return await self._standing(known.pattern.id)

    async def _demote_for(self, command: DemoteRule) -> Standing:
        known = await self._known(command.pattern_id)
        promotion = known.promotion
        if promotion is None or promotion.stage not in RULE_STAGES:
            raise ConflictError(f"{known.pattern.id} has no rule in force")
        hand = Hand(command.who, command.reason)
        now = self.promoter.now()
        await self.promoter.commit(
            self.promoter.steps.retire(known, promotion, "demoted", "demoted", hand, now)
        )
        await self.promoter.lay()
        return await self._standing(known.pattern.id)

    async def _known(self, pattern_id: str) -> Known:
        return await self.promoter.store.read(self.promoter.steps.memory.get(pattern_id))

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


async def _answered(command: Request[Standing], obeying: Awaitable[Standing]) -> None:
    try:
        command.reply(await obeying)
    except (ConflictError, NotFoundError) as refusal:
        command.fail(refusal)
