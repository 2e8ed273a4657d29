"""Reads the segments of X12: claims, eligibility, remittances, enrolments."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from runtime.scrub.normal import SCRUBBED
from runtime.scrub.patterns import compiled
from runtime.scrub.span import Span
from runtime.scrub.word_sets import words_of

_ISA: Final = compiled(r"(?:^|(?<=[\s\"'>=]))ISA([^\sA-Za-z0-9\x01])")
_ISA_FIELDS: Final = 16
_SEGMENTS: Final = (
    "NM1|BPR|N1|N3|N4|DMG|REF|PER|DTP|DTM|CLM|CLP|SBR|INS|SUBSCRIBER|PAT|ACT|SVD|CRC|TRN|SV5|PRV"
)


def _by_qualifier(labels: Mapping[str, str]) -> Mapping[str, str]:
    return {each: label for label, qualifiers in labels.items() for each in qualifiers.split()}


_REFERENCES: Final = _by_qualifier(
    {
        "ssn": "SY TJ ABY A6",
        "account": "EJ D9 F8 1K 60 IJ",
        "policy": "1W 0F IG Y4 23 6P 1L 18 HJ 3H G1 9F NQ IF 17 ZZ 49 CT GH BB DX QQ XZ QZ XM ABB",
        "mrn": "EA MRN",
        "mbi": "F6",
        "license": "0B",
        "patient_id": "JD",
    }
)
"""Qualifier of a REF segment -> what it refers to."""
_DATES_OF_PATIENTS: Final = words_of(
    "090 091 096 102 150 151 232 233 290 291 292 296 297 300 301 303 304 307 314 318 334 336 337"
    " 338 339 340 341 346 347 348 349 350 351 356 357 360"
    " 361 374 382 383 386 393 394 431 435 434 439 441 442 444 446 447 453 454 455 458 460 461"
    " 463 471 472 473 474 484 573 604 607 695 738 739"
    " 050 000 009 011 193 194 198 405"
)
_CHANNELS: Final = _by_qualifier({
    "phone": "TE HP WP CP NP AP BN PN", "fax": "FX", "email": "EM",
})  # fmt: skip


@attrs.frozen
class Marks:
    """The characters that part an interchange, as its ISA segment says."""

    element: str = "*"
    segment: str = "~"
    component: str = ":"

    @classmethod
    def of(cls, text: str) -> "Marks | None":
        """Read an ISA segment that the text holds."""
        found = _ISA.search(text)
        if found is None:
            return None
        element, at = found[1], found.start(1)
        for _ in range(_ISA_FIELDS - 1):
            at = text.find(element, at + 1)
            if at < 0:
                return cls(element)
        component, segment = text[at + 1 : at + 2], text[at + 2 : at + 3]
        return cls(element, segment.strip() or "~", component or ":")


@attrs.define
class X12:
    """Reads on from segment to segment: an address belongs to whom the last name named."""

    marks: Marks = attrs.field(factory=Marks)
    _pattern: re.Pattern[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        marks = re.escape(self.marks.element), re.escape(self.marks.segment)
        self._pattern = compiled(
            rf"(?:^|(?<=[\s\"'>={marks[1]}]))({_SEGMENTS}){marks[0]}((?:[^{marks[1]}\r\n\"']|(?<=[A-Za-z])'(?=[A-Za-z])){{1,2000}})"
        )

    def find(self, text: str, found: list[Span]) -> None:
        """Add what the elements of the segments in a text hold."""
        if self.marks.element not in text:
            return
        for match in self._pattern.finditer(text):
            elements = match[2].split(self.marks.element)
            for number, label in _labels(match[1], elements):
                if number <= len(elements):
                    begin = match.start(2) + sum(map(len, elements[: number - 1])) + number - 1
                    value = elements[number - 1]
                    if value.strip() and value[0] != SCRUBBED:
                        found.append(Span(begin, begin + len(value), label))


def _labels(kind: str, elements: Sequence[str]) -> Sequence[tuple[int, str]]:
    """Say which elements of a segment tell, and what."""
    first = elements[0]
    match kind:
        case "NM1":
            return _person(elements)
        case "N1":
            return ((2, "name"),) if first in _OF_PERSONS else ()
        case "REF":
            return ((2, label),) if (label := _REFERENCES.get(first)) else ()
        case "PER":
            ways = ((at + 1, _CHANNELS.get("".join(elements[at - 1 : at]), "")) for at in (3, 5, 7))
            return ((2, "name"), *((at, label) for at, label in ways if label))
        case "DTP" | "DTM":
            place = 3 if kind == "DTP" else 2
            return ((place, "date"),) if first in _DATES_OF_PATIENTS else ()
        case _:
            return _ALWAYS.get(kind, ())


def _person(elements: Sequence[str]) -> Sequence[tuple[int, str]]:
    if elements[1:2] == ["2"]:  # an organization
        return ()
    names = (3, "name"), (4, "name"), (5, "name")
    return names if elements[7:8] == ["XX"] else (*names, (9, _id_label(elements)))


_OF_PERSONS: Final = frozenset({"IL", "QC", "P5", "S1"})
_ALWAYS: Final[Mapping[str, Sequence[tuple[int, str]]]] = {
    "BPR": ((9, "account"), (15, "account")),
    "N3": ((1, "address"), (2, "address")),
    "N4": ((1, "address"), (3, "zip")),
    "DMG": ((2, "dob"),),
    "CLM": ((1, "account"),),
    "CLP": ((1, "account"),),
    "SBR": ((3, "policy"),),
    "INS": ((12, "date"),),
    "PAT": ((6, "date"),),
    "ACT": ((1, "account"),),
    "SUBSCRIBER": ((1, "name"), (2, "name"), (3, "policy")),
}
"""Segment -> elements that tell whatever else it says."""


def _id_label(elements: Sequence[str]) -> str:
    return {"34": "ssn", "MI": "policy", "EI": "account", "C": "mbi", "HN": "mbi"}.get(
        "".join(elements[7:8]), "policy"
    )
