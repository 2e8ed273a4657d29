"""Finds what its form alone gives away: numbers, dates, addresses, paths, tokens."""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from runtime.scrub.dates import MONTHS, find_dates
from runtime.scrub.files import TYPES, find_files
from runtime.scrub.kept import is_private, is_public
from runtime.scrub.look import Look
from runtime.scrub.numbers import find_numbers
from runtime.scrub.paths import HEADS, find_paths
from runtime.scrub.patterns import compiled
from runtime.scrub.people import ANNOUNCED, find_announced, find_dated
from runtime.scrub.secrets import (
    LOGINS,
    PROGRAMS,
    TOKENS,
    find_logins,
    find_on_command_lines,
    find_tokens,
)
from runtime.scrub.span import Span
from runtime.scrub.sql import find_by_position
from runtime.scrub.tools import TOOLS, find_as_tools_say, find_in_signs
from runtime.scrub.vocabulary import Vocabulary
from runtime.scrub.word_sets import words_of

_EMAIL: Final = compiled(
    r"(?<![\w.+\-%])[\w.+\-%']{1,64} ?(?:@|\(at\)|\[at\]|\{at\}| at (?=[\w\-]{1,30} ?(?:\(dot\)"
    r"|\[dot\]| dot )))"
    r" ?[A-Za-z0-9\-]{1,63}(?: ?(?:\.|\(dot\)|\[dot\]|\{dot\}| dot ) ?[A-Za-z0-9\-]{1,63}){1,6}"
    r"(?:@[\w.\-]{1,63}){0,99}",  # a chain of nonsense is one
    re.IGNORECASE,
)
_IPV4: Final = compiled(r"(?<![\w.\-])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w]|[.\-]\w)")
_IPV6: Final = compiled(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:){1,7}(?::?[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6}"
    r"|:)(?![\w:])"
)
_PARTS_OF_6: Final = compiled(r":(?<=[0-9A-Fa-f]{4}:)[0-9A-Fa-f:]*:")
_VERSION_BEFORE: Final = compiled(
    r"(?:\b(?:version|ver|v|build|release|firmware|revision|rev|kernel|agent|driver|dll|product"
    r"|file|package|sdk|client|server|engine|bios|software|app|module|plugin|signature"
    r"|definitions?|platform|cis|section|control|benchmark|rule|item|requirement|replication|veeam|datto|acronis|dentrix|eaglesoft|sophos|webroot"
    r"|(?:up|down)graded from|updated from"
    r"|(?:(?:up|down)graded|updated) from \d[\d.]{3,14} to)s?[\"']?[ :=]{0,3}[\"']?v?"
    r"|\.(?:exe|dll|sys|msi|jar|war),? \(?)$",
    re.IGNORECASE,
)

_SUFFIX: Final = (
    r"(?:St(?:reet)?|Ave(?:nue)?|Av|R(?:oa)?d|Blvd|Boulevard|Dr(?:ive)?|L(?:a)?n(?:e)?"
    r"|C(?:our)?t|Pl(?:ace)?|Way|Ter(?:race)?"
    r"|Cir(?:cle)?|Pkwy|Parkway|H(?:igh)?wa?y|Trl|Trail|Loop|Sq(?:uare)?|Plaza|Pike|Row|Run"
    r"|Alley|Aly|Crescent|Cres|Expy|Route|Rte)"
)
_STATE: Final = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|PR|RI"
    r"|S[CD]|T[NX]|UT|V[AT]|W[AIVY]"
    r"|Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia"
    r"|Hawaii|Idaho|Illinois|Indiana|Iowa"
    r"|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi"
    r"|Missouri|Montana|Nebraska|Nevada"
    r"|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma"
    r"|Oregon|Pennsylvania|Rhode Island"
    r"|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington"
    r"|West Virginia|Wisconsin|Wyoming)"
)
_CITY: Final = r"[A-Z][A-Za-z.'\-]{1,20}(?: [A-Z][A-Za-z.'\-]{1,20}){0,2}"
_ADDRESS: Final = compiled(
    r"(?<![\w.\-])\d{1,6}[A-Z]?(?:-\d{1,4}| 1/2)? (?:[NSEW]\.?[EW]?\.? |North |South |East |West )?"
    r"(?:[A-Z0-9][A-Za-z0-9'.\-]{0,20} ){1,4}(?i:" + _SUFFIX + r")\b\.?(?: [NSEW][EW]?\b)?"
    r"(?:,? ?(?:#|Apt|Apartment|Suite|Ste|Unit|Bldg|Fl|Floor|Rm|Lot)\.? ?[\w\-]{1,8})?"
    r"(?:(?:,|;|\n)? {0,2}"
    + _CITY
    + r"(?:,? {1,2}"
    + _STATE
    + r"\b)?)?(?:,? {0,2}\d{5}(?:-\d{4})?)?(?!\d)"
    r"|(?<![\w.\-])\d{1,6}[A-Z]? (?:[A-Za-z0-9'.\-]{1,20} ){1,4}(?i:"
    + _SUFFIX
    + r")\b\.?[^\n|;\"=<>]{0,60}?\b\d{5}(?:-\d{4})?(?!\d)"
    r"|(?i:\bP\.? ?O\.? ?Box \d{1,6})(?:,? "
    + _CITY
    + r",? "
    + _STATE
    + r"\b)?(?:,? \d{5}(?:-\d{4})?)?"
    r"|" + _CITY + r"(?:,|(?! ID)) (?:" + _STATE + r"),? {1,2}\d{5}(?:-\d{4})?(?![\d\-.:])"
)

