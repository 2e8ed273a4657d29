"""A WebSocket as a client: text in, text out, over trio-websocket."""

import contextlib
import ssl
from collections.abc import AsyncGenerator
from typing import Protocol

import attrs
import trio

from runtime.errors import ArightError

_LONGEST = 1024 * 1024
"""Bytes of one message; a longer one ends the connection."""

_CONNECT_S = 10.0
_CLOSE_S = 2.0


class WebSocketError(ArightError):
    """A connection was not made, or it ended.  `reason` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"websocket: {reason}")
        self.reason = reason


class _Wire(Protocol):
    async def get_message(self) -> str | bytes: ...

    async def send_message(self, message: str | bytes) -> None: ...

    async def ping(self) -> None: ...


@attrs.frozen
class WebSocket:
    """An open connection."""

    wire: _Wire

    async def receive(self) -> str:
        """Wait for the next message; what is no text is an empty one.

        Raises:
            WebSocketError: `closed`.
        """
        from trio_websocket import ConnectionClosed

        try:
            message = await self.wire.get_message()
        except ConnectionClosed as error:
            raise WebSocketError("closed") from error
        return message if isinstance(message, str) else ""

    async def send(self, text: str) -> None:
        """Send one message; raises WebSocketError."""
        from trio_websocket import ConnectionClosed

        try:
            await self.wire.send_message(text)
        except ConnectionClosed as error:
            raise WebSocketError("closed") from error

    async def alive(self, within: float) -> None:
        """Ask for a sign of life; raises WebSocketError `silent`, or `closed`."""
        from trio_websocket import ConnectionClosed

        try:
            with trio.fail_after(within):
                await self.wire.ping()
        except trio.TooSlowError as error:
            raise WebSocketError("silent") from error
        except ConnectionClosed as error:
            raise WebSocketError("closed") from error


@contextlib.asynccontextmanager
async def open_websocket(url: str) -> AsyncGenerator[WebSocket]:
    """Connect to a `wss` URL, or `ws` on loopback; close in the end.

    Raises:
        WebSocketError: `refused`, `unreachable`, `timeout`; and what the body raises.
    """
    import trio_websocket  # some MiB that an appliance without such a channel does not need

    trust = ssl.create_default_context() if url.startswith("wss:") else None
    try:
        async with trio_websocket.open_websocket_url(
            url,
            trust,
            max_message_size=_LONGEST,
            message_queue_size=16,
            connect_timeout=_CONNECT_S,
            disconnect_timeout=_CLOSE_S,
        ) as wire:
            yield WebSocket(wire)
    except trio_websocket.ConnectionTimeout as error:
        raise WebSocketError("timeout") from error
    except trio_websocket.ConnectionRejected as error:
        raise WebSocketError("refused") from error
    except trio_websocket.DisconnectionTimeout:
        return  # who does not say good-bye is gone all the same
    except trio_websocket.HandshakeError as error:
        raise WebSocketError("unreachable") from error
    except ValueError as error:  # the URL is none
        raise WebSocketError("invalid_url") from error
