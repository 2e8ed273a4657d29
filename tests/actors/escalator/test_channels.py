"""Each channel against a server that speaks its protocol, as well and as badly as servers do."""

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from actors.escalator import (
    Buttons,
    Channel,
    EmailChannel,
    Envelope,
    PagerDutyChannel,
    Press,
    SendGridSender,
    SlackApi,
    SlackAppChannel,
    SlackWebhookChannel,
    SmtpSender,
    TeamsChannel,
    WebhookChannel,
    try_out,
)
from actors.messages import Severity
from runtime.destination import Webhook
from runtime.mail import Mail, MailServer
from runtime.outbound import BudgetSpentError, OutboundError
from runtime.scrub import Code
from tests.actors.escalator.desk import CLOCK, NOON, SCRUBBER, Book, door, failed
from tests.actors.escalator.slack_server import answers
from tests.runtime.webhook import (
    Conduct,
    endless,
    hang,
    head_without_end,
    receiving,
    reset,
    says,
    status,
)

PRESS = Press("site-1", SCRUBBER)


def teams(url: str) -> Channel:
    return TeamsChannel("teams", url, door(url), PRESS)


def pagerduty(url: str) -> Channel:
    return PagerDutyChannel("pagerduty", url, Code("k" * 32), door(url), PRESS)


def sendgrid(url: str) -> Channel:
    envelope = Envelope(Code("aright@example.org"), (Code("a@example.org"), Code("b@example.org")))
    return EmailChannel("sendgrid", envelope, SendGridSender(url, "SG.key", door(url)), PRESS)


def slack_webhook(url: str) -> Channel:
    return SlackWebhookChannel("slack", url, door(url), PRESS)


def slack_app(url: str) -> SlackAppChannel:
    api = SlackApi(url, "xoxb-1", door(url))
    return SlackAppChannel("slack", api, Code("C1"), PRESS, Buttons(acks=True))


def webhook(url: str) -> Channel:
    return WebhookChannel("webhook", Webhook(url, b"secret"), door(url), "site-1")


Make = Callable[[str], Channel]
POSTED = answers({"ok": True, "channel": "C1", "ts": "1700000000.000100"})

WELL: dict[str, tuple[Make, Conduct]] = {
    "teams": (teams, status(202)),
    "pagerduty": (
        pagerduty,
        answers({"status": "success", "message": "Event processed", "dedup_key": "x"}, 202),
    ),
    "sendgrid": (sendgrid, status(202, b"X-Message-Id: abc")),
    "slack_webhook": (slack_webhook, answers(b"ok")),
    "slack_app": (slack_app, POSTED),
    "webhook": (webhook, status(204)),
}
EVERY = pytest.mark.parametrize("kind", sorted(WELL))


async def told(make: Make, *conducts: Conduct) -> list[tuple[dict[str, str], dict[str, Any]]]:
    """Have a channel tell of a ticket once; give the requests that it made."""
    async with receiving(*conducts) as receiver:
        channel = make(receiver.url)
        book = Book(channel.name)
        book.open(failed())
        await book.bring(channel)
    return [(headers, json.loads(body)) for headers, body in receiver.requests]


async def fails(make: Make, *conducts: Conduct) -> tuple[OutboundError, int]:
    """Have a channel fail; give how, and after how many requests."""
    async with receiving(*conducts) as receiver:
        channel = make(receiver.url)
        book = Book(channel.name)
        book.open(failed())
        with pytest.raises(OutboundError) as failure:
            await book.bring(channel)
    return failure.value, len(receiver.requests)


@EVERY
async def test_a_ticket_is_brought_by_one_request(kind: str) -> None:
    make, well = WELL[kind]
    [(headers, body)] = await told(make, well)

    assert headers["content-type"].startswith("application/json")
    assert body


@EVERY
@pytest.mark.parametrize("code", [400, 401, 403, 404, 413])
async def test_a_refusal_is_told_and_not_repeated_at_once(kind: str, code: int) -> None:
    refusal = answers({"errors": [{"message": "no", "field": None}]}, code)

    failure, requests = await fails(WELL[kind][0], refusal)

    assert (failure.reason, requests) == (f"http_{code}", 1)


