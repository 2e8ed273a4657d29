"""Clicks in Slack: heard on connections of ours, obeyed as commands are, and answered."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import attrs
import pytest
import trio
from trio_websocket import WebSocketConnection

from actors.escalator import (
    Buttons,
    Press,
    SlackApi,
    SlackAppChannel,
    SlackSocket,
)
from actors.escalator.slack_click import Click, Disconnect, Envelope, Hello, said
from runtime.hosts.websocket import open_websocket
from runtime.scrub import Code, Scrubbed, ours
from tests.actors.escalator.desk import SCRUBBER, door
from tests.actors.escalator.slack_server import (
    HELLO,
    Scene,
    SlackServer,
    answers,
    click,
    say,
    slack,
    stay,
)
from tests.runtime.webhook import Conduct, hang, status


@attrs.define
class Doer:
    """Remembers clicks, and what may be approved."""

    clicks: list[tuple[Click, bool]] = attrs.field(factory=list)
    heard: trio.Event = attrs.field(factory=trio.Event)

    async def obey(self, click: Click, *, may_approve: bool) -> Scrubbed:
        await trio.lowlevel.checkpoint()
        self.clicks.append((click, may_approve))
        self.heard.set()
        return ours("done")


@attrs.define
class Stage:
    server: SlackServer
    doer: Doer
    socket: SlackSocket


@asynccontextmanager
async def listening(*scenes: Scene, api: tuple[Conduct, ...] = ()) -> AsyncIterator[Stage]:
    """Serve Slack, and listen to it."""
    async with slack(*scenes, api=api) as server, trio.open_nursery() as nursery:
        url, doer = server.url, Doer()
        voice = SlackAppChannel(
            "chat",
            SlackApi(url, "xoxb-1", door(url)),
            Code("C1"),
            Press("site-1", SCRUBBER),
            Buttons(acks=True, approves=True),
        )
        socket = SlackSocket(
            "chat",
            SlackApi(url, "xapp-1", door(url)),
            open_websocket,
            Random(7),  # noqa: S311  jitter
            frozenset({"U7"}),
            voice,
        )
        nursery.start_soon(socket.run, doer)
        with trio.fail_after(60):
            yield Stage(server, doer, socket)
        nursery.cancel_scope.cancel()


async def until(reached: Callable[[], bool]) -> None:
    """Look again and again."""
    while not reached():  # noqa: ASYNC110  what the server counts
        await trio.sleep(0.02)


async def test_a_click_is_acknowledged_at_once_obeyed_and_answered() -> None:
    async def scene(wire: WebSocketConnection) -> None:
        await say(wire, HELLO, click("aright_ack", "ticket_1"))
        with trio.fail_after(60):  # no deed is waited for; Slack itself waits 3 s
            assert await stage.server.hear(wire) == {"envelope_id": "e-1"}
        await stay(wire)

    async with listening(scene) as stage:
        await stage.doer.heard.wait()
        await until(lambda: len(stage.server.api.requests) >= 2)

    [(clicked, may_approve)] = stage.doer.clicks
    assert (clicked.action, clicked.ticket_id, clicked.who) == (
        "aright_ack",
        "ticket_1",
        "slack:U7 (ada)",
    )
    assert may_approve
    (opened, _), (whispered, body) = stage.server.api.requests
    assert opened["authorization"] == "Bearer xapp-1"
    assert whispered["authorization"] == "Bearer xoxb-1"
    assert json.loads(body) == {"channel": "C1", "user": "U7", "text": "done"}


async def test_only_the_named_may_approve() -> None:
    async def scene(wire: WebSocketConnection) -> None:
        await say(wire, HELLO, click("aright_approve", "ticket_1/inc_1", user="U9"))
        await stay(wire)

    async with listening(scene) as stage:
        await stage.doer.heard.wait()

    [(clicked, may_approve)] = stage.doer.clicks
    assert (clicked.incident_id, may_approve) == ("inc_1", False)


async def test_an_envelope_that_comes_again_is_acknowledged_again_and_obeyed_once() -> None:
    async def scene(wire: WebSocketConnection) -> None:
        envelope = click("aright_ack", "ticket_1")
        await say(wire, HELLO, envelope, {**envelope, "retry_attempt": 1})
        for _ in range(2):
            await stage.server.hear(wire)
        await stay(wire)

    async with listening(scene) as stage:
        await until(lambda: len(stage.server.heard) >= 2)
        await stage.doer.heard.wait()

    assert len(stage.doer.clicks) == 1


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_the_next_connection_is_open_before_the_old_one_ends(reason: str) -> None:
    async def old(wire: WebSocketConnection) -> None:
        await say(wire, HELLO, {"type": "disconnect", "reason": reason, "debug_info": {}})
        await until(lambda: stage.server.connections >= 2)
        await say(wire, click("aright_ack", "ticket_1"))  # Slack still sends it here
        await stage.server.hear(wire)
        await stay(wire)

    async def fresh(wire: WebSocketConnection) -> None:
        await say(wire, HELLO)
        await stay(wire)

    async with listening(old, fresh) as stage:
        await stage.doer.heard.wait()

    assert stage.server.connections == 2


async def test_a_connection_that_ends_without_a_word_is_made_again() -> None:
    async def short(wire: WebSocketConnection) -> None:
        await say(wire, HELLO)

    async with listening(short) as stage:
        await until(lambda: stage.server.connections >= 3)


async def test_other_words_and_nonsense_end_nothing() -> None:
    async def scene(wire: WebSocketConnection) -> None:
        await say(
            wire,
            HELLO,
            "{",
            "[]",
            "[" * 5000,
            {"type": "events_api", "envelope_id": "e-9", "payload": {"event": {"type": "x"}}},
            {"type": "slash_commands", "envelope_id": "e-8", "payload": []},
            {"type": "interactive", "payload": {}},
            {"type": "interactive", "envelope_id": "e-7", "payload": {"type": "view_submission"}},
            click("somebody_elses", "ticket_1", envelope_id="e-6"),
            click("aright_ack", "<b>/x", envelope_id="e-5"),
        )
        await wire.send_message(b"\x00\xff")
        await say(wire, click("aright_ack", "ticket_1"))
        for _ in range(6):
            await stage.server.hear(wire)
        await stay(wire)

    async with listening(scene) as stage:
        await stage.doer.heard.wait()
        await until(lambda: len(stage.server.heard) >= 6)

    acked = [each["envelope_id"] for each in stage.server.heard]
    assert acked == ["e-9", "e-8", "e-7", "e-6", "e-5", "e-1"]
    assert len(stage.doer.clicks) == 1


async def test_a_message_without_end_costs_the_connection_and_no_more() -> None:
    async def flood(wire: WebSocketConnection) -> None:
        await say(wire, HELLO, "x" * (1024 * 1024 + 1))
        await stay(wire)

    async def well(wire: WebSocketConnection) -> None:
        await say(wire, HELLO, click("aright_ack", "ticket_1"))
        await stay(wire)

    async with listening(flood, well) as stage:
        await stage.doer.heard.wait()


@pytest.mark.parametrize(
    "refusal",
    [
        answers({"ok": False, "error": "invalid_auth"}),
        answers({"ok": True}),
        answers({"ok": True, "url": "wss://wss-primary.slack.com.evil.example.org/link"}),
        answers({"ok": True, "url": "file:///etc/passwd"}),
        answers({"ok": True, "url": "wss://[127.0.0.1/link"}),
        answers(b"{"),
        status(500),
    ],
)
async def test_who_is_not_let_in_asks_again(refusal: Conduct) -> None:
    async def scene(wire: WebSocketConnection) -> None:
        await say(wire, HELLO)
        await stay(wire)

    async with listening(scene, api=(refusal, hang)) as stage:
        await until(lambda: len(stage.server.api.requests) >= 2)
        assert stage.server.connections == 0


async def test_slack_may_ask_for_a_pause() -> None:
    async with listening(stay, api=(status(429, b"Retry-After: 30"),)) as stage:
        await trio.sleep(2)
        assert len(stage.server.api.requests) == 1


ENVELOPE = click("aright_ack", "ticket_1")


def changed(**changes: Any) -> str:
    return json.dumps({**ENVELOPE, "payload": {**ENVELOPE["payload"], **changes}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps(HELLO), Hello()),
        ('{"type": "disconnect", "reason": "link_disabled"}', Disconnect("link_disabled")),
        ('{"type": "disconnect"}', Disconnect("unknown")),
        (changed(actions=None), Envelope("e-1", ())),
        (changed(user={"id": ["x"]}), Envelope("e-1", ())),
        (changed(actions=[{"action_id": "aright_approve", "value": "t"}]), Envelope("e-1", ())),
        ("null", None),
        ('{"type": "interactive", "envelope_id": ["x"]}', None),
    ],
)
def test_what_slack_says_is_taken_apart(text: str, expected: object) -> None:
    assert said(text) == expected


def test_a_name_with_more_than_a_name_in_it_is_a_name() -> None:
    told = said(changed(user={"id": "U7", "username": "<b>ada</b>\n ; rm"}))

    assert isinstance(told, Envelope)
    [clicked] = told.clicks
    assert clicked.who == "slack:U7 (badabrm)"
