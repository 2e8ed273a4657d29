"""RE2, typed: patterns that take time linear in the text, whatever they and the text are."""

from collections.abc import Iterator
from typing import Final, Protocol, cast

import re2  # pyright: ignore[reportMissingTypeStubs] - it ships none; `_Library` says what is used


class Found(Protocol):
    """A place that a pattern matched."""

    def group(self, group: int = 0) -> str:
        """Give what was matched."""
        ...

    def start(self, group: int = 0) -> int:
        """Give where it begins; -1 for a group that is not in it."""
        ...

    def end(self, group: int = 0) -> int:
        """Give where it ends."""
        ...


class Linear(Protocol):
    """A compiled pattern."""

    def finditer(self, text: str) -> Iterator[Found]:
        """Find one place after the other."""
        ...


class _Options(Protocol):
    max_mem: int


class _Set(Protocol):
    def Add(self, pattern: str) -> int: ...  # noqa: N802 - the library's name

    def Compile(self) -> None: ...  # noqa: N802 - the library's name

    def Match(self, text: str) -> list[int] | None: ...  # noqa: N802 - the library's name


class _Sets(Protocol):
    def SearchSet(self, options: _Options) -> _Set: ...  # noqa: N802 - the library's name


class _Library(Protocol):
    Set: _Sets

    def Options(self) -> _Options: ...  # noqa: N802 - the library's name

    def compile(self, pattern: str) -> Linear: ...


_RE2: Final = cast("_Library", re2)
_MEMORY: Final = 64 << 20
"""Bytes for the states of a set.  Short of them it begins anew, and is slower, not wrong."""


def linear(pattern: str) -> Linear:
    """Compile a pattern."""
    return _RE2.compile(pattern)


class Gate:
    """A pattern that is searched for without asking where it matches: the fastest question."""

    def __init__(self, pattern: str) -> None:
        options = _RE2.Options()
        options.max_mem = _MEMORY
        self._set = _RE2.Set.SearchSet(options)
        self._set.Add(pattern)
        self._set.Compile()

    def open(self, text: str) -> bool:
        """Say whether the text matches somewhere."""
        return self._set.Match(text) is not None