_NO_MAIL: Final = compiled(
    r"\d$|@(?:openssh\.com|libssh\.org|lysator\.liu\.se)"
    r"|\.(?:service|socket|timer|target|mount|slice|scope|device|path|conf|lan|local|localdomain"
    r"|internal|intranet|corp|home|arpa)$",
    re.IGNORECASE,
)
"""An address of a machine's, a unit of systemd, the name of a cipher."""


_OF_A_URL: Final = compiled(r"://[^\s/\"'<>]*$")
"""Before who opens what a URL names: the host behind it stays."""
_LONGEST_USER: Final = 160


_SAID: Final = compiled(r"[(\[{]at[)\]}]| at [\w\-]+ ?(?:\(dot\)|\[dot\]| dot )")


def _emails(look: Look, found: list[Span]) -> None:
    text = look.text
    if "@" not in text and not _SAID.search(look.lower):
        return
    for match in _EMAIL.finditer(text):
        end = match.end()
        before = text[max(0, match.start() - _LONGEST_USER) : match.start()]
        if _OF_A_URL.search(before) or _NO_MAIL.search(match[0]):
            continue
        found.append(Span(match.start(), end, "email"))


_HOUSE: Final = compiled(r"[0-9][a-z]? ")
_STREET: Final = compiled(rf"\b{_SUFFIX.lower()}\b")
_ZIP: Final = compiled(r" [0-9]{5}(?![0-9])")


def _addresses(look: Look, _: Vocabulary, found: list[Span]) -> None:
    """Look where a street stands behind a number, a ZIP code in a line with a state, or a box."""
    text, lower = look.text, look.lower
    shape = look.shape
    if (
        ("box" in look.told)
        or (" 00000" in shape and _ZIP.search(lower))
        or (
            ("0 " in shape or "0a " in shape)
            and (house := _HOUSE.search(lower)) is not None
            and _STREET.search(lower, house.end())
        )
    ):
        found.extend(Span(*match.span(), "address") for match in _ADDRESS.finditer(text))


def _internet(text: str, found: list[Span]) -> None:
    for match in _IPV4.finditer(text):
        before = text[max(0, match.start() - 24) : match.start()]
        if is_public(match[0]) and not _VERSION_BEFORE.search(before):
            found.append(Span(*match.span(), "ip_address"))


def _internet6(text: str, found: list[Span]) -> None:
    found.extend(
        Span(*match.span(), "ip_address")
        for match in _IPV6.finditer(text)
        if match[0].count(":") >= 2 and is_public(match[0])  # noqa: PLR2004
    )


def find_private_addresses(text: str, found: list[Span]) -> None:
    """Add the addresses of premises, where a site wants them gone too."""
    for pattern in (_IPV4, _IPV6):
        found.extend(
            Span(*match.span(), "ip_address")
            for match in pattern.finditer(text)
            if is_private(match[0])
        )


_DICOM: Final = compiled(
    r"\b0010,(\d{4})\)? ?[A-Z]{0,2} ?[\[=:'\"]{1,3}"
    r"((?<=0=)\w{1,40}|(?<!0=)[^\]\"'\r\n]{1,120})"
)
_DICOM_LABELS: Final = {
    "0010": "name",
    "0020": "patient_id",
    "0030": "dob",
    "1000": "patient_id",
    "1001": "name",
    "1005": "name",
    "1040": "address",
    "1060": "name",
    "2154": "phone",
}


