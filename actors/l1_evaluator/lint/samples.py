"""Texts in which a pattern is found: a guess at one, which the caller puts to the pattern.

Only the common parts of RE2's language are read.  A set or a class is not taken apart: characters
are held against it until one fits.
"""

import re
from collections.abc import Iterator

from actors.catalogue.patterns import RefusedPattern, compile_search

VARIANTS = 4
"""How many guesses at a pattern are worth making."""

_POOL = "a0A7z9Z_- .:/x@\n\té"
_FLAGS = re.compile(r"\(\?[imsU]+\)")
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|[imsU]*:))?")
_SET = re.compile(r"\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:[pP](?:\{[^}]*\}|.)|x\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_COUNT = re.compile(r"(?:\*|\+|\?|\{(\d+)(,(\d*))?\})\??")
_NOTHING = frozenset({r"\b", r"\B", r"\A", r"\z"})
_MAX_COUNT = 64


class _NotReadError(Exception):
    """The pattern holds what is not read here."""


def sample(pattern: str, variant: int = 0) -> str | None:
    """Guess a text in which `pattern` is found, None where the pattern is not read."""
    flags = _FLAGS.match(pattern)
    reader = _Reader(pattern, flags.end() if flags else 0, flags.group() if flags else "", variant)
    try:
        return reader.read()
    except _NotReadError:
        return None


class _Reader:
    def __init__(self, pattern: str, start: int, flags: str, variant: int) -> None:
        self._pattern, self._at, self._flags, self._variant = pattern, start, flags, variant

    def read(self) -> str:
        text = self._alternatives(depth=0)
        if self._at < len(self._pattern):
            raise _NotReadError
        return text

    def _alternatives(self, depth: int) -> str:
        if depth > _MAX_COUNT:
            raise _NotReadError
        found = ["".join(self._sequence(depth))]
        while self._pattern.startswith("|", self._at):
            self._at += 1
            found.append("".join(self._sequence(depth)))
        return found[self._variant % len(found)]

    def _sequence(self, depth: int) -> Iterator[str]:
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            atom = self._atom(depth)
            yield atom * self._count()

    def _atom(self, depth: int) -> str:
        pattern, at = self._pattern, self._at
        first = pattern[at]
        if first == "(":
            group = _GROUP.match(pattern, at)
            self._at = group.end() if group else at
            text = self._alternatives(depth + 1)
            if not pattern.startswith(")", self._at):
                raise _NotReadError
            self._at += 1
            return text
        if first in "^$":
            self._at += 1
            return ""
        if first in "[\\.":
            return self._one_of(first)
        self._at += 1
        return first

    def _one_of(self, first: str) -> str:
        form = {"[": _SET, "\\": _ESCAPE, ".": re.compile(r"\.")}[first]
        atom = form.match(self._pattern, self._at)
        if atom is None:
            raise _NotReadError
        self._at = atom.end()
        text = atom.group()
        if text in _NOTHING:
            return ""
        search = compile_search(f"{self._flags}^{text}$")
        if isinstance(search, RefusedPattern):
            raise _NotReadError
        # What stands in a set or behind a backslash is mostly one of its own members.
        fitting = [each for each in dict.fromkeys(_POOL + text.strip("\\[]^")) if search(each)]
        if not fitting:
            raise _NotReadError
        return fitting[self._variant % len(fitting)]

    def _count(self) -> int:
        counted = _COUNT.match(self._pattern, self._at)
        if counted is None:
            return 1
        self._at = counted.end()
        least, _, most = counted.groups()
        text = counted.group()[0]
        low = int(least) if least else int(text == "+")
        if least and counted.group(2) is None:
            high = low
        elif text == "?":
            high = 1
        else:
            high = int(most) if most else low + self._variant
        if low > _MAX_COUNT:
            raise _NotReadError
        return min(low + self._variant // 2 + (text in "*?" and self._variant % 2), high)
