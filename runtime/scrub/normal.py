r"""A text as it would be spelled plainly, and the way back to the text that was given.

Full-width and foreign digits become ASCII, other hyphens a hyphen, accents fall away; zero-width
characters and controls are left out; percent-encoding, entities and `\u` escapes are
decoded.  What finds anything reads the plain spelling, `Plain.text`; what goes stands in the text
that was given, at `Plain.origin`.
"""

import functools
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from runtime.scrub.tags import TAG

_DECODED_AT_MOST: Final = 3
"""Times that an encoding is undone: `%252d` is a hyphen too."""

_ESCAPE: Final = re.compile(
    r"%[0-9A-Fa-f]{2}|&(?:#(?:[0-9]{1,7}|[xX][0-9A-Fa-f]{1,6})|nbsp|amp|quot|apos|lt|gt);"
    r"|\\u[0-9A-Fa-f]{4}"
)
_ODD: Final = re.compile(
    r"[^\t\r\n\x20-\x7e]|%[0-9A-Fa-f]{2}|&(?:#[0-9xX]|nbsp;|amp;|quot;|apos;|lt;|gt;)|\\u[0-9A-Fa-f]{4}"
)

SCRUBBED: Final = "\x01"
"""Stands for each character of a tag: nothing reads on across it."""

_LOOKALIKES: Final = str.maketrans(
    "АВЕЗКМНОРСТУХІЅЈавекмнорстухіѕјΑΒΕΖΗΙΚΜΝΟΡΤΥΧαοιν",
    "ABE3KMHOPCTYXISJabekmhopctyxisjABEZHIKMNOPTYXaoiv",
)
_QUOTES: Final = {"‘": "'", "’": "'", "‛": "'", "“": '"', "”": '"', "′": "'", "`": "'"}  # noqa: RUF001
_NOT_HYPHENS_BY_KIND: Final = dict(zip("−⁃•·・⁄∕╱∶→", "---..///:>", strict=True))  # noqa: RUF001


LEFT_OUT: Final = "\x02"
"""Stands for what is left out until the places of the rest are known."""


class Plain(NamedTuple):
    """The plain spelling of a text."""

    text: str
    """Tab, carriage return, line feed, printable ASCII, and `SCRUBBED`."""
    whole: int
    """Characters of the text that was given."""
    starts: Sequence[int] | None = None
    """Where each character begins in the text that was given; None: where it stands."""

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Give the characters of the text that was given for some of the plain ones."""
        if self.starts is None:
            return start, end
        return self.starts[start], self.starts[end] if end < len(self.starts) else self.whole


def plain(text: str) -> Plain:
    """Spell a text plainly.  A tag in it is withheld from whoever reads on."""
    plainly = text.isascii() and text.isprintable() and "%" not in text and "\\u" not in text
    if (plainly and "&" not in text) or not _ODD.search(text):
        return Plain(_without_tags(text), len(text))
    # Every step keeps the length, and only then is left out what is left out: fast, and simple.
    spelled = text.translate(_SPELLINGS)
    starts: Sequence[int] | None = None
    if LEFT_OUT in spelled:
        spelled, starts = closed_up(spelled)
    spelled = _without_tags(spelled)
    for _ in range(_DECODED_AT_MOST):
        if not _ESCAPE.search(spelled):
            break
        spelled, starts = closed_up(_ESCAPE.sub(_decoded, spelled), starts)
    return Plain(spelled, len(text), starts)


def closed_up(text: str, starts: Sequence[int] | None = None) -> tuple[str, Sequence[int]]:
    """Leave out what is left out; gives where each of the rest begins as well."""
    kept = [at for at, char in enumerate(text) if char != LEFT_OUT]
    if starts is not None:
        kept = [starts[at] for at in kept]
    return text.replace(LEFT_OUT, ""), kept


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    return TAG.sub(lambda tag: SCRUBBED * len(tag[0]), text)


class _Spellings(dict[int, str]):
    """Code point -> the one character that spells it, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        spelled = _spelled(chr(code)) or LEFT_OUT
        if len(self) < _REMEMBERED:
            self[code] = spelled
        return spelled


_BY_KIND: Final = {"Cc": "", "Cf": "", "Mn": "", "Me": "", "Mc": "", "Pd": "-"}
_REMEMBERED: Final = 8192
_SPELLINGS: Final = _Spellings({code: chr(code) for code in (9, 10, 13, *range(0x20, 0x7F))})


def _spelled(char: str) -> str:
    """Spell one character in one of ASCII; what is not seen, in none."""
    if (known := _QUOTES.get(char)) or char in _NOT_HYPHENS_BY_KIND:
        return known or _NOT_HYPHENS_BY_KIND[char]
    looks = char.translate(_LOOKALIKES)
    if looks != char:
        return looks
    kind = unicodedata.category(char)
    if kind in _BY_KIND or kind[0] == "Z":
        return _BY_KIND.get(kind, " ")
    if (digit := unicodedata.digit(char, None)) is not None:
        return str(digit)
    parts = unicodedata.normalize("NFKD", char)
    if in_ascii := next((part for part in parts if "\x20" <= part <= "\x7e"), ""):
        return in_ascii
    # Half of a byte that is no UTF-8 may well be a letter of a name in another encoding.
    return _LETTERS.get(kind, "x" if kind[0] == "L" or kind == "Cs" else "?")


_LETTERS: Final = {"Lu": "X", "Lt": "X"}


_ENTITIES: Final[Mapping[str, str]] = {
    "&nbsp;": " ", "&amp;": "&", "&quot;": '"', "&apos;": "'", "&lt;": "<", "&gt;": ">",
}  # fmt: skip


def _decoded(escape: re.Match[str]) -> str:
    return _meant(escape[0]).ljust(len(escape[0]), LEFT_OUT)


@functools.lru_cache(maxsize=1024)
def _meant(escape: str) -> str:
    if escape[0] == "%":
        code = int(escape[1:], 16)
        if code >= 0x80:  # noqa: PLR2004  a byte of a longer character: one letter in all
            return "x" if code >= 0xC0 else ""  # noqa: PLR2004  its first byte
    elif escape[0] == "&" and escape[1] != "#":
        return _ENTITIES[escape]
    elif escape[0] == "&":
        code = int(f"0{escape[2:-1]}", 0 if escape[2] in "xX" else 10)
    else:
        code = int(f"0x{escape[2:]}", 0)
    if code in {0x09, 0x0A, 0x0D}:
        return " "
    return _SPELLINGS[code] if code <= sys.maxunicode else "?"
