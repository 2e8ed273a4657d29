"""The first look at a line: what is in it at all, so that most finders are never called.

A finder is asked only where its line has what each of its matches has: a word, a sign, or figures
in a certain shape.  Such a condition costs a twentieth of a pass of the finder.
"""

import re
from collections.abc import Mapping
from typing import Final

from runtime.scrub.patterns import compiled

_WORD: Final = compiled(r"[a-z]+")
_FIGURES: Final = "0123456789"
_SMALL: Final = "abcdefghijklmnopqrstuvwxyz"
_CAPITALS: Final = _SMALL.upper()


def _table(kinds: Mapping[str, str]) -> bytes:
    """Give what `bytes.translate` takes, of what stands for which characters."""
    spelled = {ord(char): ord(kind) for kind, chars in kinds.items() for char in chars}
    return bytes(spelled.get(code, code) for code in range(256))


_SHAPE: Final = _table(
    {"0": _FIGURES, "a": _SMALL + _CAPITALS, "-": "-./_\\", ":": ":,~*", "!": "!@#%^"}
)
_IN_WORDS: Final = _table({"x": _FIGURES + _SMALL + _CAPITALS + "_-"})


class Look:
    """A line, and what is seen of it at once."""

    __slots__ = ("capitals", "close", "long_word", "lower", "shape", "text", "told", "words")

    def __init__(self, text: str, telling: frozenset[str]) -> None:
        """Look at a text; `telling` are the words that any finder asks for."""
        self.text = text
        self.lower = lower = text.lower()
        self.words: list[str] = _WORD.findall(lower)
        """Its words in small letters; figures and signs part them."""
        self.told = telling.intersection(self.words)
        """Those of the telling words that are in it."""
        self.capitals = lower != text
        raw = text.encode()
        shape = raw.translate(_SHAPE)
        # As text: to ask bytes whether they hold others takes eight times as long.
        self.shape = shape.decode()
        """A `0` for each figure and an `a` for each letter, and one sign for each kind of sign."""
        self.close = shape.translate(None, b" ()").decode()
        """The shape without blanks and brackets: `000-00-0000`, however a number is grouped."""
        self.long_word = "xxxxxxxxxxxxxxxx" in raw.translate(_IN_WORDS).decode("latin-1")
        """Sixteen letters, figures and hyphens stand in a row, as in no word."""

    def places(self) -> list[re.Match[str]]:
        """Give where the words stand."""
        return list(_WORD.finditer(self.lower))
