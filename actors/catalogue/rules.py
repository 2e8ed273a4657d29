"""What a rule is, and which raw mappings are one.

`rule_from` judges one raw mapping by the rules page: it gives a `Rule`, or the reason for which the
mapping is quarantined.  It never raises, whatever stands in the mapping.
"""

import functools
import math
from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal, TypedDict, cast, get_args

import attrs

from actors.catalogue.patterns import RefusedPattern, compile_search

Scalar = str | int | float | bool
"""What a condition compares with; bool, number and text are three worlds."""

Operator = Literal[
    "eq",
    "ne",
    "in",
    "not_in",
    "contains",
    "starts_with",
    "ends_with",
    "regex",
    "gt",
    "gte",
    "lt",
    "lte",
    "exists",
]
Mode = Literal["audit", "approve", "auto"]

OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
DEFAULT_PRIORITY = 100
EXECUTE_RUNBOOK = "execute_runbook"

_CONDITION_KEYS = frozenset({"field", "operator", "value", "ignore_case"})
_KNOWN_KEYS = 3
"""A condition with more keys than it must have is looked through for numbers that are none."""
_SHOWN = 60
"""Characters of a value from outside that a reason repeats."""
_MAX_NODES = 10_000
"""Values within one rule: an alias that doubles itself thirty times must not fill the memory."""


@attrs.frozen
class Condition:
    """One question to an event: does `field` stand in this relation to `value`?"""

    field: str
    """Dotted path through mappings."""
    operator: Operator
    value: Scalar | tuple[Scalar, ...]
    """A tuple for `in` and `not_in`, else one value."""
    ignore_case: bool = False


@attrs.frozen
class Rule:
    """What to do about which events."""

    id: str
    conditions: tuple[Condition, ...]
    """All hold; empty for a catch-all."""
    action: str
    any_of: tuple[tuple[Condition, ...], ...] = ()
    """At least one of these lists holds, if there is any."""
    none_of: tuple[Condition, ...] = ()
    """None of these holds."""
    priority: int = DEFAULT_PRIORITY
    enabled: bool = True
    severity_filter: tuple[str, ...] = ()
    """Empty for no filter."""
    runbook_id: str | None = None
    mode: Mode | None = None
    """None for the mode of the configuration."""
    cooldown_seconds: float | None = None
    """None for the cooldown of the configuration, 0 for none."""
    max_per_hour: int | None = None
    undo_required: bool = False
    controls: tuple[str, ...] = ()
    tests: tuple[Mapping[str, object], ...] = ()
    """Pairs of `given` and `expect`."""
    written: Mapping[object, object] = attrs.field(
        factory=dict[object, object], eq=False, repr=False
    )
    """The raw mapping, as it was read."""

    @property
    def extra(self) -> dict[str, object]:
        """Give the keys that are none of the rule's, as they were written."""
        return {str(key): value for key, value in self.written.items() if key not in _KEYS}


@attrs.frozen
class UnreadableRule:
    """Stands in a list of raw rules for an entry that has no value, such as a 99th of May."""

    problem: str


class _Invalid(Exception):  # noqa: N818 - never leaves this module: it carries a reason, no fault
    """Carries the reason for which a mapping is no rule."""


def rule_from(raw: object) -> Rule | str:
    """Read one raw mapping as a `Rule`, or say in words why it is none."""
    if isinstance(raw, UnreadableRule):
        return raw.problem
    try:
        return _rule(_mapping(raw, "the rule"))
    except _Invalid as invalid:
        return str(invalid)


def _rule(raw: Mapping[object, object]) -> Rule:
    conditions = _conditions(raw.get("conditions"), "conditions")
    _judge_catch_all(raw, conditions)
    action = _filled_text(raw.get("action"), "action")
    runbook_id = raw.get("runbook_id")
    if runbook_id is not None or action == EXECUTE_RUNBOOK:
        runbook_id = _filled_text(runbook_id, "runbook_id")
    return Rule(
        id=_filled_text(raw.get("id"), "id"),
        conditions=conditions,
        action=action,
        priority=_integer(raw.get("priority", DEFAULT_PRIORITY), "priority"),
        enabled=_boolean(raw.get("enabled", True), "enabled"),
        severity_filter=_texts(raw.get("severity_filter"), "severity_filter"),
        runbook_id=runbook_id,
        written=raw,
        **_further(raw),
    )


