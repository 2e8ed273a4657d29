"""Reads values by the position of their column: `(name, dob) VALUES ('...', '...')`."""

import re
from typing import Final

from runtime.scrub.look import Look
from runtime.scrub.normal import SCRUBBED
from runtime.scrub.patterns import compiled
from runtime.scrub.rows import column_label
from runtime.scrub.span import Span
from runtime.scrub.vocabulary import Vocabulary

_VALUES: Final = compiled(r"\)\s{0,9}(?:values\s{0,9}|=)\(", re.IGNORECASE)
_LITERAL: Final = compiled(
    r"\s{0,9}(?:(?:N|E)?'(?P<one>(?:[^']|'')*)'|\"(?P<two>(?:[^\"]|\"\")*)\""
    r"|(?P<bare>[^,()'\"]*))(?P<rest>[^,()'\"]{0,40})(?P<end>[,)])"
)
_NEXT_ROW: Final = compiled(r"\s{0,9},\s{0,9}\(")
_MOST_CHARACTERS: Final = 4000
_NO_VALUE: Final = frozenset({"", "null", "default", "true", "false"})


def find_by_position(look: Look, vocabulary: Vocabulary, found: list[Span]) -> None:
    """Add the values whose columns tell."""
    text, done = look.text, 0
    for match in _VALUES.finditer(text):
        if match.start() < done:
            continue
        begin = text.rfind("(", max(done, match.start() - _MOST_CHARACTERS), match.start())
        columns = text[begin + 1 : match.start()].split(",") if begin >= 0 else []
        names = [column.strip(" `\"[]'") for column in columns]
        labels = [column_label(name, vocabulary) for name in names]
        done = match.end()
        if set(filter(None, labels)) == {"name"} and "name" in map(str.lower, names):
            continue  # the name of anything: of a job, a host
        if any(labels):
            done = _rows(text, done, labels, found)


def _rows(text: str, at: int, labels: list[str], found: list[Span]) -> int:
    """Read one row after the other; gives where the last ends."""
    column = 0
    while (literal := _LITERAL.match(text, at)) is not None:
        kind = next(each for each in ("one", "two", "bare") if literal[each] is not None)
        label, value = labels[column] if column < len(labels) else "", literal[kind]
        if label and value.strip().lower() not in _NO_VALUE and SCRUBBED not in value:
            found.append(Span(*literal.span(kind), label))
        at, column = literal.end(), column + 1
        if literal["end"] == ")":
            following = _NEXT_ROW.match(text, at)
            if following is None:
                break
            at, column = following.end(), 0
    return at
