"""Finds people whom no word announces, by what stands behind: `DOE,JANE Q 00482913 03/12/1984`."""

import re
from typing import Final

from runtime.scrub.look import Look
from runtime.scrub.patterns import compiled
from runtime.scrub.span import Span
from runtime.scrub.vocabulary import Vocabulary
from runtime.scrub.word_sets import words_of

_MARKS: Final = (
    r"(?:m\.?r\.?n|d\.?o\.?b|s\.?s\.?n|born|date of birth|checked in|arrived|was (?:admitted"
    r"|discharged|seen|roomed|triaged|transferred|moved)|is (?:here|waiting|scheduled|in room)"
    r"|has an app|[mf][,/] ?\d{1,3}\b|\d{1,3} ?y/?o\b)"
)
"""In small letters."""
_PARTICLES: Final = r"(?:(?i:van|von|de|der|den|del|la|el|al|di|da|st)\.? ){0,3}"
_HOLDERS: Final = r"(?i:subscriber|member|insured|patient|beneficiary|guarantor)"
_PERSON: Final = compiled(
    r"(?P<name>(?P<one>[A-Z](?<!\w.)[A-Za-z'\-]{1,30})(?P<comma>, ?| )"
    r"(?P<two>[A-Z][A-Za-z'\-]{1,30})(?: [A-Z]\.?(?![\w]))?)"
    r"[ ,;|/(\[#]{1,3}(?:(?P<sex>[MFU]|[Mm]ale|[Ff]emale|\d{1,3} ?y/?o? ?[MF]?)[ ,;|/]{1,3})?"
    r"(?:(?P<id>[A-Z]{0,3}\d{5,10})[ ,;|/)\]]{1,3})?"
    r"(?P<date>\d{1,2}[/\-.]\d{1,2}[/\-.](?:(?:19|20)\d\d|\d\d)"
    r"|(?:19|20)\d\d-\d\d-\d\d|(?:19|20)\d{6})(?![\w:/\-]|[T ]\d{1,2}:)"
    r"(?: (?:vs\.?|with|into|and|->|/) (?P<other>\d{5,10})(?![\w.]))?"
)
_MARKED: Final = compiled(
    r"\b" + _PARTICLES + r"(?P<one>[A-Z][A-Za-z'\-]{1,30})(?:, ?| )(?:[A-Z]\.? )?"
    r"(?P<two>[A-Z][A-Za-z'\-]{1,30})(?: [A-Z]\.?(?!\w))?(?=[ ,;(|/\-]{1,4}(?i:" + _MARKS + "))"
)
_CALLED: Final = compiled(
    r"[\w.]\((?P<name>[A-Z][a-z'\-]{1,30}(?:, ?[A-Z][a-z'\-]{1,30})?), ?['\"]?"
    r"(?P<date>(?:19\d\d|200\d|201[0-2])-\d\d-\d\d)(?![\w:])"
)
"""Somebody whom a log shows as the arguments of a call."""
_HELD: Final = compiled(
    r"\b" + _HOLDERS + r"s? (?:[A-Z][A-Za-z'\-]{0,30}\.?,? ){1,4}[(]?(?:I[Dd]|#)[:# ]{0,3}"
    r"(?P<id>(?=[A-Z\d\-]{0,20}\d{3})[A-Z\d\-]{5,20})(?![\w.])"
)
_KEYED: Final = compiled(
    r"(?:\bpatients? ?[({\[]|\bpatient=[^=\n]{1,40}[ ,;]"
    r"|\b(?:from|update|into|join) (?:\w{1,20}\.)?patients?\b[^\n;]{0,160}?\bwhere "
    r"(?:\w{1,20}\.)?)id ?= ?['\"]?(?P<id>(?=[A-Za-z\-]{0,12}\d{3})[\w\-]{3,40})",
    re.IGNORECASE,
)
"""The key of a patient in a statement, or in what a log shows of an object."""
_NUMBERED: Final = compiled(
    r"\b(?P<name>(?P<one>[A-Z][A-Za-z'\-]{1,30}|[A-Z]\.)(?:, ?| )(?P<two>[A-Z][A-Za-z'\-]{1,30})"
    r"(?: [A-Z]\.?(?!\w))?) ?[(\[#]{1,2}(?P<id>[A-Z]{0,3}-?\d{5,10})(?:[)\]]|(?![\w.\-]))"
)
_YEAR: Final = compiled(r"(?:19|20)\d\d")
_OLD: Final = 2012
_PAIR: Final = compiled(
    r"\bfirst\"?[=:] ?\"?(?P<first>[A-Za-z][A-Za-z'\-]{1,40})\"?[,;&| ]{1,3}"
    r"(?:(?:middle|mi)\"?[=:] ?\"?[A-Za-z]{0,40}\.?\"?[,;&| ]{1,3})?"
    r"\"?last\"?[=:] ?\"?(?P<last>[A-Za-z][A-Za-z'\-]{1,40})\b",
    re.IGNORECASE,
)
_DAYS: Final = words_of(
    "monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun"
    " january february march april june july august september october november december"
)


