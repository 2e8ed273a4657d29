"""Reads the segments of HL7 v2: what a field holds is told by its number."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from runtime.scrub.normal import SCRUBBED
from runtime.scrub.patterns import compiled
from runtime.scrub.span import Span


def _table(text: str) -> Mapping[str, Mapping[int, str]]:
    fields = dict[str, dict[int, str]]()
    for word in text.split():
        number, colon, label = word.partition(":")
        if colon:
            fields[next(reversed(fields))][int(number)] = label
        else:
            fields[word] = {}
    return fields


_FIELDS: Final = _table("""
PID 2:patient_id 3:mrn 4:patient_id 5:name 6:name 7:dob 9:name 11:address 12:address 13:phone
    14:phone 18:account 19:ssn 20:license 21:mrn 23:address 29:date 40:phone
PD1 4:provider
NK1 2:name 4:address 5:phone 6:phone 12:patient_id 16:dob 26:name 30:name 31:phone 32:address
    33:patient_id 37:ssn 40:phone
GT1 2:account 3:name 4:name 5:address 6:phone 7:phone 8:dob 12:ssn 16:name 17:address 18:phone
    19:account 29:account 42:name 45:name 46:phone
IN1 5:address 6:provider 7:phone 8:policy 9:policy 10:policy 12:date 13:date 14:policy 16:name
    18:dob
    19:address 29:date 36:policy 44:address 49:policy 52:address
IN2 1:policy 2:ssn 3:name 6:mbi 7:name 8:policy 9:name 10:policy 22:name 26:name 40:name 52:name
    61:policy 62:policy 63:phone 64:phone 69:address
MRG 1:mrn 2:patient_id 3:account 4:patient_id 5:patient_id 6:patient_id 7:name
PV1 5:patient_id 7:provider 8:provider 9:provider 17:provider 19:patient_id 44:date 45:date
    50:patient_id 52:provider
PV2 8:date 9:date 13:name 14:date 17:date 26:date 28:date 33:date 46:date 47:date 48:date
OBR 7:date 8:date 10:provider 14:date 16:provider 17:phone 22:date 28:provider 32:provider
    33:provider 34:provider 35:provider 36:date
ORC 9:date 10:provider 11:provider 12:provider 14:phone 15:date 19:provider 24:address
OBX 14:date 16:provider 19:date
SCH 11:date 12:provider 13:phone 14:address 16:provider 17:phone 18:address 20:provider
TXA 4:date 5:provider 6:date 9:provider 11:provider
RXA 3:date 4:date 10:provider 15:device
RXE 13:provider 14:provider 15:account 18:date
DG1 5:date 16:provider 19:date
PR1 5:date 8:provider 11:provider 12:provider
AL1 6:date
IAM 11:date 13:date 14:name
FT1 4:date 5:date 20:provider 21:provider
ACC 1:date
CTD 2:name 3:address 5:phone
ROL 4:provider 11:address 12:phone
QRD 8:name
QPD 3:patient_id 4:name 5:name 6:dob 8:address 9:phone
EVN 5:provider 6:date
STF 3:name 6:dob 10:phone 11:address 15:email
AIP 3:provider 6:date
AIS 4:date
AIG 8:date
AIL 6:date
ARQ 11:date 15:provider 16:phone 17:address
SPM 17:date 18:date
DB1 3:patient_id
FAC
NTE
MSA
UB1
UB2
PDA 2:address 4:name 5:date
""")
"""Segment -> field -> what it holds.  A provider is a name behind a number."""

_SEGMENT: Final = compiled(
    r"(?:^|(?<=[\r\n\s\"'>=\x0b])|(?<=\\[rn]))("
    + "|".join(_FIELDS)
    + r"|Z[A-Z0-9]{2})([^\sA-Za-z0-9\x01])"
)
_MSH: Final = compiled(r"(?:^|(?<=[\s\"'>=\x0b]))MSH([^\sA-Za-z0-9\x01])([^\sA-Za-z0-9\x01]{3,5})?")
_TYPES: Final = {
    "PN": "name",
    "XPN": "name",
    "XCN": "provider",
    "AD": "address",
    "XAD": "address",
    "TN": "phone",
    "XTN": "phone",
    "DT": "date",
    "TS": "date",
    "DTM": "date",
    "CX": "patient_id",
}
"""What a result of a type of data holds; OBX-2 names the type."""
_RESULT: Final = 5
_SHORTEST_FORM: Final = 5
_STAMP: Final = compiled(r"(?:19|20)\d{6}(?:\d{4}(?:\d{2}(?:\.\d{1,4})?)?)?(?:[+-]\d{4})?")
_OWN: Final[Mapping[int, str]] = {}
"""The fields of segments that sites make for themselves: ZPD, ZIN."""
_PERSON: Final = compiled(r"[A-Za-z'\- ]{2,40}\^[A-Za-z'\- ]{2,40}(?:\^[A-Za-z. ]{0,20}){0,4}")
_PLACE: Final = compiled(
    r"[^|^~]{3,60}\^[^|^~]{0,40}\^[A-Za-z .'\-]{2,40}\^[A-Z]{2}\^\d{5}(?:-?\d{4})?"
    r"(?:\^[\w ]{0,9}){0,4}"
)
_BORN: Final = compiled(r"(?:19\d\d|200\d|201[0-2])(?:0[1-9]|1[0-2])[0-3]\d(?:\d{4,6})?")
_DATED: Final = frozenset(
    {"PID", "PV1", "PV2", "IN1", "IN2", "GT1", "NK1", "OBR", "DG1", "PR1", "FT1", "ACC"}
)
_TITLES: Final = ("DR", "MR", "MRS", "MS", "MD", "DO", "RN", "NP", "PA", "JR", "SR", "II", "III")
_NO_ONE: Final = frozenset({"", '""', "U", "UNK", "UNKNOWN", "N/A", "NA", "NONE", "0", *_TITLES})


@attrs.frozen
class Encoding:
    """The characters that part a message, as its MSH segment says."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @classmethod
    def of(cls, text: str) -> "Encoding | None":
        """Read an MSH segment that the text holds."""
        found = _MSH.search(text)
        if found is None or not found[2]:
            return None
        marks = found[2].partition(found[1])[0]
        rest = (*marks, *"^~\\&"[len(marks) :])
        return cls(found[1], *rest[:4])


