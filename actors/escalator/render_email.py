"""A bulletin as a letter by e-mail: subject, plain text and HTML, and the names that thread it."""

from collections.abc import Iterator
from typing import LiteralString

import attrs

from actors.escalator.bulletin import Bulletin
from runtime.scrub import Code, Scrubbed, Template, assemble, joined, ours

_SUBJECT = 200
"""Characters of a subject."""


@attrs.frozen
class LetterParts:
    """What a letter says; who sends it to whom is the shell's."""

    subject: Scrubbed
    text: Scrubbed
    html: Scrubbed
    delivery: Code
    """Names the letter: a repeat has the same `Message-ID`."""
    thread: Code
    """Names the first letter of the ticket."""


def letter(bulletin: Bulletin) -> LetterParts:
    """Write it."""
    return LetterParts(
        subject=_subject(bulletin),
        text=_text(bulletin),
        html=_html(bulletin),
        delivery=bulletin.delivery_id,
        thread=bulletin.ticket_id,
    )


def _subject(bulletin: Bulletin) -> Scrubbed:
    # The same beginning each time, so that programs that thread by subject do so.
    news = bulletin.news.cut(60)
    repeated = ours(" [repeat]") if bulletin.repeat else ours("")
    head = joined(ours("["), bulletin.ticket_id, ours("] "), bulletin.headline)
    return joined(head.cut(_SUBJECT), ours(" - "), news, repeated)


def _text(bulletin: Bulletin) -> Scrubbed:
    return joined(*(joined(line, ours("\n")) for line in _lines(bulletin)))


def _lines(bulletin: Bulletin) -> Iterator[Scrubbed]:
    nothing = ours("")
    yield bulletin.headline
    yield nothing
    yield joined(bulletin.news, ours("."))
    yield bulletin.meaning
    yield nothing
    for label, value in bulletin.facts:
        yield joined(ours(label), ours(": "), value)
    yield from (joined(ours("  "), entry) for entry in bulletin.entries)
    if bulletin.text.text:
        yield nothing
        yield bulletin.text
    yield nothing
    yield joined(ours("Take care of it: aright ticket ack "), bulletin.ticket_id)
    if bulletin.link is not None:
        yield bulletin.link
    if bulletin.repeated is not None:
        yield bulletin.repeated
    yield nothing
    yield bulletin.brand.name
    if bulletin.brand.footer is not None:
        yield bulletin.brand.footer


def _html(bulletin: Bulletin) -> Scrubbed:
    brand = bulletin.brand
    bar = joined(
        ours('<div style="border-left:6px solid #'),
        bulletin.colour,
        ours(';padding:4px 12px;font-family:sans-serif">'),
    )
    logo = ours("")
    if brand.logo_url is not None:
        src, alt = _attribute(brand.logo_url), _attribute(brand.name)
        logo = joined(ours('<img height="32" src='), src, ours(" alt="), alt, ours(">"))
    rows = [
        joined(ours("<tr><th align=left>"), ours(label), ours("</th><td>"), value.escaped(),
               ours("</td></tr>"))
        for label, value in bulletin.facts
    ]  # fmt: skip
    link = ours("")
    if bulletin.link is not None:
        link = joined(ours("<p><a href="), _attribute(bulletin.link), ours(">Open</a></p>"))
    return joined(
        ours("<!doctype html><html><body>"),
        bar,
        logo,
        _element("h2", bulletin.headline),
        _element("p", joined(bulletin.news, ours(". "), bulletin.meaning)),
        ours("<table>"),
        *rows,
        ours("</table>"),
        *(_element("p", entry) for entry in bulletin.entries),
        _element("pre", bulletin.text) if bulletin.text.text else ours(""),
        _element("p", joined(ours("Take care of it: aright ticket ack "), bulletin.ticket_id)),
        link,
        _element("p", bulletin.repeated) if bulletin.repeated is not None else ours(""),
        _element("small", brand.name),
        _element("small", joined(ours(" "), brand.footer)) if brand.footer else ours(""),
        ours("</div></body></html>"),
    )


def _element(name: LiteralString, content: Scrubbed) -> Scrubbed:
    return joined(
        ours("<"), ours(name), ours(">"), content.escaped(), ours("</"), ours(name), ours(">")
    )


def _attribute(value: Scrubbed) -> Scrubbed:
    return joined(ours('"'), value.escaped(quotes=True), ours('"'))


def sendgrid(
    parts: LetterParts, sender: Code, name: Scrubbed, to: tuple[Code, ...], domain: Code
) -> Scrubbed:
    """Spell the letter for SendGrid's v3 Mail Send.

    Source: twilio.com, SendGrid API reference: Mail Send.
    """
    headers: dict[str, Template] = {
        "Message-ID": message_id(parts.delivery, domain),
        "References": message_id(parts.thread, domain),
        "In-Reply-To": message_id(parts.thread, domain),
        "X-Aright-Delivery": parts.delivery,
    }
    return assemble(
        {
            "personalizations": ({"to": tuple({"email": each} for each in to)},),
            "from": {"email": sender, "name": name},
            "subject": parts.subject,
            "content": (
                {"type": ours("text/plain"), "value": parts.text},
                {"type": ours("text/html"), "value": parts.html},
            ),
            "headers": headers,
            "custom_args": {"aright_delivery": parts.delivery},
        }
    )


def message_id(name: Code, domain: Code) -> Scrubbed:
    """Spell a `Message-ID`."""
    return joined(ours("<"), name, ours("@"), domain, ours(">"))
