"""What looks like the name of a person, and where it ends."""

import re
from typing import Final, NamedTuple

import attrs

from runtime.scrub.look import Look
from runtime.scrub.patterns import compiled
from runtime.scrub.span import Span
from runtime.scrub.vocabulary import Vocabulary
from runtime.scrub.word_sets import words_of

_WORDS: Final = 5
"""Words that one name has at most, initials and particles included."""
_MOST_TITLES: Final = 4
"""Before one name: behind more of them each would be read to the end of all."""

_PART: Final = compiled(r"[A-Za-z][A-Za-z'\-]{0,40}|[A-Za-z]")
_GAP: Final = compiled(r"(?:\. ?|, ?|[ \t]{1,2}|\+|_|\^)(?=[A-Za-z])")
_PARTICLES: Final = words_of(
    "de del dela della der den di da das do dos la las le los el van von vom zu bin ibn bint al abu"
    " st san santa ter ten y e mac mc af av du af"
)
_SMALL_PARTICLES: Final = words_of("de del la las los van von der den di da das dos du")
"""Those that are no words of their own in English."""
TITLES: Final = words_of(
    "mr mrs ms miss mx dr prof nurse doctor sir madam rev fr sr sra srta hon pvt sgt cpl capt maj"
)
_SUFFIXES: Final = words_of("jr sr ii iii iv md do rn np pa dds phd esq cna lpn")
# What it begins with stands first, and `\b` behind it: only so `re` skips to the next capital.
_TWO: Final = compiled(
    r"([A-Z](?<!\w.)[A-Za-z'\-]{1,30})(,? (?:[A-Z]\.? )?|[_.^+,])([A-Z][A-Za-z'\-]{1,30})"
)


_LED: Final = compiled(r"\b(?:(?:D[EIA]|D[eia]|DEL|Del|L[Aa]|V[AO]N|V[ao]n|S[Tt]\.?) ){1,2}$")
"""Particles that lead to a name."""
_LONGEST_LEAD: Final = 8
_INNER: Final = frozenset("_(\\@/")
_NO_END: Final = frozenset("\\@=")
_ODD_ENDS: Final = frozenset("\\@=:._(/0123456789")
"""What may stand behind a word that does not end as one of a name does."""
_QUOTE_ESCAPED: Final = compiled(r"\\(?:[\"']|[nrt]\b)")
_NO_BEGINNING: Final = frozenset("\\/-.@")
_FIELD_GAPS: Final = frozenset({" ", "_", "+", ", "})
_AFTER_TITLE: Final = compiled(r"\.?[ \t]{1,2}")
_SHORTEST: Final = 2
_OF_PATIENTS: Final = compiled(
    r"\b(?:patients?|pts?|d\.?o\.?b|mrn|ssn|chart|medicare|medicaid|appts?|appointment|born|birth\w*"
    r"|discharged|admitted|nurse|insurance|licen[cs]e|passport|acct|policy|member|consent|social|labs?"
    r"|wristband|results of|vehicle|plate|eligibility)\b"
)
"""Words of a line, in small letters, in which two names that nobody knows may stand."""
_IRISH: Final = frozenset({"o'", "d'"})
_LISTED: Final = frozenset({",", ", "})
_LONGEST_CAPITALS: Final = 14


class _Word(NamedTuple):
    """A word that may belong to a name."""

    told: str
    small: str
    end: int
    joined: str
    """What stands between it and the word before."""
    before: int
    """Words of the name before it."""


