"""What stands beside a phrase: where the value begins, and how far it reaches, by its kind.

Every pattern here is tried at one place, and takes a bounded number of characters.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from runtime.scrub.gap import Gap
from runtime.scrub.kept import must_stay
from runtime.scrub.patterns import compiled
from runtime.scrub.vocabulary import Term
from runtime.scrub.word_sets import words_of

_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_TIME: Final = (
    r"(?:(?:[T ]|,? at )\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?[ap]\.?m\b\.?)?"
    r"(?:Z|[+-]\d{2}:?\d{2})?)"
)
NUMERIC_DATE: Final = (
    r"(?:\d{1,2} ?(?:[/.\-_]|\\/?) ?\d{1,2} ?(?:[/.\-_]|\\/?) ?(?:\d{4}|\d{2})(?!\d)"
    r"|(?:19|20)\d{2} ?[/.\-_] ?\d{1,2} ?[/.\-_] ?\d{1,2}(?!\d))"
)
NAMED_DATE: Final = (
    rf"(?:{_MONTH}\.?[ \-]\d{{1,2}}(?:st|nd|rd|th)?,?[ \-]+(?:\d{{4}}|'?\d{{2}})(?!\d)"
    rf"|(?:the )?\d{{1,2}}(?:st|nd|rd|th)?[ \-./]?(?:of )?{_MONTH}\.?,?[ \-./]?(?:\d{{4}}"
    rf"|'?\d{{2}})(?!\d))"
)
"""With the name of its month, in small letters."""
_DATE_FORM: Final = rf"(?:{NUMERIC_DATE}|{NAMED_DATE})"
DATE: Final = compiled(
    rf"(?:{_DATE_FORM}{_TIME}?|(?:19|20)\d{{6}}(?:\d{{4}}(?:\d{{2}})?)?(?!\d)"
    rf"|\d{{1,2}}[/ ]\d{{1,2}}[/ ]\d{{2,4}}(?!\d)"
    rf"|(?:0[1-9]|1[0-2])[0-3]\d(?:19|20)\d{{2}}(?!\d)|(?:0?[1-9]"
    rf"|1[0-2])/[0-3]?\d(?![\d/]))(?:[ ]?(?:-|to|thru|through|until) ?{_DATE_FORM})?",
    re.IGNORECASE,
)
_LOOSE_DATE: Final = compiled(
    rf"(?:19|20)\d{{2}}(?![\d.:])|{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?(?!\d)|{_MONTH} (?:19"
    rf"|20)\d{{2}}",
    re.IGNORECASE,
)

_EPOCH: Final = compiled(r"1\d{9}")
"""Seconds; no number of a phone begins with the one that stands before the area."""
_OF_A_FILE: Final = compiled(r"20(?:1[3-9]|2\d)-\d\d-\d\d (?!00:00:00)\d\d:\d\d:\d\d.*")
"""When a file was born, as `stat` says it."""

SSN: Final = compiled(
    r"(?:\d ?){3}[\s\-./_,:|~*+=]{0,3}(?:\d ?){2}[\s\-./_,:|~*+=]{0,3}(?:\d ?){3}\d(?![\dA-Za-z])"
    r"|\d{8}(?!\d)|[xX*#\d]{3}[\s\-./]?[xX*#\d]{2}[\s\-./]?\d{4}(?!\d)"
    r"|\d{4}(?![\d.:])|\d{2}-\d{7}(?!\d)"
)
PHONE: Final = compiled(
    r"\d(?:[\-._ ]{1,3}\d){9,10}(?![\dA-Za-z])|\+?(?:\d{1,3}[ \-._/]{0,2})?(?:\(\d{2,4}\)"
    r"|\d{2,4})[ \-._/]{0,3}(?:\d{2,4}[ \-._/]{0,3}){1,3}\d{2,4}"
    r"(?:[ ,;]{0,2}(?:x|ext\.?|extension) ?\d{1,6})?(?![\dA-Za-z])",
    re.IGNORECASE,
)
_ALL_DIGITS: Final = compiled(r"\+?\d{10,11}(?= - )")
"""A number that is whole: what stands behind the dash is another."""
ZIP: Final = compiled(r"\d{5}(?:[- ]?\d{4})?(?!\d)|[A-Z]\d[A-Z] ?\d[A-Z]\d")
_CARD: Final = compiled(
    r"(?:\d[ \-._]?){12,18}\d(?!\d)|[xX*.]{2,12}[ \-]?(?:[xX*]{4}[ \-]?){0,3}\d{4}(?!\d)"
    r"|\d{3,4}(?![\d.:])"
)
_EMAIL: Final = compiled(r"[^\s\"'<>,;:()\[\]]{1,80}(?:@|\(at\)|\[at\]| at )[^\s\"'<>,;()]{1,80}")
_INTERNET: Final = compiled(r"(?:\d{1,3}\.){3}\d{1,3}(?![\d.])|[0-9A-Fa-f:]{6,39}")
_TOKEN: Final = compiled(r"[A-Za-z0-9](?:[A-Za-z0-9\-_/.]{0,48}[A-Za-z0-9])?")
_GROUPS: Final = compiled(r"(?:[ ][A-Z0-9]{0,2}\d[A-Z0-9]{0,4}(?![\w.:/]|-\d))+")
_REST_OF_PLATE: Final = compiled(r"[ \-][A-Z]{2,4}(?![\w=:])")
_OF_A_CHART: Final = compiled(r"[A-Z]{2,6}\d{3}")
"""The first letters of a name, and a number: `BEGAY000`."""
_DIGITS_OF_CHART: Final = 3
_OF_A_STATE: Final = compiled(r"[A-Z]{2}[ #:\-]{1,2}(?=[A-Z]{1,3}\d{3})")
_SERIAL: Final = compiled(r"[A-Z0-9]{8,20}")
_PREFIXED: Final = compiled(r"[A-Za-z]{1,5}[ #:\-]{1,2}(?=\d)")
_REST: Final = compiled(r"[^\x01\"'<>;|&\t\r\n{}]{1,200}")
_NEXT_FIELD: Final = compiled(
    r"\s+(?=[A-Za-z][\w.\-]{0,30}(?:\s[a-z]{1,10})?\s?[=:]|(?:phone|ph|tel|cell|dob|ssn|mrn"
    r"|email|fax|called|and|who|has|was|is|reports?|states?)\b)|[.!?] (?=[A-Z])|\s-+\s|\)"
    r"|, (?=\w{1,20}[=:])|\{|\}",
    re.IGNORECASE,
)
_STREET_ADDRESS: Final = compiled(
    r"\d{1,6}[A-Za-z]?\s|P\.?\s?O\.? ?Box|RR ?\d|Apt|Unit", re.IGNORECASE
)

_NO_VALUE: Final = words_of(
    "null none nil true false yes no na n/a unknown missing invalid empty undefined required"
    " optional redacted masked"
    " withheld anonymous error mismatch duplicate failed not-found blank void default expired"
    " string int integer"
    " number text varchar date name id type value system local service network enabled disabled"
    " pending changed"
)


def value_at(text: str, term: Term, gap: Gap) -> tuple[int, int] | None:
    """Give where the value of `term` begins and ends, if one stands behind the gap."""
    read = _READERS.get(term.value)
    return None if read is None else read(text, term, gap)


def _date(text: str, term: Term, gap: Gap) -> tuple[int, int] | None:
    found = DATE.match(text, gap.start)
    if found is None and (term.label == "dob" or gap.strong):
        found = _LOOSE_DATE.match(text, gap.start)
    if found is None or (term.label == "dob" and _OF_A_FILE.fullmatch(found[0])):
        return None
    return found.span()


def _phone(text: str, _: Term, gap: Gap) -> tuple[int, int] | None:
    found = _ALL_DIGITS.match(text, gap.start) or PHONE.match(text, gap.start)
    if found is None or sum(map(str.isdigit, found[0])) not in _PHONE_DIGITS:
        return None
    if _EPOCH.fullmatch(found[0]):
        return None
    return found.span()


def _card(text: str, _: Term, gap: Gap) -> tuple[int, int] | None:
    found = _CARD.match(text, gap.start)
    if found is None or (len(found[0]) <= _LAST_FOUR and not (gap.strong or gap.told)):
        return None
    return found.span()


def _by(pattern: re.Pattern[str]) -> "Reader":
    def read(text: str, _: Term, gap: Gap) -> tuple[int, int] | None:
        found = pattern.match(text, gap.start)
        return found.span() if found else None

    return read


def _identifier(text: str, term: Term, gap: Gap) -> tuple[int, int] | None:
    found = _TOKEN.match(text, gap.start)
    if found is None:
        return None
    token, end = found[0], found.end()
    figures = _figures(token)
    if not figures:
        return _prefixed(text, term, gap)
    if token.isalnum():
        end = _grouped(text, end)
    if term.label == "vehicle" and (rest := _REST_OF_PLATE.match(text, end)):
        end = rest.end()
    wanted = _digits_wanted(term, gap, token)
    enough = figures >= wanted or _figures(text[gap.start : end]) >= wanted
    return (gap.start, end) if enough and not _is_else(text, token, end, term, gap) else None


def _prefixed(text: str, term: Term, gap: Gap) -> tuple[int, int] | None:
    """Read an id behind letters of its own: `AB 123456`, `H#123456`."""
    found = _PREFIXED.match(text, gap.start)
    if found is None and term.label == "license":
        found = _OF_A_STATE.match(text, gap.start)
    if found is None or found[0].rstrip(" #:-").lower() in _NO_VALUE | _OTHER_MARKS:
        return None
    inner = _TOKEN.match(text, found.end())
    if inner is None or not (gap.strong or found[0][0].isupper()):
        return None
    end = _grouped(text, inner.end())
    wanted = _DIGITS_IN_FIELD if term.label in _LETTERED else _DIGITS_ALONE
    enough = sum(map(str.isdigit, text[inner.start() : end])) >= wanted
    return (gap.start, end) if enough and not must_stay(inner[0]) else None


def _digits_wanted(term: Term, gap: Gap, token: str) -> int:
    """Say how many digits make an id of what stands there: few in a field, more in speech."""
    if gap.strong or (gap.told and term.label in _LETTERED and len(token) > _DIGITS_ALONE):
        return _DIGITS_IN_FIELD
    if term.label == "mrn" and _OF_A_CHART.fullmatch(token):
        return _DIGITS_OF_CHART
    if term.label == "device" and _SERIAL.fullmatch(token):
        return _DIGITS_IN_FIELD
    return _DIGITS_ALONE


def _is_else(text: str, token: str, end: int, term: Term, gap: Gap) -> bool:
    """Say whether it is a machine's, a time, a year or a date that stands there."""
    if text[end : end + 1] == ":" and text[end + 1 : end + 2].isdigit():
        return True
    if gap.start == gap.end and not _GLUED.match(token):
        return True  # glued to its phrase: `MRN00123456`, but not `group16-sha512`
    if must_stay(token):
        # In the field of an id, what looks like a GUID or a hash is the id.
        return not (gap.strong and term.label in _OF_PATIENTS and "." not in token)
    if "/" in token:
        return DATE.fullmatch(token) is not None
    return not gap.strong and _YEAR.fullmatch("".join(filter(str.isdigit, token))) is not None


