"""What channels tell: all that a person needs, scrubbed, and in a form that cannot be misused."""

import json
from typing import Any

import attrs
import pytest

from actors.escalator import Brand, Bulletin, Press
from actors.escalator.render_email import letter, sendgrid
from actors.escalator.render_pagerduty import event
from actors.escalator.render_slack import message
from actors.escalator.render_teams import card
from actors.messages import Severity, StopKind
from runtime.scrub import Code, assemble
from tests.actors.escalator.desk import NOON, SCRUBBER, Book, asking, failed

LABEL = Brand(
    name=SCRUBBER.text("Clinic IT Partners"),
    site=SCRUBBER.text("Nordside Clinic"),
    colour=Code("0a6ebd"),
    logo_url=SCRUBBER.text("https://partner.example.org/logo.png"),
    footer=SCRUBBER.text("Call 100 at night"),
    link=(SCRUBBER.text("https://console.example.org/t/"), SCRUBBER.text("?from=mail")),
)
HOSTILE = "<!channel> *x* [y](https://evil.example.org) <b>&\u202e"
SSN = "123-45-6789"


def bulletin(book: Book, brand: Brand | None = None, **changes: Any) -> Bulletin:
    press = Press("site-1", SCRUBBER, brand or Brand())
    return attrs.evolve(press.bulletin(*book.owed), **changes)


def bodies(told: Bulletin) -> dict[str, str]:
    """Spell a bulletin in the form of each channel."""
    parts = letter(told)
    to = (Code("oncall@example.org"),)
    return {
        "pagerduty": event(told, Code("k" * 32)).text,
        "slack": assemble(message(told, acks=True, approves=True)).text,
        "teams": card(told).text,
        "sendgrid": sendgrid(
            parts, Code("aright@example.org"), told.brand.name, to, Code("example.org")
        ).text,
        "email": parts.subject.text + parts.text.text + parts.html.text,
    }


def strings(body: str) -> list[str]:
    """Give every string of a JSON body."""

    def walk(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for inner in value.values() for text in walk(inner)]
        if isinstance(value, list):
            return [text for inner in value for text in walk(inner)]
        return [value] if isinstance(value, str) else []

    return walk(json.loads(body))


def nodes(body: str, kind: str) -> list[dict[str, Any]]:
    """Give the objects of a type, wherever they stand in a JSON body."""

    def walk(value: object) -> list[dict[str, Any]]:
        if isinstance(value, list):
            return [found for inner in value for found in walk(inner)]
        if not isinstance(value, dict):
            return []
        below = [found for inner in value.values() for found in walk(inner)]
        return [value, *below] if value.get("type") == kind else below

    return walk(json.loads(body))


def test_each_channel_says_what_where_and_what_to_do() -> None:
    book = Book("any")
    ticket_id = book.open(failed())

    for channel, body in bodies(bulletin(book)).items():
        for needed in ("ssh_config", "ws-7", ticket_id, "LIN-SSH-001", "Look at sshd", "critical"):
            assert needed in body, (channel, needed)
        assert "Fix failed" in body
        assert "aright incident reopen" in body


def test_a_partners_label_is_on_each_message() -> None:
    book = Book("any")
    book.open(failed())

    for channel, body in bodies(bulletin(book, LABEL)).items():
        told = "".join(strings(body)) if channel != "email" else body
        for needed in ("Nordside Clinic", "https://console.example.org/t/ticket_0001?from=mail"):
            assert needed in told, (channel, needed)
    slack = json.loads(bodies(bulletin(book, LABEL))["slack"])
    assert slack["attachments"][0]["color"] == "#0a6ebd"


@pytest.mark.parametrize("where", ["host", "check", "text", "note", "who"])
def test_what_tells_of_a_patient_leaves_by_no_channel(where: str) -> None:
    book = Book("any")
    changes: dict[str, Any] = {where: f"PC of {SSN}"} if where in ("host", "check", "text") else {}
    ticket_id = book.open(attrs.evolve(failed(), **changes))
    who, note = (f"ada {SSN}" if where == each else "ada" for each in ("who", "note"))
    book.tickets.ack(ticket_id, who, note, NOON)(book.connection)
    told = attrs.evolve(bulletin(book), occasion="acked")
    acked = Press("site-1", SCRUBBER).bulletin(
        attrs.evolve(book.owed[0], occasion="acked"), book.owed[1]
    )

    for each in (told, acked):
        for channel, body in bodies(each).items():
            assert SSN not in body, channel


def test_markup_of_others_is_text_in_slack() -> None:
    book = Book("any")
    book.open(attrs.evolve(failed(), host=HOSTILE, text=HOSTILE))

    body = bodies(bulletin(book))["slack"]

    assert nodes(body, "mrkdwn") == []
    assert "<!channel>" not in json.loads(body)["text"]
    assert "\u202e" not in "".join(strings(body))


def test_markup_of_others_is_text_in_teams() -> None:
    book = Book("any")
    book.open(attrs.evolve(failed(), host=HOSTILE, text=HOSTILE))

    body = bodies(bulletin(book))["teams"]

    assert nodes(body, "TextBlock") == []
    assert any("[y](https" in run["text"] for run in nodes(body, "TextRun"))
    assert nodes(body, "Action.OpenUrl") == []


def test_markup_of_others_is_text_in_a_letter() -> None:
    book = Book("any")
    book.open(attrs.evolve(failed(), host=HOSTILE, text=HOSTILE))
    label = attrs.evolve(LABEL, name=SCRUBBER.text('A "quoted" <name>'))

    html = letter(bulletin(book, label)).html.text

    assert "<b>&" not in html
    assert "&lt;b&gt;&amp;" in html
    assert 'alt="A &quot;quoted&quot; &lt;name&gt;"' in html


