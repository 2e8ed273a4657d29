"""Finds what its form alone gives away: numbers, addresses, names of machines of patients."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from runtime.scrub.files import FILES_GATE
from runtime.scrub.kept import is_private, is_public
from runtime.scrub.linear import Gates
from runtime.scrub.people import PEOPLE_GATE
from runtime.scrub.secrets import (
    COMMAND_GATE,
    FORM_GATE,
    LOGIN_GATE,
    find_logins,
    find_on_command_lines,
    find_tokens,
)
from runtime.scrub.span import Span
from runtime.scrub.sql import SQL_GATE
from runtime.scrub.values import DATE_FORM
from runtime.scrub.word_sets import words_of

_ALONE: Final = r"(?<![\w.\-])"
_ENDS: Final = r"(?![\w]|[\-.]\d)"

_SSN: Final = re.compile(
    _ALONE + r"(?!000|666)(\d{3})([\-./_*~:,] ?| - ?| )(?!00)(\d{2})\2(?!0000)(\d{4})" + _ENDS
    + r"|" + _ALONE + r"(?:[xX*#]{3}[\-. ][xX*#]{2}[\-. ])\d{4}" + _ENDS
    + r"|" + _ALONE + r"\d ?\d ?\d ?- ?\d ?\d ?- ?\d ?\d ?\d ?\d" + _ENDS
)  # fmt: skip
_PHONE: Final = re.compile(
    r"(?<![\w.\-/])(?:(?:\+?1[\-. ]{0,2})?(?:\([2-9]\d{2}\) {0,2}[\-.]?"
    r"|[2-9]\d{2}[\-. /_])\s?\d{3}[\-. _]{1,2}\d{4}"
    r"|\+\d{1,3}[ \-.]?\(?\d{1,4}\)?(?:[ \-.]?\d{2,4}){2,4}|555-\d{4}"
    r"|0\d{2,4}[ \-]\d{3,4}[ \-]\d{3,4})"
    r"(?:,? ?(?:x|ext\.?) ?\d{1,6})?" + _ENDS
)
_EMAIL: Final = re.compile(
    r"(?<![\w.+\-%])[\w.+\-%']{1,64} ?(?:@|\(at\)|\[at\]|\{at\}| at (?=[\w\-]{1,30} ?(?:\(dot\)"
    r"|\[dot\]| dot )))"
    r" ?[A-Za-z0-9\-]{1,63}(?: ?(?:\.|\(dot\)|\[dot\]|\{dot\}| dot ) ?[A-Za-z0-9\-]{1,63}){1,6}"
    r"(?:@[\w.\-]{1,63}){0,99}",  # a chain of nonsense is one
    re.IGNORECASE,
)
_CARD: Final = re.compile(_ALONE + r"[3-6]\d{3}(?:[ \-._]{0,2}\d){8,15}" + _ENDS)
_MBI: Final = re.compile(
    _ALONE + r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[\- .]?"
    r"[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[\- .]?"
    r"[AC-HJKMNP-RT-Y]{2}[\- .]?\d{2}" + _ENDS
)
_VIN: Final = re.compile(_ALONE + r"[A-HJ-NPR-Z0-9]{17}" + _ENDS)
_IBAN: Final = re.compile(
    _ALONE + r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?" + _ENDS
)
_IPV4: Final = re.compile(r"(?<![\w.\-])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w]|[.\-]\w)")
_IPV6: Final = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:){1,7}(?::?[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4}){0,6}"
    r"|:)(?![\w:])"
)
_VERSION_BEFORE: Final = re.compile(
    r"(?:\b(?:version|ver|v|build|release|firmware|revision|rev|kernel|agent|driver|dll|product"
    r"|file|package|sdk|client|server|engine|bios|software|app|module|plugin|signature"
    r"|definitions?|platform)s?[\"']?[ :=]{0,3}[\"']?v?|\.(?:exe|dll|sys|msi|jar|war),? \(?)$",
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
_ADDRESS: Final = re.compile(
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
    r"|" + _CITY + r",? (?:" + _STATE + r"),? {1,2}\d{5}(?:-\d{4})?(?![\d\-.:])"
)

_OF_PATIENT: Final = (
    r"(?:patients?|pts?|patient[_\-]?(?:files?|charts?|records?|docs?|documents?|scans?|images?"
    r"|photos?|data|folders?|id)|mrns?|charts?"
    r"|chart[_\-]?(?:files?|id)?|medical[_\-]?records?|ehr|emr|phi|persons?|members?"
    r"|subscribers?|encounters?|visits?|admissions?|residents?"
    r"|beneficiar(?:y|ies)|coverages?|relatedperson|observations?|clients?)"
)
_OF_PATIENT_IN_PATH: Final = re.compile(
    r"(?<![\w\-.])" + _OF_PATIENT + r"(?P<sep>[/\\]{1,2})(?P<who>[^\s\"'<>|/\\?;,)\]}]{1,120})",
    re.IGNORECASE,
)
_FURTHER: Final = re.compile(r"[^\s\"'<>|;,)\]}]{0,300}")
_ROOT: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.\-]{1,12}:/{1,3}[^\s/\\]{1,200}|[A-Za-z]:|\\\\[\w.\-$]{1,64})(?=[/\\])"
)
_LONGEST_PATH: Final = 400
_BEFORE_PATH: Final = re.compile(r"[\s\"'<>|;?=,(\[{]")
_SPACED_PATH: Final = re.compile(
    r"(?: [A-Z0-9(\-][^\s\"'<>|;,:]{0,60}){0,5}(?:\\[^\"'<>|;,:\r\n]{0,100})?\.(?:pdf|docx?|xlsx?"
    r"|jpe?g|png|tiff?|dcm|txt|rtf|csv|xml|json|hl7|zip|msg|eml|bak)\b",
    re.IGNORECASE,
)
_REFERENCE: Final = re.compile(
    r"(?<![\w/])(?P<path>Patient|RelatedPerson|Person|Encounter"
    r"|Coverage)/(?P<who>[A-Za-z0-9\-.]{1,64})"
)
_NAMED_PART: Final = re.compile(r"[A-Z][a-z]+[_,.\- +]{1,3}[A-Z][a-z]+|[a-z]+[_,.+\-][a-z]+")
_PLACES: Final = words_of(
    "index search list export import api app portal service services search.php home new edit"
    " view dashboard login logs log config static"
    " images css js docs archive templates template tmp backup bin lib src data summary settings"
    " health status queue _search $export"
    " all count admin v1 v2 test public reports uploads db schema metadata"
)

_DATE: Final = re.compile(
    r"(?<![\w./:\-])" + DATE_FORM + r"(?![\w]|[/\-]\d|[T ]{1,2}\d{1,2}:\d|,? at \d)", re.IGNORECASE
)
_MACHINE_DATE: Final = re.compile(
    r"\b(?:expir\w*|release\w*|updat\w*|install\w*|build|built|patch\w*|since|version|backup"
    r"|cert\w*|until|valid\w*|not ?(?:after|before)"
    r"|licen[cs]\w*|modif\w*|creat\w*|boot\w*|log(?:ged|s|file|on)?|started|uptime|definition\w*"
    r"|signature\w*|deploy\w*|renew\w*|warranty|eol"
    r"|compil\w*|kernel|snapshot|restor\w*|sync\w*|rotat\w*|scan(?:ned)? (?:on|at)|last run"
    r"|published|kb\d+|driver\w*|firmware|bios|changed|password)\b",
    re.IGNORECASE,
)
_CLINICAL: Final = re.compile(
    r"\b(?:patients?|pts?|visits?|seen|appts?|appointments?|admit\w*|discharg\w*|surger\w*|labs?"
    r"|clinic|mrn|dob|chart|born|birth\w*|exam\w*|diagnos\w*"
    r"|prescri\w*|rx|vaccin\w*|dose|claims?|encounter|physician|doctor|nurse|procedure|mri|ct"
    r"|x-ray|referr\w*|insur\w*|no-?show|therapy|treat\w*|y/?o|[mf]/\d{2})\b",
    re.IGNORECASE,
)
_OLD: Final = 2012
"""Dates to this year are of births rather than of what machines do."""


def _ssns(text: str, found: list[Span]) -> None:
    found.extend(
        Span(*match.span(), "ssn")
        for match in _SSN.finditer(text)
        if match[2] != " " or not _number_beside(text, *match.span())
    )


def _number_beside(text: str, begin: int, end: int) -> bool:
    """Say whether a column of numbers goes on: `443 12 3456 88`."""
    return (
        text[max(0, begin - 2) : begin].strip().isdigit() or text[end : end + 2].strip().isdigit()
    )


def _phones(text: str, found: list[Span]) -> None:
    found.extend(
        Span(*match.span(), "phone")
        for match in _PHONE.finditer(text)
        if match[0][0] == "+" or "(" in match[0] or not _number_beside(text, *match.span())
    )


_NO_MAIL: Final = re.compile(
    r"\d$|@(?:openssh\.com|libssh\.org|lysator\.liu\.se)"
    r"|\.(?:service|socket|timer|target|mount|slice|scope|device|path|conf|lan|local|localdomain"
    r"|internal|intranet|corp|home|arpa)$",
    re.IGNORECASE,
)
"""An address of a machine's, a unit of systemd, the name of a cipher."""


