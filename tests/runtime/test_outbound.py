"""The door out: what leaves, where to, how often, and what it does when nobody answers well."""

import datetime as dt
import hashlib
import hmac
import json
from random import Random

import attrs
import pytest
import trio
import trio.testing
from hypothesis import given, strategies as st

from runtime.allowance import Allowance
from runtime.clock import VirtualClock
from runtime.destination import Destination, InvalidDestinationError, Webhook
from runtime.hosts.http_client import HttpClient, HttpError, Reply
from runtime.outbound import (
    BudgetSpentError,
    Call,
    Digest,
    ForbiddenDestinationError,
    Notice,
    Outbound,
    OutboundError,
    RejectedError,
    TooLargeError,
    UndeliveredError,
    scrubbed_notice,
)
from tests.runtime.webhook import (
    Conduct,
    Receiver,
    dripping,
    endless,
    hang,
    head_without_end,
    receiving,
    reset,
    says,
    status,
)

SECRET = b"between us"
EPOCH = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
NOTICE = Notice(
    delivery_id="ticket_1.webhook.opened",
    ticket_id="ticket_1",
    site_id="site-1",
    kind="budget",
    reason="budget_spent",
    state="open",
    host="ws-7",
    check="ssh_config",
    incident_ids=("inc_1",),
    incidents=1,
)
LETTER = scrubbed_notice(NOTICE)
CONTENT = LETTER.content


def door(url: str, *, try_s: float = 30.0) -> Outbound:
    return Outbound(
        HttpClient(),
        frozenset({Destination.of(url)}),
        VirtualClock(EPOCH),
        Random(7),  # noqa: S311  jitter
        try_s=try_s,
        pause_s=0.001,
    )


async def send(receiver: Receiver, *, try_s: float = 30.0) -> None:
    await door(receiver.url, try_s=try_s).send(Webhook(receiver.url, SECRET), LETTER)


async def test_what_arrives_is_signed_and_says_what_it_is() -> None:
    async with receiving(status(200)) as receiver:
        await send(receiver)

    [(headers, body)] = receiver.requests
    stamp, mac = (part.split("=", 1)[1] for part in headers["aright-signature"].split(", "))
    ours = hmac.digest(SECRET, stamp.encode() + b"." + body, hashlib.sha256).hex()
    assert hmac.compare_digest(mac, ours)
    assert abs(int(stamp) - EPOCH.timestamp()) < 3600 * 24 * 365
    assert headers["aright-delivery"] == "ticket_1.webhook.opened"
    assert headers["content-type"] == "application/json"
    assert "cookie" not in headers
    assert json.loads(body) == {**attrs.asdict(NOTICE), "incident_ids": ["inc_1"]}


@pytest.mark.parametrize(
    "bad",
    [
        status(500),
        status(503, b"Retry-After: 0"),
        status(429, b"Retry-After: nonsense"),
        reset,
        says(b""),
        says(b"not http at all\r\n\r\n"),
        says(b"HTTP/1.1 200"),
        head_without_end,
    ],
)
async def test_what_may_go_better_next_time_is_tried_again_under_the_same_id(bad: Conduct) -> None:
    async with receiving(bad, bad, status(204)) as receiver:
        await send(receiver)

    assert {headers["aright-delivery"] for headers, _ in receiver.requests} == {LETTER.id.name}
    assert len(receiver.requests) == 3


async def test_a_body_without_end_is_not_read() -> None:
    async with receiving(endless) as receiver:
        await send(receiver)

    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("bad", "reason", "try_s"),
    [(status(500), "http_500", 30.0), (hang, "timeout", 0.3), (reset, "broken_off", 30.0)],
)
async def test_at_the_third_failure_the_sender_is_told(
    bad: Conduct, reason: str, try_s: float
) -> None:
    async with receiving(bad) as receiver:
        with pytest.raises(UndeliveredError) as raised:
            await send(receiver, try_s=try_s)

    assert raised.value.reason == reason
    assert len(receiver.requests) == 3


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/\x01",
        "http://127.0.0.1:9/" + "a" * 70_000,
        "http://999.1.1.1/",
        "http://hooks..example.org/",
        "http://" + "a" * 64 + ".example.org/",
    ],
)
async def test_an_address_that_nobody_can_write_to_is_a_failure_with_a_reason(url: str) -> None:
    with pytest.raises(UndeliveredError) as raised:
        await door(url).exchange(Call("POST", url))
    assert raised.value.reason == "invalid_request"


