"""A linear evaluator in the predecessor's manner: every rule, every condition, one by one.

Rules are objects in priority order; a condition walks its path through the event and then a chain
of ifs over the operators.  It knows what the workload needs, so that its answers can be checked.
"""

import dataclasses
import datetime as dt
import enum
import re
from typing import Any

from bench.l1.workload import Raw


class MatchOperator(str, enum.Enum):  # noqa: UP042 - as the predecessor wrote it
    """The operators, compared one after the other."""

    EQUALS = "eq"
    NOT_EQUALS = "ne"
    CONTAINS = "contains"
    REGEX = "regex"
    GREATER_THAN = "gt"
    LESS_THAN = "lt"
    IN = "in"
    NOT_IN = "not_in"
    EXISTS = "exists"
    GREATER_EQUAL = "gte"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"


@dataclasses.dataclass
class LinearCondition:
    """One condition."""

    field: str
    operator: MatchOperator
    value: Any

    def matches(self, data: Raw) -> bool:  # noqa: C901, PLR0911 - the chain is the point
        actual = self._field_value(data)
        if self.operator == MatchOperator.EXISTS:
            return bool((actual is not None) == self.value)
        if actual is None:
            return False
        if self.operator == MatchOperator.EQUALS:
            return bool(actual == self.value)
        if self.operator == MatchOperator.NOT_EQUALS:
            return bool(actual != self.value)
        if self.operator == MatchOperator.CONTAINS:
            return self.value in str(actual)
        if self.operator == MatchOperator.REGEX:
            return bool(re.search(self.value, str(actual)))
        if self.operator == MatchOperator.GREATER_THAN:
            return float(actual) > float(self.value)
        if self.operator == MatchOperator.LESS_THAN:
            return float(actual) < float(self.value)
        if self.operator == MatchOperator.IN:
            return actual in self.value
        if self.operator == MatchOperator.NOT_IN:
            return actual not in self.value
        if self.operator == MatchOperator.GREATER_EQUAL:
            return float(actual) >= float(self.value)
        if self.operator == MatchOperator.STARTS_WITH:
            return str(actual).startswith(self.value)
        return str(actual).endswith(self.value)

    def _field_value(self, data: Raw) -> Any:
        value: Any = data
        for part in self.field.split("."):
            if isinstance(value, dict):
                value = value.get(part)
            else:
                return None
        return value


@dataclasses.dataclass
class LinearRule:
    """One rule."""

    id: str
    conditions: list[LinearCondition]
    priority: int
    enabled: bool
    severity_filter: list[str] | None

    def matches(self, data: Raw, severity: str | None) -> bool:
        if not self.enabled:
            return False
        if self.severity_filter and severity not in self.severity_filter:
            return False
        for condition in self.conditions:  # noqa: SIM110 - a generator costs more than the loop
            if not condition.matches(data):
                return False
        return True


@dataclasses.dataclass
class LinearMatch:
    """What a match is handed on as."""

    rule: LinearRule
    matched_at: str


class Linear:
    """Asks rule after rule; a match is looked up among the cooldowns and recorded."""

    def __init__(self, rules: list[Raw]) -> None:
        self.rules = [
            LinearRule(
                rule["id"],
                [
                    LinearCondition(each["field"], MatchOperator(each["operator"]), each["value"])
                    for each in rule["conditions"]
                ],
                rule.get("priority", 100),
                rule.get("enabled", True),
                rule.get("severity_filter"),
            )
            for rule in rules
        ]
        self.rules.sort(key=lambda rule: rule.priority)
        self.cooldowns: dict[str, dt.datetime] = {}

    def decide(self, event: Raw) -> str | None:
        found = self.match(event)
        return None if found is None else found.rule.id

    def match(self, event: Raw) -> LinearMatch | None:
        severity = event.get("severity")
        for rule in self.rules:
            if rule.matches(event, severity):
                if f"{rule.id}:{event.get('host_id', 'unknown')}" in self.cooldowns:
                    continue
                now = dt.datetime.now(dt.UTC)  # noqa: TID251 - as the predecessor did
                return LinearMatch(rule, now.isoformat())
        return None
