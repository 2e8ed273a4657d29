"""What one condition asks of a value: the single place where operators have a meaning.

A `Holds` is asked about the value of an event's *top-level* key, None where it is missing; what
remains of a dotted path is walked inside.  Decision, explanation and why-not all ask these.
Events are what JSON gives: mappings, lists, strings, numbers, bools and None.
"""

import json
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, cast

from actors.catalogue.patterns import RefusedPattern, compile_search, required_text
from actors.catalogue.rules import Condition, Scalar

Holds = Callable[[object], bool]
"""Whether a condition holds for the value that stands under its top-level key."""

_dict_get = cast("Callable[[object, str], object]", dict.get)
"""`dict.get`, without the types that a value from outside does not have."""

_MAX_NUMBER = 64
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def predicate(condition: Condition) -> Holds:
    """Make the question that `condition` asks about the value of its top-level key."""
    return within(condition.field, on_value(condition))


def within(field: str, holds: Holds) -> Holds:
    """Ask `holds` about what a dotted field leads to from the value of its top-level key."""
    rest = field.split(".")[1:]
    return _descending(rest, holds) if rest else holds


def top_key(condition: Condition) -> str:
    """Name the top-level key under which the condition's field stands."""
    return condition.field.partition(".")[0]


def actual(event: Mapping[str, object], field: str) -> object:
    """Give the value of a dotted field, None where it is missing."""
    value = reader(field)(event)
    return None if _is_missing(value) else value


def reader(field: str) -> Callable[[Mapping[str, object]], object]:
    """Read what a dotted field leads to, None where the way ends early; "" is the event itself."""
    if not field:
        return lambda event: event
    key, *rest = field.split(".")
    if not rest:
        return lambda event: event.get(key)

    def read(event: Mapping[str, object]) -> object:
        value = event.get(key)
        for segment in rest:
            value = _in_mapping(value, segment)
        return value

    return read


def _descending(rest: list[str], holds: Holds) -> Holds:
    segment, *further = rest
    below = _descending(further, holds) if further else holds

    def descend(value: object) -> bool:
        # A dict is asked for first: asking the abstract class takes ten times as long.
        if isinstance(value, dict):
            return below(_dict_get(value, segment))  # pyright: ignore[reportUnknownArgumentType]
        return below(_in_mapping(value, segment))

    return descend


def _in_mapping(value: object, key: str) -> object:
    return cast("Mapping[str, object]", value).get(key) if isinstance(value, Mapping) else None


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN


def on_value(condition: Condition) -> Holds:  # noqa: PLR0911 - one line an operator
    """Make the question that `condition` asks about the value of its field itself."""
    value = condition.value
    match condition.operator:
        case "exists":
            return _there if value is True else _is_missing
        case "eq":
            return _equal_to(_one(value), ignore_case=condition.ignore_case)
        case "in":
            return _among(_many(value), ignore_case=condition.ignore_case)
        case "ne":
            return _there_but_not(_equal_to(_one(value), ignore_case=condition.ignore_case))
        case "not_in":
            return _there_but_not(_among(_many(value), ignore_case=condition.ignore_case))
        case "gt" | "gte" | "lt" | "lte":
            return _ordered(_COMPARE[condition.operator], cast("float", value))
        case "contains":
            return _containing(_one(value), ignore_case=condition.ignore_case)
        case "starts_with" | "ends_with":
            return _affixed(condition)
        case "regex":
            return _found(condition)


def _one(value: Scalar | tuple[Scalar, ...]) -> Scalar:
    return cast("Scalar", value)


def _many(value: Scalar | tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    return cast("tuple[Scalar, ...]", value)


def _there(value: object) -> bool:
    return not _is_missing(value)


def _there_but_not(holds: Holds) -> Holds:
    def there_but_not(value: object) -> bool:
        return not holds(value) and not _is_missing(value)

    return there_but_not


def _equal_to(wanted: Scalar, *, ignore_case: bool) -> Holds:
    if isinstance(wanted, bool):
        return lambda value: value is wanted
    if isinstance(wanted, str):
        if ignore_case:
            folded = wanted.casefold()
            return lambda value: isinstance(value, str) and value.casefold() == folded
        return lambda value: value == wanted
    return lambda value: (
        isinstance(value, (int, float)) and not isinstance(value, bool) and value == wanted
    )


def _among(wanted: Iterable[Scalar], *, ignore_case: bool) -> Holds:
    """Ask for membership; the three worlds are kept apart, since `True` and 1 share a hash."""
    texts: set[str] = set()
    bools: set[bool] = set()
    numbers: set[int | float] = set()
    for each in wanted:
        if isinstance(each, bool):
            bools.add(each)
        elif isinstance(each, str):
            texts.add(each.casefold() if ignore_case else each)
        else:
            numbers.add(each)

    def among(value: object) -> bool:
        if isinstance(value, str):
            return (value.casefold() if ignore_case else value) in texts
        if isinstance(value, bool):
            return value in bools
        return isinstance(value, (int, float)) and value in numbers

    return among


def _ordered(compare: Callable[[float, float], bool], limit: float) -> Holds:
    def ordered(value: object) -> bool:
        if type(value) is int or type(value) is float:
            return compare(value, limit)
        number = number_of(value)
        return number is not None and compare(number, limit)

    return ordered


def number_of(value: object) -> int | float | None:
    """Read a number, or the exact spelling of a JSON number; None for anything else."""
    if isinstance(value, (int, float)):
        return None if isinstance(value, bool) else value
    if not isinstance(value, str) or len(value) > _MAX_NUMBER or not _JSON_NUMBER.fullmatch(value):
        return None
    number = cast("int | float", json.loads(value))
    return number if math.isfinite(number) else None


def _containing(wanted: Scalar, *, ignore_case: bool) -> Holds:
    is_member = _equal_to(wanted, ignore_case=ignore_case)
    part = wanted if isinstance(wanted, str) else None
    if part is not None and ignore_case:
        part = part.casefold()

    def containing(value: object) -> bool:
        if isinstance(value, str):
            return part is not None and part in (value.casefold() if ignore_case else value)
        return isinstance(value, list) and any(map(is_member, cast("list[object]", value)))

    return containing


def _affixed(condition: Condition) -> Holds:
    affix = cast("str", condition.value)
    affixed = str.startswith if condition.operator == "starts_with" else str.endswith
    if condition.ignore_case:
        affix = affix.casefold()
        return lambda value: isinstance(value, str) and affixed(value.casefold(), affix)
    return lambda value: isinstance(value, str) and affixed(value, affix)


def _found(condition: Condition) -> Holds:
    search = compile_search(cast("str", condition.value), ignore_case=condition.ignore_case)
    if isinstance(search, RefusedPattern):
        return lambda _: False  # a rule with such a pattern is quarantined; this never decides
    part = "" if condition.ignore_case else required_text(cast("str", condition.value))
    if not part:
        return lambda value: isinstance(value, str) and search(value)
    return lambda value: isinstance(value, str) and part in value and search(value)
