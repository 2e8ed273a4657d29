"""What stands between a phrase and its value: signs, and small words that say nothing."""

import re
from typing import Final, NamedTuple

from runtime.scrub.normal import SCRUBBED
from runtime.scrub.patterns import compiled
from runtime.scrub.word_sets import words_of

GAP_WORDS: Final = words_of(
    "no nbr num number numbers id ids value date is was are were be has have been of on "
    "at as the for his her their my our this a an to last first four digits ending ends "
    "end with reads given listed set changed reset currently now shown says said in name "
    "named new old full like approx around about home work from by under using called "
    "recorded documented line back me us him them or and both please also it should must "
    "entered verified confirmed updated correct actual real primary secondary "
)
"""Small words that may stand before a value."""

_TELLING: Final = words_of("is was are set to changed reset ending ends last")
_INDEX: Final = compiled(
    r"(?:_(?i:base|hash|prod|dev|test|live|old|new|prev|current|primary|secondary|value|val|text|txt"
    r"|str|raw|b64|base64|enc|plain|input|masked|formatted|local|remote|admin|v)(?=[_\d\"'\\ :=]))*"
    r"(?:(?:[_ ]|\[)?\d{1,2}\]?(?=[\"'\\ \t]{0,3}[:=]))?(?:\(s\)|'s\b|/(?= )|[)\]])?"
    r"(?:[\"']?,?\s{0,2}[\"']?\b(?:value|extension|val|v|content)[\"']?(?=\s?[:=])"
    r"|[\"']>\s{0,9}<value(?=>)|\s{1,8}REG_(?:SZ|EXPAND_SZ)(?=\s))?"
)
"""What ends a phrase: `phone2=`, `MRN(s)`, `patient's`, `(mrn)=`, `key="mrn" value=`."""
_INDEXING: Final = frozenset(" \"',vecR0123456789")
_SIGNS: Final = compiled(
    r"(?:[ \t]|\.{2,40}(?=[ :])|\([a-z][a-z ./]{1,20}\)"
    r"|[:=#>~\"'\\(\[{]|\+(?=[A-Z])|[NE](?=')|(?<=')%|\|(?= )|-(?![A-Za-z])|-(?=-[ ])|,(?= )|&nbsp;"
    r"|\([^()\d]{1,20}\)){1,16}"
)
_BLANK_AND_WORD: Final = compiled(r" ([a-z]{1,11})(?![\w.=:])")
"""What stands between most phrases and values; the patterns of signs take five times as long."""
_SMALL_WORD: Final = compiled(r"[A-Za-z]{1,11}\b\.?(?![=:])")
_WHOLE_WORD: Final = compiled(r"[a-z]{1,16}(?![A-Za-z])")
_MOST_WORDS: Final = 6
_FOUR: Final = compiled(r"4(?: digits?)?(?=\s{0,2}[:=#]|\s(?:is\s|are\s|of\s)?[\dxX*])")
"""The figure in `last 4`, which is no value."""
_WHOSE: Final = compiled(
    r"(?:(?:pt|patient|mr|mrs|ms)\.? )?"
    r"(?-i:[A-Z][A-Za-z'\-]{1,25}(?:,? [A-Z][A-Za-z'\-]{0,25}\.?){0,3})"
    r"(?: is | was | end(?:s|ing) (?:in|with) | = ?|: ?| \(|, )(?=\w{0,12}\d)",
    re.IGNORECASE,
)
_FOR_WHAT: Final = compiled(
    r"[A-Za-z][\w\-]{1,20}(?: [a-z][\w\-]{1,20}){0,2}: "
    rf"(?={SCRUBBED}|[^\s\d\-!@#$%^&*]{{0,40}}[\d\-!@#$%^&*])(?=\S{{6}})"
)
"""For what it is: `password for the front desk: ...`; the value may be scrubbed already."""
_FOR: Final = frozenset({"for ", " of "})
"""Before whose number it is: `policy for Ana Ruiz: 8827`."""
_WHOSE_NEXT: Final = ("for", "of")
_LIKE: Final = frozenset({"like", "ilike"})
_QUOTED: Final = frozenset({" '", ' "'})


