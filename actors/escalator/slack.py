"""Slack: by an incoming webhook, or as an app that can also change what it said."""

import json
import re
from typing import cast

import attrs

from actors.escalator.bulletin import Bulletin, Press
from actors.escalator.render_slack import addressed, changed, message
from actors.escalator.ticket import FOLLOW_UPS, Delivery, TicketPage
from runtime.outbound import Call, Outbound, OutboundError
from runtime.scrub import Code, Scrubbed, Template, assemble

_ERROR = re.compile(r"[a-z0-9_]{1,64}")

_GONE = frozenset(
    {"slack_message_not_found", "slack_cant_update_message", "slack_edit_window_closed"}
)
"""Why a message cannot be changed any more, so that another one is written."""


@attrs.frozen
class SlackApi:
    """Asks the Web API of Slack."""

    url: str
    """Without a slash at the end: https://slack.com/api"""
    token: str = attrs.field(repr=False)
    outbound: Outbound

    async def ask(self, method: str, content: Scrubbed | None = None) -> dict[str, object]:
        """Call a method; give what it answered.

        Raises:
            OutboundError: with Slack's own code behind `slack_` where it said that it did not.
        """
        headers = {"Authorization": f"Bearer {self.token}"}
        call = Call(
            "POST",
            f"{self.url}/{method}",
            headers,
            content,
            content_type="application/json; charset=utf-8",
        )
        reply = await self.outbound.exchange(call)
        try:
            answer = cast("object", json.loads(reply.body))
        except (ValueError, RecursionError) as error:
            raise OutboundError(self.url, "bad_answer") from error
        if not isinstance(answer, dict):
            raise OutboundError(self.url, "bad_answer")
        told = cast("dict[str, object]", answer)
        if told.get("ok") is not True:
            code = told.get("error")
            known = isinstance(code, str) and _ERROR.fullmatch(code)
            raise OutboundError(self.url, f"slack_{code}" if known else "bad_answer")
        return told


@attrs.frozen
class Buttons:
    """What people may click; somebody must hear the clicks."""

    acks: bool = False
    approves: bool = False


@attrs.frozen
class SlackWebhookChannel:
    """Posts by an incoming webhook: each telling is a message of its own."""

    name: str
    url: str = attrs.field(repr=False)
    outbound: Outbound
    press: Press
    buttons: Buttons = attrs.field(factory=Buttons)
    marks_repeats: bool = True
    keeps_alerts: bool = False

    async def tell(self, delivery: Delivery, page: TicketPage) -> str:
        """Post the message."""
        body = _message(self.press.bulletin(delivery, page), self.buttons)
        await self.outbound.exchange(Call("POST", self.url, {}, assemble(body), max_reply=0))
        return ""


@attrs.frozen
class SlackAppChannel:
    """Writes as an app: reminders stand below the first message, what came of it stands in it."""

    name: str
    api: SlackApi
    channel: Code
    press: Press
    buttons: Buttons = attrs.field(factory=Buttons)
    marks_repeats: bool = True
    keeps_alerts: bool = False

    async def tell(self, delivery: Delivery, page: TicketPage) -> str:
        """Write the message, or change the first one; give where it stands."""
        bulletin = self.press.bulletin(delivery, page)
        body = _message(bulletin, self.buttons)
        first = next(iter(bulletin.receipts.values()), "")
        if first and delivery.occasion in FOLLOW_UPS:
            try:
                return _receipt(await self.api.ask("chat.update", assemble(changed(first, body))))
            except OutboundError as error:
                if error.reason not in _GONE:
                    raise
        body = addressed(self.channel, body, first)
        return _receipt(await self.api.ask("chat.postMessage", assemble(body)))

    async def whisper(self, channel: Code, user: Code, text: Scrubbed) -> None:
        """Tell one person what came of a click; raises OutboundError."""
        body: dict[str, Template] = {"channel": channel, "user": user, "text": text.escaped()}
        await self.api.ask("chat.postEphemeral", assemble(body))


def _message(bulletin: Bulletin, buttons: Buttons) -> dict[str, Template]:
    return message(bulletin, acks=buttons.acks, approves=buttons.approves)


def _receipt(answer: dict[str, object]) -> str:
    channel, ts = answer.get("channel"), answer.get("ts")
    return f"{channel}/{ts}" if isinstance(channel, str) and isinstance(ts, str) else ""