@pytest.mark.parametrize("key", ["schlüssel", "in two\nlines", "\x00"])
async def test_a_key_that_no_header_can_spell_is_a_failure_with_a_reason(key: str) -> None:
    async with receiving(status(200)) as receiver:
        call = Call("POST", receiver.url, {"Authorization": f"Bearer {key}"})
        with pytest.raises(UndeliveredError) as raised:
            await door(receiver.url).exchange(call)
        assert raised.value.reason == "invalid_request"
        assert receiver.requests == []
    assert key not in str(raised.value)


async def test_nobody_there_is_unreachable() -> None:
    async with receiving(status(200)) as receiver:
        pass

    with pytest.raises(UndeliveredError, match="unreachable"):
        await send(receiver)


@pytest.mark.parametrize("code", [301, 307, 400, 401, 404, 410])
async def test_a_redirect_or_a_refusal_is_not_repeated(code: int) -> None:
    async with (
        receiving(status(200)) as elsewhere,
        receiving(status(code, b"Location: " + elsewhere.url.encode())) as receiver,
    ):
        with pytest.raises(RejectedError, match=str(code)):
            await send(receiver)

    assert len(receiver.requests) == 1
    assert elsewhere.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/hook",
        "https://127.0.0.1/hook",
        "http://localhost/hook",
        "http://user@127.0.0.1/hook",
        "ftp://127.0.0.1/hook",
        "http://[/hook",
        "http://127.0.0.1:99999/",
        "//127.0.0.1/",
    ],
)
async def test_only_what_is_on_the_list_is_reached(url: str) -> None:
    with pytest.raises(ForbiddenDestinationError):
        await door("http://127.0.0.1/hook").send(Webhook(url, SECRET), LETTER)


def test_a_destination_that_is_invalid_does_not_show_the_password() -> None:
    with pytest.raises(InvalidDestinationError) as raised:
        Destination.of("https://ada:hunter2@example.org/")

    assert "hunter2" not in str(raised.value)
    assert "hunter2" not in repr(Webhook("https://example.org/hunter2", b"hunter2"))


def answer(code: int, body: bytes, *headers: bytes) -> Conduct:
    lines = [b"HTTP/1.1 %d Said" % code, b"Content-Length: %d" % len(body), *headers, b"", body]
    return says(b"\r\n".join(lines))


async def test_a_question_brings_the_answer_and_its_own_headers() -> None:
    async with receiving(answer(200, b'{"said": 1}')) as receiver:
        call = Call("POST", receiver.url, {"Authorization": "Bearer key"}, CONTENT)
        reply = await door(receiver.url).exchange(call)

    [(headers, body)] = receiver.requests
    assert reply.body == b'{"said": 1}'
    assert body == CONTENT.body
    assert headers["authorization"] == "Bearer key"
    assert headers["content-type"] == "application/json"
    assert "aright-signature" not in headers


async def test_a_question_may_have_no_content_or_a_digest() -> None:
    async with receiving(answer(200, b"")) as receiver:
        out = door(receiver.url)
        await out.exchange(Call("GET", receiver.url))
        content_type = "application/octet-stream"
        digest = Digest(bytes(range(32)))
        await out.exchange(Call("POST", receiver.url, content=digest, content_type=content_type))

    [(asked, nothing), (posted, raw)] = receiver.requests
    assert "content-type" not in asked
    assert (nothing, raw) == (b"", bytes(range(32)))
    assert posted["content-type"] == content_type


@pytest.mark.parametrize("length", [0, 65])
def test_a_digest_is_short(length: int) -> None:
    with pytest.raises(ValueError, match="value"):
        Digest(bytes(length))


