"""What a rule asks of an answer so that it decides drifts of one kind, and of no other kind.

The kind is that of `pattern_signature`.  A rule says less than a function can: an answer that is
long, or holds anything but printable ASCII, is of no kind here, and so no such rule decides it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from actors.catalogue.pattern_signature import KINDS, STATES
from actors.messages import JSON

_LONGEST: Final = 400
_BLANKS: Final = r"[ \t\n\r]*"
_PLAIN: Final = rf"^[ -~\t\n\r]{{0,{_LONGEST}}}$"
_MODE: Final = rf"^{_BLANKS}0[0-7]{{3}}{_BLANKS}$"
_NUMBER: Final = rf"(?i)^{_BLANKS}[+-]?[0-9]+(?:[.,:][0-9]+)*{_BLANKS}[a-z%]{{0,7}}{_BLANKS}$"
_FILLED: Final = r"[^ \t\n\r]"
_LIST: Final = ","
_EMPTY: Final = "empty"

_SHAPES: Final[Mapping[str, tuple[Sequence[str], Sequence[str], str]]] = {
    "mode": ([_MODE], [], "0644"),
    "number": ([_NUMBER], [_MODE], "1"),
    "list": ([_LIST], [_NUMBER], "a, b"),
    "text": ([_FILLED], [_LIST, _NUMBER], "something"),
}
"""Shape -> what is found in such an answer, what is not, and an answer."""

Raw = dict[str, JSON]


@attrs.frozen
class KindConditions:
    """The conditions of a rule on the answer, and an answer that meets them."""

    conditions: tuple[Raw, ...]
    none_of: tuple[Raw, ...]
    example: str
    """Made of the kind alone: no host said it."""
    near: tuple[str, ...]
    """Answers of other kinds, each short of one thing; made of kinds alone as well."""


def kind_conditions(kind: str) -> KindConditions:
    """Give what a rule must ask of `actual` to decide drifts of a kind, as `drift_kind` names it.

    Raises:
        ValueError: there is no such kind.
    """
    if kind in _SHAPES:
        found, absent, example = _SHAPES[kind]
        near = [each for each in ("", "1", "0644", "a, b", "something", "off") if each != example]
        return _of([_PLAIN, *found], [*absent, _any_of(sorted(STATES))], example, near)
    states = kind.split(" ")
    if not kind or not STATES.issuperset(states):
        raise ValueError(f"no answer is of the kind {kind!r}")
    others = sorted(STATES.difference(states))
    if len(states) == KINDS:  # of those that come later in the alphabet the kind says nothing
        others = [each for each in others if each < states[-1]]
    words = [_any_of([each]) for each in states]
    near = [" ".join(each for each in states if each != word) for word in states]
    if len(states) < KINDS:
        near.append(f"{kind} {others[0]}")
    if kind == _EMPTY:  # the word, or no word at all
        near = ["something", near[-1]]
        words = [f"(?i)^{_BLANKS}$|{words[0].removeprefix('(?i)')}"]
    return _of([_PLAIN, *words], [_any_of(others)], kind, near)


def _of(
    found: Sequence[str], absent: Sequence[str], example: str, near: Sequence[str]
) -> KindConditions:
    asked, refused = tuple(map(_asked, found)), tuple(map(_asked, absent))
    return KindConditions(asked, refused, example, tuple(near))


def _any_of(words: Sequence[str]) -> str:
    return rf"(?i)(?:^|[^a-z])(?:{'|'.join(words)})(?:[^a-z]|$)"


def _asked(pattern: str) -> Raw:
    return {"field": "actual", "operator": "regex", "value": pattern}
