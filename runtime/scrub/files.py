"""Finds the names of files and folders that carry a patient: `Smith_John_19840312.pdf`."""

import re
from itertools import pairwise
from typing import Final

from runtime.scrub.look import Look
from runtime.scrub.normal import SCRUBBED
from runtime.scrub.patterns import compiled
from runtime.scrub.span import Span
from runtime.scrub.vocabulary import Vocabulary
from runtime.scrub.word_sets import words_of

_TYPES: Final = (
    r"(?:pdf|docx?|xlsx?|rtf|jpe?g|png|tiff?|bmp|heic|dcm|hl7|txt|csv|xml|json|zip|msg|eml|wav"
    r"|mp[34])"
)
TYPES: Final = words_of(
    "pdf doc docx xls xlsx rtf jpg jpeg png tif tiff bmp heic dcm hl txt csv xml json zip msg eml"
    " wav mp"
)
"""The words of `_TYPES`, without their figures."""
_END: Final = compiled(rf"\.(?<=[^\\/.\s].){_TYPES}\b")
"""In a line in small letters."""
_LONGEST: Final = 160
_NOT_IN_NAMES: Final = compiled(r"[:*?\"<>|=;\x01\t]")
_SLASH: Final = compiled(r"[\\/]+")
_OTHER_FILE: Final = compiled(r"\.\w{1,5}\s")
_PART: Final = compiled(r"[A-Z]+(?![a-z])|[A-Z]?[a-z']+")
_BORN: Final = compiled(
    r"(?<!\d)(?:(?:19\d\d|200\d|201[0-2])[\-_]?(?:0[1-9]|1[0-2])[\-_]?[0-3]\d"
    r"|(?:0[1-9]|1[0-2])[\-_]?[0-3]\d[\-_]?(?:19\d\d|200\d|201[0-2]))(?!\d)"
    r"|(?i:mrn|dob|ssn)[\-_#]?[A-Z]{0,2}\d{4}"
)
_OF_PATIENTS: Final = compiled(
    r"\b(?:lab results?|labs|mri|x-?ray|insurance card|face ?sheet|referral"
    r"|discharge[ _\-](?:summary|letter))(?![a-z])",
    re.IGNORECASE,
)
"""What papers of a patient are called."""
_NO_NAMES: Final = words_of(
    "audit checklist template instructions spanish english form guide manual procedure training"
    " schedule vendor catalog fee price tracker worksheet workflow protocol summary insurance"
    " referral discharge results mri xray labs card sheet supply request roster"
)
_HOMES: Final = frozenset({"users", "home", "profiles"})
_SHORTEST: Final = 3


def find_files(look: Look, vocabulary: Vocabulary, found: list[Span]) -> None:
    """Add what of the names of files carries a patient."""
    text, done = look.text, 0
    for match in _END.finditer(look.lower):
        begin = _beginning(text, max(done, match.start() - _LONGEST), match.start())
        at, before = begin, ""
        for part in _SLASH.split(text[begin : match.start()]):
            at = text.index(part, at)
            if before.lower() not in _HOMES and carries_patient(part, vocabulary):
                found.append(Span(at, match.end(), "path"))
                break
            before, at = part, at + len(part)
        done = match.end()


def _beginning(text: str, low: int, end: int) -> int:
    """Go back to where a path or a name begins; one with a slash before it may hold blanks."""
    for other in _NOT_IN_NAMES.finditer(text, low, end):
        low = other.end()
    for other in _OTHER_FILE.finditer(text, low, end):
        low = other.end()
    slash = max(text.find("/", low, end), text.find("\\", low, end))
    cut = text.rfind(" ", low, slash if slash >= 0 else end)
    return cut + 1 if cut >= 0 else low


def carries_patient(name: str, vocabulary: Vocabulary) -> bool:
    """Say whether the name of a file or folder is made of a person's name."""
    if SCRUBBED in name:
        return False
    words = _PART.findall(name)
    born = _BORN.search(name) is not None or _OF_PATIENTS.search(name) is not None
    return any(
        _is_person(one, two, vocabulary) or (born and _may_be_person(one, two, vocabulary))
        for one, two in pairwise(words)
    )


def _is_person(one: str, two: str, words: Vocabulary) -> bool:
    first, second = one.lower(), two.lower()
    for given, family in ((first, second), (second, first)):
        if given in words.given and given not in words.ambiguous and given not in words.common:
            if family in words.family:
                return True
            if one[0].isupper() and two[0].isupper() and _may_be_person(one, two, words):
                return True
    return False


def _may_be_person(one: str, two: str, words: Vocabulary) -> bool:
    known = one.lower() in words.given or two.lower() in words.given
    return all(
        len(each) >= _SHORTEST
        and (known or each[0].isupper())
        and each.lower() not in _NO_NAMES
        and not words.means(each.lower())
        for each in (one, two)
    )
