"""Finds in a text what a pattern names, in time linear in the text."""

import functools
from collections.abc import Iterable
from typing import Literal, Protocol, TypeAlias, cast

import attrs
import re2  # pyright: ignore[reportMissingTypeStubs]  # it ships none; `_Library` says what is used

Occurrence: TypeAlias = Literal["first", "last", "all"]


class _Match(Protocol):
    def group(self, number: int) -> str | None: ...


class _Compiled(Protocol):
    @property
    def groups(self) -> int: ...

    def finditer(self, text: str) -> Iterable[_Match]: ...


class _Options(Protocol):
    log_errors: bool


class _Library(Protocol):
    error: type[Exception]

    def Options(self) -> _Options: ...  # noqa: N802  # the library's name

    def compile(self, pattern: str, options: _Options) -> _Compiled: ...


_RE2 = cast("_Library", re2)


def extract(text: str, pattern: str, occurrence: Occurrence) -> str | tuple[str, ...] | None:
    """Give the first group of a match, or the whole match; None where nothing is found.

    `all` gives every match, an empty tuple where nothing is found.
    """
    compiled = _compiled(pattern)
    group = min(compiled.groups, 1)
    found = tuple((match.group(group) or "").strip() for match in compiled.finditer(text))
    if occurrence == "all":
        return found
    if not found:
        return None
    return found[0] if occurrence == "first" else found[-1]


def judge_pattern(pattern: str) -> str | None:
    """Say what is wrong with a pattern, or None."""
    try:
        _compiled(pattern)
    except _RE2.error:
        return "is no pattern that RE2 knows"
    return None


def valid_pattern(_probe: object, _field: "attrs.Attribute[str]", value: str) -> None:
    """Refuse a pattern that RE2 does not know."""
    if problem := judge_pattern(value):
        raise ValueError(problem)


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> _Compiled:
    options = _RE2.Options()
    options.log_errors = False
    return _RE2.compile(pattern, options)
