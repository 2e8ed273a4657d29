"""The one spelling of JSON that is signed: RFC 8785.

Most of what is signed has no number that JSON writers spell differently, and then the interpreter's
own encoder gives the same bytes in a tenth of the time.  Whatever else comes goes to the library.
"""

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Final

import rfc8785

from actors.messages import JSON

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode

_EXACT: Final = 2**53 - 1
"""Whole numbers up to here mean the same to every reader."""
_SMALL, _LARGE = 1e-3, 1e15
"""Between them the shortest spelling of a fraction has no exponent anywhere."""
_HIGH: Final = "\ud800"
"""Above it, letters of keys are sorted otherwise where they are taken apart into halves."""


class NotCanonicalError(ValueError):
    """A value has no canonical spelling: half a character, no number, too large a number."""


def canonical(value: JSON) -> bytes:
    """Spell a value.

    Raises:
        NotCanonicalError: it has no canonical spelling.
    """
    try:
        if _is_plain(value):
            return _encode(value).encode()
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise NotCanonicalError(str(error)) from error


def canonical_word(text: str) -> bytes:
    """Spell a text that a store has kept, so that it can be spelled."""
    return encode_basestring(text).encode()


def whole(value: JSON) -> JSON:
    """Put whole numbers in the place of fractions that are none: they are spelled the same."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _EXACT else value
    if isinstance(value, Mapping):
        return {key: whole(inner) for key, inner in value.items()}
    if isinstance(value, str) or not isinstance(value, Sequence):
        return value
    return [whole(inner) for inner in value]


def _is_plain(value: JSON) -> bool:
    """Say whether every JSON writer that sorts keys spells it the same."""
    if value is None or isinstance(value, str | bool):
        return True
    if isinstance(value, int):
        return -_EXACT <= value <= _EXACT
    if isinstance(value, float):
        return _SMALL < abs(value) < _LARGE and not value.is_integer()
    if isinstance(value, Mapping):
        return all(key < _HIGH and _is_plain(inner) for key, inner in value.items())
    return all(map(_is_plain, value))
