"""Letters by SMTP: to a real server, and to all kinds of bad ones."""

import datetime as dt
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
import trio

from runtime.hosts.smtp import SmtpPost
from runtime.mail import Mail, MailError, MailServer
from runtime.scrub import Code, Scrubber, ours
from tests.pki import Pki
from tests.runtime.mail_server import Box, scripted, taking, talking_without_end

SCRUBBER = Scrubber(b"a key for the tests of letters")
MAIL = Mail(
    sender=Code("aright@example.org"),
    sender_name=SCRUBBER.text('Clinic "IT" Pärtners\nBcc: evil'),
    to=(Code("ada@example.org"), Code("bob@example.org")),
    subject=SCRUBBER.text("Fix failed\r\nBcc: evil, grüße"),
    text=SCRUBBER.text("Look.\n.\nEnd."),
    html=ours("<p>Look.</p>"),
    message_id=ours("<ticket_1.mail.late@example.org>"),
    references=ours("<ticket_1@example.org>"),
    delivery=Code("ticket_1.mail.late"),
    at=dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC),
)


def plain(port: int, **more: Any) -> MailServer:
    return MailServer("127.0.0.1", port, "none", **more)


async def reason(server: MailServer, post: SmtpPost | None = None) -> str:
    with pytest.raises(MailError) as failure:
        await (post or SmtpPost(send_s=5)).send(server, MAIL)
    return failure.value.reason


async def test_a_letter_arrives_as_it_was_written() -> None:
    box = Box()
    with taking(box) as port:
        assert await SmtpPost().send(plain(port), MAIL) == 0

    [letter] = box.letters
    assert box.envelopes == [("aright@example.org", ("ada@example.org", "bob@example.org"))]
    assert letter["From"] == '"Clinic \\"IT\\" Pärtners Bcc: evil" <aright@example.org>'
    assert letter["Subject"] == "Fix failed Bcc: evil, grüße"
    assert letter["Bcc"] is None
    assert letter["Message-ID"] == "<ticket_1.mail.late@example.org>"
    assert letter["In-Reply-To"] == letter["References"] == "<ticket_1@example.org>"
    assert letter["Date"] == "Sun, 01 Mar 2026 12:00:00 +0000"
    assert letter["X-Aright-Delivery"] == "ticket_1.mail.late"
    text, html = letter.iter_parts()
    assert text.get_content().splitlines() == ["Look.", ".", "End."]
    assert html.get_content().strip() == "<p>Look.</p>"


@pytest.mark.parametrize("field", ["subject", "sender_name"])
@pytest.mark.parametrize(
    "named",
    [
        "=?utf-8?q?ws-7=0D=0ABcc:_evil?=",
        "=?utf-8?b?MTIzLTQ1LTY3ODk=?=",  # a number of a person, which no scrubber sees
        "grüße =?utf-8?q?=0A?= =?unknown-8bit?q?=ff?=",
        "==?us-ascii?q?=0D=0ABcc:_evil?=",
    ],
)
async def test_a_name_that_looks_encoded_is_not_decoded_on_its_way_into_a_header(
    field: str, named: str
) -> None:
    box = Box()
    with taking(box) as port:
        name = SCRUBBER.text(f"x {named} y")
        mail = (
            attrs.evolve(MAIL, subject=name)
            if field == "subject"
            else attrs.evolve(MAIL, sender_name=name)
        )
        assert await SmtpPost().send(plain(port), mail) == 0

    [letter] = box.letters
    assert letter["Bcc"] is None
    told = letter["Subject"] if field == "subject" else letter["From"].addresses[0].display_name
    assert told == f"x {named} y".replace("=?", "= ?")


async def test_starttls_and_a_password(tmp_path: Path) -> None:
    pki, box = Pki(tmp_path), Box()
    authorities = tmp_path / "ca.pem"
    authorities.write_bytes(pki.authority.pem)
    tls = pki.port(asks=ssl.CERT_NONE)
    with taking(box, tls, auth=True) as port:
        server = MailServer("127.0.0.1", port, "starttls", "ada", "right", authorities)
        assert await SmtpPost().send(server, MAIL) == 0
        assert await reason(attrs.evolve(server, password="wrong")) == "auth_failed"
        # A certificate that nobody vouches for: the letter stays here.
        assert await reason(attrs.evolve(server, authorities=None)) == "tls_failed"

    assert len(box.letters) == 1
    assert "wrong" not in repr(server)


async def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    pki, box = Pki(tmp_path), Box()
    authorities = tmp_path / "ca.pem"
    authorities.write_bytes(pki.authority.pem)
    with taking(box, pki.port(asks=ssl.CERT_NONE), implicit=True) as port:
        server = MailServer("127.0.0.1", port, "implicit", authorities=authorities)
        assert await SmtpPost().send(server, MAIL) == 0
        assert await reason(attrs.evolve(server, authorities=None)) == "tls_failed"


async def test_nothing_is_said_in_the_clear_to_a_server_without_tls() -> None:
    box = Box()
    with taking(box) as port:
        assert await reason(MailServer("127.0.0.1", port, "starttls", "ada", "x")) == "no_tls"
    assert box.users == []


