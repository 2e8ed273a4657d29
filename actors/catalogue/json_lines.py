"""On which line of a JSON text each entry of a list stands."""

import json
import re
from collections.abc import Iterator
from typing import cast

_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def entry_lines(text: str, key: str) -> Iterator[int]:
    """Yield the line, from 1, of each entry of the list that `text` is, or has under `key`.

    The text has been read as JSON before, and holds such a list.
    """
    at = _list_at(text, _blank(text, 0), key)
    line, counted = 1, 0
    for start in _entries(text, at):
        line, counted = line + text.count("\n", counted, start), start
        yield line


def _list_at(text: str, at: int, key: str) -> int:
    """Find where the list begins; of several under the key, the last counts."""
    if text[at] == "[":
        return at
    found = at
    at = _blank(text, at + 1)
    while text[at] != "}":
        name, at = cast("tuple[str, int]", _DECODER.raw_decode(text, at))
        at = _blank(text, _blank(text, at) + 1)
        if name == key:
            found = at
        _, at = _DECODER.raw_decode(text, at)
        at = _behind_comma(text, at)
    return found


def _entries(text: str, at: int) -> Iterator[int]:
    at = _blank(text, at + 1)
    while text[at] != "]":
        yield at
        _, at = _DECODER.raw_decode(text, at)
        at = _behind_comma(text, at)


def _behind_comma(text: str, at: int) -> int:
    at = _blank(text, at)
    return _blank(text, at + 1) if text[at] == "," else at


def _blank(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return at if blank is None else blank.end()
