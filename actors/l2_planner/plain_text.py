"""Text that came from outside, as plain text: what a person or a model may be shown of it."""

import re
import unicodedata
from typing import Final

_LINE_BREAKS = re.compile(r"[\t\n\r\v\f\x1c-\x1f\x85\u2028\u2029]+")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
"""Categories of characters that nobody sees: control, format and bidirectional, halves."""
_NAMED_LINK = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()]{0,1000}\)")
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.|mailto:|data:|javascript:)\S*", re.IGNORECASE
)
_NO_LINK = "(link removed)"


def plain(text: str, longest: int) -> str:
    """Give a text as one line of visible characters, cut to `longest` of them."""
    line = _LINE_BREAKS.sub(" ", text[: 4 * longest])
    if not line.isascii():
        line = "".join(
            character for character in line if unicodedata.category(character) not in _INVISIBLE
        )
    else:
        line = "".join(character for character in line if character.isprintable())
    return line.strip()[:longest]


def without_links(text: str, longest: int) -> str:
    """Give a text as `plain` does, with nothing in it that one could click."""
    line = plain(text, longest)
    return _LINK.sub(_NO_LINK, _NAMED_LINK.sub(r"\1 " + _NO_LINK, line))[:longest]
