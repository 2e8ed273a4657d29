"""Socket Mode: hears what people click in Slack, on connections that we open ourselves.

Slack ends each connection after some time and says so before; the next one is open by then.
"""

import contextlib
import json
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from random import Random
from typing import Protocol
from urllib.parse import urlsplit

import attrs
import structlog
import trio

from actors.escalator.clicks import Clicks
from actors.escalator.slack import SlackApi, SlackAppChannel
from actors.escalator.slack_click import Click, Disconnect, Envelope, Hello, said
from runtime.hosts.websocket import WebSocketError
from runtime.outbound import OutboundError
from runtime.scrub import Code

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="escalator")

_ALIVE_EVERY_S = 30.0
_ALIVE_WITHIN_S = 10.0

_HELLO_S = 10.0
"""Seconds within which Slack greets."""

_OVERLAP_S = 10.0
"""Seconds for which an old connection is still heard, after Slack said that it will end."""

_SHORTEST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_REMEMBERED = 256


class Wire(Protocol):
    """`WebSocket` of `runtime.hosts.websocket`."""

    async def receive(self) -> str:
        """Wait for the next message; raises WebSocketError."""
        ...

    async def send(self, text: str) -> None:
        """Send one message; raises WebSocketError."""
        ...

    async def alive(self, within: float) -> None:
        """Ask for a sign of life; raises WebSocketError."""
        ...


@attrs.define
class _Turn:
    """One connection, as whoever opens the next one sees it."""

    over: trio.Event = attrs.field(factory=trio.Event)
    """Set when there must be another connection: this one ends soon, or has ended."""
    greeted: bool = False
    failure: OutboundError | WebSocketError | None = None


@attrs.define
class SlackSocket:
    """A service: keeps a connection open for as long as the appliance runs."""

    name: str
    """Of the channel whose clicks it hears."""
    api: SlackApi
    """With the token of the app, not of its bot."""
    open_websocket: Callable[[str], AbstractAsyncContextManager[Wire]]
    random: Random
    approvers: frozenset[str] = frozenset()
    """Ids of the people whose yes or no to a fix counts."""
    voice: SlackAppChannel | None = None
    """By which people are told what came of a click."""
    _handled: deque[str] = attrs.field(factory=lambda: deque[str](maxlen=_REMEMBERED), init=False)
    """Envelopes that were obeyed: Slack brings one again that it believes unheard."""

    async def run(self, clicks: Clicks) -> None:
        """Hear clicks, until cancelled."""
        failures = 0
        async with trio.open_nursery() as nursery:
            while True:
                turn = _Turn()
                nursery.start_soon(self._listen, turn, clicks, nursery)
                await turn.over.wait()
                if turn.failure is None:
                    failures = 0
                    await trio.sleep(_SHORTEST_PAUSE_S)
                    continue
                failures = 1 if turn.greeted else failures + 1
                wait_s = self._pause_s(failures, turn.failure)
                log.warning(
                    "socket_failed",
                    channel=self.name,
                    error=turn.failure.reason,
                    retry_in_s=round(wait_s, 1),
                )
                await trio.sleep(wait_s)

    def _pause_s(self, failures: int, failure: OutboundError | WebSocketError) -> float:
        pause = min(_SHORTEST_PAUSE_S * 2.0 ** min(failures - 1, 16), _LONGEST_PAUSE_S)
        asked_s = failure.retry_in_s if isinstance(failure, OutboundError) else 0.0
        return max(pause * self.random.uniform(0.5, 1.5), min(asked_s, 3600.0))

    async def _listen(self, turn: _Turn, clicks: Clicks, nursery: trio.Nursery) -> None:
        try:
            url = await self._address()
            async with self.open_websocket(url) as wire:
                await self._hear(turn, wire, clicks, nursery)
        except (OutboundError, WebSocketError) as failure:
            # One that ends after Slack had said so is no failure: the next one is open.
            if not turn.over.is_set():
                turn.failure = failure
        finally:
            turn.over.set()

    async def _address(self) -> str:
        """Ask where to connect; raises OutboundError."""
        answer = await self.api.ask("apps.connections.open")
        url, api = answer.get("url"), urlsplit(self.api.url)
        with contextlib.suppress(ValueError):  # it is no address at all
            parts = urlsplit(url if isinstance(url, str) else "")
            encrypted = parts.scheme == "wss" or (api.scheme, parts.scheme) == ("http", "ws")
            host, home = parts.hostname or "", api.hostname or ""
            if encrypted and (host == home or host.endswith(f".{home}")):
                return parts.geturl()
        raise OutboundError(api.hostname or "", "bad_address")

    async def _hear(self, turn: _Turn, wire: Wire, clicks: Clicks, nursery: trio.Nursery) -> None:
        with trio.CancelScope() as scope:
            with trio.move_on_after(_HELLO_S) as greeting:
                while not isinstance(said(await wire.receive()), Hello):
                    pass
            if greeting.cancelled_caught:
                raise WebSocketError("no_hello")
            turn.greeted = True
            log.info("socket_open", channel=self.name)
            while True:
                match said(await self._received(wire)):
                    case Envelope() as envelope:
                        # Within three seconds, whatever comes of it.
                        await wire.send(json.dumps({"envelope_id": envelope.id}))
                        self._obey(envelope, clicks, nursery)
                    case Disconnect(reason="link_disabled"):
                        raise WebSocketError("link_disabled")
                    case Disconnect():
                        scope.deadline = trio.current_time() + _OVERLAP_S
                        turn.over.set()
                    case _:
                        pass

    async def _received(self, wire: Wire) -> str:
        while True:
            with trio.move_on_after(_ALIVE_EVERY_S):
                return await wire.receive()
            await wire.alive(_ALIVE_WITHIN_S)

    def _obey(self, envelope: Envelope, clicks: Clicks, nursery: trio.Nursery) -> None:
        if envelope.clicks and envelope.id not in self._handled:
            self._handled.append(envelope.id)
            for click in envelope.clicks:
                nursery.start_soon(self._clicked, click, clicks)

    async def _clicked(self, click: Click, clicks: Clicks) -> None:
        told = await clicks.obey(click, may_approve=click.user_id in self.approvers)
        if self.voice is None or not click.channel_id:
            return
        try:
            channel, user = Code.or_withheld(click.channel_id), Code.or_withheld(click.user_id)
            await self.voice.whisper(channel, user, told)
        except OutboundError as error:
            log.warning("whisper_failed", channel=self.name, error=error.reason)
