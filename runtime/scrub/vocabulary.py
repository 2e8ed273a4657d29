"""The words that the scrubber knows, from `rules/scrub.yaml`."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias

import attrs
import pydantic

from runtime.documents import Document, read_document, validated
from runtime.errors import InvalidFileError
from runtime.scrub.patterns import compiled
from runtime.scrub.word_sets import words_of
from runtime.settings import shipped

Value: TypeAlias = Literal[
    "identifier", "ssn", "date", "phone", "email", "address", "zip", "card", "secret",
    "internet_address", "name_field", "person", "technical",
]  # fmt: skip
"""How what stands beside a phrase is read."""


@attrs.frozen
class Term:
    """What stands beside a phrase."""

    label: str
    value: Value


@attrs.frozen
class Phrase:
    """Words in a row and their meanings; the first word is where it is looked up."""

    rest: tuple[str, ...]
    terms: tuple[Term, ...]
    spelled: str
    technical: bool
    secret: bool
    """It may stand before a word of any form."""
    abbreviated: bool
    """A point behind it ends no sentence."""
    size: int
    """In words."""
    whose: bool
    """It ends with a word behind which stands whose value follows: `SSN for Ana Ruiz: ...`."""


@attrs.frozen(eq=False)
class Vocabulary:
    """All of it, as it is looked up."""

    phrases: Mapping[str, Mapping[str, tuple[Phrase, ...]]]
    """First word -> second word, or nothing -> phrases, the longest first."""
    common: frozenset[str]
    given: frozenset[str]
    ambiguous: frozenset[str]
    family: frozenset[str]

    def means(self, word: str) -> bool:
        """Say whether a word in small letters means something, so that it is hardly a name."""
        return word in self.common or word in self.phrases

    def at(self, first: str, second: str) -> tuple[Phrase, ...]:
        """List the phrases that two words may begin, the longest first."""
        ways = self.phrases.get(first)
        if ways is None:
            return ()
        return ways.get(second, ()) + ways.get("", ())

    @functools.lru_cache(maxsize=4096)  # noqa: B019  there is one vocabulary, and it stays
    def compound(self, word: str) -> Phrase | None:
        """Read the name of a field that is one word of many: `PatientSSN`, `patientdob`."""
        words = tuple(part.lower() for part in _PARTS.findall(word))
        if len(words) == 1:
            start = next((each for each in _STARTS if word.lower().startswith(each)), "")
            words = (word.lower()[len(start) :],) if start else ()
        terms = self.field(words)
        if not terms or terms[0].value == "technical":
            return None
        spelled = " ".join(words)
        return Phrase(
            (),
            terms,
            spelled,
            technical=False,
            secret=False,
            abbreviated=False,
            size=1,
            whose=False,
        )

    def field(self, words: tuple[str, ...]) -> tuple[Term, ...]:
        """Say what the name of a field means: by its longest end that is a phrase."""
        for start, first in enumerate(words):
            rest = words[start + 1 :]
            for phrase in self.at(first, rest[0] if rest else ""):
                if phrase.rest == rest:
                    return phrase.terms
        return ()


_PARTS: Final = compiled(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_STARTS: Final = (
    *("patients", "patient", "pat", "pt", "member", "subscriber", "insured", "guarantor"),
    *("beneficiary", "customer", "client", "person", "contact", "emergency", "home", "work"),
    *("cell", "billing", "mailing", "primary", "user", "admin", "db", "str", "txt", "fld"),
)
"""What the name of a field in one word often begins with."""
_ABBREVIATIONS: Final = words_of(
    "mr mrs ms mx dr prof pt pat no num tel ph acct ins pol med lic ext attn st nbr fin enc"
)


def _phrase(spelled: str, terms: tuple[Term, ...]) -> Phrase:
    *_, last = words = spelled.split()
    return Phrase(
        tuple(words[1:]),
        terms,
        spelled,
        technical=terms[0].value == "technical",
        secret=any(term.value == "secret" for term in terms),
        abbreviated=len(last) == 1 or last in _ABBREVIATIONS,
        size=len(words),
        whose=len(words) > 1 and last in {"for", "of"},
    )


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", strict=True)


class _Field(_Strict):
    value: Literal[
        "identifier", "ssn", "date", "phone", "email", "address", "zip", "card", "secret",
        "internet_address",
    ]  # fmt: skip
    phrases: list[str]


class _Persons(_Strict):
    fields: list[str]
    words: list[str]


class _File(_Strict):
    fields: dict[str, _Field]
    persons: _Persons
    technical: list[str]
    common: str
    given: str
    ambiguous: str
    family: str


def read_vocabulary(path: Path) -> Vocabulary:
    """Read a file of words.

    Raises:
        InvalidFileError: with file and line what is wrong: a key, or a phrase that never matches.
    """
    document = read_document(path)
    file = validated(document, _File)
    meanings = dict[str, list[Term]]()
    for where, phrase, term in _phrases(file):
        if not phrase or any(not word.isalpha() or not word.islower() for word in phrase.split()):
            raise _never(document, where, phrase)
        told = meanings.setdefault(" ".join(phrase.split()), [])
        if term in told:
            problem = f"{'.'.join(map(str, where))}: {phrase!r} is there twice"
            raise InvalidFileError(document.path, problem, line=document.line_of(where))
        told.append(term)
    return Vocabulary(
        _by_first_words(meanings),
        *(
            frozenset(words.split())
            for words in (file.common, file.given, file.ambiguous, file.family)
        ),
    )


def _phrases(file: _File) -> Iterator[tuple[tuple[str | int, ...], str, Term]]:
    # Technical ones first: where one is, nothing else is.
    for at, phrase in enumerate(file.technical):
        yield ("technical", at), phrase, Term("technical", "technical")
    for label, field in file.fields.items():
        for at, phrase in enumerate(field.phrases):
            yield ("fields", label, "phrases", at), phrase, Term(label, field.value)
    for at, phrase in enumerate(file.persons.fields):
        yield ("persons", "fields", at), phrase, Term("name", "name_field")
    for at, phrase in enumerate(file.persons.words):
        yield ("persons", "words", at), phrase, Term("name", "person")


def _never(document: Document, where: tuple[str | int, ...], phrase: str) -> InvalidFileError:
    problem = f"{'.'.join(map(str, where))}: a phrase is words of small letters, not {phrase!r}"
    return InvalidFileError(document.path, problem, line=document.line_of(where))


_SHORTEST_JOINED: Final = 3
_SAME: Final = (
    ("no", "num", "nbr", "number"),
    ("date", "dt", "dte"),
    ("name", "nm"),
    ("phone", "ph", "phn", "tel", "telephone"),
    ("address", "addr"),
    ("identifier", "id"),
)
"""Words that say the same at the end of a field's name."""
_PATIENTS: Final = ("patient", "pt", "pat")


