"""A model's reply as text, read strictly: exactly one JSON object, or nothing.

Every step takes time linear in the text.  Nothing is repaired: what a lenient reader would
guess at is unreadable here.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias, cast

import attrs

Raw: TypeAlias = bool | int | Decimal | str | list["Raw"] | dict[str, "Raw"] | None
"""What strict JSON gives; a number with a fraction or an exponent stays as it was written."""

DEPTH: Final = 16
"""Objects and lists within each other, the outermost counted."""

_BLANKS = " \t\r\n"
_FENCED = re.compile(r"(`{3,})[\w.+-]{0,32}[ \t\r\n]*(\{.*\})[ \t\r\n]*\1", re.DOTALL)
_OBJECT = re.compile(r"\{[ \t\r\n]*[\"}]")
_FIRST: Final = frozenset('{["-0123456789tfn')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_ROUND: Final = bytes.maketrans(b"{[]}", b"(())")
_NO_BRACKET: Final = bytes(set(range(256)) - set(b"{[]}"))


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
    if isinstance(whole, dict):
        return Reply(whole, bare=True)
    if not isinstance(whole, Unreadable):
        return Unreadable("no_object")
    return _object_within(body) if whole.reason == "not_json" else whole


def strict_json(text: str) -> Raw | Unreadable:
    """Read JSON as its standard has it, each key once; NaN and the infinities are none."""
    read = _decoded(text, 0)
    if isinstance(read, Unreadable):
        return read
    value, end = read
    return Unreadable("not_json") if text[end:].strip(_BLANKS) else value


def _decoded(text: str, start: int) -> tuple[Raw, int] | Unreadable:
    """Read the JSON value that begins at `start`; gives it and where it ends."""
    if text[start : start + 1] not in _FIRST:
        return Unreadable("not_json")
    if _is_deep(text, start):
        return Unreadable("too_deep")
    try:
        return cast("tuple[Raw, int]", _DECODER.raw_decode(text, start))
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


def _object_within(text: str) -> Reply | Unreadable:
    """Find the object that stands in prose; more than one is as bad as none."""
    begin = _OBJECT.search(text)
    if begin is None:
        return Unreadable("not_json")
    read = _decoded(text, begin.start())
    if isinstance(read, Unreadable):
        return read
    value, end = read
    if _OBJECT.search(text, end):
        return Unreadable("several_objects")
    return Reply(cast("dict[str, Raw]", value), bare=False)


def _is_deep(text: str, start: int) -> bool:
    """Say whether more than `DEPTH` brackets stand open at once; the reader would recurse.

    So many that are never closed are as bad: that is no JSON either.
    """
    if text.count("{", start) + text.count("[", start) <= DEPTH:
        return False
    bare = _STRING.sub("", text[start:]).encode("utf-8", "replace").translate(_ROUND, _NO_BRACKET)
    for _ in range(DEPTH):
        bare = bare.replace(b"()", b"")
    return b"(" in bare


def _once(pairs: list[tuple[str, Raw]]) -> dict[str, Raw]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _NotStrictError("repeated_key")
    return fields


def _no_number(_constant: str) -> Raw:
    raise _NotStrictError("not_json")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_once, parse_constant=_no_number, parse_float=Decimal
)
