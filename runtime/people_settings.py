"""The settings of being told: channels to people, who hears what, by when, and what may wait."""

from typing import Annotated, Literal

import pydantic
from pydantic import Field

from runtime.setting_kinds import ClockTime, Seconds, Secret, Zone

ChannelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]

Severity = Literal["low", "medium", "high", "critical"]


class _Section(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Webhook(_Section):
    """A channel to people: signed JSON by HTTP POST."""

    name: ChannelName
    kind: Literal["webhook"] = "webhook"
    url: pydantic.HttpUrl
    secret: Secret
    """Where the signing secret stands: env:NAME or file:PATH.  Never the secret itself."""
    updates: bool = False
    """Whether it also hears that a ticket was acknowledged or resolved."""


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
        if "critical" in self.severities and not self.channels:
            raise ValueError("channels is empty, and what is critical must reach somebody")
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
