"""People, told on every channel at once: they answer by a click, and no crash loses a ticket."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.actors.escalator.slack_server import click
from tests.runtime.webhook import hang
from tests.system.appliance import Appliance, tree, until
from tests.system.people_outside import ENVIRONMENT, Outside, outside

SHADOW = {"etc/shadow": ("root:*:19000::::::\n", 0o644)}


def appliance(folder: Path, world: Outside, mode: str = "approve", **more: object) -> Appliance:
    target: dict[str, Any] = {"host": "ws-1", "root": str(tree(folder / "ws-1", SHADOW))}
    targets = [{**target, "checks": ["shadow_permissions"], "interval": 3600}]
    settings = {"mode": mode, "channels": world.channels(), "targets": targets, **more}
    return Appliance(folder, settings, ENVIRONMENT)


def delivered(site: Appliance, ticket: str) -> dict[str, str]:
    page: dict[str, Any] = site.data("ticket", "show", ticket)
    return {f"{each['channel']}.{each['occasion']}": each["state"] for each in page["deliveries"]}


def test_a_click_in_slack_approves_a_fix_and_pagerduty_is_told_that_it_is_settled(
    tmp_path: Path,
) -> None:
    with outside() as world:
        site = appliance(tmp_path, world)
        try:
            site.start()
            site.incident("ws-1", "awaiting_approval")
            [ticket] = [row["id"] for row in site.data("ticket", "list")]
            until(lambda: "aright_approve" in world.buttons(), "a message with buttons")
            until(lambda: len(world.events()) > 0, "an alert")

            world.press("aright_approve")

            site.incident("ws-1", "healed")
            until(lambda: len(world.events()) > 1, "the end of the alert")
            until(lambda: "Resolved by" in world.said()[-1]["text"], "the message changed")
            page = site.data("ticket", "show", ticket)
        finally:
            site.kill()

    assert page["history"][-1]["who"] == "slack:U7 (ada)"
    assert [each["event_action"] for each in world.events()] == ["trigger", "resolve"]
    assert {each["dedup_key"] for each in world.events()} == {ticket}
    assert world.slack.heard == [{"envelope_id": "e-aright_approve"}]
    assert "aright_approve" not in world.buttons()
    [letter] = world.mail.letters
    assert ticket in letter["Subject"]
    for secret in ENVIRONMENT.values():
        assert secret not in site.said()


def test_who_acknowledges_on_the_command_line_or_in_slack_quiets_the_pager(tmp_path: Path) -> None:
    with outside() as world:
        site = appliance(tmp_path, world, mode="audit")
        try:
            site.start()
            site.incident("ws-1", "refused")
            until(lambda: "aright_ack" in world.buttons(), "a message with a button")
            until(lambda: len(world.events()) > 0, "an alert")
            world.press("aright_ack")
            until(lambda: len(world.events()) > 1, "the alert acknowledged")
            [row] = site.data("ticket", "list")
            assert site.aright("ticket", "resolve", row["id"]).exit_code == 0
            until(lambda: len(world.events()) > 2, "the end of the alert")
            # A click on the old message comes too late, and is told so.
            world.clicks.put(click("aright_ack", row["id"], envelope_id="e-late"))
            until(lambda: "is settled already" in _whispers(world), "a whisper")
        finally:
            site.kill()

    assert row["state"] == "acked"
    actions = [each["event_action"] for each in world.events()]
    assert actions == ["trigger", "acknowledge", "resolve"]
    assert f"{row['id']} is yours" in _whispers(world)


def _whispers(world: Outside) -> str:
    bodies = [json.loads(body) for _, body in world.slack.api.requests if body]
    return " ".join(body["text"] for body in bodies if "user" in body)


def test_a_kill_between_sending_and_noting_it_down_loses_no_ticket_and_marks_repeats(
    tmp_path: Path,
) -> None:
    with outside(hang) as world:
        world.slack.api.conducts = [hang]
        world.mail.stalls = True
        channels = [each for each in world.channels() if each["name"] != "chat"]
        chat = {"name": "chat", "kind": "slack", "webhook": "env:HOOK"}
        site = appliance(tmp_path, world, mode="audit", channels=[*channels, chat])
        site.environment = {**ENVIRONMENT, "HOOK": world.slack.url}
        try:
            site.start()
            site.incident("ws-1", "refused")
            [ticket] = [row["id"] for row in site.data("ticket", "list")]
            until(
                lambda: min(len(world.events()), len(world.said()), world.mail.stalled) > 0,
                "all three have heard it",
            )
            site.kill()
            world.slack.api.conducts = [_ok]
            world.mail.stalls = False

            site.start()

            until(
                lambda: (
                    [*delivered(site, ticket).values()].count("sent") == 4
                    and delivered(site, ticket)
                ),
                "all four are noted down",
            )
        finally:
            site.kill()

    first, second = world.events()
    assert first == second
    assert first["dedup_key"] == ticket
    once, again = world.said()
    assert "repeat of" not in once["text"]
    assert f"repeat of {ticket}.chat.opened" in again["text"]
    assert "[repeat]" in world.mail.letters[-1]["Subject"]
    assert len({letter["Message-ID"] for letter in world.mail.letters}) == 1


async def _ok(stream: Any) -> None:
    await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def test_each_channel_is_tried_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with outside() as world:
        site = appliance(tmp_path, world)
        site.settings = {**site.settings, "targets": []}
        try:
            site.start()
            rehearsed = site.aright("channel", "test", "pager", "--dry-run")
            assert (rehearsed.exit_code, world.events()) == (10, [])
            for name in ("chat", "pager", "mail", "log"):
                tried = site.aright("channel", "test", name)
                assert (tried.exit_code, tried.stdout.split(": ")[:2]) == (0, [name, "taken"])
            assert site.aright("channel", "test", "nobody").exit_code == 3
            world.pager.conducts = [_refuse]
            refused = site.aright("channel", "test", "pager")
            assert (refused.exit_code, refused.stdout) == (1, "pager: not taken: http_400\n")
            kinds = {row["name"]: row["kind"] for row in site.data("channel", "list")}
        finally:
            site.kill()

    assert kinds == {"log": "log", "chat": "slack", "pager": "pagerduty", "mail": "email"}
    assert [each["event_action"] for each in world.events()][:2] == ["trigger", "resolve"]
    assert site.data("ticket", "list") == []
    told = json.loads(site.aright("doctor", "-o", "json").stdout)
    assert {row["what"]: row["ok"] for row in told}["channel chat"] == "FAIL"  # no secret here
    for name, secret in ENVIRONMENT.items():
        monkeypatch.setenv(name, secret)
    told = json.loads(site.aright("doctor", "-o", "json").stdout)
    assert {row["what"]: row["ok"] for row in told}["channel chat"] == "ok"


async def _refuse(stream: Any) -> None:
    await stream.send_all(b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n")
