"""The settings of anchoring: to whom digests go, who is asked later, and who gives headers."""

from typing import Annotated
from urllib.parse import urlsplit

import pydantic
from pydantic import Field

from runtime.setting_kinds import Place, is_loopback

_HOUR = 3600


def _plain_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not _can_be_asked(url):
        raise ValueError("is no web address: say https://host or https://host/path")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("is not https")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("holds a user, a query or a fragment")
    return url.rstrip("/")


def _can_be_asked(url: str) -> bool:
    """Say whether it may be sent as it is, to a host and a port that there can be."""
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        return False
    parts = urlsplit(url)
    try:
        host, port = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:  # a port that is none, or a name with an empty or too long part
        return False
    return bool(host) and port != 0


Url = Annotated[str, pydantic.AfterValidator(_plain_url)]


class Anchor(pydantic.BaseModel):
    """Whether and where the heads of the evidence log are anchored."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, defer_build=True)

    enabled: bool = False
    calendars: list[Url] = Field(
        default=[
            "https://a.pool.opentimestamps.org",
            "https://b.pool.opentimestamps.org",
            "https://a.pool.eternitywall.com",
            "https://ots.btc.catallaxy.com",
        ],
        min_length=1,
    )
    """Each is handed 32 bytes an hour: a root, which tells nothing of what is under it."""
    quorum: int = Field(default=2, ge=1)
    """How many calendars shall promise; when they did, the others are not asked."""
    allowed: list[Url] = [
        "https://alice.btc.calendar.opentimestamps.org",
        "https://bob.btc.calendar.opentimestamps.org",
        "https://finney.calendar.eternitywall.com",
        "https://btc.calendar.catallaxy.com",
    ]
    """Who is asked what became of a promise that names them.  Nobody else ever is."""
    interval: float = Field(default=_HOUR, ge=_HOUR, le=366 * 24 * _HOUR)
    """Seconds between two submissions at least."""
    headers: Place | None = None
    """A file of headers of Bitcoin blocks, which is believed first."""
    esplora: list[Url] = ["https://blockstream.info/api", "https://mempool.space/api"]
    """Servers of independent operators, two of which must give the same header."""

    @pydantic.model_validator(mode="after")
    def _can_reach_what_it_wants(self) -> "Anchor":
        if self.quorum > len(set(self.calendars)):
            raise ValueError("quorum is larger than the number of calendars")
        hosts = {urlsplit(url).netloc for url in self.esplora}
        if len(hosts) != len(self.esplora) or len(hosts) == 1:
            raise ValueError("esplora wants two servers or more, each of another host, or none")
        return self
