"""A bulletin as a message of Slack, in Block Kit.

What a host or a person wrote stands in `plain_text` alone, where nothing is a link or a mention.

Source: docs.slack.dev, Block Kit: blocks, composition objects; chat.postMessage; chat.update.
"""

from typing import LiteralString

from actors.escalator.bulletin import Bulletin
from actors.escalator.ticket import TicketState
from runtime.scrub import Code, Scrubbed, Template, joined, ours

ACK = "aright_ack"
APPROVE = "aright_approve"
REJECT = "aright_reject"

_HEADER = 150
_SECTION = 3000
_FIELD = 2000
_BUTTON_URL = 3000
_FIELDS = 10
"""What Block Kit takes at most."""


def message(bulletin: Bulletin, *, acks: bool, approves: bool) -> dict[str, Template]:
    """Give text and attachment of a message.

    Args:
        bulletin: what is told.
        acks: whether a click is heard, so that there may be a button to acknowledge.
        approves: whether clicks may also approve and reject fixes.
    """
    blocks = list(_blocks(bulletin))
    if buttons := list(_buttons(bulletin, acks=acks, approves=approves)):
        blocks.append({"type": ours("actions"), "elements": buttons})
    if context := _context(bulletin):
        blocks.append({"type": ours("context"), "elements": context})
    colour = joined(ours("#"), bulletin.colour)
    return {
        "text": _fallback(bulletin),
        "attachments": [{"color": colour, "blocks": blocks}],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _fallback(bulletin: Bulletin) -> Scrubbed:
    """Say it where no blocks are shown: in a notification.  Markup counts there, so it is none."""
    parts = [bulletin.news, ours(" - "), bulletin.headline]
    if bulletin.repeated is not None:
        parts += [ours(" ("), bulletin.repeated, ours(")")]
    return joined(*parts).cut(_SECTION).escaped()


def _blocks(bulletin: Bulletin) -> list[Template]:
    blocks: list[Template] = [
        {"type": ours("header"), "text": _plain(bulletin.headline, _HEADER)},
        _section(joined(bulletin.news, ours(".  "), bulletin.meaning)),
        {
            "type": ours("section"),
            "fields": [
                _plain(joined(ours(label), ours(": "), value), _FIELD)
                for label, value in bulletin.facts[:_FIELDS]
            ],
        },
    ]
    if bulletin.text.text:
        blocks.append(_section(bulletin.text))
    return blocks


def _buttons(bulletin: Bulletin, *, acks: bool, approves: bool) -> list[Template]:
    buttons: list[Template] = []
    if approves and bulletin.asks is not None:
        about = joined(bulletin.ticket_id, ours("/"), bulletin.asks)
        buttons.append({**_button("Approve", APPROVE, about), "style": ours("primary")})
        buttons.append({**_button("Reject", REJECT, about), "style": ours("danger")})
    if acks and bulletin.state is TicketState.OPEN:
        buttons.append(_button("Acknowledge", ACK, joined(bulletin.ticket_id)))
    if bulletin.link is not None:
        url = bulletin.link.cut(_BUTTON_URL)
        text = _plain(ours("Open"), _FIELD)
        buttons.append({"type": ours("button"), "text": text, "url": url})
    return buttons


def _button(text: LiteralString, action: LiteralString, value: Scrubbed) -> dict[str, Template]:
    return {
        "type": ours("button"),
        "action_id": ours(action),
        "text": _plain(ours(text), _FIELD),
        "value": value,
    }


def _context(bulletin: Bulletin) -> list[Template]:
    brand, told = bulletin.brand, list[Template]()
    if brand.logo_url is not None:
        told.append({"type": ours("image"), "image_url": brand.logo_url, "alt_text": brand.name})
    told.append(_plain(brand.name, _FIELD))
    if brand.footer is not None:
        told.append(_plain(brand.footer, _FIELD))
    if bulletin.repeated is not None:
        told.append(_plain(bulletin.repeated, _FIELD))
    return told


def _section(text: Scrubbed) -> Template:
    return {"type": ours("section"), "text": _plain(text, _SECTION)}


def _plain(text: Scrubbed, most: int) -> Template:
    return {"type": ours("plain_text"), "text": text.cut(most), "emoji": False}


def addressed(channel: Code, body: dict[str, Template], receipt: str = "") -> dict[str, Template]:
    """Send a message to a channel, below the one of `receipt`, and let the channel see it there."""
    if not receipt:
        return {"channel": channel, **body}
    _, ts = receipt_parts(receipt)
    return {"channel": channel, "thread_ts": ts, "reply_broadcast": True, **body}


def changed(receipt: str, body: dict[str, Template]) -> dict[str, Template]:
    """Put a message in the place of the one of `receipt`."""
    channel, ts = receipt_parts(receipt)
    return {"channel": channel, "ts": ts, **body}


def receipt_parts(receipt: str) -> tuple[Code, Code]:
    """Take channel and time stamp out of what Slack gave back for a message."""
    channel, _, ts = receipt.partition("/")
    return Code.or_withheld(channel), Code.or_withheld(ts)
