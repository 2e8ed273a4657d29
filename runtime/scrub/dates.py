"""Finds dates that are of a patient by their year, or by what the line is about."""

from typing import Final

from runtime.scrub.look import Look
from runtime.scrub.patterns import compiled
from runtime.scrub.span import Span
from runtime.scrub.values import NAMED_DATE, NUMERIC_DATE
from runtime.scrub.word_sets import words_of

MONTHS: Final = words_of(
    "jan january feb february mar march apr april may jun june jul july aug august"
    " sep sept september oct october nov november dec december"
)
# What opens the way to a closer look: looser than a date in some things, and closer in others.
_NUMERIC: Final = compiled(
    r"[0-9](?:[/\-\\] ?[0-9]{1,2}[/\-\\] ?[0-9]{2}|[0-9]?\.[0-9]{1,2}\.(?:19|20)[0-9]{2})"
)
_NAMED: Final = compiled(
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?,?[ \-./]'?[0-9]"
)
# On the line in small letters: a pattern that ignores case takes three times as long.
_DATES: Final = tuple(
    compiled(rf"(?<![\w./:\-]){form}(?![\w]|[/\-]\d|[t ]{{1,2}}\d{{1,2}}:\d|,? at \d)")
    for form in (NUMERIC_DATE, NAMED_DATE)
)
_YEAR: Final = compiled(r"(?:19|20)\d{2}")
_MACHINE_DATE: Final = compiled(
    r"\b(?:expir\w*|release\w*|updat\w*|install\w*|build|built|patch\w*|since|version|backup"
    r"|cert\w*|until|valid\w*|not ?(?:after|before)"
    r"|licen[cs]\w*|modif\w*|creat\w*|boot\w*|log(?:ged|s|file|on)?|started|uptime|definition\w*"
    r"|signature\w*|deploy\w*|renew\w*|warranty|eol"
    r"|compil\w*|kernel|snapshot|restor\w*|sync\w*|rotat\w*|scan(?:ned)? (?:on|at)|last run"
    r"|published|kb\d+|driver\w*|firmware|bios|changed|password)\b"
)
_CLINICAL: Final = compiled(
    r"\b(?:patients?|pts?|visits?|seen|appts?|appointments?|admit\w*|discharg\w*|surger\w*|labs?"
    r"|clinic|mrn|dob|chart|born|birth\w*|exam\w*|diagnos\w*"
    r"|prescri\w*|rx|vaccin\w*|dose|claims?|encounter|physician|doctor|nurse|procedure|mri|ct"
    r"|x-ray|referr\w*|insur\w*|no-?show|therapy|treat\w*|y/?o|[mf]/\d{2})\b"
)
_OLD: Final = 2012
"""Dates to this year are of births rather than of what machines do."""
_OF_A_LOG: Final = 3
"""Where a line begins with a date, it is the log's own stamp."""
_AROUND: Final = 40


def find_dates(look: Look, found: list[Span]) -> None:
    """Add dates of births, and in a line about patients other dates than of machines."""
    lower, close, clinical = look.lower, look.close, None
    named = not MONTHS.isdisjoint(look.told)
    if not (
        (("0-0-00" in close or "0-00-00" in close) and _NUMERIC.search(lower))
        or (named and _NAMED.search(lower))
    ):
        return
    for pattern in _DATES if named else _DATES[:1]:
        for match in pattern.finditer(lower):
            year = _YEAR.search(match[0])
            if year is None or int(year[0]) > _OLD:
                if match.start() < _OF_A_LOG:
                    continue
                if clinical is None:
                    clinical = _CLINICAL.search(lower) is not None
                if not clinical:
                    continue
            around = lower[max(0, match.start() - _AROUND) : match.start()]
            if not _MACHINE_DATE.search(around):
                found.append(Span(*match.span(), "date"))