def _otherwise(phrase: str) -> Iterator[str]:
    """Spell a phrase with other words that say the same: `pat birth dt` and the like."""
    *rest, last = phrase.split()
    if not rest:
        return
    ends = next((same for same in _SAME if last in same), (last,))
    begins = _PATIENTS if rest[0] in _PATIENTS else (rest[0],)
    for begin in begins:
        for end in ends:
            yield " ".join((begin, *rest[1:], end))


def _by_first_words(
    meanings: Mapping[str, list[Term]],
) -> Mapping[str, Mapping[str, tuple[Phrase, ...]]]:
    spelled = {phrase: tuple(terms) for phrase, terms in meanings.items()}
    for phrase, terms in tuple(spelled.items()):
        joined = phrase.replace(" ", "")
        if len(joined) >= _SHORTEST_JOINED:
            spelled.setdefault(joined, terms)
    for phrase, terms in tuple(spelled.items()):
        for other in _otherwise(phrase):
            spelled.setdefault(other, terms)
            spelled.setdefault(other.replace(" ", ""), terms)
    found = dict[str, dict[str, list[Phrase]]]()
    for phrase, terms in spelled.items():
        first, *rest = phrase.split()
        second = rest[0] if rest else ""
        one = _phrase(phrase, terms)
        found.setdefault(first, {}).setdefault(second, []).append(one)
    return {
        first: {second: _longest_first(phrases) for second, phrases in ways.items()}
        for first, ways in found.items()
    }


def _longest_first(phrases: Iterable[Phrase]) -> tuple[Phrase, ...]:
    return tuple(sorted(phrases, key=lambda phrase: -len(phrase.rest)))


@functools.cache
def shipped_vocabulary() -> Vocabulary:
    """Give the words that come with Aright."""
    return read_vocabulary(shipped("rules") / "scrub.yaml")
