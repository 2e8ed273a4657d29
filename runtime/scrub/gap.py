"""What stands between a phrase and its value: signs, and small words that say nothing."""

import re
from typing import Final, NamedTuple

_FILLER: Final = re.compile(
    r"(?:(?:[_ ]|\[)?\d{1,2}\]?(?=[\"'\\ \t]{0,3}[:=]))?(?:\(s\)|'s\b|[)\]])?"
    r"(?:[ \t]{1,9}|[:=#>~\"'\\(\[{]{1,4}|\|(?= )|-{1,2}(?![A-Za-z])|,(?= )|&nbsp;|\([^()\d]{1,20}\)"
    r"|\b(?:no|nbr|num|numbers?|ids?|value|date|is|was|are|were|be|has|have|been|of|on|at|as|the"
    r"|for|his|her|their|my|our|this|a(?= )|an|to|last|first|four|digits|ending|ends|end|with|reads"
    r"|given|listed|set|changed|reset|currently|now|shown|says|said|in|named?|new|old|full|like"
    r"|approx|around|about|home|work|from|by|under|using|called|recorded|documented|line|back|me"
    r"|us|him|them|or|and|both|please|also|it|should|must|entered|verified|confirmed|updated"
    r"|correct|actual|real|primary|secondary)\b\.?(?![=:])){0,10}",
    re.IGNORECASE,
)
_STRONG: Final = re.compile(r"[:=#>|]")
_TOLD: Final = re.compile(
    r"\b(?:is|was|are|set|to|changed|reset|ending|ends|last)\b", re.IGNORECASE
)


class Gap(NamedTuple):
    """The gap behind a phrase."""

    end: int
    """Where the phrase ends."""
    start: int
    """Where a value would begin."""
    strong: bool
    """A sign says that the phrase is the name of a field."""
    told: bool
    """A word says that the value comes."""


def gap_behind(text: str, end: int) -> Gap:
    """Read on from the end of a phrase to where its value would begin."""
    sign, follows = text[end : end + 1], text[end + 1 : end + 2]
    # Most gaps are one sign; the pattern takes three times as long to say so.
    if follows.isalnum() and (sign in {"=", ":"} or (sign == " " and follows.isupper())):
        return Gap(end, end + 1, sign != " ", told=False)
    found = _FILLER.match(text, end)
    filling = found[0] if found else ""
    return Gap(
        end,
        end + len(filling),
        _STRONG.search(filling) is not None,
        _TOLD.search(filling) is not None,
    )