class Gap(NamedTuple):
    """The gap behind a phrase."""

    end: int
    """Where the phrase ends."""
    start: int
    """Where a value would begin."""
    strong: bool
    """A sign says that the phrase is the name of a field."""
    told: bool
    """A word says that the value comes."""


def gap_behind(text: str, end: int) -> Gap:  # noqa: C901  one walk, step by step
    """Read on from the end of a phrase to where its value would begin."""
    if (short := _one_sign(text, end)) is not None:
        return short
    at, strong, told = _behind_index(text, end), False, False
    for _ in range(_MOST_WORDS):
        small, after = "", at
        if (plainly := _BLANK_AND_WORD.match(text, at)) is not None:
            at, small, after = at + 1, plainly[1], plainly.end()
        else:
            if (signs := _SIGNS.match(text, at)) is not None:
                strong = strong or not _STRONG.isdisjoint(signs[0])
                at = signs.end()
            if text[at - 1] in _QUOTES or text[at - 1].isalnum():
                break  # whatever a quoted value begins with
        if text[at - 4 : at] in _FOR and (whose := _behind_whose(text, at, end, strong=strong)):
            return whose
        if not small:
            word = _SMALL_WORD.match(text, at)
            if word is None:
                if text[at - 5 : at] != "last " or (four := _FOUR.match(text, at)) is None:
                    break
                told, at = True, four.end()
                continue
            small, after = word[0].rstrip(".").lower(), word.end()
        if small not in GAP_WORDS or (small == "a" and text[after : after + 1] != " "):
            break
        told = told or small in _TELLING
        strong = strong or (small in _LIKE and text[after : after + 2] in _QUOTED)
        at = after
    return Gap(end, at, strong, told)


def _behind_index(text: str, end: int) -> int:
    """Read past what ends a phrase; most that stands behind a blank is none."""
    if text[end : end + 1] == " " and text[end + 1 : end + 2] not in _INDEXING:
        return end
    index = _INDEX.match(text, end)
    return end if index is None else index.end()


def _one_sign(text: str, end: int) -> Gap | None:
    """Read a gap of one sign, as most are; the patterns take three times as long to say so."""
    sign, follows = text[end : end + 1], text[end + 1 : end + 2]
    if sign in _ENDING:
        if follows.isalnum():
            return Gap(end, end + 1, strong=True, told=False)
        if follows == " " and text[end + 3 : end + 4] != "'":
            return _one_sign_and_blank(text, end)
    elif sign == " ":
        if (follows.isupper() and not text.startswith("LIKE '", end + 1)) or (
            # Of fewer figures may be that of a field, as in `phone 2: ...`.
            follows.isdigit() and text[end + 2 : end + 4].isdigit() and text[end + 3 : end + 4]
        ):
            return Gap(end, end + 1, strong=False, told=False)
        word = _WHOLE_WORD.match(text, end + 1)
        if word is not None and word[0] not in GAP_WORDS and not text.endswith(_WHOSE_NEXT, 0, end):
            return Gap(end, end + 1, strong=False, told=False)
    return None


def _one_sign_and_blank(text: str, end: int) -> Gap | None:
    follows = text[end + 2 : end + 3]
    if not follows.isalnum():
        return None
    if follows.isalpha():
        word = _SMALL_WORD.match(text, end + 2)
        if word is not None and word[0].rstrip(".").lower() in GAP_WORDS:
            return None
    return Gap(end, end + 2, strong=True, told=False)


def _behind_whose(text: str, at: int, end: int, *, strong: bool) -> Gap | None:
    """Read past whose or what for the value is: `policy for Ana Ruiz: ...`."""
    if (whose := _WHOSE.match(text, at)) is not None:
        return Gap(end, whose.end(), strong, told=True)
    if (what := _FOR_WHAT.match(text, at)) is not None:
        return Gap(end, what.end(), strong=True, told=True)
    return None


_ENDING: Final = frozenset(":=")
_QUOTES: Final = frozenset("\"'")
_STRONG: Final = frozenset(":=#>|")