@attrs.frozen
class Names:
    """Judges names by the words that are none and the names that everybody knows."""

    vocabulary: Vocabulary

    def beside(self, text: str, start: int, *, sure: bool) -> tuple[int, int] | None:
        """Find the name that begins at `start`; `sure` where the place says that it is one.

        Elsewhere a name begins with a capital, or is a given name that everybody knows.
        """
        begin, found = _after_titles(text, start)
        end, count, joined = begin, 0, ""
        while found is not None:
            told, word_end = found[0], found.end()
            small = told.lower()
            if not told.isalpha():
                small = small.rstrip("'-").removesuffix("'s")
            if (
                not self._is_plainly(told, small, joined)
                or text[word_end : word_end + 1] in _ODD_ENDS
            ):
                word = _Word(told, small, word_end, joined, count)
                if not (_ends_well(text, word, sure=sure) and self._goes_on(text, word, sure=sure)):
                    break
            count += 1
            end = word_end
            if count == _WORDS:
                break
            # Between most words stands one blank.
            if text[end : end + 1] == " " and text[end + 1 : end + 2].isalpha():
                joined, found = " ", _PART.match(text, end + 1)
            elif (gap := _GAP.match(text, end)) is not None:
                joined, found = gap[0], _PART.match(text, gap.end())
            else:
                break
        name = text[begin:end].rstrip("-'")
        end = begin + len(name)
        # An initial alone is no name, nor is what a machine's name goes on from.
        if (len(name) < _SHORTEST and not (sure and name.isupper())) or name.lower() in _PARTICLES:
            return None
        if text[end : end + 1].isdigit() or text[end : end + 1] in _NO_END:
            return (start, end) if _QUOTE_ESCAPED.match(text, end) else None
        return start, end

    def _is_plainly(self, told: str, small: str, joined: str) -> bool:
        """Say whether a word is plainly one of a name, as most are: nothing else is to be asked."""
        return (
            told[0].isupper()
            and told[1:].islower()
            and joined != ". "
            and not self.vocabulary.means(small)
        )

    def _goes_on(self, text: str, word: _Word, *, sure: bool) -> bool:  # noqa: PLR0911  reasons
        """Say whether one more word belongs to the name."""
        capital = word.told[0].isupper()
        if word.small in _SUFFIXES and word.before:
            return True
        if len(word.told) == 1 and capital and word.before:
            return True
        if len(word.told) == 1:
            return self._is_initial(text, word, capital=capital) or (capital and sure)
        if _leads_on(text, word, sure=sure):
            return True
        if self._is_other(word, sure=sure):
            return False
        if word.small in _PARTICLES:
            return capital or word.before > 0 or sure
        if capital:
            return not _strange(word.told) and (sure or not _begins_sentence(text, word))
        if word.before == 0:
            words = self.vocabulary
            return sure or (word.small in words.given and word.small not in words.ambiguous)
        if self.known(word.small) or word.small[:2] in _IRISH:
            return sure or not word.joined.startswith(",")
        return sure and word.joined in _FIELD_GAPS

    def _is_initial(self, text: str, word: _Word, *, capital: bool) -> bool:
        if capital:
            return word.before > 0 or text[word.end : word.end + 1] in {".", " "}
        # `j. smith`: people write small, and so do abbreviations.
        if word.before or text[word.end : word.end + 1] != ".":
            return False
        follows = _PART.match(text, word.end + 1 + (text[word.end + 1 : word.end + 2] == " "))
        return follows is not None and follows[0].lower() in self.vocabulary.family

    def _is_other(self, word: _Word, *, sure: bool) -> bool:
        """Say whether a word means something else here than a name."""
        common = word.small in self.vocabulary.common
        if not common and word.small not in self.vocabulary.phrases:
            return False
        if not (self.known(word.small) and word.told[0].isupper()):
            return True
        return common and not (sure or (word.before and word.small in self.vocabulary.family))

    def known(self, small: str) -> bool:
        """Say whether a word in small letters is a name that everybody knows."""
        words = self.vocabulary
        if "-" in small:
            return any(part in words.given or part in words.family for part in small.split("-"))
        return small in words.given or small in words.family

    def anywhere(self, look: Look, found: list[Span]) -> None:
        """Add names that nothing stands beside: a known given name and what goes with it."""
        text, done, of_patients = look.text, 0, None
        for match in _TWO.finditer(text):
            first, between, last = match.groups()
            begin, end = match.span()
            if begin < done or (between != "^" and text[begin - 1 : begin] in _NO_BEGINNING):
                continue  # within a longer name, or a machine's
            named = self._ordered(text, first, between, last)
            if (
                not named
                and between[0] in " ,"
                and text[end : end + 1] not in _INNER
                and self._unheard_of(first, last)
            ):
                if of_patients is None:
                    of_patients = _OF_PATIENTS.search(look.lower) is not None
                named = of_patients
            if named and not (_strange(first) or _strange(last)):
                longer = self.beside(text, begin, sure=False)
                done = max(end, longer[1] if longer else end)
                led = _LED.search(text, max(0, begin - _LONGEST_LEAD), begin)
                found.append(Span(led.start() if led else begin, done, "name"))

    def _ordered(self, text: str, first: str, between: str, last: str) -> bool:
        """Say whether two words are names that are known, in the order that the sign tells."""
        one, two = first.lower(), last.lower()
        if between[0] == ",":
            return self._are_names(two, one) or (between in _LISTED and self._listed(first, last))
        if self._are_names(one, two):
            return True
        return between == "^" and (
            self._are_names(two, one) or ("|" not in text and self._parted(first, last))
        )

    def _listed(self, family: str, given: str) -> bool:
        """Say whether capitals are the name of somebody in a list: `CHEN,LI WEI`."""
        words, small = self.vocabulary, (family.lower(), given.lower())
        return (
            family.isupper()
            and given.isupper()
            and small[0] in words.family
            and not any(map(words.means, small))
        )

    def _parted(self, family: str, given: str) -> bool:
        """Say whether capitals are a name as pictures carry it: `BURKE^SHANNON`."""
        words = self.vocabulary
        return all(
            len(each) > _SHORTEST and each.isupper() and not words.means(each.lower())
            for each in (family, given)
        )

    def _unheard_of(self, first: str, last: str) -> bool:
        """Say whether words that mean nothing else may be somebody's name, among patients."""
        if len(first) <= _SHORTEST or len(last) <= _SHORTEST or first.isupper() or last.isupper():
            return False
        means = self.vocabulary.means
        return not means(first.lower()) and not means(last.lower())

    def _are_names(self, given: str, family: str) -> bool:
        words = self.vocabulary
        if given not in words.given or family in words.common:
            return False
        return family in words.family or not (given in words.ambiguous or given in words.common)


