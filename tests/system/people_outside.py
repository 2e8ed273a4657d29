"""Slack, PagerDuty and a mail server, in a thread beside the test: what people look at."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import trio
from trio_websocket import WebSocketConnection

from tests.actors.escalator.slack_server import HELLO, SlackServer, answers, click, say, slack
from tests.runtime.mail_server import Box, taking
from tests.runtime.webhook import Conduct, Receiver, receiving, status


@attrs.define
class Outside:
    """What was said to people, and their clicks."""

    slack: SlackServer
    pager: Receiver
    mail: Box
    mail_port: int
    clicks: "queue.SimpleQueue[dict[str, Any]]" = attrs.field(factory=queue.SimpleQueue)
    stop: threading.Event = attrs.field(factory=threading.Event)

    def said(self) -> list[dict[str, Any]]:
        """Give the messages that were written in Slack, in their order."""
        bodies = [json.loads(body) for _, body in self.slack.api.requests if body]
        return [body for body in bodies if "attachments" in body]

    def events(self) -> list[dict[str, Any]]:
        """Give what PagerDuty heard."""
        return [json.loads(body) for _, body in self.pager.requests]

    def buttons(self) -> dict[str, str]:
        """Give the buttons of the newest message in Slack, by their action."""
        blocks = self.said()[-1]["attachments"][0]["blocks"] if self.said() else []
        elements = [one for block in blocks for one in block.get("elements", [])]
        return {one["action_id"]: one["value"] for one in elements if "action_id" in one}

    def press(self, action: str) -> None:
        """Click."""
        self.clicks.put(click(action, self.buttons()[action], envelope_id=f"e-{action}"))

    def channels(self) -> list[dict[str, object]]:
        """Give the settings of the channels that lead here."""
        return [
            {
                "name": "chat",
                "kind": "slack",
                "token": "env:BOT",
                "channel": "C1",
                "app_token": "env:APP",
                "approvers": ["U7"],
                "api_url": self.slack.url,
            },
            {
                "name": "pager",
                "kind": "pagerduty",
                "routing_key": "env:PAGER",
                "url": self.pager.url,
            },
            {
                "name": "mail",
                "kind": "email",
                "host": "127.0.0.1",
                "port": self.mail_port,
                "tls": "none",
                "sender": "aright@example.org",
                "to": ["ada@example.org"],
            },
        ]


ENVIRONMENT = {"BOT": "xoxb-secret", "APP": "xapp-secret", "PAGER": "k" * 32}


@contextmanager
def outside(*first: Conduct) -> Iterator[Outside]:
    """Serve; `first` is how PagerDuty answers the first requests."""
    ready: queue.SimpleQueue[Outside] = queue.SimpleQueue()
    box = Box()
    with taking(box) as mail_port:
        thread = threading.Thread(
            target=lambda: trio.run(_serve, ready, box, mail_port, (*first, status(202)))
        )
        thread.start()
        world = ready.get(timeout=60)
        try:
            yield world
        finally:
            world.stop.set()
            thread.join(timeout=60)


async def _serve(
    ready: "queue.SimpleQueue[Outside]", box: Box, mail_port: int, pager: tuple[Conduct, ...]
) -> None:
    async def scene(wire: WebSocketConnection) -> None:
        await say(wire, HELLO)
        while True:
            pressed = await trio.to_thread.run_sync(_next, world, abandon_on_cancel=True)
            if pressed is None:
                return
            await say(wire, pressed)
            await world.slack.hear(wire)

    async with slack(scene) as server, receiving(*pager) as receiver:
        world = Outside(server, receiver, box, mail_port)
        well = {"ok": True, "url": server.socket_url, "channel": "C1", "ts": "1700000000.000100"}
        server.api.conducts = [answers(well)]
        ready.put(world)
        await trio.to_thread.run_sync(world.stop.wait)
        world.clicks.put({})


def _next(world: Outside) -> dict[str, Any] | None:
    return world.clicks.get() or None
