"""SMTP as a client: smtplib in a thread, under one deadline for the whole conversation."""

import contextlib
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from io import BufferedReader
from socket import SHUT_RDWR, gethostname, socket
from typing import Any

import attrs
import trio
from typing_extensions import override

from runtime.mail import Mail, MailError, MailServer
from runtime.scrub import Scrubbed

_QUIET_S = 15.0
"""Seconds for which a server may say nothing."""

_LONGEST_TALK = 65536
"""Bytes that a server may say before it is hung up on."""

_CODES = range(200, 600)


@attrs.define
class SmtpPost:
    """Sends each letter on a connection of its own; see `runtime.mail.Post`."""

    send_s: float = 30.0
    """Seconds within which a letter must be taken."""

    async def send(self, server: MailServer, mail: Mail) -> int:
        """Hand a letter over; give how many of those it is to were refused, at least one was not.

        Raises:
            MailError: as `Post` says.
        """
        talk = _Conversation(server, mail)
        outcome: int | MailError = 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk.end_after, self.send_s)
            try:
                outcome = await trio.to_thread.run_sync(talk.hold)
            except MailError as error:
                outcome = error
            nursery.cancel_scope.cancel()
        if isinstance(outcome, MailError):
            raise outcome
        return outcome


class _EndlessError(OSError):
    """A server talks on and on; smtplib makes a disconnection of it."""


@attrs.define
class _Talk:
    """What a server says, up to a bound: an answer may go on for ever, line by line."""

    file: BufferedReader
    left: int = _LONGEST_TALK

    def readline(self, most: int = -1) -> bytes:
        line = self.file.readline(most)
        self.left -= len(line)
        if self.left < 0:
            raise _EndlessError("talks without end")
        return line

    def close(self) -> None:
        self.file.close()


def _bound(client: smtplib.SMTP) -> None:
    """Have smtplib read by way of a `_Talk`, also after it has gone over to TLS."""
    if client.file is None and client.sock is not None:
        client.file = _Talk(client.sock.makefile("rb"))


class _Clear(smtplib.SMTP):
    def __init__(self, talk: "_Conversation", **how: Any) -> None:  # Any: as smtplib takes them
        self.talk = talk
        super().__init__(talk.server.host, talk.server.port, gethostname(), **how)

    @override
    def getreply(self) -> tuple[int, bytes]:
        self.talk.goes_on_upon(self.sock)
        _bound(self)
        return super().getreply()


class _Secured(smtplib.SMTP_SSL):
    def __init__(self, talk: "_Conversation", **how: Any) -> None:  # Any: as smtplib takes them
        self.talk = talk
        super().__init__(talk.server.host, talk.server.port, gethostname(), **how)

    @override
    def getreply(self) -> tuple[int, bytes]:
        self.talk.goes_on_upon(self.sock)
        _bound(self)
        return super().getreply()


@attrs.define
class _Conversation:
    """One letter to one server."""

    server: MailServer
    mail: Mail
    wire: socket | None = None
    """What is talked upon."""
    reached: bool = False
    late: bool = False
    over: bool = False

    async def end_after(self, seconds: float) -> None:
        """Hang up when it takes too long, or when we are cancelled: the thread ends with it."""
        try:
            await trio.sleep(seconds)
            self.late = True
        finally:
            self.over = True
            if self.wire is not None:
                with contextlib.suppress(OSError):
                    socket.shutdown(self.wire, SHUT_RDWR)  # of the line, not of the TLS upon it

    def goes_on_upon(self, wire: socket | None) -> None:
        """Note what is talked upon; raises TimeoutError when the talk is over already.

        To connect may outlast the deadline, and then there was nothing yet to hang up.
        """
        self.wire = wire
        if self.over and wire is not None:
            wire.close()
            raise TimeoutError

    def hold(self) -> int:
        """Say all that there is to say.  Blocks."""
        try:
            return self._hold()
        except smtplib.SMTPException as error:
            raise MailError(self.server.host, self._reason(error)) from error
        except ssl.SSLError as error:
            raise MailError(self.server.host, "timeout" if self.late else "tls_failed") from error
        except TimeoutError as error:
            raise MailError(self.server.host, "timeout") from error
        except ConnectionRefusedError as error:
            raise MailError(self.server.host, "unreachable") from error
        except UnicodeError as error:  # no name of a host; a user or password that is not ASCII
            reason = "not_ascii" if self.reached else "unreachable"
            raise MailError(self.server.host, reason) from error
        except OSError as error:
            reason = "broken_off" if self.reached else "unreachable"
            raise MailError(self.server.host, "timeout" if self.late else reason) from error

    def _hold(self) -> int:
        server, mail = self.server, self.mail
        client = self._connected()
        self.reached = True
        try:
            if server.tls == "starttls":
                client.starttls(context=self._trust())
            if server.user:
                client.login(server.user, server.password)
            to = [each.name for each in mail.to]
            refused = client.sendmail(mail.sender.name, to, _spelled(mail))
            with contextlib.suppress(smtplib.SMTPException, OSError):  # it was taken all the same
                client.quit()
        finally:
            client.close()
        return len(refused)

    def _connected(self) -> smtplib.SMTP:
        if self.server.tls == "implicit":
            return _Secured(self, timeout=_QUIET_S, context=self._trust())
        return _Clear(self, timeout=_QUIET_S)

    def _trust(self) -> ssl.SSLContext:
        talk = self

        class Wire(ssl.SSLSocket):
            # The handshake has a wire of its own, which smtplib shows only when it is done.
            @override
            def do_handshake(self, block: bool = False) -> None:
                talk.goes_on_upon(self)
                super().do_handshake(block)

        trust = ssl.create_default_context(cafile=self.server.authorities)
        trust.sslsocket_class = Wire
        return trust

    def _reason(self, error: smtplib.SMTPException) -> str:
        match error:
            case smtplib.SMTPNotSupportedError():
                reason = "no_tls" if self.server.tls == "starttls" else "not_supported"
            case smtplib.SMTPAuthenticationError():
                reason = "auth_failed"
            case smtplib.SMTPRecipientsRefused(recipients=refused):
                reason = _coded(next(iter(refused.values()))[0])
            case smtplib.SMTPResponseException(smtp_code=code):
                reason = _coded(code)
            case smtplib.SMTPServerDisconnected(__context__=_EndlessError()):
                reason = "bad_answer"
            case smtplib.SMTPServerDisconnected():
                slow = self.late or "timed out" in str(error)
                reason = "timeout" if slow else "broken_off"
            case _:
                reason = "bad_answer"
        return reason


def _coded(code: int) -> str:
    return f"smtp_{code}" if code in _CODES else "bad_answer"


def _spelled(mail: Mail) -> bytes:
    message = EmailMessage(policy=WIRE)
    message["From"] = Address(_in_one_line(mail.sender_name), addr_spec=mail.sender.name)
    message["To"] = ", ".join(each.name for each in mail.to)
    message["Subject"] = _in_one_line(mail.subject)
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = mail.message_id.text
    if mail.references.text != mail.message_id.text:
        message["In-Reply-To"] = mail.references.text
        message["References"] = mail.references.text
    message["X-Aright-Delivery"] = mail.delivery.name
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text.text)
    message.add_alternative(mail.html.text, subtype="html")
    return message.as_bytes()


def _in_one_line(text: Scrubbed) -> str:
    # The library decodes what looks like an encoded word: a host could name itself one, and so
    # write headers, or what the scrubber could not read.
    return " ".join(text.text.split()).replace("=?", "= ?")
