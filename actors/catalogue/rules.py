"""What a rule is: one frozen model, judged before it was made (see `rule_judgement`)."""

from collections.abc import Mapping
from typing import Final, Literal, cast, get_args

import attrs

from actors.messages import JSON

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

RULE_KEYS: Final[frozenset[object]] = frozenset(
    {
        "id",
        "conditions",
        "match_all",
        "action",
        "runbook_id",
        "priority",
        "enabled",
        "severity_filter",
        "any_of",
        "none_of",
        "mode",
        "cooldown_seconds",
        "max_per_hour",
        "undo_required",
        "controls",
        "tests",
    }
)
"""The keys of a rule; any other decides nothing and is carried along."""


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
class Expected:
    """What a test wants of the rule that decides."""

    rule: str
    """`this`, `other`, `none`, or the id of a rule."""
    settles: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """What the deciding rule must say under `mode`, `action` and `runbook_id`, if asked for."""


@attrs.frozen
class RuleTest:
    """An example that stands beside a rule."""

    given: Mapping[str, object]
    """Some fields of an event; the others are what events of that check have."""
    expected: Expected


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
    tests: tuple[RuleTest, ...] = ()
    written: Mapping[object, object] = attrs.field(
        factory=dict[object, object], eq=False, repr=False
    )
    """The raw mapping, as it was read."""

    @property
    def params(self) -> Mapping[str, JSON]:
        """Give what the rule hands to its runbook, which judges it."""
        params = self.written.get("params")
        return cast("Mapping[str, JSON]", params) if isinstance(params, Mapping) else {}

    @property
    def extra(self) -> dict[str, object]:
        """Give the keys that are none of the rule's, as they were written."""
        return {str(key): value for key, value in self.written.items() if key not in RULE_KEYS}


@attrs.frozen
class UnreadableRule:
    """Stands in a list of raw rules for an entry that has no value, such as a 99th of May."""

    problem: str