_OF_A_URL: Final = re.compile(r"://[^\s/\"'<>]*$")
"""Before who opens what a URL names: the host behind it stays."""
_LONGEST_USER: Final = 160


def _emails(text: str, found: list[Span]) -> None:
    for match in _EMAIL.finditer(text):
        end = match.end()
        before = text[max(0, match.start() - _LONGEST_USER) : match.start()]
        if _OF_A_URL.search(before) or _NO_MAIL.search(match[0]):
            continue
        found.append(Span(match.start(), end, "email"))


def _cards(text: str, found: list[Span]) -> None:
    for match in _CARD.finditer(text):
        digits = [int(char) for char in match[0] if char.isdigit()]
        if _luhn(digits) and _issued(digits):
            found.append(Span(*match.span(), "card"))


def _luhn(digits: list[int]) -> bool:
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _issued(digits: list[int]) -> bool:
    first, two = digits[0], digits[0] * 10 + digits[1]
    match len(digits):
        case 13:
            return first == 4  # noqa: PLR2004  Visa's old ones
        case 14:
            return two in {30, 36, 38, 39}
        case 15:
            return two in {34, 37}
        case 16:
            return first in {4, 6} or 51 <= two <= 55 or 22 <= two <= 27 or two == 35  # noqa: PLR2004
        case _:
            return False