def _after_titles(text: str, start: int) -> tuple[int, re.Match[str] | None]:
    """Give where a name begins behind its titles, and its first word."""
    found = _PART.match(text, start)
    for _ in range(_MOST_TITLES):
        if found is None or found[0].lower() not in TITLES:
            break
        gap = _AFTER_TITLE.match(text, found.end())
        if gap is None:
            break
        start = gap.end()
        found = _PART.match(text, start)
    return start, found


def _ends_well(text: str, word: _Word, *, sure: bool) -> bool:
    """Say whether a word ends as one of a name does, and not as a part of a machine's name."""
    follows = text[word.end : word.end + 1]
    if follows == "\\" and _QUOTE_ESCAPED.match(text, word.end):
        return True
    if follows in {"=", ":"}:  # the name of the next field
        return sure and word.before == 0
    if follows == "." and len(word.told) > 1 and not sure:
        return not text[word.end + 1 : word.end + 2].isalnum()  # a file, a host
    return not (follows.isdigit() or (follows in _INNER and not (sure and follows == "_")))


def _leads_on(text: str, word: _Word, *, sure: bool) -> bool:
    """Say whether a particle stands before a word with a capital: `St. Clair`, `de los Rios`."""
    if word.small not in _PARTICLES or not (word.before or sure):
        return False
    if not word.told[0].isupper() and word.small not in _SMALL_PARTICLES:
        return False
    gap = _GAP.match(text, word.end)
    return gap is not None and text[gap.end()].isupper()


def _begins_sentence(text: str, word: _Word) -> bool:
    """Say whether a point ended what was before; that of an initial or of `St.` does not."""
    if word.joined != ". " or not word.before:
        return False
    point = word.end - len(word.told) - len(word.joined)
    if text[max(0, point - 3) : point].lower() == " st":
        return False
    return text[max(0, point - 2) : point - 1].isalnum()


def _strange(word: str) -> bool:
    """Say whether capitals stand where no name has them: `PowerShell`, `SQLServer`."""
    if word[1:].islower():
        return False
    if word.isupper():
        return len(word) > _LONGEST_CAPITALS
    parts = re.split(r"['\-]", word)
    return any(
        not (
            part[1:].islower()
            or len(part) <= 1
            or re.fullmatch(r"(?:Ma?c|De|Di|La|Le|Van|O|D|Fitz)[A-Z][a-z]+", part)
        )
        for part in parts
    )
