"""Finds what stands beside a phrase: `MRN 00123456`, `patient_name=...`, `"birthDate": "..."`."""

import re
from typing import Final, TypeAlias

import attrs

from runtime.scrub.gap import GAP_WORDS, Gap, gap_behind
from runtime.scrub.look import Look
from runtime.scrub.names import TITLES, Names
from runtime.scrub.normal import SCRUBBED
from runtime.scrub.patterns import compiled
from runtime.scrub.secrets import secret_at, secret_said
from runtime.scrub.span import Span
from runtime.scrub.values import value_at
from runtime.scrub.vocabulary import Phrase, Term, Vocabulary

_BETWEEN: Final = frozenset({" ", "_", ".", "-", "/", "'", "\t", "' ", ". "})
"""What stands between the words of a phrase."""
_ELEMENT: Final = compiled(r'"[ ]?,[ ]?"(?=[A-Za-z])')
_SHORTEST_COMPOUND: Final = 5
_LONGEST_COMPOUND: Final = 40
"""Letters of the name of a field that is one word: `PatientSSN=`."""
_AFTER_FIELDS: Final = frozenset("\"'\\ \t\r\n=:>")
_IN_A_WORD: Final = compiled(r"(?<=[0-9_])")
_FIELD: Final = compiled(r"[\"'\\]{0,2}\s?[=:>]")
_SURE_TITLES: Final = frozenset({"mr", "mrs", "dr", "mister"})
_CAPITAL_WORD: Final = compiled(
    r"[A-Z][a-z]{2,30}(?![\w/\\(\-]|\.(?!(?:pdf|docx?|rtf|txt|tiff?|jpe?g|xlsx?|zip)\b)\w)"
)
_PERSON_FIELDS: Final = frozenset(
    {"patient", "pt", "subscriber", "insured", "guarantor", "beneficiary"}
)
"""Words of speech that also name fields, in which any word is a name."""

Words: TypeAlias = list[re.Match[str]]