def _dicom(text: str, found: list[Span]) -> None:
    found.extend(
        Span(*match.span(2), label)
        for match in _DICOM.finditer(text)
        if (label := _DICOM_LABELS.get(match[1]))
    )


_DIGITS_OF_ID: Final = 3
_ID_OF_CDA: Final = compiled(
    r"(?:<id\s(?:root=\"[^\"<>]{0,80}\"\s)?extension=|<identifier>[^\x01]{0,160}?<value value=)"
    r"\"([^\"<>\x01]{1,60})\"",
    re.IGNORECASE,
)


def _ids_of_cda(text: str, found: list[Span]) -> None:
    found.extend(
        Span(*match.span(1), "patient_id")
        for match in _ID_OF_CDA.finditer(text)
        if sum(map(str.isdigit, match[1])) > _DIGITS_OF_ID
    )


_PLACES: Final = words_of(
    "st street ave avenue av rd road blvd boulevard dr drive ln lan lne lane ct court pl place way"
    " ter terrace cir circle pkwy parkway hwy hway highwy highway trl trail loop sq square plaza"
    " pike row run alley aly crescent cres expy route rte box"
    " ak al ar az ca co ct dc de fl ga hi ia id il in ks ky la ma md me mi mn mo ms mt nc nd ne nh"
    " nj nm nv ny oh ok or pa pr ri sc sd tn tx ut va vt wa wi wv wy"
    " alabama alaska arizona arkansas california colorado connecticut delaware florida georgia"
    " hawaii idaho illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts"
    " michigan minnesota mississippi missouri montana nebraska nevada hampshire jersey mexico york"
    " carolina dakota ohio oklahoma oregon pennsylvania island tennessee texas utah vermont"
    " virginia washington wisconsin wyoming"
)
"""The words of `_SUFFIX`, those that `_STATE` ends with, and a box."""
Finder: TypeAlias = Callable[[Look, Vocabulary, list[Span]], None]
_BY_WORDS: Final[Mapping[Finder, frozenset[str]]] = {
    _addresses: _PLACES,
    find_announced: ANNOUNCED,
    find_as_tools_say: TOOLS,
    find_by_position: frozenset({"values"}),
    find_files: TYPES,
    find_on_command_lines: PROGRAMS,
    find_paths: HEADS,
}
"""What is looked for only where one of some words stands."""
_ASKED: Final[Mapping[str, tuple[Finder, ...]]] = {
    word: tuple(find for find, words in _BY_WORDS.items() if word in words)
    for word in frozenset[str]().union(*_BY_WORDS.values())
}
TELLING: Final = frozenset({"at"}).union(_ASKED, LOGINS, MONTHS, TOKENS)
"""All words that are asked for, here and by who is called here."""


def find_forms(look: Look, vocabulary: Vocabulary, found: list[Span]) -> None:
    """Add what its form gives away."""
    if look.told:
        for find in {find for word in look.told for find in _ASKED.get(word, ())}:
            find(look, vocabulary, found)
    if "0" in look.close:
        _with_figures(look, vocabulary, found)
    _with_signs(look, found)
    find_in_signs(look, vocabulary, found)
    if "=(" in look.text and "values" not in look.told:
        find_by_position(look, vocabulary, found)
    if "snmp" in look.lower:
        find_on_command_lines(look, vocabulary, found)


def _with_figures(look: Look, vocabulary: Vocabulary, found: list[Span]) -> None:
    text, close = look.text, look.close
    find_numbers(look, found)
    if "0-0" in close or not MONTHS.isdisjoint(look.told):
        find_dates(look, found)
    if look.capitals:
        find_dated(look, vocabulary, found)
    if text.count(".") > 2:  # noqa: PLR2004
        _internet(text, found)
    if "0010,00" in text:
        _dicom(text, found)


def _with_signs(look: Look, found: list[Span]) -> None:
    text = look.text
    if text.count(":") > 1 and _PARTS_OF_6.search(text):
        _internet6(text, found)
    if "@" in text or "at" in look.told:
        _emails(look, found)
    if "<id" in look.lower:
        _ids_of_cda(text, found)
    if "!" in look.shape:
        find_logins(look, found)
    find_tokens(look, found)
