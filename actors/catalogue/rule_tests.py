"""The tests beside a rule, read one by one: their form, and not whether they come true.

Whether an event can look like that, and which rule decides it, is asked by `aright rule test`: a
test with a wrong example takes no rule out of force.
"""

from collections.abc import Callable, Mapping
from typing import Final, cast

from actors.catalogue.rule_values import (
    InvalidValueError,
    as_filled_text,
    as_mapping,
    refuse_unplain,
    shown,
)
from actors.catalogue.rules import MODES, Expected, RuleTest

THIS, OTHER, NONE = "this", "other", "none"
"""What a test may expect beside the id of a rule."""


def as_tests(value: object, what: str) -> tuple[RuleTest, ...]:
    """Read the list of `{given, expect}` of a rule."""
    if not isinstance(value, list):
        raise InvalidValueError(f"{what} must be a list of given and expect")
    refuse_unplain(cast("object", value))
    return tuple([_test(each, f"each of {what}") for each in cast("list[object]", value)])


def _test(raw: object, what: str) -> RuleTest:
    case = as_mapping(raw, what)
    if set(case) != {"given", "expect"}:
        raise InvalidValueError(f"{what} needs given and expect, and nothing else")
    given = as_mapping(case["given"], "given")
    for field in given:
        as_filled_text(field, "a field of given")
    return RuleTest(cast("Mapping[str, object]", given), _expected(case["expect"]))


def _expected(raw: object) -> Expected:
    if raw is None:
        return Expected(NONE)
    if isinstance(raw, str):
        return Expected(as_filled_text(raw, "expect"))
    if not isinstance(raw, dict):
        raise InvalidValueError(
            f"expect must be {THIS}, {OTHER}, {NONE}, the id of a rule,"
            f" or a mapping of rule, {', '.join(_SETTLED)}; not {shown(raw)}"
        )
    told = dict(cast("Mapping[object, object]", raw))
    rule = as_filled_text(told.pop("rule", THIS), "the rule of expect")
    settles: dict[str, str] = {}
    for key, value in told.items():
        reader = _SETTLED.get(str(key))
        if reader is None:
            raise InvalidValueError(
                f"expect has the key {shown(key)}; there are rule, {', '.join(_SETTLED)}"
            )
        settles[str(key)] = reader(value, f"the {key} of expect")
    if rule == NONE and settles:
        raise InvalidValueError(f"expect wants no rule, and of it {', '.join(settles)}")
    return Expected(rule, settles)


def _mode(value: object, what: str) -> str:
    if value not in MODES:
        raise InvalidValueError(f"{what} must be one of {', '.join(MODES)}, not {shown(value)}")
    return str(value)


_SETTLED: Final[Mapping[str, Callable[[object, str], str]]] = {
    "mode": _mode,
    "action": as_filled_text,
    "runbook_id": as_filled_text,
}
"""What a test may ask about the rule that decides, and how it is read."""
