"""The settings of being told: channels to people, who hears what, by when, and what may wait."""

from collections.abc import Mapping
from typing import Annotated, Literal, cast

import pydantic
from pydantic import Discriminator, Field, Tag

from runtime.setting_kinds import ClockTime, Name, Place, Seconds, Secret, Zone, is_loopback

ChannelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]

Severity = Literal["low", "medium", "high", "critical"]


class _Section(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _kept_secret(url: pydantic.HttpUrl) -> pydantic.HttpUrl:
    if url.scheme != "https" and not is_loopback((url.host or "").strip("[]")):
        raise ValueError("a key leaves by https only, or stays on this machine")
    return url


KeyedUrl = Annotated[pydantic.HttpUrl, pydantic.AfterValidator(_kept_secret)]
"""Where a key is sent to."""


class Webhook(_Section):
    """A channel to people: signed JSON by HTTP POST."""

    name: ChannelName
    kind: Literal["webhook"] = "webhook"
    url: pydantic.HttpUrl
    secret: Secret
    """Where the signing secret stands: env:NAME or file:PATH.  Never the secret itself."""
    updates: bool = False
    """Whether it also hears that a ticket was acknowledged or resolved."""


class Slack(_Section):
    """Slack: an incoming webhook, or an app with a token of its bot; clicks by Socket Mode."""

    name: ChannelName
    kind: Literal["slack"]
    webhook: Secret | None = None
    """Where the address of the incoming webhook stands."""
    token: Secret | None = None
    """Where the bot's token (xoxb-) stands; with it messages are changed when something came."""
    channel: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")
    """Id of the channel to write in; with `token`."""
    app_token: Secret | None = None
    """Where the app's token (xapp-) stands; with it messages have buttons."""
    approvers: list[Annotated[str, Field(pattern=r"^[A-Z0-9]{2,32}$")]] = []
    """Ids of the people whose click approves or rejects a fix; empty: nobody's does."""
    api_url: KeyedUrl = pydantic.HttpUrl("https://slack.com/api")
    updates: bool = True
    """Whether it also hears that a ticket was acknowledged or resolved."""

    @pydantic.model_validator(mode="after")
    def _one_way(self) -> "Slack":
        if (self.webhook is None) == (self.token is None):
            raise ValueError("needs either webhook or token")
        if (self.token is None) != (self.channel is None):
            raise ValueError("token and channel go together")
        if self.approvers and self.app_token is None:
            raise ValueError("approvers need app_token, by which clicks are heard")
        return self


class PagerDuty(_Section):
    """PagerDuty, by its Events API v2."""

    name: ChannelName
    kind: Literal["pagerduty"]
    routing_key: Secret
    """Where the integration key of the service stands."""
    url: KeyedUrl = pydantic.HttpUrl("https://events.pagerduty.com/v2/enqueue")
    """In the EU: https://events.eu.pagerduty.com/v2/enqueue"""


class Teams(_Section):
    """Microsoft Teams, by a Workflows webhook."""

    name: ChannelName
    kind: Literal["teams"]
    webhook: Secret
    """Where the address of the workflow stands; it is a secret as a whole."""
    updates: bool = True
    """Whether it also hears that a ticket was acknowledged or resolved."""


MailAddress = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$")
]


class Email(_Section):
    """E-mail, by a server of one's own."""

    name: ChannelName
    kind: Literal["email"]
    host: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$")
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    """`none` to a loopback address only."""
    ca_file: Place | None = None
    """Certificate authorities of the server, where they are not the machine's."""
    user: str | None = None
    password: Secret | None = None
    sender: MailAddress
    to: list[MailAddress] = Field(min_length=1, max_length=50)
    updates: bool = False
    """Whether it also hears that a ticket was acknowledged or resolved."""

    @pydantic.model_validator(mode="after")
    def _safe(self) -> "Email":
        if self.tls == "none" and not is_loopback(self.host):
            raise ValueError(f"tls: none is for a loopback address, not for {self.host}")
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        return self