def find_hl7(text: str, encoding: Encoding, found: list[Span]) -> None:
    """Add what the fields of the segments in a text hold."""
    if encoding.field not in text:
        return
    starts = [match for match in _SEGMENT.finditer(text) if match[2] == encoding.field]
    for number, match in enumerate(starts):
        end = starts[number + 1].start() if number + 1 < len(starts) else len(text)
        _segment(text, match, end, encoding, found)


def _segment(
    text: str, match: re.Match[str], end: int, encoding: Encoding, found: list[Span]
) -> None:
    line_end, name, mark = _end_of_segment(text, match.end(), end), match[1], encoding.field
    fields, at = _FIELDS.get(name, _OWN), match.end()
    is_result = name == "OBX"
    for number, field in enumerate(text[at:line_end].split(mark), 1):
        label = fields.get(number)
        # A blank before a field: the words of a log that goes on behind the segment.
        if label is not None and field[:1] != " " and field.upper() not in _NO_ONE:
            _field(field, at, label, encoding, found)
        elif is_result and number == _RESULT and field:
            kind = text[match.end() : at].split(mark)[1]
            if kind in _TYPES:
                _field(field, at, _TYPES[kind], encoding, found)
        elif len(field) >= _SHORTEST_FORM and (kind := _formed(field, name)):
            _field(field, at, kind, encoding, found)
        at += len(field) + 1


def label_of(segment: str, field: int) -> str:
    """Say what a field holds; empty where that tells of nobody."""
    label = _FIELDS[segment].get(field, "")
    return "name" if label == "provider" else label


def _formed(field: str, segment: str) -> str:
    """Say what a field is by its form, where nothing else tells."""
    if segment in _DATED:
        return "date" if _STAMP.fullmatch(field) else "address" if _PLACE.fullmatch(field) else ""
    if segment in _FIELDS:
        return ""
    if _PERSON.fullmatch(field):
        return "name"
    return "dob" if _BORN.fullmatch(field) else ""


def _end_of_segment(text: str, start: int, end: int) -> int:
    for mark in ("\r", "\n", "\\r", "\\n"):
        cut = text.find(mark, start, end)
        end = end if cut < 0 else cut
    return end


def _field(field: str, at: int, label: str, encoding: Encoding, found: list[Span]) -> None:
    for repetition in field.split(encoding.repetition):
        components = repetition.split(encoding.component)
        for place in _places(components, label):
            begin = at + sum(map(len, components[:place])) + place
            value = components[place]
            inner = value.strip(" \"'")
            if inner.upper().rstrip(".") in _NO_ONE or inner[0] == SCRUBBED:
                continue
            begin += value.index(inner)
            found.append(Span(begin, begin + len(inner), "name" if label == "provider" else label))
        at += len(repetition) + 1


def _places(components: Sequence[str], label: str) -> range:
    """List the components of a field that tell; an id is the first, a name or address is many."""
    many = len(components)
    match label:
        case "name":
            return range(min(many, 6))
        case "provider":
            # The number of a provider stands first, unless the field holds a name alone.
            return range(1 if many > 1 and not components[0].isalpha() else 0, min(many, 5))
        case "address":
            return range(min(many, 5))
        case "phone":
            return range(min(many, 12))
        case _:
            return range(min(many, 1))
