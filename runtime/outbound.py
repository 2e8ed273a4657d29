"""The one door out: to whom, how often, until when, and nothing but `Scrubbed`."""

import datetime as dt
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from random import Random
from typing import Protocol

import attrs
import trio

from runtime.allowance import Allowance
from runtime.clock import Clock
from runtime.codec import to_json
from runtime.destination import Destination, InvalidDestinationError, Webhook, signature
from runtime.errors import ArightError
from runtime.hosts.http_client import HttpError, Reply


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


class _Seal:
    """What only a maker of `Scrubbed` has."""


_SEAL = _Seal()


@attrs.frozen
class Scrubbed:
    """Bytes that may leave, and their id.  Made by `scrubbed_notice`, by nobody else."""

    id: str
    body: bytes = attrs.field(repr=False)
    seal: _Seal = attrs.field(repr=False, eq=False)


_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,199}")


def scrubbed_notice(notice: Notice) -> Scrubbed:
    """Spell a notice as JSON.  A text that has not the form of a name or code is withheld."""
    fields = attrs.asdict(notice)
    ids = [_plain(incident_id) for incident_id in notice.incident_ids]
    texts = {name: _plain(text) for name, text in fields.items() if isinstance(text, str)}
    body = to_json({**texts, "incident_ids": ids, "incidents": notice.incidents})
    return Scrubbed(texts["delivery_id"], body.encode(), _SEAL)


def _plain(text: str) -> str:
    return text if not text or _PLAIN.fullmatch(text) else "withheld"


class Transport(Protocol):
    """`HttpClient` of `runtime.hosts.http_client`."""

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send one request; raises HttpError."""
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

    async def send(self, to: Webhook, content: Scrubbed) -> None:
        """Post `content`, signed; returns when the other side said 2xx.

        The same content has the same `Aright-Delivery` header in each try, and the try before
        may have arrived unheard: receivers drop what they know.

        Raises:
            ForbiddenDestinationError, BudgetSpentError, RejectedError, UndeliveredError
        """
        host = self._allowed(to.url)
        for attempt in range(1, self.tries + 1):
            if wait_s := self.allowance.spend(self.clock.monotonic()):
                raise BudgetSpentError(host, "budget_spent", retry_in_s=wait_s)
            failure = await self._try(host, to, content)
            if failure is None:
                return
            pause = self.pause_s * 2.0 ** (attempt - 1) * self.random.uniform(0.5, 1.5)
            # Who asks for a long pause gets it: not here, but from whoever keeps the outbox.
            if attempt == self.tries or failure.retry_in_s > self.try_s:
                raise failure
            await trio.sleep(max(pause, failure.retry_in_s))

    def _allowed(self, url: str) -> str:
        try:
            destination = Destination.of(url)
        except InvalidDestinationError as error:
            raise ForbiddenDestinationError("", "invalid_url") from error
        if destination not in self.allowed:
            raise ForbiddenDestinationError(destination.host, "not_allowed")
        return destination.host

    async def _try(self, host: str, to: Webhook, content: Scrubbed) -> UndeliveredError | None:
        """Try once.  Gives what may go better next time; raises RejectedError."""
        now = self.clock.now()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "aright",
            "Aright-Delivery": content.id,
            "Aright-Signature": signature(to.secret, int(now.timestamp()), content.body),
        }
        try:
            with trio.fail_after(self.try_s):
                reply = await self.transport.post(to.url, headers, content.body)
        except trio.TooSlowError:
            return UndeliveredError(host, "timeout")
        except HttpError as error:
            return UndeliveredError(host, error.reason)
        if 200 <= reply.status < 300:  # noqa: PLR2004  what HTTP calls success
            return None
        if reply.status == 429 or reply.status >= 500:  # noqa: PLR2004  later may be better
            retry_in_s = _retry_after(reply.headers.get("retry-after", ""), now)
            return UndeliveredError(host, f"http_{reply.status}", retry_in_s=retry_in_s)
        raise RejectedError(host, f"http_{reply.status}")


def _retry_after(text: str, now: dt.datetime) -> float:
    """Read a Retry-After header, seconds or a date; 0 for nothing and for nonsense."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        wait_s = (parsedate_to_datetime(text) - now).total_seconds()
    except (ValueError, TypeError):  # no date; a date without a zone
        return 0.0
    return max(0.0, wait_s)