def _figures(text: str) -> int:
    return len(text) if text.isdigit() else len(text.encode().translate(None, _NO_FIGURES))


_NO_FIGURES: Final = bytes(code for code in range(256) if not chr(code).isdecimal())


def _grouped(text: str, end: int) -> int:
    if text[end : end + 1] != " ":
        return end
    found = _GROUPS.match(text, end)
    return found.end() if found else end


def _address(text: str, _: Term, gap: Gap) -> tuple[int, int] | None:
    start, strong = gap.start, gap.strong
    if "{" in text[gap.end : start]:
        return None  # the first of the fields that the address is made of
    if not strong and not _STREET_ADDRESS.match(text, start):
        return None
    found = _REST.match(text, start)
    if found is None:
        return None
    end = found.end()
    if cut := _NEXT_FIELD.search(text, start, end):
        end = cut.start()
    while end > start and text[end - 1] in " ,.\\":
        end -= 1
    value = text[start:end]
    told = strong or any(map(str.isupper, value))
    return (start, end) if told and _is_place(value) else None


def _is_place(value: str) -> bool:
    """Say whether it may be a street or a town, and not a machine's or a mail address."""
    if value.lower() in _NO_VALUE or must_stay(value) or _OF_MACHINES.match(value):
        return False
    told = any(char.isdigit() or char.isupper() for char in value)
    return told and "@" not in value and any(map(str.isalpha, value)) and len(value) > 1


_OF_MACHINES: Final = compiled(r"[/\\]|https?:|0x|[\d.:/a-fA-F]+$")


Reader: TypeAlias = Callable[[str, Term, Gap], tuple[int, int] | None]

_READERS: Final[Mapping[str, Reader]] = {
    "identifier": _identifier,
    "date": _date,
    "phone": _phone,
    "card": _card,
    "address": _address,
    "ssn": _by(SSN),
    "zip": _by(ZIP),
    "email": _by(_EMAIL),
    "internet_address": _by(_INTERNET),
}
_DIGITS_IN_FIELD: Final = 2
_DIGITS_ALONE: Final = 4
_OTHER_MARKS: Final = words_of("ssn dob mrn acct account phone tel fax zip room bed")
"""Words behind which something of another kind stands."""
_GLUED: Final = compiled(r"\d{5}")
_LETTERED: Final = frozenset({"license", "vehicle"})
_OF_PATIENTS: Final = frozenset({"mrn", "patient_id", "mbi"})
_YEAR: Final = compiled(r"(?:19|20)\d\d")
_PHONE_DIGITS: Final = range(7, 21)
_LAST_FOUR: Final = 4
