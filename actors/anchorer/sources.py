"""Where headers of Bitcoin blocks come from: a pinned file, or two servers that must agree."""

import re
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlsplit

import attrs

from actors.anchorer.headers import Header, HeadersFile, header_of
from actors.anchorer.pace import Pace
from runtime.errors import ArightError
from runtime.outbound import Call, Outbound, OutboundError, RejectedError

_AGREE = 2
_NOT_FOUND = 404
_REPLY = 1024  # bytes; a header has 160
_ID = re.compile(rb"[0-9a-f]{64}")
_HEADER = re.compile(rb"[0-9a-f]{160}")


class NoHeaderError(ArightError):
    """No header is to be had now; `reason` is a code in snake_case."""

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(f"{reason}: {problem}")
        self.reason, self.problem = reason, problem


@attrs.frozen
class Found:
    """A header with work in it, and who gave it."""

    header: Header
    source: str


class HeaderSource(Protocol):
    """Headers by height."""

    async def at(self, height: int) -> Found | None:
        """Give the header of a block; None: there is no such block yet.

        Raises:
            NoHeaderError: nobody who is relied on can say.
        """
        ...


@attrs.frozen
class Sources:
    """A pinned file first; what it has not, two Esplora servers must agree on."""

    pinned: HeadersFile | None
    servers: Sequence[str]
    """Base URLs of independent servers, at least two or none."""
    outbound: Outbound
    pace: Pace

    async def at(self, height: int) -> Found | None:
        """Give the header of a block; None: there is no such block yet.  Raises NoHeaderError."""
        header = None if self.pinned is None else self.pinned.at(height)
        if header is not None:
            return Found(header, "file")
        return await self._agreed(height)

    async def _agreed(self, height: int) -> Found | None:
        """Ask one server after the other until two gave the same answer."""
        answers: list[tuple[str, bytes | None]] = []
        failures: list[str] = []
        for server in self.servers:
            try:
                raw = await self._asked(server, height)
            except (OutboundError, NoHeaderError) as error:
                failures.append(f"{_host(server)}: {error.reason}")
                continue
            same = [other for other, told in answers if told == raw]
            if len(same) + 1 >= _AGREE:
                return _found(raw, [*same, server])
            answers.append((server, raw))
        if len([raw for _, raw in answers if raw is not None]) >= _AGREE:
            raise NoHeaderError("sources_disagree", f"on block {height}")
        failures += [f"{_host(server)}: no such block" for server, raw in answers if raw is None]
        raise NoHeaderError("not_at_hand", "; ".join(failures) or "no source has it")

    async def _asked(self, server: str, height: int) -> bytes | None:
        """Ask one server; None: it knows no such block.  Raises OutboundError, NoHeaderError."""
        block = await self._text(server, f"block-height/{height}", _ID)
        if block is None:
            return None
        told = await self._text(server, f"block/{block.decode()}/header", _HEADER)
        raw = None if told is None else bytes.fromhex(told.decode())
        header = None if raw is None else header_of(raw)
        if header is None or header.id.hex() != block.decode():
            raise NoHeaderError("no_work", "a header without its work")
        return raw

    async def _text(self, server: str, path: str, form: re.Pattern[bytes]) -> bytes | None:
        await self.pace.turn(_host(server))
        try:
            reply = await self.outbound.exchange(Call("GET", f"{server}/{path}", max_reply=_REPLY))
        except RejectedError as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        text = reply.body.strip().lower()
        if form.fullmatch(text) is None:
            raise NoHeaderError("bad_answer", "no hash, or no header")
        return text


def _found(raw: bytes | None, servers: Sequence[str]) -> Found | None:
    header = None if raw is None else header_of(raw)
    return None if header is None else Found(header, " and ".join(map(_host, servers)))


def _host(url: str) -> str:
    return urlsplit(url).netloc
