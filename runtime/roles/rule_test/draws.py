"""Random events close to what a rule set asks about, all of them possible, by a seed.

Half are drawn freely from the constants of the set and from the catalogue; the other half are made
to meet one rule, and then one thing is changed: that is where two sets differ, if they do.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Final, cast

import attrs

from actors.catalogue.rules import Condition, Rule, Scalar
from actors.l1_evaluator import RuleSet
from actors.messages import Platform, Severity, Status
from runtime.roles.rule_test.given import SOURCES, Known

Event = dict[str, object]

_CLOSED: Final[Mapping[str, Sequence[object]]] = {
    "status": [each.value for each in Status],
    "severity": [each.value for each in Severity],
    "platform": [each.value for each in Platform],
    "source": SOURCES,
}
_DERIVED: Final = frozenset({"incident_type", "drift_detected"})
_OPEN: Final = ("details", "metadata")
_MISSING_P: Final = 0.05
_OFTEN_P: Final = 0.4
_TEXT: Final = "something else"


@attrs.frozen
class Draws:
    """Draws events for one rule set."""

    plain: Mapping[str, Event]
    """The ordinary event of each check."""
    pools: Mapping[str, Sequence[object]]
    """By dotted field, what may stand there."""

    @classmethod
    def of(cls, rules: RuleSet, known: Known) -> "Draws":
        """Gather the constants of a set, and values near them."""
        pools: dict[str, list[object]] = {name: list(each) for name, each in _CLOSED.items()}
        for rule in rules.rules:
            for condition in conditions_of(rule) if rule is not None else ():
                field = "check_type" if condition.field == "incident_type" else condition.field
                pool = pools.setdefault(field, [])
                pool += meeting(condition)
                pool += _near(condition)
        asked = [each for each in pools.pop("check_type", []) if isinstance(each, str) and each]
        checks = {*known.checks, *known.names.severities, *asked, _TEXT}
        plain = {each: known.plain_event(each) for each in sorted(checks)}
        event = next(iter(plain.values()))
        possible = {
            field: [each for each in dict.fromkeys(map(_hashable, pool)) if _fits(field, each)]
            for field, pool in pools.items()
            if field.partition(".")[0] in event and field not in _DERIVED
        }
        return cls(plain, {field: pool for field, pool in possible.items() if pool})

    def free(self, random: Random) -> Iterator[Event]:
        """Draw events without end."""
        return map(_agreeing, self._any(random))

    def near(self, rule: Rule, random: Random) -> Iterator[Event]:
        """Draw events that meet a rule but for one field, without end."""
        group: Sequence[Condition]
        for event in self._any(random):
            group = random.choice(rule.any_of) if rule.any_of else ()
            wanted = [*rule.conditions, *group]
            if rule.severity_filter:
                wanted.append(Condition("severity", "in", rule.severity_filter))
            # One condition in three draws is left to chance, or one of those that must not hold
            # is made to hold: a mutant differs from its rule just there.
            spared = random.randrange(3 * len(wanted)) if wanted else 0
            for position, condition in enumerate(wanted):
                if position != spared:
                    self._meet(event, condition, random)
            if rule.none_of and random.random() < _OFTEN_P:
                self._meet(event, random.choice(rule.none_of), random)
            yield _agreeing(event)

    def _any(self, random: Random) -> Iterator[Event]:
        checks = list(self.plain)
        while True:
            event = dict(self.plain[random.choice(checks)])
            for field, pool in self.pools.items():
                if field in _CLOSED or random.random() < _OFTEN_P:
                    _set(event, field, random.choice(pool))
            if random.random() < _MISSING_P:
                event[random.choice(list(event))] = None
            yield event

    def _meet(self, event: Event, condition: Condition, random: Random) -> None:
        field, choices = condition.field, meeting(condition)
        if field in ("check_type", "incident_type"):
            named = [each for each in choices if each in self.plain]
            if named:
                event["check_type"] = random.choice(named)
        elif field == "drift_detected":
            is_drift = (True in choices) and (condition.value is True or len(choices) > 1)
            event["status"] = "fail" if is_drift else random.choice(["pass", "error", "unknown"])
        elif possible := [each for each in choices if each is None or _fits(field, each)]:
            _set(event, field, random.choice(possible))


def conditions_of(rule: Rule) -> Iterator[Condition]:
    """Yield everything that a rule asks but its severity filter."""
    yield from rule.conditions
    for group in rule.any_of:
        yield from group
    yield from rule.none_of


def meeting(condition: Condition) -> Sequence[object]:  # noqa: C901, PLR0911  # one line an operator
    """List values for which a condition mostly holds; None is a missing field."""
    value = condition.value
    text = str(value)
    match condition.operator:
        case "eq":
            return [value]
        case "in":
            return cast("tuple[Scalar, ...]", value)
        case "ne" | "not_in":
            return [_TEXT, "", 0, True]
        case "contains":
            return [value, f"a {text} b", [value]]
        case "starts_with":
            return [value, f"{text}x"]
        case "ends_with":
            return [value, f"x{text}"]
        case "regex":
            return [text, text.strip("^$"), text.replace("\\", "").strip("^$")]
        case "gt" | "gte":
            return [cast("float", value) + step for step in (0, 1, 100)]
        case "lt" | "lte":
            return [cast("float", value) - step for step in (0, 1, 100)]
        case "exists":
            return [_TEXT, "", 0] if value else [None]


def _near(condition: Condition) -> Iterator[object]:
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    for value in values:
        if isinstance(value, bool):
            yield not value
        elif isinstance(value, str):
            yield from (value.upper(), f"{value}x", f"x{value}", "", _TEXT)
        else:
            yield from (value - 1, value + 1, str(value))
    yield None


def _fits(field: str, value: object) -> bool:
    """Say whether an event can have this value there."""
    if value is None or field.partition(".")[0] in _OPEN:
        return "." in field or field not in _OPEN
    if field in _CLOSED:
        return value in _CLOSED[field]
    return "." not in field and isinstance(value, str)


def _set(event: Event, field: str, value: object) -> None:
    top, *rest = field.split(".")
    if not rest:
        event[top] = value
        return
    inner = event[top] = dict(cast("Event", event.get(top) or {}))
    for step in rest[:-1]:
        below = inner.get(step)
        inner[step] = inner = dict(cast("Event", below)) if isinstance(below, dict) else {}
    inner[rest[-1]] = value


def _agreeing(event: Event) -> Event:
    if event.get("incident_type") is not None:
        event["incident_type"] = event["check_type"]
    if event.get("drift_detected") is not None:
        event["drift_detected"] = event["status"] == Status.FAIL
    return {field: value for field, value in event.items() if value is not None}


def _hashable(value: object) -> object:
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value
