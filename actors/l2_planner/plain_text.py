"""Text that came from outside, as plain text: what a person or a model may be shown of it."""

import re
from typing import Final

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ud800-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
"""Controls, what turns or joins text, halves of characters, and what has no meaning of its own."""
_LINE_BREAKS = re.compile(r"[\t\n\r\v\f\x1c-\x1f\x85\u2028\u2029]+")
_NAMED_LINK = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()]{0,1000}\)")
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.|mailto:|data:|javascript:)\S*", re.IGNORECASE
)
_NO_LINK: Final = "(link removed)"


def visible(text: str) -> str:
    """Give a text without what no eye sees; tabs and line feeds stay."""
    return _UNSEEN.sub("", text)


def plain(text: str, longest: int) -> str:
    """Give a text as one line of visible characters, cut to `longest` of them."""
    return visible(_LINE_BREAKS.sub(" ", text[: 4 * longest])).strip()[:longest]


def without_links(text: str, longest: int) -> str:
    """Give a text as `plain` does, with nothing in it that one could click."""
    line = plain(text, longest)
    return _LINK.sub(_NO_LINK, _NAMED_LINK.sub(r"\1 " + _NO_LINK, line))[:longest]
