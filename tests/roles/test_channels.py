"""Channels as the settings make them."""

from random import Random

import pytest

from actors.escalator import SlackAppChannel
from runtime.clock import SystemClock
from runtime.outbound import OutboundError
from runtime.people_settings import Slack
from runtime.roles.channels import channels_of
from runtime.scrub import Scrubber
from runtime.settings import Settings


async def test_what_hears_clicks_spends_nothing_of_the_budget_that_tells_people(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    chat = Slack.model_validate(
        {
            "name": "chat",
            "kind": "slack",
            "token": "env:SLACK_BOT_TOKEN",
            "channel": "C1",
            "app_token": "env:SLACK_APP_TOKEN",
            "api_url": "http://127.0.0.1:9/api",
        }
    )
    settings = Settings(site_id="site-1", channels=[chat])
    ways = channels_of(settings, SystemClock(), Random(7), Scrubber(bytes(32)))  # noqa: S311  jitter
    _, channel = ways.channels
    [socket] = ways.sockets
    assert isinstance(channel, SlackAppChannel)

    reason = ""
    while reason != "budget_spent":
        with pytest.raises(OutboundError) as raised:
            await socket.api.ask("apps.connections.open")
        reason = raised.value.reason

    with pytest.raises(OutboundError, match="unreachable"):
        await channel.api.ask("chat.postMessage")