@EVERY
async def test_who_asks_for_a_pause_gets_it(kind: str) -> None:
    failure, requests = await fails(WELL[kind][0], status(429, b"Retry-After: 120"))

    assert (failure.reason, failure.retry_in_s, requests) == ("http_429", 120, 1)


@EVERY
@pytest.mark.parametrize(
    ("conduct", "reasons"),
    [
        (reset, {"broken_off"}),
        (says(b"SSH-2.0-OpenSSH_9.6\r\n"), {"bad_answer"}),
        (head_without_end, {"bad_answer"}),
        (status(503), {"http_503"}),
    ],
)
async def test_a_server_that_misbehaves_is_a_failure_with_a_reason(
    kind: str, conduct: Conduct, reasons: set[str]
) -> None:
    failure, requests = await fails(WELL[kind][0], conduct)

    assert failure.reason in reasons
    # Where a repeat does no harm it is tried again at once; elsewhere the courier decides.
    assert requests == (3 if kind in ("pagerduty", "webhook") else 1)


@EVERY
async def test_a_server_that_never_answers_is_a_failure(
    kind: str, autojump_clock: MockClock
) -> None:
    failure, _ = await fails(WELL[kind][0], hang)

    assert failure.reason == "timeout"


@pytest.mark.parametrize("kind", sorted({*WELL} - {"slack_app"}))
async def test_an_answer_without_end_that_begins_well_is_a_success(kind: str) -> None:
    assert len(await told(WELL[kind][0], endless)) == 1


async def test_an_answer_of_the_web_api_without_end_is_none() -> None:
    failure, _ = await fails(slack_app, endless)
    assert failure.reason == "too_large"


async def test_pagerduty_gets_one_key_for_all_that_becomes_of_a_ticket() -> None:
    async with receiving(WELL["pagerduty"][1]) as receiver:
        channel, book = pagerduty(receiver.url), Book("pagerduty")
        ticket_id = book.open(failed())
        await book.bring(channel)
        book.tickets.ack(ticket_id, "ada", "", NOON)(book.connection)
        await book.bring(channel)
        book.tickets.resolve(ticket_id, "ada", "", NOON)(book.connection)
        await book.bring(channel, again=True)

    events = [json.loads(body) for _, body in receiver.requests]
    assert [each["event_action"] for each in events] == ["trigger", "acknowledge", "resolve"]
    assert {each["dedup_key"] for each in events} == {ticket_id}
    assert {each["routing_key"] for each in events} == {"k" * 32}


async def test_sendgrid_gets_the_letter_and_the_names_that_thread_it() -> None:
    [(headers, body)] = await told(sendgrid, status(202))

    assert headers["authorization"] == "Bearer SG.key"
    [personal] = body["personalizations"]
    assert personal["to"] == [{"email": "a@example.org"}, {"email": "b@example.org"}]
    assert body["from"] == {"email": "aright@example.org", "name": "Aright"}
    assert [each["type"] for each in body["content"]] == ["text/plain", "text/html"]
    assert body["headers"]["Message-ID"] == "<ticket_0001.sendgrid.opened@example.org>"
    assert body["headers"]["References"] == "<ticket_0001@example.org>"


@attrs.define
class Letters:
    """A mail server that takes all there is."""

    sent: list[str] = attrs.field(factory=list)

    async def send(self, _: MailServer, mail: Mail) -> int:
        await trio.lowlevel.checkpoint()
        self.sent.append(mail.delivery.name)
        return 0


async def test_a_flood_of_letters_keeps_to_the_budget_of_a_channel(
    autojump_clock: MockClock,
) -> None:
    server, letters = MailServer("mail.example.org", 587), Letters()
    sender = SmtpSender(server, letters, CLOCK)
    channel = EmailChannel(
        "mail", Envelope(Code("a@example.org"), (Code("b@e.org"),)), sender, PRESS
    )
    book = Book(channel.name)
    for n in range(61):
        book.open(failed(f"inc-{n}"))
    for _ in range(60):
        await book.bring(channel)

    with pytest.raises(BudgetSpentError) as raised:
        await book.bring(channel)
    assert raised.value.retry_in_s == pytest.approx(1)
    await trio.sleep(1)
    await book.bring(channel)
    assert len(letters.sent) == 61


