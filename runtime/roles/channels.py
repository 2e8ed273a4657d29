"""From settings to channels: whom they speak to, with which secrets, under whose name."""

from collections.abc import Sequence
from random import Random, SystemRandom
from typing import assert_never

import attrs
import structlog

from actors.escalator import (
    Brand,
    Buttons,
    Channel,
    EmailChannel,
    Envelope,
    LogChannel,
    PagerDutyChannel,
    Press,
    SendGridSender,
    SlackApi,
    SlackAppChannel,
    SlackSocket,
    SlackWebhookChannel,
    SmtpSender,
    TeamsChannel,
    WebhookChannel,
)
from runtime import people_settings as told
from runtime.clock import Clock, SystemClock
from runtime.destination import Destination, Webhook
from runtime.errors import ArightError
from runtime.hosts.http_client import HttpClient
from runtime.hosts.websocket import open_websocket
from runtime.mail import MailServer
from runtime.outbound import Outbound
from runtime.scrub import Code, Scrubbed, Scrubber, ScrubError
from runtime.secret_source import MissingSecretError, read_secret
from runtime.settings import Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger(role="appliance")

_LINK_TO = "{ticket}"


@attrs.frozen
class Ways:
    """How people are told, and heard."""

    channels: Sequence[Channel]
    sockets: Sequence[SlackSocket] = ()


def channels_of(settings: Settings, clock: Clock, random: Random, scrubber: Scrubber) -> Ways:
    """Make the channels to people, and what hears their clicks.

    Raises:
        MissingSecretError, InvalidDestinationError: a channel cannot be made.
    """
    if not settings.channels:
        return Ways((LogChannel(),))
    press = Press(settings.site_id, scrubber, brand_of(settings.brand, scrubber))
    maker = _Maker(HttpClient(), clock, random, press)
    channels = [LogChannel(), *(maker.channel(each) for each in settings.channels)]
    return Ways(channels, maker.sockets)


def brand_of(brand: told.Brand, scrubber: Scrubber) -> Brand:
    """Lay the site's label over its partner's."""
    site, partner = brand.site, brand.partner

    def clean(text: object) -> Scrubbed | None:
        return None if text is None else scrubber.text(str(text))

    colour, link = site.colour or partner.colour, site.link or partner.link
    before, _, after = (link or "").partition(_LINK_TO)
    ours = Brand()
    return Brand(
        name=clean(partner.name) or ours.name,
        site=clean(site.name) or ours.site,
        colour=None if colour is None else Code(colour.removeprefix("#")),
        logo_url=clean(site.logo_url or partner.logo_url),
        footer=clean(site.footer or partner.footer),
        link=(scrubber.text(before), scrubber.text(after)) if link else None,
    )


@attrs.define
class _Maker:
    http: HttpClient
    clock: Clock
    random: Random
    press: Press
    sockets: list[SlackSocket] = attrs.field(factory=list[SlackSocket])

    def channel(self, setting: told.Channel) -> Channel:
        match setting:
            case told.Webhook():
                hook = Webhook(str(setting.url), read_secret(setting.secret))
                door = self._door(hook.url)
                return WebhookChannel(setting.name, hook, door, self.press.site_id)
            case told.Slack():
                return self._slack(setting)
            case told.PagerDuty():
                url, key = str(setting.url), _code(setting.routing_key)
                return PagerDutyChannel(setting.name, url, key, self._door(url), self.press)
            case told.Teams():
                url = _text(setting.webhook)
                return TeamsChannel(setting.name, url, self._door(url), self.press)
            case told.Email():
                return self._email(setting)
            case told.SendGrid():
                url = str(setting.url)
                sender = SendGridSender(url, _text(setting.key), self._door(url))
                return EmailChannel(setting.name, _envelope(setting), sender, self.press)
            case _:
                assert_never(setting)

    def _slack(self, setting: told.Slack) -> Channel:
        buttons = Buttons(setting.app_token is not None, bool(setting.approvers))
        base = str(setting.api_url).rstrip("/")
        channel: SlackAppChannel | SlackWebhookChannel
        if setting.webhook is not None:
            url = _text(setting.webhook)
            outbound = self._door(url)
            channel = SlackWebhookChannel(setting.name, url, outbound, self.press, buttons)
        else:
            api = SlackApi(base, _text(setting.token or ""), self._door(base))
            room = Code(setting.channel or "")
            channel = SlackAppChannel(setting.name, api, room, self.press, buttons)
        if setting.app_token is not None:
            socket = SlackSocket(
                setting.name,
                # Connections that are made again and again cost no message to people.
                SlackApi(base, _text(setting.app_token), self._door(base)),
                open_websocket,
                self.random,
                frozenset(setting.approvers),
                channel if isinstance(channel, SlackAppChannel) else None,
            )
            self.sockets.append(socket)
        return channel

    def _email(self, setting: told.Email) -> Channel:
        from runtime.hosts.smtp import SmtpPost  # with the library of letters, which others spare

        password = "" if setting.password is None else _text(setting.password)
        server = MailServer(
            setting.host, setting.port, setting.tls, setting.user or "", password, setting.ca_file
        )
        sender = SmtpSender(server, SmtpPost(), self.clock)
        return EmailChannel(setting.name, _envelope(setting), sender, self.press)

    def _door(self, url: str) -> Outbound:
        """Open a way out to one server alone, with a budget of its own."""
        return Outbound(self.http, frozenset({Destination.of(url)}), self.clock, self.random)


def _envelope(setting: told.Email | told.SendGrid) -> Envelope:
    return Envelope(Code(setting.sender), tuple(Code(each) for each in setting.to))


def _text(where: str) -> str:
    try:
        return read_secret(where).decode()
    except UnicodeDecodeError as error:
        raise MissingSecretError(where, "is no text") from error


def _code(where: str) -> Code:
    try:
        return Code(_text(where))
    except ScrubError as error:
        raise MissingSecretError(where, "has not the form of a key") from error


def problem_of(setting: told.Channel) -> str:
    """Say what is wrong with the secrets and addresses of a channel; empty where nothing is."""
    press = Press("site", Scrubber(bytes(32)))
    try:
        _Maker(HttpClient(), SystemClock(), SystemRandom(), press).channel(setting)
    except ArightError as error:
        return str(error)
    return ""
