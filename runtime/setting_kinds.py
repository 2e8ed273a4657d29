"""Kinds of values that settings files hold."""

import difflib
import ipaddress
import re
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import pydantic
from pydantic import Field
from pydantic_core import PydanticCustomError

from runtime.documents import NOT_SHOWN

_YEAR_S = 366 * 86_400
Seconds = Annotated[float, Field(gt=0, le=_YEAR_S)]
"""A duration that no calendar runs out of."""


def _shown(name: str) -> str:
    if not name.isprintable() or name != name.strip():
        raise ValueError("holds characters that cannot be shown, or spaces around it")
    return name


Name = Annotated[str, pydantic.AfterValidator(_shown)]
"""What people read in lists and logs, and type in commands."""


def _named(place: object) -> object:
    if place == "":
        raise ValueError("is empty; leave it out")  # else it would be the folder one stands in
    if "\0" in str(place):
        raise ValueError("holds a character that no path has")
    return place


Place = Annotated[Path, pydantic.BeforeValidator(_named)]
"""A file or a folder."""


def _known_zone(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = difflib.get_close_matches(zone, sorted(available_timezones()), n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"is no IANA time zone{meant}") from error
    return zone


Zone = Annotated[str, pydantic.AfterValidator(_known_zone)]
"""IANA time zone, such as Europe/Berlin."""

ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""Of a clock on the wall: 22:00."""

_PLACED = r"^(env|file):[^\x00\n]+$"


def _only_named(place: object) -> object:
    if not isinstance(place, str) or re.fullmatch(_PLACED, place) is None:
        # Most likely the secret itself, which the log must not repeat at each start.
        problem = "string should name where the secret stands, as env:NAME or file:PATH"
        raise PydanticCustomError(NOT_SHOWN, problem)
    return place


Secret = Annotated[
    str, pydantic.BeforeValidator(_only_named), Field(json_schema_extra={"pattern": _PLACED})
]
"""Where a secret stands: env:NAME or file:PATH.  Never the secret itself."""


def is_loopback(host: str) -> bool:
    """Say whether an address is this machine's own alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
