r"""Regular expressions from outside: searched in time linear in the text, or refused.

They run in RE2, which has no backtracking.  What RE2 reads differently from the rules page is
rewritten here: there `\s` also knows the vertical tab.
"""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import attrs
import re2  # pyright: ignore[reportMissingTypeStubs] - it ships none; `_Library` says what is used

MAX_TEXT = 65_536
"""Characters; a longer text never matches."""

MAX_PROGRAM = 2_500
"""Instructions of a compiled pattern.  Where its automaton explodes, RE2 simulates the program
instead, at about 4 ns an instruction and byte; a larger one could hold up a whole second."""

_WHOLE_MATCH_STEPS = 1_000_000
_MAX_WHOLE_PROGRAM = 2 * MAX_PROGRAM
_QUICK_TEXT = 512
_REMEMBERED_TEXT = 64
_REMEMBERED_ANSWERS = 1024

_QUOTED_SET_OR_BLANK = re.compile(
    r"""  \\Q.*?(?:\\E|\Z)
        | \[\^?\]?(?: \[:\^?[a-z]+:\] | \\. | [^\]\\] )*\]
        | \\.""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_STEP = re.compile(r"(\\.|.)(\*|\?|\+|\{[^}]*\})?\??", re.DOTALL)
_GROUPING = frozenset("|()[]")
_CLASSES = frozenset("dDwWsSbBAz")
_WILD = frozenset(".^$*+?{}")
_SPACE = {r"\s": r"[\t-\r ]", r"\S": r"[^\t-\r ]"}
_SPACE_IN_SET = {r"\s": r"\t-\r ", r"\S": r"\x00-\x08\x0e-\x1f!-\x{10ffff}"}

Search = Callable[[str], bool]
"""Whether a pattern is found anywhere in a text; false for a text it must not be asked about."""


class _Compiled(Protocol):
    """What is used of a compiled pattern."""

    @property
    def programsize(self) -> int: ...

    def search(self, text: bytes) -> object | None: ...

    def fullmatch(self, text: bytes) -> object | None: ...


class _Options(Protocol):
    log_errors: bool
    never_capture: bool
    case_sensitive: bool


class _Set(Protocol):
    """What is used of patterns that are searched for together."""

    def Add(self, pattern: bytes) -> int: ...  # noqa: N802 - the library's name

    def Compile(self) -> None: ...  # noqa: N802 - the library's name

    def Match(self, text: bytes) -> object | None: ...  # noqa: N802 - the library's name


class _Sets(Protocol):
    def SearchSet(self, options: _Options) -> _Set: ...  # noqa: N802 - the library's name


class _Library(Protocol):
    error: type[Exception]
    Set: _Sets

    def Options(self) -> _Options: ...  # noqa: N802 - the library's name

    def compile(self, pattern: bytes, options: _Options) -> _Compiled: ...


_RE2 = cast("_Library", re2)


@attrs.frozen
class RefusedPattern:
    """A pattern that may not run, and why."""

    reason: str


@functools.lru_cache(maxsize=1024)
def compile_search(pattern: str, *, ignore_case: bool = False) -> Search | RefusedPattern:
    """Make `pattern` searchable, or say why it is refused.

    Refused is what RE2 does not know (back-references, look-around, conditionals, atomic and
    possessive groups), what does not compile, and what compiles to more than `MAX_PROGRAM`.
    """
    compiled = _judged(pattern, MAX_PROGRAM, ignore_case=ignore_case)
    return compiled if isinstance(compiled, RefusedPattern) else _searcher(compiled)


def _judged(pattern: str, max_program: int, *, ignore_case: bool) -> _Compiled | RefusedPattern:
    try:
        compiled = _compile(pattern, ignore_case=ignore_case)
    except UnicodeEncodeError:
        return RefusedPattern("the pattern holds a lone surrogate")
    except _RE2.error as error:
        return RefusedPattern(f"the pattern is refused: {_words(error)}")
    if compiled.programsize > max_program:
        return RefusedPattern(
            f"the pattern is too large: {compiled.programsize} instructions, at most {max_program}"
        )
    return compiled


@attrs.frozen
class WholeMatch:
    """A pattern that a text must match from its first to its last character."""

    _compiled: _Compiled
    longest: int
    """Characters; no longer text matches, so that an answer takes 4 ms at most."""

    def __call__(self, text: str) -> bool:
        """Say whether all of `text` matches; a line break at its end is a character of it."""
        if len(text) > self.longest:
            return False
        try:
            return self._compiled.fullmatch(text.encode()) is not None
        except UnicodeEncodeError:  # a lone surrogate
            return False


@functools.lru_cache(maxsize=1024)
def compile_whole_match(pattern: str) -> WholeMatch | RefusedPattern:
    """Make a pattern that whole texts are held against, or say why it is refused.

    Refused is what `compile_search` refuses, for the pattern by itself: what only becomes one
    between other brackets is none.  It may be larger, for the texts are short.
    """
    compiled = _judged(pattern, _MAX_WHOLE_PROGRAM, ignore_case=False)
    if isinstance(compiled, RefusedPattern):
        return compiled
    return WholeMatch(compiled, min(MAX_TEXT, _WHOLE_MATCH_STEPS // compiled.programsize))


def _compile(pattern: str, *, ignore_case: bool) -> _Compiled:
    source, options = pattern.encode(), _options(ignore_case=ignore_case)
    compiled = _RE2.compile(source, options)
    if r"\s" not in pattern.lower():
        return compiled
    # Only now: what compiled has its brackets closed, so that rewriting takes linear time too.
    return _RE2.compile(_with_all_blanks(pattern).encode(), options)


def _options(*, ignore_case: bool) -> _Options:
    options = _RE2.Options()
    options.log_errors = False
    options.never_capture = True
    options.case_sensitive = not ignore_case
    return options


def _searcher(compiled: _Compiled) -> Search:
    # A call into RE2 takes 1 µs and hosts repeat their addresses and names: short texts are
    # remembered, a bounded number of them.  The answers stay the same.
    remembered: dict[str, bool] = {}

    def search(text: str) -> bool:
        known = remembered.get(text)
        if known is not None:
            return known
        if len(text) > MAX_TEXT:
            return False
        try:
            encoded = text.encode()
        except UnicodeEncodeError:  # a lone surrogate
            return False
        found = compiled.search(encoded) is not None
        if len(text) <= _REMEMBERED_TEXT:
            if len(remembered) >= _REMEMBERED_ANSWERS:
                remembered.clear()
            remembered[text] = found
        return found

    return search


def any_search(texts: Sequence[str], patterns: Sequence[str]) -> Search:
    """Make one quick question of many: may any of `texts` or `patterns` be found?

    Only a "no" is certain.  Long texts are not searched: beside so many patterns at once, an
    automaton that explodes would cost more than the question spares.
    """
    alternatives = [*map(re.escape, texts), *map(_with_all_blanks, patterns)]
    # A set answers in two thirds of the time of one pattern with alternatives.  It has no slower
    # way to fall back on, and so compiles only where its automaton has the memory to run.
    known = _RE2.Set.SearchSet(_options(ignore_case=False))
    try:
        for alternative in dict.fromkeys(alternatives):
            known.Add(alternative.encode())
        known.Compile()
    except (UnicodeEncodeError, _RE2.error):
        return lambda _: True

    def search(text: str) -> bool:
        try:
            return len(text) > _QUICK_TEXT or known.Match(text.encode()) is not None
        except UnicodeEncodeError:
            return True

    return search


def required_text(pattern: str) -> str:
    """Give a text that every match of a case-sensitive pattern holds, "" where none is seen.

    Whether it is there tells a text that cannot match, twenty times as fast as a search.  Only
    plain sequences are looked at: nothing is seen in a pattern with groups, sets or alternatives.
    """
    if not _GROUPING.isdisjoint(pattern):
        return ""
    runs, run = [""], ""
    for step in _STEP.finditer(pattern):
        item, count = step.groups()
        if item[0] == "\\" and item[1].isalnum() and item[1] not in _CLASSES:
            return ""
        plain = item[-1] if not (item in _WILD or item[1:].isalnum()) else ""
        if plain and count in (None, "+"):
            run += plain
            runs.append(run)
        if not plain or count:
            run = ""
    return max(runs, key=len)


def _with_all_blanks(pattern: str) -> str:
    r"""Write `pattern` so that RE2's `\s` and `\S` mean all six ASCII blanks."""

    def in_set(escape: re.Match[str]) -> str:
        return _SPACE_IN_SET.get(escape.group(), escape.group())

    def outside(token: re.Match[str]) -> str:
        text = token.group()
        return _ESCAPE.sub(in_set, text) if text[0] == "[" else _SPACE.get(text, text)

    return _QUOTED_SET_OR_BLANK.sub(outside, pattern)


def _words(error: Exception) -> str:
    """Read RE2's message, which comes as bytes."""
    message = cast("object", error.args[0]) if error.args else ""
    return message.decode(errors="replace") if isinstance(message, bytes) else str(message)