@pytest.mark.parametrize("conduct", [endless, answer(200, b"x" * 1001)])
async def test_an_answer_is_read_to_its_bound_and_not_asked_for_again(conduct: Conduct) -> None:
    async with receiving(conduct) as receiver:
        with pytest.raises(TooLargeError, match="too_large"):
            await door(receiver.url).exchange(Call("GET", receiver.url, max_reply=1000), tries=3)

    assert len(receiver.requests) == 1


async def test_an_answer_may_be_as_long_as_its_bound() -> None:
    async with receiving(answer(200, b"x" * 1000)) as receiver:
        reply = await door(receiver.url).exchange(Call("GET", receiver.url, max_reply=1000))

    assert len(reply.body) == 1000


@pytest.mark.parametrize("conduct", [dripping, hang, head_without_end])
async def test_an_answer_that_takes_too_long_is_left(conduct: Conduct) -> None:
    async with receiving(conduct) as receiver:
        with pytest.raises(UndeliveredError):
            await door(receiver.url).exchange(Call("GET", receiver.url, try_s=0.2))


async def test_the_deadline_of_who_asks_ends_every_try() -> None:
    async with receiving(dripping) as receiver:
        with trio.move_on_after(0.2) as scope:
            await door(receiver.url).exchange(Call("GET", receiver.url), tries=9)

    assert scope.cancelled_caught


async def test_a_packed_answer_is_not_unpacked() -> None:
    packed = answer(200, b"\x1f\x8b", b"Content-Encoding: gzip")
    async with receiving(packed) as receiver:
        with pytest.raises(UndeliveredError, match="bad_answer"):
            await door(receiver.url).exchange(Call("GET", receiver.url))

    [(headers, _)] = receiver.requests
    assert headers["accept-encoding"] == "identity"


async def test_a_refusal_is_handed_over_with_its_words_and_shows_them_to_no_log() -> None:
    async with receiving(answer(404, b"Pending" + b"x" * 1000)) as receiver:
        with pytest.raises(RejectedError) as raised:
            await door(receiver.url).exchange(Call("GET", receiver.url, max_reply=7), tries=3)

    assert (raised.value.status, raised.value.body) == (404, b"Pending")
    assert "Pending" not in str(raised.value)
    assert "Pending" not in repr(raised.value)


async def test_a_question_is_repeated_as_often_as_is_asked() -> None:
    async with receiving(status(500), answer(200, b"so")) as receiver:
        out = door(receiver.url)
        with pytest.raises(UndeliveredError, match="http_500"):
            await out.exchange(Call("GET", receiver.url))
        reply = await out.exchange(Call("GET", receiver.url), tries=2)

    assert reply.body == b"so"


async def test_a_question_goes_only_where_the_list_allows() -> None:
    with pytest.raises(ForbiddenDestinationError):
        await door("http://127.0.0.1/hook").exchange(Call("GET", "http://127.0.0.2/hook"))


def test_a_question_shows_neither_its_key_nor_its_address() -> None:
    shown = repr(Call("GET", "https://example.org/hunter2", {"X-Key": "hunter2"}))

    assert "hunter2" not in shown


@attrs.define
class Scripted:
    """A transport that answers as told, and notes when it was asked."""

    replies: list[Reply | HttpError]
    asked: list[float] = attrs.field(factory=list)

    async def request(self, *_: object) -> Reply:
        await trio.lowlevel.checkpoint()
        self.asked.append(trio.current_time())
        reply = self.replies[min(len(self.asked), len(self.replies)) - 1]
        if isinstance(reply, HttpError):
            raise reply
        return reply

    def door(self, allowance: Allowance | None = None) -> Outbound:
        return Outbound(
            self,
            frozenset({Destination("https", "example.org", 443)}),
            VirtualClock(EPOCH),
            Random(7),  # noqa: S311  jitter
            allowance or Allowance(),
        )


HOOK = Webhook("https://example.org/hook", SECRET)


