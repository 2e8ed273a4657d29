"""Calendars over HTTP: a digest is submitted, and later asked for, and nothing else leaves."""

from collections.abc import Collection
from typing import Protocol
from urllib.parse import urlsplit

import attrs

from actors.anchorer.core import MAX_ANSWER
from actors.anchorer.pace import Pace
from runtime.outbound import Call, Digest, ForbiddenDestinationError, Outbound, RejectedError

_ACCEPT = {"Accept": "application/vnd.opentimestamps.v1"}
_NOT_FOUND = 404


class Calendars(Protocol):
    """The calendars of the world, as far as they may be asked."""

    async def submit(self, calendar: str, digest: bytes) -> bytes:
        """Hand a digest in; give the answer.  Raises OutboundError."""
        ...

    async def ask(self, uri: str, commitment: bytes) -> bytes | None:
        """Ask what became of a promise; None: not yet.  Raises OutboundError."""
        ...


@attrs.frozen
class HttpCalendars:
    """Calendars that speak the OpenTimestamps protocol.

    Their answers are read up to a limit and not believed; see `core`.
    """

    outbound: Outbound
    calendars: Collection[str]
    """To whom digests are handed in."""
    allowed: Collection[str]
    """Who is asked when a promise names them.  Any other URI in a promise is never contacted."""
    pace: Pace

    async def submit(self, calendar: str, digest: bytes) -> bytes:
        """Hand a digest in; give the answer.  Raises OutboundError."""
        if calendar not in self.calendars:
            raise ForbiddenDestinationError(_host(calendar), "not_allowed")
        await self.pace.turn(_host(calendar))
        call = Call(
            "POST",
            f"{calendar}/digest",
            _ACCEPT,
            Digest(digest),
            "application/x-www-form-urlencoded",
            max_reply=MAX_ANSWER,
        )
        return (await self.outbound.exchange(call)).body

    async def ask(self, uri: str, commitment: bytes) -> bytes | None:
        """Ask what became of a promise; None: not yet.  Raises OutboundError."""
        uri = uri.rstrip("/")
        if uri not in self.allowed:
            raise ForbiddenDestinationError("", "not_allowed")
        await self.pace.turn(_host(uri))
        url = f"{uri}/timestamp/{commitment.hex()}"
        try:
            return (
                await self.outbound.exchange(Call("GET", url, _ACCEPT, max_reply=MAX_ANSWER))
            ).body
        except RejectedError as error:
            if error.status == _NOT_FOUND:
                return None
            raise


def _host(url: str) -> str:
    return urlsplit(url).netloc
