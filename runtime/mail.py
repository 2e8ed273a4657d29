"""Letters by e-mail: what may leave, and the server that takes it.  The sending is a host's."""

import datetime as dt
from pathlib import Path
from typing import Literal, Protocol

import attrs

from runtime.errors import ArightError
from runtime.scrub import Code, Scrubbed


class MailError(ArightError):
    """A letter was not taken, as far as we know.  `reason` is a code."""

    def __init__(self, server: str, reason: str) -> None:
        super().__init__(f"{server}: {reason}")
        self.server, self.reason = server, reason


@attrs.frozen
class MailServer:
    """A server that takes letters, by SMTP."""

    host: str
    port: int
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    user: str = ""
    """Empty: it takes letters from whoever asks."""
    password: str = attrs.field(default="", repr=False)
    authorities: Path | None = None
    """A file of certificate authorities, in the place of the machine's own."""


@attrs.frozen
class Mail:
    """One letter."""

    sender: Code
    sender_name: Scrubbed
    to: tuple[Code, ...] = attrs.field(validator=attrs.validators.min_len(1))
    subject: Scrubbed
    text: Scrubbed
    html: Scrubbed
    message_id: Scrubbed
    references: Scrubbed
    delivery: Code
    at: dt.datetime


class Post(Protocol):
    """Given by `runtime.hosts.smtp`."""

    async def send(self, server: MailServer, mail: Mail) -> int:
        """Hand a letter over; give how many of those it is to were refused, at least one was not.

        Raises:
            MailError: `unreachable`, `timeout`, `broken_off`, `bad_answer`, `tls_failed`,
                `no_tls`, `auth_failed`, `not_ascii` of user or password, or `smtp_` and the code
                of three digits.
        """
        ...
