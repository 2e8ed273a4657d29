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

_SEGMENTS: Final = words_of("pid nk gt mrg qpd")
_CHARTS: Final = words_of("patient patients chart charts")
TOOLS: Final = _SEGMENTS | _CHARTS | words_of("truncated label duplicate securestring jdbc sqlplus")
"""The words that are asked for here."""

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
_TRUNCATED: Final = compiled(
    r"column '(?P<label>\w{1,60})'\. Truncated value: '(?P<value>[^']{1,200})"
)
_TWICE: Final = compiled(
    r"'(?:\w{1,40}\.)?patients?'\. The duplicate key value is \((?P<id>[^),]{2,60})",
    re.IGNORECASE,
)
"""What SQL Server says of a value that does not fit, and of a key that is there already."""
_CEF: Final = compiled(
    r"\b(?P<key>c[sn]\d)Label=(?P<label>[\w ]{2,40}?) (?P=key)=(?P<value>[^=|]{1,100}?)"
    r"(?= \w{1,40}=|\||$)"
)
_SOUGHT: Final = compiled(
    r"\bpatient\?[^\s\"]{0,200}?\bidentifier=(?:[^&\s\"|]{0,80}\|)?(?P<id>[\w\-.]{3,40})",
    re.IGNORECASE,
)
_MARK: Final = compiled(
    r"(?<![A-Za-z0-9])(?i:mrn)(?P<id>[A-Z]{1,2}\d{5,10})(?![A-Za-z0-9])"
    r"|(?<![\w.\-])(?P<before>[A-Z]{0,3}\d{5,10}) ?"
    r"\((?i:mrn|patient id|chart(?: no\.?| ?#)?)\)"
)
"""A number that is glued to its mark, or stands before it."""
_ELEMENT: Final = compiled(
    r"<(?:\w{1,20}:)?\w{0,20}password\b[^<>]{0,120}>(?:\s{0,9}<value>)?(?P<secret>[^<>]{3,200})<",
    re.IGNORECASE,
)
_VARIABLE: Final = compiled(
    r"\$(?P<variable>\w{1,40}) ?= ?['\"](?P<secret>[^'\"\n]{3,128})['\"]"
    r"[^\n]{0,400}?SecureString[^;|\n]{0,40}?\$(?P=variable)\b",
    re.IGNORECASE,
)
_ORACLE: Final = compiled(
    r"\b(?:jdbc:oracle:\w{2,8}:|sqlplus (?:-\w{1,2} ){0,3})"
    r"[\w$]{1,40}/(?P<secret>[^@\s]{3,64})(?=@|\s|$)",
    re.IGNORECASE,
)
_QUERY: Final = compiled(
    r"[?&](?:last|first|lname|fname|surname|given|family)=(?P<name>[A-Za-z][A-Za-z'+.\-]{1,60})",
    re.IGNORECASE,
)
_BY_WORD: Final[Mapping[str, tuple[re.Pattern[str], Mapping[str, str]]]] = {
    "duplicate": (_TWICE, {"id": "patient_id"}),
    "securestring": (_VARIABLE, {"secret": "secret"}),
    "jdbc": (_ORACLE, {"secret": "secret"}),
    "sqlplus": (_ORACLE, {"secret": "secret"}),
}
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
    text, told = look.text, look.told
    if not _SEGMENTS.isdisjoint(told):
        for match in _BY_NUMBER.finditer(text):
            label = label_of(match["segment"], int(match["field"]))
            _add(match, {"quoted": label, "bare": label} if label else {}, found)
    for word, pattern in (("truncated", _TRUNCATED), ("label", _CEF)):
        if word in told:
            _labelled(pattern, text, vocabulary, found)
    for word in told & _BY_WORD.keys():
        pattern, labels = _BY_WORD[word]
        _all(pattern, labels, text, found)
    if not _CHARTS.isdisjoint(told):
        if "identifier=" in look.lower:
            _all(_SOUGHT, {"id": "patient_id"}, text, found)
        if look.capitals and ("/" in text or "\\" in text):
            _named(_FOLDER, look, vocabulary, found)


def find_in_signs(look: Look, vocabulary: Vocabulary, found: list[Span]) -> None:
    """Add what stands in quotes, brackets and elements, or is glued to its mark."""
    text, lower = look.text, look.lower
    if "mrn" in lower or "(chart" in lower or "(patient" in lower:
        _all(_MARK, {"id": "mrn", "before": "mrn"}, text, found)
    if "=" in text and ("?" in text or "&" in text):
        _all(_QUERY, {"name": "name"}, text, found)
    if ">" in text and "password" in lower:
        _all(_ELEMENT, {"secret": "secret"}, text, found)
    if look.capitals and (" <" in text or '")' in text or '" to ext' in text):
        _in_quotes(look, vocabulary, found)


def _in_quotes(look: Look, vocabulary: Vocabulary, found: list[Span]) -> None:
    """Add those to whom a letter goes, and those who call."""
    if _HEADER.match(look.text):
        _named(_ADDRESSEE, look, vocabulary, found)
    for match in _CALLER.finditer(look.text):
        words = re.findall(r"[a-z'\-]+", match["name"].lower())
        if not any(map(vocabulary.means, words)):
            _add(match, {"name": "name", "number": "phone"}, found)


def _labelled(
    pattern: re.Pattern[str], text: str, vocabulary: Vocabulary, found: list[Span]
) -> None:
    for match in pattern.finditer(text):
        label = column_label(match["label"], vocabulary)
        _add(match, {"value": label} if label else {}, found)


def _named(pattern: re.Pattern[str], look: Look, vocabulary: Vocabulary, found: list[Span]) -> None:
    for match in pattern.finditer(look.text):
        if not any(vocabulary.means(match[each].lower()) for each in ("one", "two")):
            _add(match, {"name": "name"}, found)


def _all(pattern: re.Pattern[str], labels: Mapping[str, str], text: str, found: list[Span]) -> None:
    for match in pattern.finditer(text):
        _add(match, labels, found)


def _add(match: re.Match[str], labels: Mapping[str, str], found: list[Span]) -> None:
    found.extend(Span(*match.span(group), label) for group, label in labels.items() if match[group])