@attrs.frozen
class Beside:
    """Looks beside every phrase of a vocabulary."""

    vocabulary: Vocabulary
    names: Names

    def find(self, look: Look, found: list[Span]) -> None:
        """Add what stands beside phrases."""
        text, firsts, words = look.text, self.vocabulary.phrases, [*look.words, ""]
        # Most words only begin longer phrases, which do not stand here.
        begins = [
            at
            for at, word in enumerate(words)
            if (ways := firsts.get(word)) is not None and ("" in ways or words[at + 1] in ways)
        ]
        unknown = (
            [
                at
                for at, word in enumerate(words)
                if len(word) >= _SHORTEST_COMPOUND and word not in firsts
            ]
            if "=" in text or ":" in text or ">" in text
            else ()
        )
        if begins or unknown:
            places = look.places()
            if begins:
                self._phrases(text, words, places, begins, found)
            if unknown:
                self._compounds(text, places, unknown, found)

    def _compounds(self, text: str, places: Words, unknown: list[int], found: list[Span]) -> None:
        """Look at the names of fields that are one word which the vocabulary does not have."""
        for at in unknown:
            end = places[at].end()
            if text[end : end + 1] not in _AFTER_FIELDS or _FIELD.match(text, end) is None:
                continue
            begin = places[at].start()
            if end - begin > _LONGEST_COMPOUND or _IN_A_WORD.match(text, begin):
                continue
            phrase = self.vocabulary.compound(text[begin:end])
            if phrase is not None:
                self._look(text, [places[at]], 0, (phrase,), found)

    def _phrases(
        self, text: str, told: list[str], words: Words, begins: list[int], found: list[Span]
    ) -> None:
        """Look at the words that begin a phrase, but for those within what was read already."""
        done, passed = 0, 0
        firsts = self.vocabulary.phrases
        for at in begins:
            begin = words[at].start()
            if at < passed or begin < done or text[begin - 1 : begin].isdigit():
                continue  # within what was read, or a hash or a name such as `libav1enc1`
            if told[at] in TITLES and told[at + 1] in TITLES and told[at + 2] in TITLES:
                continue  # two go with their name; a line of nothing else is soon read
            ways = firsts[told[at]]
            longer, alone = ways.get(told[at + 1]), ways.get("")
            if longer is None and alone is not None and self._says_nothing(text, words, at, alone):
                continue
            phrases = (longer or ()) + (alone or ())
            passed, done = self._look(text, words, at, phrases, found)

    def _says_nothing(self, text: str, words: Words, at: int, alone: tuple[Phrase, ...]) -> bool:
        """Say whether a phrase of one word has plainly no value behind it, as in `patient records`.

        What stands behind most words of speech is found here, at a fifth of the time.
        """
        begin, end = words[at].span()
        sign = text[end : end + 1]
        follows = words[at + 1] if at + 1 < len(words) else None
        if follows is not None and follows.start() != end + 1:
            follows = None
        if sign in _SIGNS:  # the name of the next field
            return follows is not None and text[follows.end() : follows.end() + 1] == sign
        if end - begin == 1:
            return True  # a letter alone is a phrase as in `h: 555-0100`
        if sign in _SLASHES and text[end + 1 : end + 2].isalnum():
            return all(term.value in _IN_NAMES for phrase in alone for term in phrase.terms)
        if sign != " " or follows is None or alone[0].secret:
            return False
        small = follows[0]
        return (
            text[end + 1].islower()
            and text[follows.end() : follows.end() + 1] in _AFTER_WORDS
            and small not in GAP_WORDS
            and small not in self.vocabulary.given
        )

    def _look(  # the place is three of five
        self, text: str, words: Words, at: int, phrases: tuple[Phrase, ...], found: list[Span]
    ) -> tuple[int, int]:
        """Try the phrases that may stand at a word, the longest first.

        Gives the word, and the character, before which no other phrase begins.
        """
        longest, gap, read = 0, None, (at + 1, 0)
        for phrase in phrases:
            size = phrase.size
            if size > 1 and not _stands(text, words, at, phrase):
                continue
            longest = longest or size
            if phrase.technical:
                return at + size, 0
            end = words[at + size - 1].end()
            if text[end : end + 1] == "." and phrase.abbreviated:
                end += 1
            if gap is None or gap.end != end:
                gap = gap_behind(text, end)
            if text[gap.start : gap.start + 1] in _NOTHING or _EMPTY.match(text, gap.end):
                continue
            for term in phrase.terms:
                span = self._value(text, words[at].start(), phrase, term, gap)
                if span is not None:
                    found.append(Span(*span, term.label))
                    read = at + longest, self._further(text, span[1], term, gap, found)
                    break
            else:
                continue
            # Behind `SSN for Ana Ruiz: ...` stands what the shorter phrase tells, too.
            if not phrase.whose:
                break
        return read

    def _value(
        self, text: str, begin: int, phrase: Phrase, term: Term, gap: Gap
    ) -> tuple[int, int] | None:
        """Read the value of one term, if one stands in its place."""
        if not gap.strong and (len(phrase.spelled) == 1 or _within_a_name(text, begin, term, gap)):
            return None
        if term.label == "device" and (phrase.spelled[0] == "s" or phrase.spelled == "device"):
            around = text[max(0, begin - _AROUND) : gap.start + _AROUND]
            if phrase.spelled == "device" and not _OF_PATIENTS.search(around):
                return None
            if _OF_MACHINES.search(around) and not _OF_PATIENTS.search(around):
                return None
        if term.label == "name":
            return self._name(text, begin, phrase, term, gap)
        if term.value == "secret" and gap.start > gap.end:
            return _secret(text, phrase, gap)
        span = value_at(text, term, gap)
        # `MRN00123456` is one.
        return (begin, span[1]) if span is not None and gap.start == gap.end else span

    def _name(
        self, text: str, begin: int, phrase: Phrase, term: Term, gap: Gap
    ) -> tuple[int, int] | None:
        if gap.start == gap.end:
            return None
        is_field = term.value == "name_field"
        sure = gap.strong and (
            is_field
            or (phrase.spelled in _PERSON_FIELDS and _FIELD.match(text, gap.end) is not None)
        )
        span = self.names.beside(text, gap.start, sure=sure)
        if span is None and phrase.spelled in _SURE_TITLES:
            # Behind `Mr` a word is a name, whatever else it means: `Mr. Price`, `Dr. House`.
            named = _CAPITAL_WORD.match(text, gap.start)
            span = named.span() if named else None
        # A title goes with its name.
        return (begin, span[1]) if span is not None and phrase.spelled in TITLES else span

    def _further(self, text: str, end: int, term: Term, gap: Gap, found: list[Span]) -> int:
        """Go on through the list of a JSON field: `"given": ["Ada", "Maria"]`; gives the end."""
        if "[" not in text[gap.end : gap.start]:
            return end
        while (between := _ELEMENT.match(text, end)) is not None:
            start = between.end()
            more = (
                self.names.beside(text, start, sure=True)
                if term.label == "name"
                else value_at(text, term, Gap(start, start, strong=True, told=True))
            )
            if more is None:
                break
            found.append(Span(*more, term.label))
            end = more[1]
        return end


