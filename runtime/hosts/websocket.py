"""A WebSocket as a client: text in, text out, over trio-websocket."""

import contextlib
import ssl
from collections.abc import AsyncGenerator
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

import attrs
import h11
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
        WebSocketError: `refused`, `unreachable`, `timeout`, `tls_failed`, `bad_answer`,
            `invalid_url`; and what the body raises of it.
    """
    import trio_websocket
    import wsproto.utilities  # some MiB that an appliance without such a channel does not need

    failure: WebSocketError | None = None
    parts = urlsplit(url)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    # The stream is ours: the library leaves it open where a handshake is cancelled.
    async with await _reached(parts) as stream:
        try:
            async with trio.open_nursery() as nursery:
                try:
                    with trio.fail_after(_CONNECT_S):
                        wire = await trio_websocket.wrap_client_stream(
                            nursery,
                            stream,
                            parts.netloc,
                            target,
                            max_message_size=_LONGEST,
                            message_queue_size=16,
                        )
                    yield WebSocket(wire)
                    with trio.move_on_after(_CLOSE_S):
                        await wire.aclose()
                except trio.TooSlowError:
                    failure = WebSocketError("timeout")
                except WebSocketError as error:
                    failure = error
                nursery.cancel_scope.cancel()
        # The library's reader raises what it thinks of an answer, in that nursery.
        except* trio_websocket.ConnectionRejected:
            failure = WebSocketError("refused")
        except* trio_websocket.HandshakeError:
            failure = WebSocketError("unreachable")
        except* (h11.ProtocolError, wsproto.utilities.ProtocolError):
            failure = WebSocketError("bad_answer")
    if failure is not None:
        raise failure


async def _reached(parts: SplitResult) -> trio.SocketStream | trio.SSLStream[trio.SocketStream]:
    """Connect to the server of a URL."""
    encrypted = parts.scheme == "wss"
    try:
        port = parts.port or (443 if encrypted else 80)
        with trio.fail_after(_CONNECT_S):
            tcp = await trio.open_tcp_stream(parts.hostname or "", port)
    except trio.TooSlowError as error:
        raise WebSocketError("timeout") from error
    except OSError as error:
        raise WebSocketError("unreachable") from error
    except ValueError as error:
        raise WebSocketError("invalid_url") from error
    if not encrypted:
        return tcp
    trust = ssl.create_default_context()
    stream = trio.SSLStream(tcp, trust, server_hostname=parts.hostname, https_compatible=True)
    try:
        with trio.fail_after(_CONNECT_S):
            await stream.do_handshake()
    except BaseException as error:
        await trio.aclose_forcefully(stream)
        match error:
            case trio.BrokenResourceError():
                raise WebSocketError("tls_failed") from error
            case trio.TooSlowError():
                raise WebSocketError("timeout") from error
            case _:
                raise
    return stream
