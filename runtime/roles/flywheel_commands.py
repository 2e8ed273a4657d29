"""What a person may say about a plan that became, or may become, a rule."""

from collections.abc import Mapping

import attrs

from actors.flywheel import FlywheelCommand, pattern_id_of
from actors.messages import Mode
from actors.messages.promotion import ReviewPromotions, Standing
from actors.requests import ApprovePromotion, DemoteRule, RejectPromotion
from runtime.mailbox import Post
from runtime.roles.control import Body, Change, MissingArgumentError, text

Told = dict[str, object]


@attrs.frozen
class FlywheelCommands:
    """Obeys operators: each verb becomes a request to the flywheel."""

    post: Post[ReviewPromotions | FlywheelCommand]

    def changes(self) -> Mapping[tuple[str, str], Change]:
        """Map noun and verb to what they do."""
        return {
            ("flywheel", "approve"): self._approve,
            ("flywheel", "reject"): self._reject,
            ("flywheel", "demote"): self._demote,
        }

    async def _approve(self, body: Body) -> Told:
        pattern_id, who, reason = _signed(body)
        wish = ApprovePromotion(pattern_id, _mode(body), who, reason)
        return _told(await wish.ask(self.post))

    async def _reject(self, body: Body) -> Told:
        return _told(await RejectPromotion(*_signed(body)).ask(self.post))

    async def _demote(self, body: Body) -> Told:
        return _told(await DemoteRule(*_signed(body)).ask(self.post))


def _signed(body: Body) -> tuple[str, str, str]:
    return pattern_id_of(text(body, "id")), text(body, "who"), text(body, "reason")


def _mode(body: Body) -> Mode:
    word = text(body, "mode", Mode.APPROVE.value)
    if word not in (Mode.APPROVE, Mode.AUTO):
        raise MissingArgumentError("mode", "approve or auto")
    return Mode(word)


def _told(standing: Standing) -> Told:
    return {
        "id": standing.pattern_id,
        "rule": standing.rule_id,
        "stage": standing.stage,
        "mode": standing.mode,
        "reason": standing.reason,
        "in_force": standing.in_force,
    }