def _mbis(text: str, found: list[Span]) -> None:
    found.extend(Span(*match.span(), "mbi") for match in _MBI.finditer(text))


_VIN_VALUES: Final = {
    **{str(n): n for n in range(10)},
    **dict(
        zip(
            "ABCDEFGHJKLMNPRSTUVWXYZ",
            (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9),
            strict=True,
        )
    ),
}
_VIN_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


_LIKE_A_VIN: Final = re.compile(r"[1-5JKLSVW][A-Z0-9]{11}\d{5}")
_LETTERS_OF_VIN: Final = 4


def _vins(text: str, found: list[Span]) -> None:
    for match in _VIN.finditer(text):
        vin = match[0]
        if vin.isdigit() or vin.isalpha():
            continue
        if _LIKE_A_VIN.fullmatch(vin) and sum(map(str.isalpha, vin)) >= _LETTERS_OF_VIN:
            found.append(Span(*match.span(), "vehicle"))
            continue
        rest = (
            sum(_VIN_VALUES[char] * weight for char, weight in zip(vin, _VIN_WEIGHTS, strict=True))
            % 11
        )
        if vin[8] == ("X" if rest == 10 else str(rest)):  # noqa: PLR2004
            found.append(Span(*match.span(), "vehicle"))


_DIGITS_OF_IBAN: Final = 8


def _ibans(text: str, found: list[Span]) -> None:
    for match in _IBAN.finditer(text):
        plain = match[0].replace(" ", "")
        turned = plain[4:] + plain[:4]
        if (
            sum(map(str.isdigit, plain)) >= _DIGITS_OF_IBAN
            and int("".join(str(int(char, 36)) for char in turned)) % 97 == 1
        ):
            found.append(Span(*match.span(), "account"))


def _addresses(text: str, found: list[Span]) -> None:
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


def _paths(text: str, found: list[Span]) -> None:
    at = 0
    while (match := _OF_PATIENT_IN_PATH.search(text, at)) is not None:
        if not _tells(match["who"].strip(".")):
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


_VERSION: Final = re.compile(r"v?\d{1,2}(?:\.\d{1,3}){0,3}")
_DIGITS_OF_ID: Final = 3
_STAMP: Final = re.compile(r"(?<!\d)20[12]\d-?[01]\d-?[0-3]\d(?!\d)")
_OF_MACHINES: Final = re.compile(
    r"\.(?:jar|war|exe|dll|so|py|js|css|html?|php|aspx?|conf|cfg|ini|ya?ml|sh|bat|ps1|msi|sqlite"
    r"|sock|pid|lock|tmp|bin|dat|sys)$|service|portal|api|app|log|config|server|index|sync|export|import|search|db|list|report",
    re.IGNORECASE,
)


def _dates(text: str, found: list[Span]) -> None:
    clinical: bool | None = None
    for match in _DATE.finditer(text):
        around = text[max(0, match.start() - 40) : match.start()]
        if _MACHINE_DATE.search(around):
            continue
        years = re.findall(r"(?:19|20)\d{2}", match[0])
        if years and int(years[0]) <= _OLD:
            found.append(Span(*match.span(), "date"))
            continue
        if match.start() < 3:  # noqa: PLR2004  a log's own stamp
            continue
        if clinical is None:
            clinical = _CLINICAL.search(text) is not None
        if clinical:
            found.append(Span(*match.span(), "date"))


