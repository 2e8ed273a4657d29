"""Values in a raw rule, read one by one: each as what it must be, or not at all."""

import math
from collections.abc import Collection, Mapping
from typing import cast

from actors.catalogue.rules import Scalar
from runtime.errors import ArightError

_SHOWN = 60
"""Characters of a value from outside that a reason repeats."""
_MAX_NODES = 10_000
"""Values within one rule: an alias that doubles itself thirty times must not fill the memory."""
_MAX_LEVELS = 64
"""Of lists and mappings within each other: what spells a rule goes down them one by one."""


class InvalidValueError(ArightError):
    """A value in a raw rule is not what it must be; its words become the reason of quarantine."""


def as_mapping(raw: object, what: str) -> Mapping[object, object]:
    """Give a mapping."""
    # A dict is asked for first: asking the abstract class takes ten times as long.
    if not isinstance(raw, dict) and not isinstance(raw, Mapping):
        raise InvalidValueError(f"{what} is not a mapping")
    return cast("Mapping[object, object]", raw)


def as_scalar(value: object, what: str) -> Scalar:
    """Give a string, a finite number or a bool."""
    if not isinstance(value, (str, int, float)) or not _finite(value):
        raise InvalidValueError(f"{what} must be a string, a finite number or a bool")
    return value


def as_scalars(value: object, what: str) -> tuple[Scalar, ...]:
    """Give a non-empty list of scalars as a tuple."""
    if not isinstance(value, list) or not value:
        raise InvalidValueError(f"{what} must be a non-empty list")
    return tuple([as_scalar(each, f"each of {what}") for each in cast("list[object]", value)])


def as_text(value: object, what: str) -> str:
    """Give a string."""
    if not isinstance(value, str):
        raise InvalidValueError(f"{what} must be a string")
    return value


def as_filled_text(value: object, what: str) -> str:
    """Give a string that is not empty."""
    if not isinstance(value, str) or not value:
        raise InvalidValueError(f"{what} must be a non-empty string")
    return value


def as_texts(value: object, what: str) -> tuple[str, ...]:
    """Read a list of strings; null is an empty one."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InvalidValueError(f"{what} must be a list of strings")
    return tuple([as_text(each, f"each of {what}") for each in cast("list[object]", value)])


def as_number(value: object, what: str) -> int | float:
    """Give a finite number; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _finite(value):
        raise InvalidValueError(f"{what} must be a finite number")
    return value


def as_integer(value: object, what: str) -> int:
    """Give an integer; a bool is none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValueError(f"{what} must be an integer")
    return value


def as_boolean(value: object, what: str) -> bool:
    """Give a bool."""
    if not isinstance(value, bool):
        raise InvalidValueError(f"{what} must be true or false")
    return value


def refuse_unplain(value: object) -> None:
    """Refuse what holds NaN or an infinity, or is too large, deep or circular to be carried."""
    waiting, seen = [(value, 0)], 0
    while waiting:
        (item, level), seen = waiting.pop(), seen + 1
        if seen > _MAX_NODES:
            raise InvalidValueError(f"the rule holds more than {_MAX_NODES} values")
        if level > _MAX_LEVELS:
            raise InvalidValueError(f"the rule is more than {_MAX_LEVELS} levels deep")
        if isinstance(item, float):
            if not math.isfinite(item):
                raise InvalidValueError("NaN and infinities are not valid in rules")
        elif isinstance(item, Mapping):
            mapping = cast("Mapping[object, object]", item)
            waiting.extend((key, level + 1) for key in mapping)
            waiting.extend((each, level + 1) for each in mapping.values())
        elif isinstance(item, (list, tuple, set, frozenset)):
            waiting.extend((each, level + 1) for each in cast("Collection[object]", item))


def _finite(value: Scalar) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def shown(value: object) -> str:
    """Show a value from outside in a reason, cut short."""
    text = repr(value) if isinstance(value, (str, float, bool)) else type(value).__name__
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
