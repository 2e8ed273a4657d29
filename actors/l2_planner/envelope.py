"""The reply of a provider as data: JSON whose fields are looked at one by one.  Pure.

Nothing is taken on trust: a field of another type than documented counts as not there.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


class MalformedReplyError(ValueError):
    """A reply is no JSON object."""


def envelope(body: bytes) -> Mapping[str, Json]:
    """Read the object that a provider answered.

    A key that stands twice is refused: who reads the first and who reads the last would see two
    different answers.

    Raises:
        MalformedReplyError: it is none.
    """
    try:
        data = cast("Json", json.loads(body, object_pairs_hook=_once, parse_constant=_no_number))
    except (ValueError, RecursionError) as error:
        raise MalformedReplyError("no JSON") from error
    if not isinstance(data, dict):
        raise MalformedReplyError("no object")
    return data


def _once(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise MalformedReplyError("a key stands twice")
    return fields


def _no_number(constant: str) -> Json:
    raise MalformedReplyError(f"{constant} is no number of JSON")


def at(data: Json | Mapping[str, Json], *path: str | int) -> Json:
    """Go down by keys and places; None where the way ends."""
    here = cast("Json", data)
    for step in path:
        match here, step:
            case dict(), str():
                here = here.get(step)
            case list(), int() if step < len(here):
                here = here[step]
            case _:
                return None
    return here


def text_at(data: Json | Mapping[str, Json], *path: str | int) -> str:
    """Give the text there; empty where there is none."""
    value = at(data, *path)
    return value if isinstance(value, str) else ""


def count_at(data: Json | Mapping[str, Json], *path: str | int) -> int | None:
    """Give the count there, which is no bool and not below zero; None where there is none."""
    value = at(data, *path)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        return None
    return value


_MOST = 10**9
"""Tokens of a reply that are believed."""