@pytest.mark.parametrize(
    "asked_for", ["7", "Sun, 01 Mar 2026 12:00:07 GMT", "Sun, 01 Mar 2026 13:00:07 +0100"]
)
async def test_a_pause_that_is_asked_for_is_kept(
    asked_for: str, autojump_clock: trio.testing.MockClock
) -> None:
    far = Scripted([Reply(429, {"retry-after": asked_for}), Reply(200)])

    await far.door().send(HOOK, LETTER)

    assert far.asked == pytest.approx([0, 7])


@pytest.mark.parametrize("asked_for", ["300", "999999999999999", "Sun, 01 Mar 2026 12:05:00 GMT"])
async def test_a_long_pause_is_left_to_the_outbox(
    asked_for: str, autojump_clock: trio.testing.MockClock
) -> None:
    far = Scripted([Reply(503, {"retry-after": asked_for})])

    with pytest.raises(UndeliveredError) as raised:
        await far.door().send(HOOK, LETTER)

    assert raised.value.retry_in_s >= 300
    assert len(far.asked) == 1


async def test_pauses_grow_and_are_spread(autojump_clock: trio.testing.MockClock) -> None:
    far = Scripted([HttpError("example.org", "unreachable")])

    with pytest.raises(UndeliveredError, match="unreachable"):
        await far.door().send(HOOK, LETTER)

    first, second = far.asked[1], far.asked[2] - far.asked[1]
    assert 0.25 <= first <= 0.75
    assert 0.5 <= second <= 1.5


async def test_a_spent_budget_sends_nothing_and_says_when_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    far = Scripted([Reply(200)])
    out = far.door(Allowance(per_minute=30))
    for _ in range(30):
        await out.send(HOOK, LETTER)

    with pytest.raises(BudgetSpentError) as raised:
        await out.send(HOOK, LETTER)
    assert raised.value.retry_in_s == pytest.approx(2)

    await trio.sleep(2.001)
    await out.send(HOOK, LETTER)
    assert len(far.asked) == 31


async def test_a_try_that_failed_is_told_though_the_budget_has_no_second_one(
    autojump_clock: trio.testing.MockClock,
) -> None:
    allowance = Allowance(per_minute=1)
    far = Scripted([Reply(503)])

    with pytest.raises(UndeliveredError, match="http_503"):
        await far.door(allowance).send(HOOK, LETTER)

    assert len(far.asked) == 1


def test_an_error_of_the_door_is_one_kind() -> None:
    kinds = (
        BudgetSpentError,
        ForbiddenDestinationError,
        RejectedError,
        TooLargeError,
        UndeliveredError,
    )
    assert all(issubclass(kind, OutboundError) for kind in kinds)


@given(text=st.text(max_size=300))
def test_a_text_that_is_no_name_and_no_code_is_withheld(text: str) -> None:
    notice = attrs.evolve(NOTICE, reason=text, host=text, incident_ids=(text,))

    said = json.loads(scrubbed_notice(notice).content.body)

    plain = text.isascii() and not any(c.isspace() or c in "\"'<>,;=()" for c in text)
    assert plain or said["reason"] == said["host"] == said["incident_ids"][0] == "withheld"


@pytest.mark.parametrize(
    "words", ["Jane Doe", "ssn 123-45-6789", "a\nb", "é", "x" * 201, "{}", "ws-7\n"]
)
def test_words_do_not_leave(words: str) -> None:
    assert words.encode() not in scrubbed_notice(attrs.evolve(NOTICE, host=words)).content.body


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "soon",
        "-7",
        "²",
        "Sun, 01 Mar 2026 12:05:00",
        "Sun, 01 Mar 2026 12:05:00 +" + "9" * 20,
        "Sun, 01 Mar 99999999999999999999 12:00:00 GMT",
        "Sun, 01 Mar 2026 99999999999999999999:00:00 GMT",
        "Sun, 01 Mar 2026 12:00:07 -0000",
    ],
)
async def test_a_pause_that_nobody_can_keep_is_none(
    nonsense: str, autojump_clock: trio.testing.MockClock
) -> None:
    far = Scripted([Reply(429, {"retry-after": nonsense}), Reply(200)])

    await far.door().send(HOOK, LETTER)

    assert far.asked[1] < 1
