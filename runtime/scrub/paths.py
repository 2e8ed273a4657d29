"""Finds paths and references that carry a patient: `/patients/118823`, `Patient/9912`."""

import re
from typing import Final

from runtime.scrub.look import Look
from runtime.scrub.patterns import compiled
from runtime.scrub.span import Span
from runtime.scrub.vocabulary import Vocabulary
from runtime.scrub.word_sets import words_of

_OF_PATIENT: Final = (
    r"(?:patients?|pts?|patient[_\-]?(?:files?|charts?|records?|docs?|documents?|scans?|images?"
    r"|photos?|data|folders?|id)|mrns?|charts?"
    r"|chart[_\-]?(?:files?|id)?|medical[_\-]?records?|ehr|emr|phi|persons?|members?"
    r"|subscribers?|encounters?|visits?|admissions?|residents?"
    r"|beneficiar(?:y|ies)|coverages?|relatedperson|observations?|clients?)"
)
_OF_PATIENT_IN_PATH: Final = compiled(
    r"(?<![\w\-.])" + _OF_PATIENT + r"(?P<sep>[/\\]{1,2})(?P<who>[^\s\"'<>|/\\?;,)\]}]{1,120})"
)
"""In a line in small letters."""
_FURTHER: Final = compiled(r"[^\s\"'<>|;,)\]}]{0,300}")
_ROOT: Final = compiled(
    r"(?:[A-Za-z][A-Za-z0-9+.\-]{1,12}:/{1,3}[^\s/\\]{1,200}|[A-Za-z]:|\\\\[\w.\-$]{1,64})(?=[/\\])"
)
_LONGEST_PATH: Final = 400
_BEFORE_PATH: Final = compiled(r"[\s\"'<>|;?=,(\[{]")
_SPACED_PATH: Final = compiled(
    r"(?: [A-Z0-9(\-][^\s\"'<>|;,:]{0,60}){0,5}(?:\\[^\"'<>|;,:\r\n]{0,100})?\.(?:pdf|docx?|xlsx?"
    r"|jpe?g|png|tiff?|dcm|txt|rtf|csv|xml|json|hl7|zip|msg|eml|bak)\b",
    re.IGNORECASE,
)
_REFERENCE: Final = compiled(
    r"(?<![\w/])(?P<path>Patient|RelatedPerson|Person|Encounter"
    r"|Coverage)/(?P<who>[A-Za-z0-9\-.]{1,64})"
)
_NAMED_PART: Final = compiled(r"[A-Z][a-z]+[_,.\- +]{1,3}[A-Z][a-z]+|[a-z]+[_,.+\-][a-z]+")
_PLACES: Final = words_of(
    "index search list export import api app portal service services search.php home new edit"
    " view dashboard login logs log config static"
    " images css js docs archive templates template tmp backup bin lib src data summary settings"
    " health status queue _search $export"
    " all count admin v1 v2 test public reports uploads db schema metadata"
)

_GLUED: Final = tuple(
    f"patient{each}{s}"
    for each in ("file", "chart", "record", "doc", "document", "scan", "image", "photo", "folder")
    for s in ("", "s")
)
HEADS: Final = words_of(
    "patient patients pt pts mrn mrns chart charts medical ehr emr phi person persons member"
    " members subscriber subscribers encounter encounters visit visits admission admissions"
    " resident residents beneficiary beneficiaries coverage coverages relatedperson observation"
    " observations client clients patientdata patientid chartfile chartfiles chartid"
    " medicalrecord medicalrecords"
).union(_GLUED)
"""The words that `_OF_PATIENT` begins with."""
_SLASH: Final = compiled(r"[/\\](?<=[A-Za-z].)")


def find_paths(look: Look, _: Vocabulary, found: list[Span]) -> None:
    """Add what of paths tells of a patient."""
    text, at = look.text, 0
    if ("/" not in text and "\\" not in text) or not _SLASH.search(text):
        return
    while (match := _OF_PATIENT_IN_PATH.search(look.lower, at)) is not None:
        if not _tells(text[match.start("who") : match.end("who")].strip(".")):
            at = match.start("who")  # in `ehr/patient/118823` it is the next that tells
            continue
        further = _FURTHER.match(text, match.end())
        at = end = further.end() if further is not None else match.end()
        begin = _beginning(text, match.start())
        if "\\" in match["sep"] and (more := _SPACED_PATH.match(text, end)):
            end = more.end()
        while text[end - 1] in ".,:":
            end -= 1
        found.append(Span(begin, end, "path"))
    found.extend(Span(*match.span("who"), "patient_id") for match in _REFERENCE.finditer(text))


def _beginning(text: str, at: int) -> int:
    """Go back to where a path begins behind its host or drive, which stay."""
    before = text[max(0, at - _LONGEST_PATH) : at]
    parts = _BEFORE_PATH.split(before)
    begin = at - len(parts[-1])
    root = _ROOT.match(text, begin, at)
    return root.end() if root else begin


def _tells(who: str) -> bool:
    """Say whether a part of a path is an id or a name: `00123`, `Smith_John`, not `app.log`."""
    if who.lower() in _PLACES or _VERSION.fullmatch(who):
        return False
    if _OF_MACHINES.search(who):
        who = _STAMP.sub("", who)
    if sum(map(str.isdigit, who)) >= _DIGITS_OF_ID:
        return "@sha256:" not in who
    return _NAMED_PART.match(who) is not None and not _OF_MACHINES.search(who)


_VERSION: Final = compiled(r"v?\d{1,2}(?:\.\d{1,3}){0,3}")
_DIGITS_OF_ID: Final = 3
_STAMP: Final = compiled(r"(?<!\d)20[12]\d-?[01]\d-?[0-3]\d(?!\d)")
_OF_MACHINES: Final = compiled(
    r"\.(?:jar|war|exe|dll|so|py|js|css|html?|php|aspx?|conf|cfg|ini|ya?ml|sh|bat|ps1|msi|sqlite"
    r"|sock|pid|lock|tmp|bin|dat|sys)$|service|portal|api|app|log|config|server|index|sync|export|import|search|db|list|report",
    re.IGNORECASE,
)