class SendGrid(_Section):
    """E-mail, by SendGrid."""

    name: ChannelName
    kind: Literal["sendgrid"]
    key: Secret
    """Where the API key stands; it needs Mail Send alone."""
    sender: MailAddress
    to: list[MailAddress] = Field(min_length=1, max_length=50)
    url: KeyedUrl = pydantic.HttpUrl("https://api.sendgrid.com/v3/mail/send")
    """In the EU: https://api.eu.sendgrid.com/v3/mail/send"""
    updates: bool = False
    """Whether it also hears that a ticket was acknowledged or resolved."""


KINDS = ("webhook", "slack", "pagerduty", "teams", "email", "sendgrid")


def _kind_of(given: object) -> object:
    if isinstance(given, Mapping):
        return cast("Mapping[str, object]", given).get("kind", "webhook")
    return getattr(given, "kind", None)


Channel = Annotated[
    Annotated[Webhook, Tag("webhook")]
    | Annotated[Slack, Tag("slack")]
    | Annotated[PagerDuty, Tag("pagerduty")]
    | Annotated[Teams, Tag("teams")]
    | Annotated[Email, Tag("email")]
    | Annotated[SendGrid, Tag("sendgrid")],
    Discriminator(
        _kind_of,
        custom_error_type="channel_kind",
        custom_error_message=f"kind should be one of {', '.join(KINDS)}",
    ),
]


class Label(_Section):
    """Whose name a message bears."""

    name: Name | None = Field(default=None, max_length=80)
    colour: str | None = Field(default=None, pattern=r"^#[0-9a-fA-F]{6}$")
    """Like `#0a6ebd`; without it the severity has its own."""
    logo_url: pydantic.HttpUrl | None = None
    footer: Name | None = Field(default=None, max_length=200)
    link: str | None = Field(default=None, pattern=r"^https?://[^\s<>\"{}]+\{ticket\}[^\s<>\"{}]*$")
    """Address of a ticket, with {ticket} in the place of its id."""


class Brand(_Section):
    """The white label: what the site says comes before what the partner says."""

    partner: Label = Label()
    site: Label = Label()
    """Its `name` is the site's own; the sender is the partner's."""


class Route(_Section):
    """Which channels hear of which tickets; the first route that fits decides."""

    severities: list[Severity] = Field(default=["low", "medium", "high", "critical"], min_length=1)
    kinds: list[Annotated[str, Field(pattern=r"^[a-z_]{1,64}$")]] = []
    """Of tickets; empty is any."""
    channels: list[ChannelName]
    """All of them, at once; empty: the log alone, for what is not critical."""
    fallback: list[ChannelName] = []
    """One after the other: where a channel is dead, and each time that nobody answered."""

    @pydantic.model_validator(mode="after")
    def _reaches_somebody(self) -> "Route":
        if "critical" in self.severities and not {*self.channels} - {"log"}:
            raise ValueError(
                "channels names none but the log, and what is critical must reach somebody"
            )
        return self


class Promise(_Section):
    """How soon a person answers, and settles it."""

    response: Seconds
    resolution: Seconds

    @pydantic.model_validator(mode="after")
    def _in_order(self) -> "Promise":
        if self.resolution < self.response:
            raise ValueError("resolution comes before response")
        return self


class Sla(_Section):
    """What is promised for each severity; who does not answer in time is told again."""

    critical: Promise = Promise(response=900, resolution=3600)
    high: Promise = Promise(response=3600, resolution=14_400)
    medium: Promise = Promise(response=14_400, resolution=28_800)
    low: Promise = Promise(response=28_800, resolution=86_400)


class QuietHours(_Section):
    """When people sleep.  What waits is told at the end, if nobody has settled it by then."""

    zone: Zone
    """IANA time zone, such as Europe/Berlin."""
    start: ClockTime
    end: ClockTime
    """Local time; not after the start means the next day."""
    severities: list[Literal["low", "medium", "high"]] = ["low", "medium"]
    """What waits; critical never does."""
