"""The one door out: to whom, how often, until when, and nothing but `Scrubbed`."""

import datetime as dt
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from random import Random
from typing import Literal, Protocol

import attrs
import trio

from runtime.allowance import Allowance
from runtime.clock import Clock
from runtime.destination import Destination, InvalidDestinationError, Webhook, signature
from runtime.errors import ArightError
from runtime.hosts.http_client import HttpError, Reply
from runtime.scrub import Code, Scrubbed, assemble


class OutboundError(ArightError):
    """What was to leave has not arrived, as far as we know."""

    def __init__(self, host: str, reason: str, *, retry_in_s: float = 0.0) -> None:
        super().__init__(f"{host}: {reason}")
        self.host, self.reason = host, reason
        self.retry_in_s = retry_in_s
        """Seconds for which the other side, or the budget, asks to wait; 0 where none does."""


class ForbiddenDestinationError(OutboundError):
    """The address is not one that the configuration allows."""


class BudgetSpentError(OutboundError):
    """So much was sent lately that this was not even tried."""


class RejectedError(OutboundError):
    """The other side refused: a redirect or a 4xx.  To repeat it at once is no use."""

    def __init__(self, host: str, status: int, body: bytes = b"") -> None:
        super().__init__(host, f"http_{status}")
        self.status = status
        self.body = body
        """What it said, as far as a reply was to be read; for the caller's eyes, for no log."""


class TooLargeError(OutboundError):
    """The other side answered well, and with more than was to be read.  It is not repeated."""


class UndeliveredError(OutboundError):
    """A timeout, a broken line, 429 or 5xx, and no try was left."""


@attrs.frozen
class Notice:
    """All that may leave until there is a scrubber: ids, a state, reason codes and counts."""

    delivery_id: str
    ticket_id: str
    site_id: str
    kind: str
    reason: str
    state: str
    host: str = ""
    check: str = ""
    rule_id: str = ""
    runbook_id: str = ""
    incident_ids: tuple[str, ...] = ()
    incidents: int = 0


@attrs.frozen
class Letter:
    """What leaves for a person, and the id by which the other side knows a repeat."""

    id: Code
    content: Scrubbed


def scrubbed_notice(notice: Notice) -> Letter:
    """Spell a notice as JSON.  A text that has not the form of a name or code is withheld."""
    texts = {
        name: Code.or_withheld(text)
        for name, text in attrs.asdict(notice).items()
        if isinstance(text, str)
    }
    ids = tuple(Code.or_withheld(incident_id) for incident_id in notice.incident_ids)
    body = assemble({**texts, "incident_ids": ids, "incidents": notice.incidents})
    return Letter(texts["delivery_id"], body)


@attrs.frozen
class Digest:
    """A hash for a public calendar: raw bytes that tell nothing of what was hashed."""

    value: bytes = attrs.field(
        repr=False,
        validator=[attrs.validators.min_len(1), attrs.validators.max_len(64)],
    )


@attrs.frozen
class Call:
    """One question to the world."""

    method: Literal["GET", "POST"]
    url: str = attrs.field(repr=False)  # its path is often a secret too
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    """Beside those of the door; a key of ours stands here."""
    content: Scrubbed | Digest | None = None
    content_type: str = "application/json"
    max_reply: int = 65536
    """Bytes of the reply's body that are read at most; 0: it is not read."""
    try_s: float | None = None
    """Seconds within which one try must be answered, where the door's own do not fit."""

    @property
    def body(self) -> bytes:
        """Give the bytes that leave."""
        match self.content:
            case None:
                return b""
            case Digest(value):
                return value
            case Scrubbed():
                return self.content.body


class Transport(Protocol):
    """`HttpClient` of `runtime.hosts.http_client`."""

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, max_reply: int
    ) -> Reply:
        """Send one request, read so much of the answer's body; raises HttpError."""
        ...