def test_no_field_is_longer_than_its_channel_takes() -> None:
    book = Book("any")
    long = "x" * 5000
    book.open(attrs.evolve(failed(), host=long, check=long, text=long, rule_id="r" * 199))
    told = bulletin(book, LABEL, repeat=True)

    slack, every = json.loads(bodies(told)["slack"]), bodies(told)
    [attachment] = slack["attachments"]
    assert len(slack["text"]) <= 3100
    assert len(attachment["blocks"]) <= 50
    for block in attachment["blocks"]:
        match block["type"]:
            case "header":
                assert len(block["text"]["text"]) <= 150
            case "section":
                assert len(block.get("fields", [])) <= 10
                assert all(len(each["text"]) <= 2000 for each in block.get("fields", []))
                assert len(block.get("text", {}).get("text", "")) <= 3000
            case "actions":
                assert all(len(each.get("value", "")) <= 2000 for each in block["elements"])
            case _:
                pass
    assert len(json.loads(every["pagerduty"])["payload"]["summary"]) <= 1024
    assert len(every["teams"].encode()) < 28 * 1024
    assert len(letter(told).subject.text) < 400


def test_an_alert_of_pagerduty_is_known_by_its_ticket_and_follows_it() -> None:
    book = Book("pagerduty")
    ticket_id = book.open(failed())
    opened = json.loads(bodies(bulletin(book))["pagerduty"])
    book.tickets.ack(ticket_id, "ada", "", NOON)(book.connection)
    acked = json.loads(bodies(bulletin(book, occasion="acked"))["pagerduty"])
    book.tickets.resolve(ticket_id, "ada", "", NOON)(book.connection)
    resolved = json.loads(bodies(bulletin(book, occasion="resolved"))["pagerduty"])

    assert {each["dedup_key"] for each in (opened, acked, resolved)} == {ticket_id}
    actions = [each["event_action"] for each in (opened, acked, resolved)]
    assert actions == ["trigger", "acknowledge", "resolve"]
    assert opened["payload"]["severity"] == "critical"
    assert opened["payload"]["source"] == "ws-7"
    assert opened["payload"]["custom_details"]["Runbook"] == "LIN-SSH-001"
    assert "payload" not in acked
    # What is told late, of a ticket that is resolved by now, wakes nobody.
    late = json.loads(bodies(bulletin(book))["pagerduty"])
    assert late["event_action"] == "resolve"


@pytest.mark.parametrize(
    ("severity", "spelled"),
    [("critical", "critical"), ("high", "error"), ("medium", "warning"), ("low", "info")],
)
def test_severities_are_those_of_pagerduty(severity: str, spelled: str) -> None:
    book = Book("any")
    book.open(failed(severity=Severity(severity)))
    body = json.loads(bodies(bulletin(book))["pagerduty"])
    assert body["payload"]["severity"] == spelled


def test_approval_is_asked_only_where_one_waits_and_clicks_may_give_it() -> None:
    def buttons(book: Book, *, acks: bool, approves: bool) -> list[str]:
        body = assemble(message(bulletin(book), acks=acks, approves=approves)).text
        return [each.get("action_id", "open") for each in nodes(body, "button")]

    waiting, failing = Book("any"), Book("any")
    waiting.open(asking())
    failing.open(failed())

    assert buttons(waiting, acks=True, approves=True) == [
        "aright_approve",
        "aright_reject",
        "aright_ack",
    ]
    assert buttons(waiting, acks=True, approves=False) == ["aright_ack"]
    assert buttons(failing, acks=True, approves=True) == ["aright_ack"]
    assert buttons(failing, acks=False, approves=False) == []


def test_who_has_taken_care_takes_the_button_away() -> None:
    book = Book("any")
    ticket_id = book.open(failed())
    book.tickets.ack(ticket_id, "ada", "on it", NOON)(book.connection)

    told = bulletin(book)
    body = assemble(message(told, acks=True, approves=True)).text
    assert nodes(body, "button") == []


def test_a_repeat_is_marked_with_what_it_repeats() -> None:
    book = Book("mail")
    ticket_id = book.open(failed())
    told = bulletin(book, repeat=True)

    for channel in ("slack", "teams", "email"):
        assert f"repeat of {ticket_id}.mail.opened" in bodies(told)[channel], channel
    assert "[repeat]" in letter(told).subject.text


def test_what_is_new_is_said_first() -> None:
    book = Book("any")
    ticket_id = book.open(failed(severity=Severity.LOW))
    assert bulletin(book).news.text == "New"
    book.open(failed(severity=Severity.CRITICAL))
    delivery, page = book.owed
    press = Press("site-1", SCRUBBER)
    raised = press.bulletin(attrs.evolve(delivery, occasion="critical"), page)
    assert raised.news.text == "Raised to critical"
    book.tickets.late(NOON.after(1e6))(book.connection)
    assert bulletin(book).news.text == "Nobody has answered yet; reminder 1"
    book.tickets.ack(ticket_id, "ada", "on it", NOON)(book.connection)
    assert bulletin(book, occasion="late").news.text == "Still not settled; reminder 1"
    delivery, page = book.owed
    acked = press.bulletin(attrs.evolve(delivery, occasion="acked"), page)
    assert acked.news.text == "Acknowledged by ada: on it"
    book.tickets.resolve(ticket_id, "bob", "mended", NOON)(book.connection)
    assert bulletin(book).news.text == "Resolved by bob: mended"


@pytest.mark.parametrize("kind", StopKind)
def test_every_kind_of_ticket_can_be_told(kind: StopKind) -> None:
    book = Book("any")
    book.open(attrs.evolve(failed(), kind=kind, reason=kind))
    for body in bodies(bulletin(book)).values():
        assert "ws-7" in body