def _secret(text: str, phrase: Phrase, gap: Gap) -> tuple[int, int] | None:
    if _OBJECT.search(text, gap.end, gap.start):
        return None  # the name of a field of what stands there
    return secret_at(text, phrase.spelled, gap) or secret_said(text, gap.end)


_OBJECT: Final = compiled(r"\{\s?[\"']")
_EMPTY: Final = compiled(r"\s?=\s?(?:\"\"|'')\s")
"""A field that holds nothing: what stands behind it is another."""
_AROUND: Final = 80
_OF_MACHINES: Final = compiled(
    r"\b(?:disks?|/?dev/|[hs]dd|smart(?:ctl|d)?|nvme|ssds?|drives?|firmware|bios|chassis|servers?"
    r"|switch|printer|host(?:name)?|raid|dimm|enclosure|ups|wdc?|st\d{4}|controller|bay|certificate"
    r"|cert|issuer|thumbprint|soa|zone|motherboard|baseboard|laptop|workstation|vmware)",
    re.IGNORECASE,
)
_OF_PATIENTS: Final = compiled(
    r"pump|pacemaker|implant|patient|\bpts?\b|cpap|cgm|monitor|glucose|infus|ventilator|wheelchair"
    r"|hearing|\bicd\b|stent|mrn",
    re.IGNORECASE,
)
"""What stands around the serial number of a machine, and around that of a patient's device."""
_SIGNS: Final = frozenset(":=")
_SLASHES: Final = frozenset("/\\")
_AFTER_WORDS: Final = frozenset({" ", "", ",", ";", "\t"})
_NOTHING: Final = frozenset({"", SCRUBBED})
_JOINTS: Final = frozenset("_-./\\")
_IN_NAMES: Final = frozenset({"person", "identifier", "phone"})


def _within_a_name(text: str, begin: int, term: Term, gap: Gap) -> bool:
    """Say whether a phrase is part of a machine's name, as in `pt-db-01`, and says nothing.

    `MRN-00123` and `Acct.4471920` are marks with their values.
    """
    if term.value not in _IN_NAMES:
        return False
    if text[gap.end : gap.end + 1] in _JOINTS:
        follows = text[gap.end + 1 : gap.end + 2]
        if follows.isalpha() or (follows.isdigit() and text[gap.end] in "/\\"):
            return True
    return term.value == "person" and begin > 0 and text[begin - 1] in "-./\\@"


def _stands(text: str, words: Words, at: int, phrase: Phrase) -> bool:
    """Say whether the words of a phrase follow, with little between them."""
    if at + len(phrase.rest) >= len(words):
        return False
    end = words[at].end()
    for offset, word in enumerate(phrase.rest, at + 1):
        begin, its_end = words[offset].span()
        if words[offset][0] != word or text[end:begin] not in _BETWEEN:
            return False
        end = its_end
    return True