def _further(raw: Mapping[object, object]) -> "_Further":
    """Read the keys that few rules have."""
    read: dict[str, object] = {}
    for key, value in raw.items():
        reader = _READERS.get(key)
        if reader is not None:
            read[str(key)] = reader(value, str(key))
        elif key not in _KEYS and not isinstance(value, str):
            _judge_plain(value)
    return cast("_Further", read)


class _Further(TypedDict, total=False):
    """The fields of a `Rule` that `_further` fills."""

    any_of: tuple[tuple[Condition, ...], ...]
    none_of: tuple[Condition, ...]
    mode: Mode | None
    cooldown_seconds: float | None
    max_per_hour: int | None
    undo_required: bool
    controls: tuple[str, ...]
    tests: tuple[Mapping[str, object], ...]


def _judge_catch_all(raw: Mapping[object, object], conditions: tuple[Condition, ...]) -> None:
    match_all = _boolean(raw.get("match_all", False), "match_all")
    if match_all and conditions:
        raise _Invalid("match_all stands beside conditions")
    if not match_all and not conditions:
        raise _Invalid("no conditions: a catch-all says match_all: true")


def _conditions(raw: object, what: str) -> tuple[Condition, ...]:
    if not isinstance(raw, list):
        raise _Invalid(f"{what} must be a list of conditions")
    return tuple([_condition(each) for each in cast("list[object]", raw)])


def _any_of(raw: object, what: str) -> tuple[tuple[Condition, ...], ...]:
    if not isinstance(raw, list) or not raw:
        raise _Invalid(f"{what} must be a non-empty list of condition lists")
    groups = tuple(
        _conditions(group, f"each list of {what}") for group in cast("list[object]", raw)
    )
    if not all(groups):
        raise _Invalid(f"a list of {what} is empty: it would hold for every event")
    return groups


def _condition(raw: object) -> Condition:
    mapping = _mapping(raw, "a condition")
    try:
        field, operator, value = mapping["field"], mapping["operator"], mapping["value"]
    except KeyError as missing:
        raise _Invalid(f"a condition has no {missing.args[0]}") from None
    if not isinstance(field, str) or not field or not all(field.split(".")):
        raise _Invalid(f"bad field path {_shown(field)}")
    if not isinstance(operator, str) or operator not in _VALUE_OF:
        raise _Invalid(f"unknown operator {_shown(operator)}; there are {', '.join(OPERATORS)}")
    ignore_case = _boolean(mapping.get("ignore_case", False), "ignore_case")
    read = _VALUE_OF[operator](value, f"the value of {operator}")
    kinds = tuple(map(type, read)) if isinstance(read, tuple) else (type(read),)
    condition = _shared(field, cast("Operator", operator), read, kinds, ignore_case)
    if operator == "regex":
        judged = compile_search(cast("str", value), ignore_case=ignore_case)
        if isinstance(judged, RefusedPattern):
            raise _Invalid(judged.reason)
    if len(mapping) > _KNOWN_KEYS:
        _judge_plain({k: v for k, v in mapping.items() if k not in _CONDITION_KEYS})
    return condition


@functools.lru_cache(maxsize=16_384)
def _shared(
    field: str,
    operator: Operator,
    value: Scalar | tuple[Scalar, ...],
    kinds: tuple[type, ...],
    ignore_case: bool,
) -> Condition:
    """Make a condition, or give the one made before: 100,000 rules ask few different questions.

    `kinds` tells apart values that are equal to Python, as True and 1 are.
    """
    del kinds
    return Condition(field, operator, value, ignore_case)


def _mapping(raw: object, what: str) -> Mapping[object, object]:
    # A dict is asked for first: asking the abstract class takes ten times as long.
    if not isinstance(raw, dict) and not isinstance(raw, Mapping):
        raise _Invalid(f"{what} is not a mapping")
    return cast("Mapping[object, object]", raw)


def _scalar(value: object, what: str) -> Scalar:
    if not isinstance(value, (str, int, float)) or not _finite(value):
        raise _Invalid(f"{what} must be a string, a finite number or a bool")
    return value