async def test_a_server_that_greylists_is_asked_again_by_whoever_keeps_the_outbox() -> None:
    box = Box(dict.fromkeys(("ada@example.org", "bob@example.org"), "451 4.7.1 Try again later"))
    with taking(box) as port:
        assert await reason(plain(port)) == "smtp_451"
        box.refuses.clear()
        assert await SmtpPost().send(plain(port), MAIL) == 0


async def test_a_letter_that_some_are_refused_is_brought_to_the_others() -> None:
    box = Box({"bob@example.org": "550 no such person"})
    with taking(box) as port:
        assert await SmtpPost().send(plain(port), MAIL) == 1
    assert box.envelopes == [("aright@example.org", ("ada@example.org",))]


@pytest.mark.parametrize("answer", ["554 5.7.1 Spam", "452 4.3.1 No room"])
async def test_a_letter_that_is_refused_as_a_whole_is_told_by_its_code(answer: str) -> None:
    with taking(Box(after_data=[answer])) as port:
        assert await reason(plain(port)) == f"smtp_{answer[:3]}"


WELL = (b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n")
Server = Callable[[], AbstractAsyncContextManager[int]]


@pytest.mark.parametrize(
    ("server", "reasons"),
    [
        (scripted, {"broken_off"}),
        (lambda: scripted(b"220 hi\r\n"), {"broken_off"}),
        (lambda: scripted(*WELL), {"broken_off"}),
        (lambda: scripted(b"554 go away\r\n"), {"smtp_554"}),
        (lambda: scripted(b"HTTP/1.1 400 Bad\r\n"), {"bad_answer"}),
        (lambda: scripted(b"220 hi\r\n", b"9" * 9000 + b"\r\n"), {"bad_answer", "smtp_500"}),
        (lambda: scripted(b"\xff\xfe\r\n"), {"bad_answer"}),
        (talking_without_end, {"bad_answer"}),
    ],
)
async def test_a_server_that_misbehaves_is_a_failure_with_a_reason(
    server: Server, reasons: set[str]
) -> None:
    async with server() as port:
        assert await reason(plain(port)) in reasons


@pytest.mark.parametrize(
    "server",
    [
        lambda: scripted(then_hang=True),
        lambda: scripted(*WELL, then_hang=True),
        lambda: scripted(b"220" + b"-" * 500, drip=True),
    ],
)
async def test_a_server_that_takes_its_time_gets_a_bounded_one(server: Server) -> None:
    began = trio.current_time()
    async with server() as port:
        assert await reason(plain(port), SmtpPost(send_s=0.4)) == "timeout"
    assert trio.current_time() - began < 30  # it hangs for ever


TLS_WITHOUT_END = b"\x16\x03\x03\x40\x00" + bytes(5000)
"""The head of a record, and the record byte by byte."""


@pytest.mark.parametrize(
    ("tls", "lines"),
    [
        ("implicit", [TLS_WITHOUT_END]),
        (
            "starttls",
            [b"220 hi\r\n", b"250-hi\r\n250 STARTTLS\r\n", b"220 go\r\n", TLS_WITHOUT_END],
        ),
    ],
)
async def test_a_handshake_that_takes_its_time_gets_a_bounded_one(
    tls: Literal["implicit", "starttls"], lines: list[bytes]
) -> None:
    began = trio.current_time()
    async with scripted(*lines, drip=True) as port:
        assert await reason(MailServer("127.0.0.1", port, tls), SmtpPost(send_s=3)) == "timeout"
    assert trio.current_time() - began < 30  # it takes four minutes


async def test_a_server_that_is_reached_late_is_not_listened_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect = socket.create_connection

    def slowly(*args: Any, **how: Any) -> socket.socket:
        time.sleep(1)
        return connect(*args, **how)

    monkeypatch.setattr(socket, "create_connection", slowly)
    began = trio.current_time()
    async with scripted(b"220" + b"-" * 1000, drip=True) as port:
        assert await reason(plain(port), SmtpPost(send_s=0.4)) == "timeout"
    assert trio.current_time() - began < 30  # it takes a minute


async def test_who_stops_waiting_leaves_no_thread_behind() -> None:
    async with scripted(then_hang=True) as port:
        began = trio.current_time()
        with trio.move_on_after(0.2) as scope:
            await SmtpPost().send(plain(port), MAIL)
        assert scope.cancelled_caught
        assert trio.current_time() - began < 30


async def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert await reason(plain(taken.getsockname()[1])) == "unreachable"
    assert await reason(MailServer("no-such-host.invalid", 25, "none")) == "unreachable"
    assert await reason(MailServer("mail..example.org", 25, "none")) == "unreachable"
    assert await reason(MailServer("a" * 64, 25, "none")) == "unreachable"


@pytest.mark.parametrize(("user", "password"), [("ada", "schlüssel"), ("äda", "right")])
async def test_a_password_that_smtp_cannot_spell_is_a_failure_with_a_reason(
    user: str, password: str
) -> None:
    async with scripted(b"220 hi\r\n", b"250-hi\r\n250 AUTH PLAIN LOGIN\r\n") as port:
        assert await reason(plain(port, user=user, password=password)) == "not_ascii"


async def test_a_letter_that_was_taken_is_taken_however_the_goodbye_ends() -> None:
    async with scripted(*WELL, b"250 taken\r\n") as port:
        assert await SmtpPost(send_s=5).send(plain(port), MAIL) == 0
