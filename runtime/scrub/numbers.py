"""Finds numbers of people by their form: SSN, phone, card, MBI, VIN, IBAN."""

from typing import Final

from runtime.scrub.look import Look
from runtime.scrub.patterns import compiled
from runtime.scrub.span import Span

ALONE: Final = r"(?<![\w.\-])"
ENDS: Final = r"(?![\w]|[\-.]\d)"

_SSN: Final = compiled(
    ALONE + r"(?!000|666)(\d{3})([\-./_*~:,] ?| - ?| )(?!00)(\d{2})\2(?!0000)(\d{4})" + ENDS
    + r"|" + ALONE + r"(?:[xX*#]{3}[\-. ][xX*#]{2}[\-. ])\d{4}" + ENDS
    + r"|" + ALONE + r"\d ?\d ?\d ?- ?\d ?\d ?- ?\d ?\d ?\d ?\d" + ENDS
)  # fmt: skip
_PHONE: Final = compiled(
    r"(?<![\w.\-/])(?:(?:\+?1[\-. ]{0,2})?(?:\([2-9]\d{2}\) {0,2}[\-.]?"
    r"|[2-9]\d{2}[\-. /_])\s?\d{3}[\-. _]{1,2}\d{4}"
    r"|\+\d{1,3}[ \-.]?\(?\d{1,4}\)?(?:[ \-.]?\d{2,4}){2,4}|555-\d{4}"
    r"|0\d{2,4}[ \-]\d{3,4}[ \-]\d{3,4})"
    r"(?:,? ?(?:x|ext\.?) ?\d{1,6})?" + ENDS
)
_CARD: Final = compiled(ALONE + r"(?:[3-6]\d|2[2-7])\d\d(?:[ \-._]{0,2}\d){8,15}" + ENDS)
_CARD_IN_GROUPS: Final = compiled(
    r"\d{4}([ \-.])\d{4}\1\d{4}\1\d{4}(?!\d)|\d{4}([ \-.])\d{6}\2\d{5}(?!\d)"
)
"""Behind its groups there may be the month in which it ends."""
_MBI: Final = compiled(
    ALONE + r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[\- .]?"
    r"[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d[\- .]?"
    r"[AC-HJKMNP-RT-Y]{2}[\- .]?\d{2}" + ENDS
)
_VIN: Final = compiled(ALONE + r"[A-HJ-NPR-Z0-9]{17}" + ENDS)
_IBAN: Final = compiled(
    r"[A-Z](?<![\w.\-].)[A-Z]\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?" + ENDS
)
_MASKED: Final = compiled(r"[xX*#][\-. ][xX*#][xX*#][\-. ]\d\d")
_GROUPED: Final = compiled(r"[2-6]\d\d\d[ \-._]?[ ]?\d\d\d?\d?[ \-._]?[ ]?\d\d\d?\d?[ \-._]?\d")
"""How a card is written; a number that is grouped in another way is none."""


def find_numbers(look: Look, found: list[Span]) -> None:
    """Add numbers of people."""
    text, shape, close = look.text, look.shape, look.close
    if "000" in close:
        if (
            "000-00-0000" in close
            or "000 00 0000" in shape
            or "000:00:0000" in close
            or ("0000" in close and _MASKED.search(text))
        ):
            _ssns(text, found)
        if close.count("0") >= _DIGITS_OF_CARD and _GROUPED.search(text):
            _cards(text, found)
    if "000-000" in close or "000 000" in shape or "+0" in close or "000--0000" in close:
        _phones(text, found)
    if look.capitals:
        if "0aa00" in close or "0-aa00" in close or "0aa-00" in close or "0-aa-00" in close:
            _mbis(text, found)
        if "aa00" in shape:
            _ibans(text, found)
        if look.long_word:
            _vins(text, found)


_DIGITS_OF_CARD: Final = 12


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


def _cards(text: str, found: list[Span]) -> None:
    for match in _CARD.finditer(text):
        in_groups = _CARD_IN_GROUPS.match(text, match.start())
        for card in (match, in_groups):
            if card is not None:
                digits = card[0].encode().translate(None, b" -._")
                if _issued(digits) and _luhn(digits):
                    found.append(Span(*card.span(), "card"))
                    break


_ALL: Final = bytes(range(256))
_ONCE: Final = bytes(code % 48 % 10 for code in _ALL)
_TWICE: Final = bytes(sum(divmod(2 * (code % 48 % 10), 10)) for code in _ALL)
"""Figures as numbers, and the sums of the figures of twice as much."""


def _luhn(digits: bytes) -> bool:
    once, twice = digits[-1::-2].translate(_ONCE), digits[-2::-2].translate(_TWICE)
    return (sum(once) + sum(twice)) % 10 == 0


def _issued(digits: bytes) -> bool:
    first, two = int(digits[:1]), int(digits[:2])
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


_LIKE_A_VIN: Final = compiled(r"[1-5JKLSVW][A-Z0-9]{11}\d{5}")
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