_DICOM: Final = re.compile(r"\(0010,(\d{4})\) ?[A-Z]{0,2} ?[\[=:'\"]{1,3}([^\]\"'\r\n]{1,120})")
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


_ID_OF_CDA: Final = re.compile(
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


Finder = Callable[[str, list[Span]], None]

# Each gate is what RE2 looks for in one pass over the line, all at once; only where one matches is
# the finder behind it called, which looks more closely.
_GATES: Final[Mapping[str, Finder]] = {
    r"\d\d? ?\d?[\-./_*~:, ]{1,3}\d ?\d[\-./_*~:, ]{1,3}\d ?\d ?\d ?\d"
    r"|[xX*#][\-. ][xX*#][xX*#][\-. ]\d\d": _ssns,
    r"\d\d\d\)? ?[\-. /_]? ?\d\d\d[\-. _]{1,2}\d\d\d\d|\+\d|555-\d\d\d\d"
    r"|0\d\d+[ \-]\d\d\d\d?[ \-]\d\d\d": _phones,
    r"@|(?i:[(\[{]at[)\]}]| at [\w\-]+ ?(?:\(dot\)|\[dot\]| dot ))": _emails,
    r"[3-6]\d\d\d[ \-._]?[ ]?\d\d\d?\d?[ \-._]?[ ]?\d\d\d?\d?[ \-._]?\d": _cards,
    r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[\- .]?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d"
    r"[\- .]?[AC-HJKMNP-RT-Y]": _mbis,
    r"\b[A-HJ-NPR-Z0-9]{17}\b": _vins,
    r"\b[A-Z]{2}\d\d ?[A-Z0-9]{4}": _ibans,
    r"\d[A-Z]? .*\b(?i:" + _SUFFIX + r")\b|(?i:Box \d)|" + _STATE + r",? {1,2}\d{5}": _addresses,
    r"\d\.\d{1,3}\.\d{1,3}\.\d": _internet,
    r"[0-9A-Fa-f]{4}:[0-9A-Fa-f:]*:": _internet6,
    r"(?i)\b" + _OF_PATIENT + r"[/\\]|(?:Patient|Person|Encounter|Coverage)/": _paths,
    r"\d[/\-\\] ?\d\d?[/\-\\] ?\d\d|\d\d?\.\d\d?\.(?:19|20)\d\d|(?i:jan|feb|mar|apr|may|jun|jul"
    r"|aug|sep|oct|nov|dec)[a-z]*\.?,?[ \-./]'?\d": _dates,
    r"\(0010,": _dicom,
    FORM_GATE: find_tokens,
    r"(?i:<id |<identifier>)": _ids_of_cda,
    COMMAND_GATE: find_on_command_lines,
    LOGIN_GATE: find_logins,
}


_TWO_NAMES: Final = r"[A-Z][A-Za-z'\-]+(?:,? (?:[A-Z]\.? )?|[_.^+,])[A-Z][A-Za-z'\-]"


LEET: Final = r"(?i:p[4@][s5$][s5$]w[o0]rd|pa[5$][s5$]w[o0]rd|pas[5$]w[o0]rd|passw0rd)"
"""`password`, with figures for letters."""
_LETTERS: Final = (
    r"(?:^|[^A-Za-z])[A-Za-z] [A-Za-z] [A-Za-z] [A-Za-z](?:[^A-Za-z]|$)|" + LEET + r"\s?[:=]"
)


_FINDERS: Final = tuple(_GATES.values())
_SET: Final = Gates((*_GATES, _TWO_NAMES, SQL_GATE, FILES_GATE, PEOPLE_GATE, _LETTERS))
NAMES: Final = len(_FINDERS)
"""The gate before names that nothing stands beside."""
SQL: Final = NAMES + 1
FILES: Final = NAMES + 2
PEOPLE: Final = NAMES + 3
"""Gates before what needs to know words."""
SPACED: Final = NAMES + 4
"""The gate before words whose letters stand apart, or are figures."""


def open_gates(text: str) -> Sequence[int]:
    """Say which gates a text opens, in one pass."""
    return _SET.open(text)


def find_forms(text: str, gates: Sequence[int], found: list[Span]) -> None:
    """Add what its form gives away, behind the gates that are open."""
    for gate in gates:
        if gate < NAMES:
            _FINDERS[gate](text, found)
