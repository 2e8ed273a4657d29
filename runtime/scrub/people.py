"""Finds people whom no word announces, by what stands behind: `DOE,JANE Q 00482913 03/12/1984`."""

import re
from typing import Final

from runtime.scrub.span import Span
from runtime.scrub.vocabulary import Vocabulary
from runtime.scrub.word_sets import words_of

_MARKS: Final = (
    r"(?i:M\.?R\.?N|D\.?O\.?B|S\.?S\.?N|born|date of birth|checked in|arrived|was (?:admitted"
    r"|discharged|seen|roomed|triaged|transferred|moved)|is (?:here|waiting|scheduled|in room)"
    r"|has an app|[MF][,/] ?\d{1,3}\b|\d{1,3} ?y/?o\b)"
)
_PARTICLES: Final = r"(?:(?i:van|von|de|der|den|del|la|el|al|di|da|st)\.? ){0,3}"
_HOLDERS: Final = r"(?i:subscriber|member|insured|patient|beneficiary|guarantor)"
PEOPLE_GATE: Final = (
    r"[A-Z][A-Za-z'\-]+(?:,? |,)[A-Z][A-Za-z'\-]+.*"
    r"(?:\d\d?[/\-.]\d\d?[/\-.]\d\d|(?:19|20)\d\d-?\d\d-?\d\d)|[Ff][Ii][Rr][Ss][Tt]\"?[=:]"
    r"|[A-Za-z][ ,;(|/\-]+" + _MARKS + r"|(?i:patients?[({\[]id|patients?\b.* where )"
    r"|\([A-Z][a-z'\-]+(?:, ?[A-Z][a-z'\-]+)?, ?['\"]?(?:19|20)\d\d-"
    r"|[A-Za-z] ?[(\[#]+[A-Z\-]*\d{5}|" + _HOLDERS + r"s? [A-Z].*(?:\bI[Dd]\b|#)"
)
_PERSON: Final = re.compile(
    r"\b(?P<name>(?P<one>[A-Z][A-Za-z'\-]{1,30})(?P<comma>, ?| )(?P<two>[A-Z][A-Za-z'\-]{1,30})"
    r"(?: [A-Z]\.?(?![\w]))?)"
    r"[ ,;|/(\[#]{1,3}(?:(?P<sex>[MFU]|[Mm]ale|[Ff]emale|\d{1,3} ?y/?o? ?[MF]?)[ ,;|/]{1,3})?"
    r"(?:(?P<id>[A-Z]{0,3}\d{5,10})[ ,;|/)\]]{1,3})?"
    r"(?P<date>\d{1,2}[/\-.]\d{1,2}[/\-.](?:(?:19|20)\d\d|\d\d)"
    r"|(?:19|20)\d\d-\d\d-\d\d|(?:19|20)\d{6})(?![\w:/\-]|[T ]\d{1,2}:)"
    r"(?: (?:vs\.?|with|into|and|->|/) (?P<other>\d{5,10})(?![\w.]))?"
)
_MARKED: Final = re.compile(
    r"\b" + _PARTICLES + r"(?P<one>[A-Z][A-Za-z'\-]{1,30})(?:, ?| )(?:[A-Z]\.? )?"
    r"(?P<two>[A-Z][A-Za-z'\-]{1,30})(?: [A-Z]\.?(?!\w))?(?=[ ,;(|/\-]{1,4}" + _MARKS + ")"
)
_CALLED: Final = re.compile(
    r"[\w.]\((?P<name>[A-Z][a-z'\-]{1,30}(?:, ?[A-Z][a-z'\-]{1,30})?), ?['\"]?"
    r"(?P<date>(?:19\d\d|200\d|201[0-2])-\d\d-\d\d)(?![\w:])"
)
"""Somebody whom a log shows as the arguments of a call."""
_HELD: Final = re.compile(
    r"\b" + _HOLDERS + r"s? (?:[A-Z][A-Za-z'\-]{0,30}\.?,? ){1,4}[(]?(?:I[Dd]|#)[:# ]{0,3}"
    r"(?P<id>(?=[A-Z\d\-]{0,20}\d{3})[A-Z\d\-]{5,20})(?![\w.])"
)
_KEYED: Final = re.compile(
    r"(?:\bpatients?[({\[]|\b(?:from|update|into|join) (?:\w{1,20}\.)?patients?\b"
    r"[^\n;]{0,160}?\bwhere "
    r"(?:\w{1,20}\.)?)id ?= ?['\"]?(?P<id>(?=[A-Za-z\-]{0,12}\d{3})[\w\-]{3,40})",
    re.IGNORECASE,
)
"""The key of a patient in a statement, or in what a log shows of an object."""
_NUMBERED: Final = re.compile(
    r"\b(?P<name>(?P<one>[A-Z][A-Za-z'\-]{1,30}|[A-Z]\.)(?:, ?| )(?P<two>[A-Z][A-Za-z'\-]{1,30})"
    r"(?: [A-Z]\.?(?!\w))?) ?[(\[#]{1,2}(?P<id>[A-Z]{0,3}-?\d{5,10})(?:[)\]]|(?![\w.\-]))"
)
_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_OLD: Final = 2012
_PAIR: Final = re.compile(
    r"\bfirst\"?[=:] ?\"?(?P<first>[A-Za-z][A-Za-z'\-]{1,40})\"?[,;&| ]{1,3}"
    r"(?:(?:middle|mi)\"?[=:] ?\"?[A-Za-z]{0,40}\.?\"?[,;&| ]{1,3})?"
    r"\"?last\"?[=:] ?\"?(?P<last>[A-Za-z][A-Za-z'\-]{1,40})\b",
    re.IGNORECASE,
)
_DAYS: Final = words_of(
    "monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun"
    " january february march april june july august september october november december"
)


def find_people(text: str, vocabulary: Vocabulary, found: list[Span]) -> None:
    """Add names, numbers and dates that make a person together."""
    for match in _PAIR.finditer(text):
        found += (Span(*match.span("first"), "name"), Span(*match.span("last"), "name"))
    for match in _MARKED.finditer(text):
        small = (match["one"].lower(), match["two"].lower())
        if not any(vocabulary.means(each) or each in _DAYS for each in small):
            found.append(Span(*match.span(), "name"))
    found.extend(Span(*match.span("id"), "policy") for match in _HELD.finditer(text))
    found.extend(Span(*match.span("id"), "patient_id") for match in _KEYED.finditer(text))
    for match in _CALLED.finditer(text):
        found += (Span(*match.span("name"), "name"), Span(*match.span("date"), "date"))
    for match in _NUMBERED.finditer(text):
        small = match["one"].lower(), match["two"].lower()
        if not any(map(vocabulary.means, small)):
            found += (Span(*match.span("name"), "name"), Span(*match.span("id"), "mrn"))
    for match in _PERSON.finditer(text):
        if not _is_person(match, vocabulary):
            continue
        found += (Span(*match.span("name"), "name"), Span(*match.span("date"), "date"))
        found.extend(Span(*match.span(each), "mrn") for each in ("id", "other") if match[each])


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
