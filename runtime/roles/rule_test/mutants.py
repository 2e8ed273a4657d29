"""The mutants of a rule: each of its conditions dropped, and negated.

A mutant is a raw rule, so that it becomes a rule by the same judgement and decides in the same
set.  A condition is negated by what the engine itself knows: it moves to `none_of`, which also
holds where the field is missing; where its operator has a counterpart, that one is tried as well.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias, TypeVar, cast

import attrs

from actors.catalogue.rules import Rule

Raw: TypeAlias = dict[str, object]
T = TypeVar("T")

_COUNTERPART: Final[Mapping[object, str]] = {
    "eq": "ne",
    "ne": "eq",
    "in": "not_in",
    "not_in": "in",
    "gt": "lte",
    "lte": "gt",
    "gte": "lt",
    "lt": "gte",
}


@attrs.frozen
class Mutant:
    """A rule with one thing wrong."""

    rule_id: str
    what: str
    """What was done to which condition, for a person."""
    raw: Raw


def mutants_of(rule: Rule) -> Iterator[Mutant]:
    """Yield each mutant of a rule."""
    written = cast("Raw", dict(rule.written))
    for mutate in (_severity, _conditions, _groups, _refused):
        for what, changed in mutate(written):
            yield Mutant(rule.id, what, _whole(changed))


def _severity(written: Raw) -> Iterator[tuple[str, Raw]]:
    allowed = written.get("severity_filter")
    if allowed:
        without = _without(written, "severity_filter")
        yield "severity_filter dropped", without
        asked: Raw = {"field": "severity", "operator": "in", "value": allowed}
        yield "severity_filter negated", _refusing(without, asked)


def _conditions(written: Raw) -> Iterator[tuple[str, Raw]]:
    for number, condition in enumerate(_list(written, "conditions")):
        dropped = written | {"conditions": _less(_list(written, "conditions"), number)}
        yield f"{_shown(condition)} dropped", dropped
        yield f"{_shown(condition)} negated", _refusing(dropped, condition)
        if (counter := _countered(condition)) is not None:
            turned = _changed(_list(written, "conditions"), number, counter)
            yield (
                f"{_shown(condition)} turned to {_turn(counter)}",
                written | {"conditions": turned},
            )


def _groups(written: Raw) -> Iterator[tuple[str, Raw]]:
    groups = cast("list[list[Raw]]", written.get("any_of") or [])
    for place, group in enumerate(groups):
        name = f"any_of list {place + 1}"
        others = _less(groups, place)
        if others:
            # Whoever tells it from the rule reaches this list alone, and so tells every negation.
            yield f"{name} dropped", written | {"any_of": others}
        for number, condition in enumerate(group):
            said, less = f"{name}: {_shown(condition)}", _less(group, number)
            if less:
                yield f"{said} dropped", written | {"any_of": _changed(groups, place, less)}
            else:
                yield f"{said} dropped", _without(written, "any_of")
            if not others:
                rest = _without(written, "any_of")
                asked = [*_list(written, "conditions"), *less]
                yield f"{said} negated", _refusing(rest | {"conditions": asked}, condition)
            elif (counter := _countered(condition)) is not None:
                turned = _changed(groups, place, _changed(group, number, counter))
                yield f"{said} turned to {_turn(counter)}", written | {"any_of": turned}


def _refused(written: Raw) -> Iterator[tuple[str, Raw]]:
    refused = _list(written, "none_of")
    for number, condition in enumerate(refused):
        said = f"none_of: {_shown(condition)}"
        dropped = written | {"none_of": _less(refused, number)}
        yield f"{said} dropped", dropped
        asked = [*_list(written, "conditions"), condition]
        yield f"{said} negated", dropped | {"conditions": asked}


def _whole(raw: Raw) -> Raw:
    """Say of a rule without conditions that it matches all, as it must."""
    return _without(raw, "match_all") if raw["conditions"] else raw | {"match_all": True}


def _refusing(raw: Raw, condition: Raw) -> Raw:
    return raw | {"none_of": [*_list(raw, "none_of"), condition]}


def _countered(condition: Raw) -> Raw | None:
    operator, value = condition["operator"], condition["value"]
    if operator == "exists":
        return condition | {"value": not value}
    counter = _COUNTERPART.get(operator)
    return None if counter is None else condition | {"operator": counter}


def _list(raw: Raw, key: str) -> list[Raw]:
    return cast("list[Raw]", raw.get(key) or [])


def _without(raw: Raw, key: str) -> Raw:
    return {name: value for name, value in raw.items() if name != key}


def _less(items: Sequence[T], position: int) -> list[T]:
    return [*items[:position], *items[position + 1 :]]


def _changed(items: Sequence[T], position: int, item: T) -> list[T]:
    return [*items[:position], item, *items[position + 1 :]]


def _turn(counter: Raw) -> str:
    operator, value = counter["operator"], counter["value"]
    return f"exists {value}" if operator == "exists" else str(operator)


def _shown(condition: Raw) -> str:
    return f"{condition['field']} {condition['operator']} {condition['value']!r}"
