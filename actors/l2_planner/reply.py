"""A model's reply as text, read strictly: exactly one JSON object, or nothing.

Every step takes time linear in the text.  Nothing is repaired: what a lenient reader would
guess at is unreadable here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias, cast

import attrs

Raw: TypeAlias = bool | int | Decimal | str | list["Raw"] | dict[str, "Raw"] | None
"""What strict JSON gives; a number with a fraction or an exponent stays as it was written."""

DEPTH: Final = 16
"""Objects and lists within each other, the outermost counted."""

_BLANKS = " \t\r\n"
_FENCED = re.compile(r"(`{3,})[\w.+-]{0,32}[ \t\r\n]*(\{.*\})[ \t\r\n]*\1", re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\]]', re.DOTALL)


@attrs.frozen
class Unreadable:
    """A reply that is not exactly one JSON object."""

    reason: str
    """A code in snake_case."""


@attrs.frozen
class Reply:
    """The one object of a reply."""

    fields: Mapping[str, Raw]
    bare: bool
    """Whether nothing but blanks and one markdown fence stood around it."""


class _NotStrictError(ValueError):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_reply(output: str | bytes, max_bytes: int) -> Reply | Unreadable:
    """Find the one object of a reply."""
    text = _text(output, max_bytes)
    if isinstance(text, Unreadable):
        return text
    body = text.strip(_BLANKS)
    fenced = _FENCED.fullmatch(body)
    whole = strict_json(fenced[2] if fenced else body)
    if not isinstance(whole, Unreadable):
        return _object(whole, bare=True)
    if whole.reason != "not_json":
        return whole
    return _object_within(body)


def strict_json(text: str) -> Raw | Unreadable:
    """Read JSON as its standard has it, each key once; NaN and the infinities are none."""
    if _is_deep(text):
        return Unreadable("too_deep")
    try:
        return cast(
            "Raw",
            json.loads(
                text,
                object_pairs_hook=_once,
                parse_constant=_no_number,
                parse_float=Decimal,
            ),
        )
    except _NotStrictError as error:
        return Unreadable(error.reason)
    except (ValueError, InvalidOperation):
        return Unreadable("not_json")


def _text(output: str | bytes, max_bytes: int) -> str | Unreadable:
    if len(output) > max_bytes:
        return Unreadable("too_large")
    try:
        if isinstance(output, bytes):
            return output.decode()
        size = len(output.encode())
    except UnicodeError:
        return Unreadable("not_text")
    return output if size <= max_bytes else Unreadable("too_large")


def _object(value: Raw, *, bare: bool) -> Reply | Unreadable:
    return Reply(value, bare) if isinstance(value, dict) else Unreadable("no_object")


def _object_within(text: str) -> Reply | Unreadable:
    """Find the object that stands in prose; more than one is as bad as none."""
    found: Reply | None = None
    for span in _spans(text):
        if span is None:
            return Unreadable("not_json")
        value = strict_json(span)
        if isinstance(value, Unreadable):
            if value.reason != "not_json":
                return value
        elif found is not None:
            return Unreadable("several_objects")
        else:
            found = Reply(cast("dict[str, Raw]", value), bare=False)
    return found or Unreadable("not_json")


def _spans(text: str) -> Iterator[str | None]:
    """Yield what stands between balanced braces; None where braces are never closed."""
    start = text.find("{")
    while start >= 0:
        end = _end_of(text, start)
        yield None if end is None else text[start:end]
        start = -1 if end is None else text.find("{", end)


def _end_of(text: str, start: int) -> int | None:
    level = 0
    for token in _TOKEN.finditer(text, start):
        if token[0] == "{":
            level += 1
        elif token[0] == "}":
            level -= 1
            if level == 0:
                return token.end()
    return None


def _is_deep(text: str) -> bool:
    level = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "{[":
            level += 1
            if level > DEPTH:
                return True
        elif token[0] in "}]":
            level -= 1
    return False


def _once(pairs: list[tuple[str, Raw]]) -> dict[str, Raw]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _NotStrictError("repeated_key")
    return fields


def _no_number(_constant: str) -> Raw:
    raise _NotStrictError("not_json")
