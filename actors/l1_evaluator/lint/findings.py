"""What lint says of a rule, in words."""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import attrs

from actors.catalogue.misfits import MisfitCode
from actors.catalogue.rules import Condition
from actors.l1_evaluator.lint.reach import Contradictory, Shadowed, Unreachable

Code: TypeAlias = (
    Literal[
        "quarantined", "duplicate_id", "duplicate", "contradictory", "unreachable", "shadowed",
        "unanchored", "catch_all",
    ]
    | MisfitCode
)  # fmt: skip

_SHOWN = 3
"""Rules or conditions that one sentence names."""


@attrs.frozen
class Finding:
    """Something about one rule that its author would want to know."""

    code: Code
    rule: str
    """Its id; empty for an entry that has none."""
    place: str
    """File and line."""
    sentence: str
    by: tuple[str, ...] = ()
    """For `shadowed`: the rules that decide in its place."""
    witness: Mapping[str, object] | None = None
    """For `shadowed`: an event that the rule matches and another one decides."""
    cost_us: float | None = None
    """For `unanchored`: microseconds of a decision that asking the rule takes, as measured."""


def asks(condition: Condition) -> str:
    """Write a condition as people read it."""
    value = condition.value
    shown = ", ".join(map(repr, value[:_SHOWN])) if isinstance(value, tuple) else repr(value)
    more = ", ..." if isinstance(value, tuple) and len(value) > _SHOWN else ""
    return f"{condition.field} {condition.operator} {shown}{more}"


def shadowed(outcome: Shadowed) -> str:
    """Say who decides in place of a rule."""
    take = "takes" if len(outcome.by) == 1 else "together take"
    return f"never decides: {_listed(outcome.by)} {take} every event that it matches"


def contradictory(outcome: Contradictory) -> str:
    """Say which conditions exclude each other."""
    return f"never matches: no event fulfils {_together(outcome.conditions)}"


def unreachable(outcome: Unreachable, unwritten: Iterable[str]) -> str:
    """Say which condition nobody's events fulfil; `unwritten` are fields that no source writes."""
    fields = list(unwritten)
    if fields:
        return f"never matches: no source writes {_listed(fields)}"
    if outcome.source is None:
        return f"never matches: no source writes an event with {_together(outcome.conditions)}"
    return (
        f"never matches: not even the events of {outcome.source} fulfil "
        f"{_together(outcome.conditions)}"
    )


def _together(conditions: tuple[Condition, ...]) -> str:
    return " and ".join(map(asks, conditions)) or "all of its conditions together"


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - _SHOWN
    return ", ".join(listed[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
