"""Slack as it speaks to an app: the Web API over HTTP, and Socket Mode over a WebSocket."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import attrs
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

from tests.runtime.webhook import Conduct, Receiver, says

Scene = Callable[[WebSocketConnection], Awaitable[None]]
"""What Slack does on one connection of Socket Mode."""

HELLO = {"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}}


def answers(body: object, status: int = 200, *headers: bytes) -> Conduct:
    """Answer JSON."""
    spelled = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [b"HTTP/1.1 %d Said" % status, b"Content-Type: application/json; charset=utf-8"]
    return says(
        b"\r\n".join([*lines, b"Content-Length: %d" % len(spelled), *headers, b"", spelled])
    )


def click(action: str, value: str, user: str = "U7", envelope_id: str = "e-1") -> dict[str, Any]:
    """Spell the envelope of a click."""
    return {
        "type": "interactive",
        "envelope_id": envelope_id,
        "accepts_response_payload": False,
        "payload": {
            "type": "block_actions",
            "user": {"id": user, "username": "ada", "name": "ada", "team_id": "T1"},
            "api_app_id": "A1",
            "container": {"type": "message_attachment", "channel_id": "C1", "message_ts": "1.2"},
            "team": {"id": "T1", "domain": "clinic"},
            "channel": {"id": "C1", "name": "alerts"},
            "actions": [
                {
                    "action_id": action,
                    "block_id": "b1",
                    "type": "button",
                    "value": value,
                    "action_ts": "1.5",
                    "text": {"type": "plain_text", "text": "Acknowledge"},
                }
            ],
        },
    }


@attrs.define
class SlackServer:
    """Answers in the order told, and remembers what it was told itself."""

    scenes: list[Scene]
    """What it does on the first connection, the second, ...; the last one for all that follow."""
    api: Receiver
    socket_url: str = ""
    connections: int = 0
    heard: list[dict[str, Any]] = attrs.field(factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api.port}/api"

    async def connected(self, request: WebSocketRequest) -> None:
        wire = await request.accept()
        scene = self.scenes[min(self.connections, len(self.scenes) - 1)]
        self.connections += 1
        with suppress(ConnectionClosed):
            await scene(wire)

    async def hear(self, wire: WebSocketConnection) -> dict[str, Any]:
        """Wait for what the app says."""
        told: dict[str, Any] = json.loads(await wire.get_message())
        self.heard.append(told)
        return told


async def say(wire: WebSocketConnection, *messages: object) -> None:
    """Send messages; what is text already is sent as it is."""
    for message in messages:
        await wire.send_message(message if isinstance(message, str) else json.dumps(message))


async def stay(wire: WebSocketConnection) -> None:
    """Keep the connection, until the app ends it."""
    await wire.get_message()


@asynccontextmanager
async def slack(*scenes: Scene, api: tuple[Conduct, ...] = ()) -> AsyncIterator[SlackServer]:
    """Serve both on loopback.  Without `api` each method is told the address of the socket."""
    server = SlackServer(list(scenes), Receiver(list(api)))
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    server.api.port = listener.socket.getsockname()[1]
    async with trio.open_nursery() as nursery:
        serve = partial(serve_websocket, server.connected, "127.0.0.1", 0, ssl_context=None)
        websocket = await nursery.start(serve)
        server.socket_url = f"ws://127.0.0.1:{websocket.port}/link/?ticket=1&app_id=A1"
        if not api:
            server.api.conducts = [answers({"ok": True, "url": server.socket_url})]
        nursery.start_soon(trio.serve_listeners, server.api.serve, [listener])
        yield server
        nursery.cancel_scope.cancel()
