"""Reads rows under a header: what a cell holds is told by the name of its column."""

import re
from collections.abc import Iterator
from typing import Final

import attrs

from runtime.scrub.kept import must_stay
from runtime.scrub.normal import SCRUBBED
from runtime.scrub.patterns import compiled
from runtime.scrub.span import Span
from runtime.scrub.vocabulary import Vocabulary

_SEPARATORS: Final = ",\t;|"
_FEWEST: Final = 2
_SURE: Final = 3
_LONGEST_HEADER: Final = 8192
_COLUMN: Final = compiled(
    r"\s?\"?[A-Za-z_#][A-Za-z_#/()'\-.]{0,40}(?: [A-Za-z_#/()'\-.]{1,20}){0,3}\d{0,2}\"?\s?"
)
_WORDS: Final = compiled(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MACHINE_COLUMN: Final = compiled(
    r"(?:host|computer|server|machine|asset|device|workstation|endpoint)[ _]?(?:name)?|os|fqdn"
    r"|model|os[ _]?build|vendor|manufacturer|firmware",
    re.IGNORECASE,
)
_OF_PATIENTS: Final = frozenset({"mrn", "patient_id", "dob", "ssn"})
_NO_VALUE: Final = frozenset(
    {
        "",
        "null",
        "none",
        "n/a",
        "na",
        "unknown",
        "-",
        "nil",
        "0",
        "yes",
        "no",
        "y",
        "n",
        "true",
        "false",
    }
)


@attrs.frozen
class Rows:
    """The columns of a document, and which of them tell."""

    separator: str
    labels: tuple[str, ...]
    """One for each column; empty where it tells nothing by its name."""

    @property
    def sure(self) -> bool:
        """Say whether so many columns tell that nothing else than a header reads like it."""
        return sum(map(bool, self.labels)) >= _SURE

    @classmethod
    def of(cls, header: str, vocabulary: Vocabulary) -> "Rows | None":
        """Read a first line as a header; None if it is none, or none that tells anything."""
        if len(header) > _LONGEST_HEADER:
            return None
        header = header.lstrip("\ufeff").rstrip("\r\n")
        for separator in _SEPARATORS:
            columns = header.split(separator)
            if len(columns) < _FEWEST or not all(_COLUMN.fullmatch(column) for column in columns):
                continue
            labels = tuple(column_label(column, vocabulary) for column in columns)
            machines = [_MACHINE_COLUMN.fullmatch(column.strip(' "')) for column in columns]
            if any(machines):
                # The serial number of a machine, in a list of machines.
                of_machines = _OF_PATIENTS.isdisjoint(labels)
                labels = tuple(
                    "" if label == "device" and (of_machines or machine) else label
                    for label, machine in zip(labels, machines, strict=True)
                )
            if any(labels):
                return cls(separator, labels)
        return None

    def find(self, text: str, found: list[Span]) -> None:
        """Add the cells of one row whose columns tell."""
        cells = list(self._cells(text))
        for (begin, end), label in zip(cells, self.labels, strict=False):
            value = text[begin:end]
            if (
                label
                and value.lower() not in _NO_VALUE
                and value[0] != SCRUBBED
                and not (
                    must_stay(value)
                    and label not in {"mrn", "patient_id", "ssn", "phone", "zip", "secret"}
                )
            ):
                found.append(Span(begin, end, label))

    def within_cells(self, text: str, spans: list[Span]) -> Iterator[Span]:
        """Part what reaches over a separator with no blank behind it: the columns stay."""
        for span in spans:
            inner = text[span.start : span.end]
            if (
                span.label not in {"name", "address"}
                or self.separator not in inner
                or self.separator + " " in inner
            ):
                yield span
                continue
            start = span.start
            for part in inner.split(self.separator):
                if part:
                    yield Span(start, start + len(part), span.label)
                start += len(part) + 1

    def _cells(self, text: str) -> Iterator[tuple[int, int]]:
        at, size = 0, len(text)
        while at <= size:
            begin = at
            while begin < size and text[begin] == " ":
                begin += 1
            if text[begin : begin + 1] == '"':
                end = _closing(text, begin + 1)
                cut = text.find(self.separator, end)
                yield begin + 1, end
            else:
                cut = text.find(self.separator, at)
                end = size if cut < 0 else cut
                cell = text[min(begin, end) : end]
                begin = end - len(cell.lstrip())
                yield begin, begin + len(cell.strip())
            at = size + 1 if cut < 0 else cut + 1


def _closing(text: str, at: int) -> int:
    """Find the quote that closes a cell; two in a row are one within it."""
    while (quote := text.find('"', at)) >= 0:
        if text[quote + 1 : quote + 2] != '"':
            return quote
        at = quote + 2
    return len(text)


def column_label(column: str, vocabulary: Vocabulary) -> str:
    """Say what stands under the name of a column; nothing where it does not tell."""
    words = tuple(word.lower() for word in _WORDS.findall(column))
    for start in range(len(words)):
        for term in vocabulary.field(words[start:]):
            if term.value == "technical":
                return ""
            if term.value == "person" and words[start:] not in _PERSONS:
                continue
            return term.label
        if start == 0 and vocabulary.field(("".join(words),)):
            first = vocabulary.field(("".join(words),))[0]
            return "" if first.value == "technical" else first.label
    return "name" if words[-1:] in _PERSONS or words in _NAMES else ""


_PERSONS: Final = frozenset(
    {
        ("patient",),
        ("name",),
        ("pt",),
        ("guarantor",),
        ("subscriber",),
        ("insured",),
        ("beneficiary",),
        ("spouse",),
        ("provider",),
        ("physician",),
        ("doctor",),
        ("nurse",),
        ("employee",),
        ("contact",),
        ("mother",),
        ("father",),
        ("caller",),
        ("resident",),
    }
)
_NAMES: Final = frozenset({("first",), ("last",), ("middle",)})
