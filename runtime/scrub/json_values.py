"""Reads JSON that stands in a line: what a value means is told by the way to it."""

import re
from collections.abc import Mapping
from typing import Final

import attrs

from runtime.scrub.normal import SCRUBBED
from runtime.scrub.patterns import compiled
from runtime.scrub.span import Span
from runtime.scrub.vocabulary import Vocabulary
from runtime.scrub.word_sets import words_of

_TOKEN: Final = compiled(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_BEGIN: Final = compiled(r'[{\[]\s{0,9}(?:"|\{|\[)')
_DEEPEST: Final = 64
_WORDS: Final = compiled(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_ABOUT: Final = words_of("system use code display key name field label type")
_PARTS_OF_NAMES: Final = frozenset({"first", "last", "middle"})
_PLACES: Final = words_of(
    "address addr billing_address billingAddress shipping_address home_address mailing_address"
)
_SERIALS: Final = frozenset({"serialNumber", "lotNumber", "deviceIdentifier", "carrierHRF"})

_HUMAN_NAME: Final = frozenset({"family", "given", "text", "prefix", "suffix", "_family", "_given"})
_ADDRESS: Final = words_of("line line1 line2 street street1 city text postalCode district")
_NAMED: Final = frozenset({"name", "contact", "maiden"})
_DATES: Final = words_of(
    "birthDate deceasedDateTime effectiveDateTime occurrenceDateTime performedDateTime"
    " recordedDate onsetDateTime"
    " authoredOn authored issued servicedDate billableDate collectedDateTime dateWritten"
    " dateAsserted assertedDate"
    " admitDate dischargeDate whenHandedOver whenPrepared abatementDateTime"
)
_PERIODS: Final = words_of(
    "period effectivePeriod performedPeriod billablePeriod servicedPeriod occurrencePeriod"
    " onsetPeriod"
    " serviceDate statementPeriod hospitalization"
)
_OCCASIONS: Final = words_of(
    "appointment appt visit encounter admission discharge procedure surgery immunization"
)
_WHEN: Final = words_of("when date start end from to at on time datetime day")
_IDS: Final = words_of("subscriberId memberId patientId personId")
_PEOPLE: Final = words_of(
    "subject patient individual beneficiary subscriber policyHolder performer requester author"
    " practitioner"
    " participant recorder asserter actor payor who agent sender recipient informationSource"
    " enterer"
)
_OF_PERSONS: Final = words_of(
    "Patient RelatedPerson Person Practitioner Encounter Coverage Claim ExplanationOfBenefit"
    " Appointment Account"
    " EpisodeOfCare ServiceRequest Immunization Observation Condition Procedure DiagnosticReport"
    " DocumentReference"
    " MedicationRequest AllergyIntolerance CarePlan Specimen ImagingStudy Device"
)
_ID_LABELS: Final = {
    "ssn": "ssn",
    "mrn": "mrn",
    "medicare": "mbi",
    "mbi": "mbi",
    "driver": "license",
    "DL": "license",
    "passport": "license",
    "member": "policy",
    "MB": "policy",
    "account": "account",
    "AN": "account",
}
"""What the system of an identifier says."""
_HELD: Final = frozenset({"secret", "ssn", "mrn", "mbi", "patient_id", "dob"})
"""What stands one level below its key, too: `"DefaultPassword": {"type": "REG_SZ", "value": ...}`.
An address or an account there is mostly a machine's.
"""


@attrs.define
class _Level:
    """One `{` or `[` that is open."""

    key: str
    is_list: bool
    resource: str = ""
    system: str = ""
    """What the object says of itself beside its value."""
    waiting: list[tuple[str, str, int, int]] = attrs.field(factory=list[tuple[str, str, int, int]])
    """Values of `value` and `id`, with place and number, until the whole object has been seen."""


@attrs.define
class _Walk:
    """One pass over the JSON of a text."""

    vocabulary: Vocabulary
    found: list[tuple[int, Span]] = attrs.field(factory=list[tuple[int, Span]])
    """With the number of each value in the order of the text."""
    levels: list[_Level] = attrs.field(factory=list[_Level])
    number: int = -1

    def over(self, text: str, start: int) -> None:
        """Read the tokens from `start` on, until they are no JSON."""
        key, after_colon = "", False
        for token in _TOKEN.finditer(text, start):
            what = token[0]
            match what[0]:
                case "{" | "[":
                    if len(self.levels) >= _DEEPEST:
                        return
                    outer = self.levels[-1] if self.levels else None
                    inherited = outer.key if outer is not None and outer.is_list else ""
                    self.levels.append(_Level(key or inherited, what == "["))
                    key, after_colon = "", False
                case "}" | "]":
                    if not self.levels:
                        return
                    self._close()
                    key, after_colon = "", False
                case ":":
                    after_colon = True
                case ",":
                    key, after_colon = "", False
                case '"' if self.levels and not self.levels[-1].is_list and not after_colon:
                    key = what[1:-1]
                case _:
                    self.number += 1
                    if self.levels:
                        self._value(key, what, token.start())

    def _value(self, key: str, what: str, begin: int) -> None:
        here = self.levels[-1]
        name = key or here.key
        quoted = what[0] == '"'
        value = what[1:-1] if quoted else what
        if not value or value[0] == SCRUBBED or value in {"true", "false", "null"}:
            return
        begin += quoted
        end = begin + len(value)
        if name == "resourceType":
            here.resource = value
        elif name in {"value", "id"}:
            here.waiting.append((name, value, begin, self.number))
        elif (label := self._label(name, value)) is not None:
            self._add(begin, end, label, self.number)
        elif name in _ABOUT and not here.is_list:
            here.system = f"{here.system} {value}"

    def _label(self, name: str, value: str) -> str | None:  # noqa: PLR0911  a line for each kind of place
        if name in _HUMAN_NAME and self._within(_NAMED):
            return "name"
        if name in _ADDRESS and self._within(_PLACES):
            return "address"
        dated = (
            name in _DATES
            or (name in {"start", "end"} and self._within(_PERIODS))
            or (name in _WHEN and self._within(_OCCASIONS))
        )
        if dated and value[:2].isdigit():
            return "date"
        if (
            name in _PARTS_OF_NAMES
            and value.isalpha()
            and value.lower() not in self.vocabulary.common
        ):
            return "name"
        if name in _IDS:
            return "policy"
        if name in _SERIALS:
            return "device"
        if name == "div":
            return "name"
        if name == "display" and self._within(_PEOPLE) and " " in value.strip():
            return "name"
        return None

    def _within(self, keys: frozenset[str]) -> bool:
        return any(level.key in keys for level in self.levels)

    def _add(self, begin: int, end: int, label: str, number: int) -> None:
        self.found.append((number, Span(begin, end, label)))

    def _close(self) -> None:
        level = self.levels.pop()
        around = {level.key, self.levels[-1].key if self.levels else ""}
        for name, value, begin, number in level.waiting:
            end = begin + len(value)
            if name == "id":
                if level.resource in _OF_PERSONS:
                    self._add(begin, end, "patient_id", number)
            elif "telecom" in around:
                kinds = (kind for kind in ("email", "fax") if kind in level.system)
                self._add(begin, end, next(kinds, "phone"), number)
            elif "identifier" in around:
                kinds = (label for word, label in _ID_LABELS.items() if word in level.system)
                self._add(begin, end, next(kinds, "patient_id"), number)
            elif label := self._told(level.system) or self._held(level.key, value):
                self._add(begin, end, label, number)

    def _told(self, system: str) -> str:
        """Say what a value is of which the object itself names the field."""
        words = tuple(word.lower() for word in _WORDS.findall(system))
        for term in self.vocabulary.field(words):
            if term.value not in {"technical", "person"}:
                return term.label
        return ""

    def _held(self, key: str, value: str) -> str:
        """Say what a value is that an object holds for its key; a word alone is a state."""
        label = "" if value.isalpha() else self._told(key)
        return label if label in _HELD else ""


@attrs.frozen
class JsonValues:
    """Finds values of JSON by the way to them; what stands beside a plain name, others find."""

    vocabulary: Vocabulary

    def find(self, text: str, found: list[Span]) -> None:
        """Add what the ways say."""
        found += (span for _, span in self._walk(text))

    def labels(self, text: str) -> Mapping[int, str]:
        """Label the values of a JSON text by their number in the order of the text."""
        return {number: span.label for number, span in self._walk(text)}

    def _walk(self, text: str) -> list[tuple[int, Span]]:
        begin = _BEGIN.search(text)
        walk = _Walk(self.vocabulary)
        if begin is not None:
            walk.over(text, begin.start())
        return walk.found
