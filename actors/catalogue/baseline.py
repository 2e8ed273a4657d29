"""The right answer of a check: an operator and what it compares with."""

import math
from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias, get_args

import attrs

from actors.catalogue.extraction import extract, judge_pattern
from actors.catalogue.readings import Shown

Operator: TypeAlias = Literal[
    "eq", "ne", "in", "not_in", "lt", "lte", "gt", "gte",
    "matches", "mode_within", "subset_of", "superset_of", "absent",
]  # fmt: skip
OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)

Wanted: TypeAlias = bool | int | float | str | tuple[str, ...]

_MOST_MODE: Final = 0o7777
_LIMIT: Final = 2.0**53
_NUMBERS = frozenset({"lt", "lte", "gt", "gte"})
_LISTS = frozenset({"in", "not_in", "subset_of", "superset_of"})
_WORDS: Final[Mapping[str, str]] = {
    "eq": "", "ne": "not ", "in": "one of ", "not_in": "none of ", "lt": "less than ",
    "lte": "at most ", "gt": "more than ", "gte": "at least ", "matches": "matching ",
    "mode_within": "no more than ", "subset_of": "only ", "superset_of": "at least ",
    "absent": "absent",
}  # fmt: skip


class NotComparableError(Exception):
    """A reading has not the shape that the baseline needs; it says nothing about drift."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@attrs.frozen
class Baseline:
    """`operator` and `value`; the unit is shown to people only.

    The kind of `value` says how a reading is read: a number makes a number of it.
    """

    operator: Operator
    value: Wanted
    unit: str = ""
    ignore_case: bool = False
    """For text: whether `No` is as good as `no`."""

    def __attrs_post_init__(self) -> None:
        """Refuse a value that the operator cannot compare with, with a ValueError."""
        if problem := _problem(self.operator, self.value):
            raise ValueError(problem)

    @property
    def wants_absence(self) -> bool:
        """Whether the right answer is that the thing is not there."""
        return self.operator == "absent"

    def holds(self, reading: Shown) -> bool:
        """Say whether a reading is the right answer.

        Raises:
            NotComparableError: it has another shape than the baseline.
        """
        return _HOLDS[self.operator](_folded(self, reading), _folded(self, self.value))

    def __str__(self) -> str:
        value = self.value
        if self.operator == "absent":
            return "absent"
        if value == ():
            return "at least one" if self.operator == "ne" else "none"
        text = ", ".join(value) if isinstance(value, tuple) else str(value)
        return f"{_WORDS[self.operator]}{text}{self.unit and f' {self.unit}'}"


def _problem(operator: str, value: Wanted) -> str | None:
    if operator in _LISTS:
        good, takes = isinstance(value, tuple), "a list of texts"
    elif operator in _NUMBERS:
        good, takes = _is_number(value), "a finite number"
    elif operator == "mode_within":
        good = isinstance(value, str) and _octal(value) is not None
        takes = 'a mode in quotes, such as "0640"'
    elif operator == "matches":
        good = isinstance(value, str) and judge_pattern(value) is None
        takes = "a pattern that RE2 knows"
    elif operator == "absent":
        good, takes = value is True, "true"
    else:
        good = isinstance(value, str | tuple) or _is_number(value)
        takes = "a text, a list or a finite number; words such as yes stand in quotes"
    return None if good else f"{operator} takes {takes}"


def _is_number(value: Wanted) -> bool:
    # A bool is an int to Python, and a number too large for a float is none to us.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LIMIT


def _folded(baseline: Baseline, value: Wanted) -> Wanted:
    if not baseline.ignore_case or baseline.operator == "matches":
        return value
    if isinstance(value, tuple):
        return tuple(each.casefold() for each in value)
    return value.casefold() if isinstance(value, str) else value


def _eq(reading: Wanted, wanted: Wanted) -> bool:
    if isinstance(wanted, tuple):
        return _texts(reading) == wanted
    if isinstance(wanted, int | float):
        return _number(reading) == wanted
    return _text(reading) == wanted


def _mode_within(reading: Wanted, wanted: Wanted) -> bool:
    mode, most = _octal(_text(reading)), _octal(_text(wanted))
    if mode is None or most is None:
        raise NotComparableError("not_a_mode")
    return mode & ~most == 0


def _octal(text: str) -> int | None:
    try:
        mode = int(text, 8)
    except ValueError:
        return None
    return mode if 0 <= mode <= _MOST_MODE else None


def _number(reading: Wanted) -> float:
    # Python reads 9_0 and the digits of every script; no program on a host does.
    if isinstance(reading, str) and ("_" in reading or not reading.isascii()):
        raise NotComparableError("not_a_number")
    try:
        number = float(reading) if isinstance(reading, str | int | float) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise NotComparableError("not_a_number")
    return number


def _text(reading: Wanted) -> str:
    if isinstance(reading, tuple):
        raise NotComparableError("not_one_value")
    return str(reading)


def _texts(reading: Wanted) -> tuple[str, ...]:
    if not isinstance(reading, tuple):
        raise NotComparableError("not_a_list")
    return reading


_HOLDS: Final[Mapping[str, Callable[[Wanted, Wanted], bool]]] = {
    "eq": _eq,
    "ne": lambda reading, wanted: not _eq(reading, wanted),
    "in": lambda reading, wanted: _text(reading) in _texts(wanted),
    "not_in": lambda reading, wanted: _text(reading) not in _texts(wanted),
    "lt": lambda reading, wanted: _number(reading) < _number(wanted),
    "lte": lambda reading, wanted: _number(reading) <= _number(wanted),
    "gt": lambda reading, wanted: _number(reading) > _number(wanted),
    "gte": lambda reading, wanted: _number(reading) >= _number(wanted),
    "matches": lambda reading, wanted: extract(_text(reading), _text(wanted), "first") is not None,
    "mode_within": _mode_within,
    "subset_of": lambda reading, wanted: set(_texts(reading)) <= set(_texts(wanted)),
    "superset_of": lambda reading, wanted: set(_texts(reading)) >= set(_texts(wanted)),
    "absent": lambda _reading, _wanted: False,
}
