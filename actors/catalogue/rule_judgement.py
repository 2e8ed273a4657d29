"""Which raw mappings are rules: the validity of the rules page, rule by rule.

`rule_from` judges one raw mapping: it gives a `Rule`, or the reason for which the mapping is
quarantined.  It never raises, whatever stands in the mapping.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Final, TypedDict, cast

from actors.catalogue.patterns import RefusedPattern, compile_search
from actors.catalogue.rule_tests import as_tests
from actors.catalogue.rule_values import (
    InvalidValueError,
    as_boolean,
    as_filled_text,
    as_integer,
    as_mapping,
    as_number,
    as_scalar,
    as_scalars,
    as_text,
    as_texts,
    refuse_unplain,
    shown,
)
from actors.catalogue.rules import (
    DEFAULT_PRIORITY,
    EXECUTE_RUNBOOK,
    MODES,
    OPERATORS,
    RULE_KEYS,
    Condition,
    Mode,
    Operator,
    Rule,
    RuleTest,
    Scalar,
    UnreadableRule,
)

_CONDITION_KEYS = frozenset({"field", "operator", "value", "ignore_case"})
_PRIORITY_BITS: Final = 100_000
"""Half of those of what stands for "no rule" in the tree, before which every rule must come."""
_KNOWN_KEYS = 3
"""A condition with more keys than it must have is looked through for numbers that are none."""


def rule_from(raw: object) -> Rule | str:
    """Read one raw mapping as a `Rule`, or say in words why it is none."""
    if isinstance(raw, UnreadableRule):
        return raw.problem
    try:
        return _rule(as_mapping(raw, "the rule"))
    except InvalidValueError as invalid:
        return str(invalid)


def _rule(raw: Mapping[object, object]) -> Rule:
    conditions = _conditions(raw.get("conditions"), "conditions")
    _judge_catch_all(raw, conditions)
    action = as_filled_text(raw.get("action"), "action")
    runbook_id = raw.get("runbook_id")
    if runbook_id is not None or action == EXECUTE_RUNBOOK:
        runbook_id = as_filled_text(runbook_id, "runbook_id")
    return Rule(
        id=as_filled_text(raw.get("id"), "id"),
        conditions=conditions,
        action=action,
        priority=_priority(raw.get("priority", DEFAULT_PRIORITY)),
        enabled=as_boolean(raw.get("enabled", True), "enabled"),
        severity_filter=as_texts(raw.get("severity_filter"), "severity_filter"),
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
        elif key not in RULE_KEYS and not isinstance(value, str):
            refuse_unplain(value)
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
    tests: tuple[RuleTest, ...]


def _priority(value: object) -> int:
    priority = as_integer(value, "priority")
    if priority.bit_length() > _PRIORITY_BITS:
        raise InvalidValueError("priority has more digits than can be ordered")
    return priority


def _judge_catch_all(raw: Mapping[object, object], conditions: tuple[Condition, ...]) -> None:
    match_all = as_boolean(raw.get("match_all", False), "match_all")
    if match_all and conditions:
        raise InvalidValueError("match_all stands beside conditions")
    if not match_all and not conditions:
        raise InvalidValueError("no conditions: a catch-all says match_all: true")


def _conditions(raw: object, what: str) -> tuple[Condition, ...]:
    if not isinstance(raw, list):
        raise InvalidValueError(f"{what} must be a list of conditions")
    return tuple([_condition(each) for each in cast("list[object]", raw)])


def _any_of(raw: object, what: str) -> tuple[tuple[Condition, ...], ...]:
    if not isinstance(raw, list) or not raw:
        raise InvalidValueError(f"{what} must be a non-empty list of condition lists")
    groups = tuple(
        _conditions(group, f"each list of {what}") for group in cast("list[object]", raw)
    )
    if not all(groups):
        raise InvalidValueError(f"a list of {what} is empty: it would hold for every event")
    return groups


def _condition(raw: object) -> Condition:
    mapping = as_mapping(raw, "a condition")
    try:
        field, operator, value = mapping["field"], mapping["operator"], mapping["value"]
    except KeyError as missing:
        raise InvalidValueError(f"a condition has no {missing.args[0]}") from None
    if not isinstance(field, str) or not field or not all(field.split(".")):
        raise InvalidValueError(f"bad field path {shown(field)}")
    if not isinstance(operator, str) or operator not in _VALUE_OF:
        raise InvalidValueError(
            f"unknown operator {shown(operator)}; there are {', '.join(OPERATORS)}"
        )
    ignore_case = as_boolean(mapping.get("ignore_case", False), "ignore_case")
    read = _VALUE_OF[operator](value, f"the value of {operator}")
    kinds = tuple(map(type, read)) if isinstance(read, tuple) else (type(read),)
    condition = _shared(field, cast("Operator", operator), read, kinds, ignore_case)
    if operator == "regex":
        judged = compile_search(cast("str", value), ignore_case=ignore_case)
        if isinstance(judged, RefusedPattern):
            raise InvalidValueError(judged.reason)
    if len(mapping) > _KNOWN_KEYS:
        further = {key: each for key, each in mapping.items() if key not in _CONDITION_KEYS}
        refuse_unplain(further)
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


def _mode(value: object, what: str) -> Mode | None:
    if value is not None and value not in MODES:
        raise InvalidValueError(f"{what} must be one of {', '.join(MODES)}, not {shown(value)}")
    return value


def _cooldown(value: object, what: str) -> float | None:
    if value is None:
        return None
    seconds = as_number(value, what)
    if seconds < 0:
        raise InvalidValueError(f"{what} must not be negative")
    return seconds


def _max_per_hour(value: object, what: str) -> int | None:
    if value is None:
        return None
    count = as_integer(value, what)
    if count < 1:
        raise InvalidValueError(f"{what} must be at least 1")
    return count


_VALUE_OF: Final[Mapping[str, Callable[[object, str], Scalar | tuple[Scalar, ...]]]] = {
    "eq": as_scalar,
    "ne": as_scalar,
    "contains": as_scalar,
    "in": as_scalars,
    "not_in": as_scalars,
    "starts_with": as_text,
    "ends_with": as_text,
    "regex": as_text,
    "gt": as_number,
    "gte": as_number,
    "lt": as_number,
    "lte": as_number,
    "exists": as_boolean,
}
"""How the value of each operator is read."""

_READERS: Final[Mapping[object, Callable[[object, str], object]]] = {
    "any_of": _any_of,
    "none_of": _conditions,
    "mode": _mode,
    "cooldown_seconds": _cooldown,
    "max_per_hour": _max_per_hour,
    "undo_required": as_boolean,
    "controls": as_texts,
    "tests": as_tests,
}
"""How the keys that few rules have are read: the fields of `_Further`."""
