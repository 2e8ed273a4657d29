"""A trivially correct evaluator, written straight from the rules page, clause by clause.

It shares nothing with the product: no index, no caching, no order but a sorted list.  Regular
expressions go through `re`, in its ASCII mode, and only for patterns known to be harmless.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

MISSING = object()
JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def decide(rules: list[dict[str, Any]], event: Mapping[str, Any]) -> str | None:
    """Give the id of the first rule that matches (clauses 1 and 2); every rule is valid."""
    seen: set[str] = set()
    standing: list[dict[str, Any]] = []
    for rule in rules:  # clause 13
        if rule["id"] not in seen:
            seen.add(rule["id"])
            standing.append(rule)
    for rule in sorted(standing, key=lambda each: each.get("priority", 100)):  # a stable sort
        if matches(rule, event):
            return str(rule["id"])
    return None


def matches(rule: dict[str, Any], event: Mapping[str, Any]) -> bool:
    """Clause 3, and the extensions `any_of` and `none_of`."""
    if not rule.get("enabled", True):
        return False
    severities = rule.get("severity_filter")
    if severities:
        severity = event.get("severity")
        if not isinstance(severity, str) or severity not in severities:
            return False
    if not all(holds(condition, event) for condition in rule["conditions"]):
        return False
    if "any_of" in rule and not any(
        all(holds(condition, event) for condition in group) for group in rule["any_of"]
    ):
        return False
    return not any(holds(condition, event) for condition in rule.get("none_of", []))


def value_at(event: Mapping[str, Any], path: str) -> Any:
    """Clauses 5 and 6."""
    value: Any = event
    for segment in path.split("."):
        if not isinstance(value, Mapping) or segment not in value:
            return MISSING
        value = value[segment]
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return MISSING
    return value


def holds(condition: dict[str, Any], event: Mapping[str, Any]) -> bool:  # noqa: C901, PLR0911 - a line an operator
    """Clauses 6 to 11."""
    value = value_at(event, condition["field"])
    operator, wanted = condition["operator"], condition["value"]
    fold = condition.get("ignore_case", False)
    if operator == "exists":
        return bool((value is not MISSING) == wanted)
    if value is MISSING:
        return False
    match operator:
        case "eq":
            return equal(value, wanted, fold)
        case "ne":
            return not equal(value, wanted, fold)
        case "in":
            return any(equal(value, each, fold) for each in wanted)
        case "not_in":
            return not any(equal(value, each, fold) for each in wanted)
        case "contains" if isinstance(value, list):
            return any(equal(each, wanted, fold) for each in value)
        case "contains" | "starts_with" | "ends_with":
            if not isinstance(value, str) or not isinstance(wanted, str):
                return False
            value, wanted = (value.casefold(), wanted.casefold()) if fold else (value, wanted)
            if operator == "contains":
                return wanted in value
            cut = (
                slice(0, len(wanted))
                if operator == "starts_with"
                else slice(max(0, len(value) - len(wanted)), None)
            )
            return bool(value[cut] == wanted)
        case "regex":
            return found(value, wanted, fold)
        case _:
            return ordered(value, operator, wanted)


def world(value: Any) -> str:
    """Clause 7: bool, number and string are three worlds, and the rest equals nothing."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else "nothing"


def equal(value: Any, wanted: Any, fold: bool) -> bool:
    """Clauses 7 and 10."""
    if world(value) != world(wanted) or world(value) == "nothing":
        return False
    if fold and isinstance(value, str):
        return value.casefold() == str(wanted).casefold()
    return bool(value == wanted)


def ordered(value: Any, operator: str, limit: float) -> bool:  # noqa: PLR0911 - a line an operator
    """Clause 8."""
    if isinstance(value, str):
        if len(value) > 64 or not JSON_NUMBER.fullmatch(value):
            return False
        value = json.loads(value)
        if isinstance(value, float) and math.isinf(value):
            return False
    if world(value) != "number":
        return False
    match operator:
        case "gt":
            return bool(value > limit)
        case "gte":
            return bool(value >= limit)
        case "lt":
            return bool(value < limit)
        case _:
            return bool(value <= limit)


def found(value: Any, pattern: str, fold: bool) -> bool:
    """Clause 11."""
    if not isinstance(value, str) or len(value) > 65_536:
        return False
    if any("\ud800" <= character <= "\udfff" for character in value):
        return False
    python = pattern if "(?m)" in pattern else pattern.replace("$", r"\Z")
    flags = re.ASCII | (re.IGNORECASE if fold else re.NOFLAG)
    return re.search(python, value, flags) is not None