HOLDERS: Final = words_of(
    "subscriber subscribers member members insured insureds patient patients beneficiary"
    " beneficiarys guarantor guarantors"
)
"""The words of `_HOLDERS`."""
_MARKING: Final = words_of("mrn m dob d ssn s born birth checked arrived was is has f yo y")
"""The words that `_MARKS` are made of."""
ANNOUNCED: Final = HOLDERS | _MARKING | {"first"}
_IS_MARKED: Final = compiled(rf"[a-z][ ,;(|/\-]+{_MARKS}")


def find_announced(look: Look, vocabulary: Vocabulary, found: list[Span]) -> None:
    """Add people whom a word behind them tells, and numbers that are of those before them."""
    text, told = look.text, look.told
    if "first" in told and "last" in look.words:
        for match in _PAIR.finditer(text):
            found += (Span(*match.span("first"), "name"), Span(*match.span("last"), "name"))
    if look.capitals and not _MARKING.isdisjoint(told) and _IS_MARKED.search(look.lower):
        for match in _MARKED.finditer(text):
            small = (match["one"].lower(), match["two"].lower())
            if not any(vocabulary.means(each) or each in _DAYS for each in small):
                found.append(Span(*match.span(), "name"))
    if not HOLDERS.isdisjoint(told):
        numbered = "id" in look.words
        if numbered or "#" in text:
            found.extend(Span(*match.span("id"), "policy") for match in _HELD.finditer(text))
        if numbered and "=" in text:
            found.extend(Span(*match.span("id"), "patient_id") for match in _KEYED.finditer(text))


def find_dated(look: Look, vocabulary: Vocabulary, found: list[Span]) -> None:
    """Add people by the date or the number behind them."""
    text, close = look.text, look.close
    if "0-0-00" in close or "0-00-00" in close or "00000000" in close:
        if "(" in text and "0000-00-00" in close:
            for match in _CALLED.finditer(text):
                found += (Span(*match.span("name"), "name"), Span(*match.span("date"), "date"))
        for match in _PERSON.finditer(text):
            if not _is_person(match, vocabulary):
                continue
            found += (Span(*match.span("name"), "name"), Span(*match.span("date"), "date"))
            found.extend(Span(*match.span(each), "mrn") for each in ("id", "other") if match[each])
    brackets = "(" in text or "[" in text or "#" in text
    if brackets and "00000" in close and _BRACKETED.search(text):
        for match in _NUMBERED.finditer(text):
            small = match["one"].lower(), match["two"].lower()
            if not any(map(vocabulary.means, small)):
                found += (Span(*match.span("name"), "name"), Span(*match.span("id"), "mrn"))


_BRACKETED: Final = compiled(r"[(\[#](?:(?<=[A-Za-z].)|(?<=[A-Za-z] .))[(\[#]*[A-Z\-]*\d{5}")


def _is_person(match: re.Match[str], words: Vocabulary) -> bool:
    one, two = match["one"].lower(), match["two"].lower()
    if any(each in words.common or each in _DAYS for each in (one, two)):
        return False
    known = one in words.given or two in words.given
    if match["comma"] == " " and not known:
        return False
    year = _YEAR.search(match["date"])
    born = year is not None and int(year[0]) <= _OLD
    return known or born or bool(match["sex"]) or bool(match["id"])