@attrs.define
class Outbound:
    """Sends what may leave to where it may go."""

    transport: Transport
    allowed: frozenset[Destination]
    clock: Clock
    random: Random
    """Spreads the pauses between tries."""
    allowance: Allowance = attrs.field(factory=Allowance)
    tries: int = 3
    try_s: float = 10.0
    """Seconds within which one try must be answered."""
    pause_s: float = 0.5
    """Seconds before the second try, half to one and a half times; doubled before the third."""

    async def send(self, to: Webhook, letter: Letter) -> None:
        """Post a letter, signed; returns when the other side said 2xx.

        The same letter has the same `Aright-Delivery` header in each try, and the try before
        may have arrived unheard: receivers drop what they know.

        Raises:
            ForbiddenDestinationError, BudgetSpentError, RejectedError, UndeliveredError
        """
        await self._repeat(to.url, lambda: self._signed(to, letter), self.tries)

    async def exchange(self, call: Call, *, tries: int = 1) -> Reply:
        """Ask, and give the 2xx reply with its body.

        Whole tries end with the deadline of the caller's scope; each has its own beside that.

        Raises:
            ForbiddenDestinationError, BudgetSpentError, RejectedError, UndeliveredError,
            TooLargeError
        """
        return await self._repeat(call.url, lambda: call, tries)

    async def _repeat(self, url: str, call: Callable[[], Call], tries: int) -> Reply:
        """Try until a 2xx came or no try is left; `call` is made anew for each."""
        host = self._allowed(url)
        attempt = 0
        failed: UndeliveredError | None = None
        while True:
            attempt += 1
            if wait_s := self.allowance.spend(self.clock.monotonic()):
                # What was tried has failed, and counts as that, though no second try is left.
                raise failed or BudgetSpentError(host, "budget_spent", retry_in_s=wait_s)
            try:
                return await self._try(host, call())
            except UndeliveredError as failure:
                # Who asks for a long pause gets it: not here, but from whoever keeps the outbox.
                if attempt >= tries or failure.retry_in_s > self.try_s:
                    raise
                failed = failure
            pause = self.pause_s * 2.0 ** (attempt - 1) * self.random.uniform(0.5, 1.5)
            await trio.sleep(max(pause, failed.retry_in_s))

    def _allowed(self, url: str) -> str:
        try:
            destination = Destination.of(url)
        except InvalidDestinationError as error:
            raise ForbiddenDestinationError("", "invalid_url") from error
        if destination not in self.allowed:
            raise ForbiddenDestinationError(destination.host, "not_allowed")
        return destination.host

    def _signed(self, to: Webhook, letter: Letter) -> Call:
        now = int(self.clock.now().timestamp())
        headers = {
            "Aright-Delivery": letter.id.name,
            "Aright-Signature": signature(to.secret, now, letter.content.body),
        }
        return Call("POST", to.url, headers, letter.content, max_reply=0)

    async def _try(self, host: str, call: Call) -> Reply:
        headers = {**call.headers, "User-Agent": "aright"}
        if call.content is not None:
            headers["Content-Type"] = call.content_type
        try:
            with trio.fail_after(self.try_s if call.try_s is None else call.try_s):
                reply = await self.transport.request(
                    call.method, call.url, headers, call.body, call.max_reply
                )
        except trio.TooSlowError as error:
            raise UndeliveredError(host, "timeout") from error
        except HttpError as error:
            raise UndeliveredError(host, error.reason) from error
        if 200 <= reply.status < 300:  # noqa: PLR2004  what HTTP calls success
            if reply.cut:
                raise TooLargeError(host, "too_large")
            return reply
        if reply.status == 429 or reply.status >= 500:  # noqa: PLR2004  later may be better
            retry_in_s = _retry_after(reply.headers.get("retry-after", ""), self.clock.now())
            raise UndeliveredError(host, f"http_{reply.status}", retry_in_s=retry_in_s)
        raise RejectedError(host, reply.status, reply.body)


def _retry_after(text: str, now: dt.datetime) -> float:
    """Read a Retry-After header, seconds or a date; 0 for nothing and for nonsense."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        wait_s = (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):  # no date; one without a zone; one beyond all
        return 0.0
    return max(0.0, wait_s)
