"""A bulletin as an Adaptive Card for a Workflows webhook of Microsoft Teams.

What a host or a person wrote stands in text runs alone: they know no markup, text blocks do.

Source: learn.microsoft.com, Teams: incoming webhooks by Workflows; adaptivecards.io, schema 1.4.
"""

from actors.escalator.bulletin import Bulletin
from runtime.scrub import Scrubbed, Template, assemble, joined, ours


def card(bulletin: Bulletin) -> Scrubbed:
    """Spell the message with its card."""
    content: dict[str, Template] = {
        "$schema": ours("http://adaptivecards.io/schemas/adaptive-card.json"),
        "type": ours("AdaptiveCard"),
        "version": ours("1.4"),
        "msteams": {"width": ours("Full")},
        "body": _body(bulletin),
    }
    if bulletin.link is not None:
        content["actions"] = (
            {"type": ours("Action.OpenUrl"), "title": ours("Open"), "url": bulletin.link},
        )
    attachment: dict[str, Template] = {
        "contentType": ours("application/vnd.microsoft.card.adaptive"),
        "contentUrl": None,
        "content": content,
    }
    return assemble({"type": ours("message"), "attachments": (attachment,)})


def _body(bulletin: Bulletin) -> list[Template]:
    brand = bulletin.brand
    body: list[Template] = []
    if brand.logo_url is not None:
        image: dict[str, Template] = {"type": ours("Image"), "url": brand.logo_url}
        body.append({**image, "altText": brand.name, "height": ours("32px")})
    body.append(_line(bulletin.headline, bold=True, large=True))
    body.append(_line(joined(bulletin.news, ours(".  "), bulletin.meaning)))
    body += [_fact(joined(ours(label), ours(": ")), value) for label, value in bulletin.facts]
    if bulletin.text.text:
        body.append(_line(bulletin.text))
    footer = [part for part in (brand.footer, bulletin.repeated) if part is not None]
    body += [_line(part, subtle=True) for part in (brand.name, *footer)]
    return body


def _fact(label: Scrubbed, value: Scrubbed) -> Template:
    return _rich([_run(label, weight=ours("Bolder")), _run(value)])


def _line(
    text: Scrubbed, *, bold: bool = False, large: bool = False, subtle: bool = False
) -> Template:
    looks: dict[str, Template] = {}
    if bold:
        looks["weight"] = ours("Bolder")
    if large:
        looks["size"] = ours("Large")
    if subtle:
        looks["isSubtle"] = True
    return _rich([_run(text, **looks)])


def _rich(inlines: list[Template]) -> Template:
    return {"type": ours("RichTextBlock"), "inlines": inlines}


def _run(text: Scrubbed, **looks: Template) -> Template:
    return {"type": ours("TextRun"), "text": text, **looks}
