"""Finds what tools say in forms of their own, where the name of a value stands apart from it.

Fields of HL7 by their number, errors of SQL Server, labels of CEF, callers and addressees behind
quotes, folders of patients, passwords in XML and in variables.
"""

import re
from collections.abc import Mapping
from typing import Final

from runtime.scrub.hl7 import label_of
from runtime.scrub.look import Look
from runtime.scrub.patterns import compiled
from runtime.scrub.rows import column_label
from runtime.scrub.span import Span
from runtime.scrub.vocabulary import Vocabulary
from runtime.scrub.word_sets import words_of

TOOLS: Final = words_of(
    "pid nk gt mrg qpd truncated duplicate label patient patients chart charts caller call"
    " securestring password passwordtext identifier voicemail"
)
"""Words of which one stands in all that is found here, but for addressees and callers."""

_NAME: Final = (
    r"(?P<name>(?P<one>[A-Z][A-Za-z'\-]{1,30})(?:, ?|[ _](?:[A-Z]\. )?)"
    r"(?P<two>[A-Z][A-Za-z'\-]{1,30})(?: [A-Z]\.?(?!\w))?)"
)
_BY_NUMBER: Final = compiled(
    r"\b(?P<segment>PID|NK1|GT1|MRG|QPD)[.\-](?P<field>\d{1,2})(?:[.\-]\d{1,2}){0,2}(?![\d.\-])"
    r"[\"']?(?: ?[=:] ?| value )(?:[\"'](?P<quoted>[^\"'\x01]{1,80})"
    r"|(?P<bare>[^\s,;|\"'\x01]{2,80}))"
)
"""`PID.5=DOE^JANE`, `PID-7: 19881112`."""
_LABELLED: Final = (
    compiled(r"column '(?P<label>\w{1,60})'\. Truncated value: '(?P<value>[^']{1,200})"),
    compiled(
        r"\b(?P<key>c[sn]\d)Label=(?P<label>[\w ]{2,40}?) (?P=key)=(?P<value>[^=|]{1,100}?)"
        r"(?= \w{1,40}=|\||$)"
    ),
)
"""What SQL Server says of a value that does not fit; a field of CEF and its label."""
_TOLD: Final[Mapping[re.Pattern[str], Mapping[str, str]]] = {
    compiled(
        r"'(?:\w{1,40}\.)?patients?'\. The duplicate key value is \((?P<id>[^),]{2,60})",
        re.IGNORECASE,
    ): {"id": "patient_id"},
    compiled(
        r"\bpatients? ?[({\[]id ?= ?(?P<one>(?=[A-Za-z\-]{0,12}\d{3})[\w\-]{3,40})"
        r"|\bpatient=[^=\n]{1,40}[ ,;]id=(?P<two>(?=[A-Za-z\-]{0,12}\d{3})[\w\-]{3,40})"
        r"|\bpatient\?[^\s\"]{0,200}?\bidentifier=(?:[^&\s\"|]{0,80}\|)?(?P<three>[\w\-.]{3,40})",
        re.IGNORECASE,
    ): {"one": "patient_id", "two": "patient_id", "three": "patient_id"},
    compiled(
        r"(?<![A-Za-z0-9])(?i:mrn)(?P<id>[A-Z]{1,2}\d{5,10})(?![A-Za-z0-9])"
        r"|(?<![\w.\-])(?P<before>[A-Z]{0,3}\d{5,10}) ?"
        r"\((?i:mrn|patient id|chart(?: no\.?| ?#)?)\)"
    ): {"id": "mrn", "before": "mrn"},
    compiled(
        r"<(?:\w{1,20}:)?\w{0,20}password\b[^<>]{0,120}>(?:\s{0,9}<value>)?(?P<secret>[^<>]{3,200})<",
        re.IGNORECASE,
    ): {"secret": "secret"},
    compiled(
        r"\$(?P<variable>\w{1,40}) ?= ?['\"](?P<secret>[^'\"\n]{3,128})['\"]"
        r"[^\n]{0,400}?SecureString[^;|\n]{0,40}?\$(?P=variable)\b",
        re.IGNORECASE,
    ): {"secret": "secret"},
}
"""What tells by itself: the groups of a match, and what each holds."""
_CALLER: Final = compiled(
    r"\"(?P<name>[A-Z][A-Za-z'\-]{1,30}(?:,? [A-Z][A-Za-z'.\-]{0,30}){1,3})\""
    r"(?: <(?P<number>\+?\d{7,15})>|(?=\)? ?(?:->|to ext)))"
)
"""As telephones show who calls: `"Ada Reyes" <3125550178>`."""
_ADDRESSEE: Final = compiled(r"(?<=[ ,\"])" + _NAME + r"\"? <[^<>\s]{1,64}@")
_HEADER: Final = compiled(r"(?:to|from|cc|bcc|reply-to|sender): ", re.IGNORECASE)
_FOLDER: Final = compiled(
    r"\b(?i:patients?|charts?)[\\/]{1,2}" + _NAME + r"(?=[\\/'\"]|$| [\-_(#])"
)


def find_as_tools_say(look: Look, vocabulary: Vocabulary, found: list[Span]) -> None:
    """Add what is told apart from its name."""
    text = look.text
    for match in _BY_NUMBER.finditer(text):
        label = label_of(match["segment"], int(match["field"]))
        _add(match, {"quoted": label, "bare": label} if label else {}, found)
    for pattern in _LABELLED:
        for match in pattern.finditer(text):
            label = column_label(match["label"], vocabulary)
            _add(match, {"value": label} if label else {}, found)
    for pattern, labels in _TOLD.items():
        for match in pattern.finditer(text):
            _add(match, labels, found)
    _named(_FOLDER, look, vocabulary, found)


def find_in_quotes(look: Look, vocabulary: Vocabulary, found: list[Span]) -> None:
    """Add those to whom a letter goes, and those who call."""
    if _HEADER.match(look.text):
        _named(_ADDRESSEE, look, vocabulary, found)
    for match in _CALLER.finditer(look.text):
        words = re.findall(r"[a-z'\-]+", match["name"].lower())
        if not any(map(vocabulary.means, words)):
            _add(match, {"name": "name", "number": "phone"}, found)


def _named(pattern: re.Pattern[str], look: Look, vocabulary: Vocabulary, found: list[Span]) -> None:
    for match in pattern.finditer(look.text):
        if not any(vocabulary.means(match[each].lower()) for each in ("one", "two")):
            _add(match, {"name": "name"}, found)


def _add(match: re.Match[str], labels: Mapping[str, str], found: list[Span]) -> None:
    found.extend(Span(*match.span(group), label) for group, label in labels.items() if match[group])
