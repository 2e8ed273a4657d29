"""Reads a text line by line, each judged alone, unless the first says that they are one thing."""

from collections.abc import Iterator
from typing import Final

import attrs

from runtime.scrub.beside import Beside
from runtime.scrub.forms import TELLING, find_forms, find_private_addresses
from runtime.scrub.hl7 import Encoding, find_hl7
from runtime.scrub.json_values import JsonValues
from runtime.scrub.look import Look
from runtime.scrub.names import Names
from runtime.scrub.normal import LEFT_OUT, SCRUBBED, Plain, closed_up, plain
from runtime.scrub.patterns import compiled
from runtime.scrub.recall import Recall
from runtime.scrub.rows import Rows
from runtime.scrub.span import Span
from runtime.scrub.vocabulary import Vocabulary
from runtime.scrub.word_sets import words_of
from runtime.scrub.x12 import X12, Marks

_JSON: Final = compiled(r'["\]}]\s{0,9}[:,]|[{\[]\s{0,9}"')
_HL7: Final = compiled(r"(?:\b|(?<=\\[rn]))[A-Z][A-Z0-9]{2}[|#!^~*]")


@attrs.frozen
class Finders:
    """All that looks at a line, for one site."""

    vocabulary: Vocabulary
    private_addresses: bool
    names: Names = attrs.field(init=False)
    beside: Beside = attrs.field(init=False)
    json: JsonValues = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        names = Names(self.vocabulary)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "beside", Beside(self.vocabulary, names))
        object.__setattr__(self, "json", JsonValues(self.vocabulary))


@attrs.define
class Reading:
    """One text, from its first line on."""

    finders: Finders
    recall: Recall
    _began: bool = False
    _is_document: bool = False
    """Its first line said what the others are."""
    _hl7: Encoding | None = None
    _x12: X12 | None = None
    _rows: Rows | None = None

    def line(self, line: str) -> list[Span]:
        """Find what must go from the next line, in order and without overlaps."""
        if not self._stands_alone():
            return self._read(line)
        digest = self.recall.digest(line, first=not self._began)
        known = self.recall.found(digest)
        if known is not None:
            self._began = True
            return [*known]
        found = self._read(line)
        if self._stands_alone():
            self.recall.keep(digest, found)
        return found

    def _stands_alone(self) -> bool:
        """Say whether no document has begun, so that each line is judged alone."""
        return self._hl7 is None and self._x12 is None and self._rows is None

    def _read(self, line: str) -> list[Span]:
        spelled = plain(line)
        text = spelled.text
        if self._began:
            found = self._found(text)
        else:
            self._began = True
            self._begin(text)
            found = self._found(text)
            rows = Rows.of(text, self.finders.vocabulary)
            if rows is not None and (rows.sure or not found):
                self._rows, self._is_document, found = rows, True, []
        return _settled(text, found, spelled) if found else found

    def _begin(self, text: str) -> None:
        """Read a first line: does it begin a message, or an interchange?"""
        if text.startswith("MSH"):
            self._hl7 = Encoding.of(text)
            self._is_document = self._hl7 is not None
        elif text.startswith("ISA") and (marks := Marks.of(text)) is not None:
            self._x12, self._is_document = X12(marks), True

    def _found(self, text: str) -> list[Span]:
        if not self._is_document:
            return self._any_line(text)
        found = list[Span]()
        if self._hl7 is not None:
            find_hl7(text, self._hl7, found)
        elif self._x12 is not None:
            self._x12.find(text, found)
        elif self._rows is not None:
            self._rows.find(text, found)
        anywhere = self._any_line(text)
        found += anywhere if self._rows is None else self._rows.within_cells(text, anywhere)
        return found

    def _any_line(self, text: str) -> list[Span]:
        found = list[Span]()
        if "|" in text and self._hl7 is None and _HL7.search(text):
            find_hl7(text, Encoding.of(text) or Encoding(), found)
        if "*" in text and self._x12 is None:
            _ANY_X12.find(text, found)
        if '"' in text and _JSON.search(text):
            self.finders.json.find(text, found)
        look, finders = Look(text, _TELLING), self.finders
        find_forms(look, finders.vocabulary, found)
        if finders.private_addresses:
            find_private_addresses(text, found)
        finders.beside.find(look, found)
        if look.capitals:
            finders.names.anywhere(look, found)
        apart = "a a a a" in look.shape or not _IN_FIGURES.isdisjoint(look.told)
        if apart and _LETTERS.search(text):
            closed, starts = closed_up(_LEET.sub("password", _SPACES.sub(LEFT_OUT, text)))
            found += (
                Span(starts[span.start], starts[span.end - 1] + 1, span.label)
                for span in self._any_line(closed)
            )
        return found


_SPACES: Final = compiled(r"(?<![A-Za-z][A-Za-z])(?<=[A-Za-z]) (?=[A-Za-z](?![A-Za-z]))")
"""Between letters that stand apart, `p a s s w o r d`."""
_LEET_WORD: Final = r"(?i:p[4@][s5$][s5$]w[o0]rd|pa[5$][s5$]w[o0]rd|pas[5$]w[o0]rd|passw0rd)"
_LEET: Final = compiled(_LEET_WORD + r"(?=\s?[:=])")
"""`password`, with figures for letters."""
_IN_FIGURES: Final = words_of("rd word sword ssword")
"""What figures leave of it."""
_LETTERS: Final = compiled(
    r"(?:^|[^A-Za-z])[A-Za-z] [A-Za-z] [A-Za-z] [A-Za-z](?:[^A-Za-z]|$)|" + _LEET_WORD + r"\s?[:=]"
)
"""Words whose letters stand apart, or are figures."""
_TELLING: Final = TELLING | _IN_FIGURES
_ANY_X12: Final = X12()


def _settled(text: str, found: list[Span], spelled: Plain) -> list[Span]:
    """Put what was found in order and apart, as places of the text that was given."""
    if SCRUBBED in text:
        found = list(_apart(text, found))
    else:
        for start, end, _ in found:
            if text[start : start + 1] in _BLANK or text[end - 1 : end] in _BLANK:
                found = list(_apart(text, found))
                break
    if len(found) > 1:
        found = list(_joined(sorted(found)))
    if spelled.starts is None:
        return found
    return [Span(*spelled.origin(start, end), label) for start, end, label in found]


def _apart(text: str, found: list[Span]) -> Iterator[Span]:
    """Leave out the ends that are blank, and what has a tag in it."""
    for span in found:
        start, end, label = span
        inner = text[start:end]
        if SCRUBBED in inner:
            # What stands around a tag goes alone.
            for part in inner.split(SCRUBBED):
                if part.strip(" ,;^&"):
                    yield Span(start, start + len(part), label)
                start += len(part) + 1
        elif inner[:1] in _BLANK or inner[-1:] in _BLANK:
            if inner.strip():
                begin = start + len(inner) - len(inner.lstrip())
                yield Span(begin, begin + len(inner.strip()), label)
        else:
            yield span


_BLANK: Final = frozenset(" \t\r\n")


def _joined(found: list[Span]) -> Iterator[Span]:
    """Make one of those that overlap, and of parts of one mail address; `found` is in order."""
    current = found[0]
    for span in found[1:]:
        touches = span.start <= current.end + 1 and span.label == current.label == "email"
        if span.start >= current.end and not touches:
            yield current
            current = span
        else:
            longer = span if span.end - span.start > current.end - current.start else current
            current = Span(current.start, max(current.end, span.end), longer.label)
    yield current