def _scalars(value: object, what: str) -> tuple[Scalar, ...]:
    if not isinstance(value, list) or not value:
        raise _Invalid(f"{what} must be a non-empty list")
    return tuple([_scalar(each, f"each of {what}") for each in cast("list[object]", value)])


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise _Invalid(f"{what} must be a string")
    return value


def _filled_text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise _Invalid(f"{what} must be a non-empty string")
    return value


def _texts(value: object, what: str) -> tuple[str, ...]:
    """Read a list of strings; null is an empty one."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _Invalid(f"{what} must be a list of strings")
    return tuple([_text(each, f"each of {what}") for each in cast("list[object]", value)])


def _number(value: object, what: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _finite(value):
        raise _Invalid(f"{what} must be a finite number")
    return value


def _integer(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Invalid(f"{what} must be an integer")
    return value


def _boolean(value: object, what: str) -> bool:
    if not isinstance(value, bool):
        raise _Invalid(f"{what} must be true or false")
    return value


def _mode(value: object, what: str) -> Mode | None:
    if value is not None and value not in MODES:
        raise _Invalid(f"{what} must be one of {', '.join(MODES)}, not {_shown(value)}")
    return value


def _cooldown(value: object, what: str) -> float | None:
    if value is None:
        return None
    seconds = _number(value, what)
    if seconds < 0:
        raise _Invalid(f"{what} must not be negative")
    return seconds


def _max_per_hour(value: object, what: str) -> int | None:
    if value is None:
        return None
    count = _integer(value, what)
    if count < 1:
        raise _Invalid(f"{what} must be at least 1")
    return count


def _tests(value: object, what: str) -> tuple[Mapping[str, object], ...]:
    if not isinstance(value, list):
        raise _Invalid(f"{what} must be a list of given and expect")
    cases = cast("list[object]", value)
    for case in cases:
        if not {"given", "expect"} <= set(_mapping(case, f"each of {what}")):
            raise _Invalid(f"each of {what} needs given and expect")
    _judge_plain(cases)
    return tuple(cast("list[Mapping[str, object]]", cases))


def _judge_plain(value: object) -> None:
    """Refuse what holds NaN or an infinity, or is too large or circular to be carried along."""
    waiting, seen = [value], 0
    while waiting:
        item, seen = waiting.pop(), seen + 1
        if seen > _MAX_NODES:
            raise _Invalid(f"the rule holds more than {_MAX_NODES} values")
        if isinstance(item, float):
            if not math.isfinite(item):
                raise _Invalid("NaN and infinities are not valid in rules")
        elif isinstance(item, Mapping):
            mapping = cast("Mapping[object, object]", item)
            waiting.extend(mapping.keys())
            waiting.extend(mapping.values())
        elif isinstance(item, (list, tuple, set, frozenset)):
            waiting.extend(cast("Collection[object]", item))


def _finite(value: Scalar) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _shown(value: object) -> str:
    """Show a value from outside in a reason, cut short."""
    text = repr(value) if isinstance(value, (str, float, bool)) else type(value).__name__
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


_VALUE_OF: Final[Mapping[str, Callable[[object, str], Scalar | tuple[Scalar, ...]]]] = {
    "eq": _scalar,
    "ne": _scalar,
    "contains": _scalar,
    "in": _scalars,
    "not_in": _scalars,
    "starts_with": _text,
    "ends_with": _text,
    "regex": _text,
    "gt": _number,
    "gte": _number,
    "lt": _number,
    "lte": _number,
    "exists": _boolean,
}
"""How the value of each operator is read."""

_READERS: Final[Mapping[object, Callable[[object, str], object]]] = {
    "any_of": _any_of,
    "none_of": _conditions,
    "mode": _mode,
    "cooldown_seconds": _cooldown,
    "max_per_hour": _max_per_hour,
    "undo_required": _boolean,
    "controls": _texts,
    "tests": _tests,
}
"""How the keys that few rules have are read: the fields of `_Further`."""

_KEYS: Final[frozenset[object]] = frozenset(
    {
        "id",
        "conditions",
        "match_all",
        "action",
        "runbook_id",
        "priority",
        "enabled",
        "severity_filter",
        *_READERS,
    }
)
"""The keys of a rule; any other is carried along."""