async def test_teams_gets_an_adaptive_card() -> None:
    [(_, body)] = await told(teams, status(202))

    [attachment] = body["attachments"]
    assert body["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["content"]["type"] == "AdaptiveCard"


async def test_the_app_of_slack_answers_in_the_thread_and_changes_what_it_said_first() -> None:
    async with receiving(POSTED) as receiver:
        channel, book = slack_app(receiver.url), Book("slack")
        ticket_id = book.open(failed(severity=Severity.HIGH))
        assert await book.bring(channel) == "C1/1700000000.000100"
        book.open(failed(severity=Severity.CRITICAL))
        await book.bring(channel)
        book.tickets.ack(ticket_id, "ada", "", NOON)(book.connection)
        await book.bring(channel)

    opened, raised, acked = [json.loads(body) for _, body in receiver.requests]
    assert (opened["channel"], "thread_ts" in opened) == ("C1", False)
    assert (raised["thread_ts"], raised["reply_broadcast"]) == ("1700000000.000100", True)
    assert (acked["ts"], "Acknowledged by ada" in acked["text"]) == ("1700000000.000100", True)
    assert receiver.requests[0][0]["authorization"] == "Bearer xoxb-1"


async def test_a_message_that_cannot_be_changed_any_more_is_followed_by_another() -> None:
    gone = answers({"ok": False, "error": "message_not_found"})
    async with receiving(POSTED, gone, POSTED) as receiver:
        channel, book = slack_app(receiver.url), Book("slack")
        ticket_id = book.open(failed())
        await book.bring(channel)
        book.tickets.resolve(ticket_id, "ada", "", NOON)(book.connection)
        await book.bring(channel)

    assert "Resolved by ada" in json.loads(receiver.requests[2][1])["text"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"ok": False, "error": "channel_not_found"}, "slack_channel_not_found"),
        ({"ok": False, "error": "invalid_auth"}, "slack_invalid_auth"),
        ({"ok": False, "error": "ratelimited"}, "slack_ratelimited"),
        ({"ok": False, "error": "<script> & more"}, "bad_answer"),
        ({"ok": False}, "bad_answer"),
        ({"ok": "true"}, "bad_answer"),
        ([], "bad_answer"),
        (b"{", "bad_answer"),
        (b"", "bad_answer"),
        (b"[" * 50_000, "bad_answer"),
        (b'{"ok": \xff}', "bad_answer"),
    ],
)
async def test_what_the_web_api_refuses_is_told_in_its_own_code(
    answer: object, reason: str
) -> None:
    failure, requests = await fails(slack_app, answers(answer))
    assert (failure.reason, requests) == (reason, 1)


async def test_no_secret_shows_in_what_is_logged_or_raised() -> None:
    for make in (teams, pagerduty, sendgrid, slack_webhook, slack_app):
        failure, _ = await fails(make, status(404))
        channel = make("http://127.0.0.1:1/hook-secret")
        for text in (repr(channel), str(failure), repr(failure)):
            for secret in ("SG.key", "xoxb-1", "k" * 32):
                assert secret not in text
    for make in (teams, slack_webhook):
        assert "hook-secret" not in repr(make("http://127.0.0.1:1/hook-secret"))


@EVERY
async def test_a_test_message_is_marked_and_leaves_no_alert_open(kind: str) -> None:
    make, well = WELL[kind]
    async with receiving(well) as receiver:
        tried = await try_out(make(receiver.url), "ticket_test", NOON)

    assert tried.taken
    assert tried.said
    bodies = [body.decode() for _, body in receiver.requests]
    assert "TEST, nothing stopped" in bodies[0] or "channel_test" in bodies[0]
    if kind == "pagerduty":
        assert [json.loads(body)["event_action"] for body in bodies] == ["trigger", "resolve"]
    else:
        assert len(bodies) == 1


async def test_a_test_that_fails_says_why() -> None:
    async with receiving(answers({"ok": False, "error": "not_in_channel"})) as receiver:
        tried = await try_out(slack_app(receiver.url), "ticket_test", NOON)

    assert attrs.astuple(tried) == ("ticket_test.slack.opened", False, "slack_not_in_channel")
