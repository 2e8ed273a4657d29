"""Why a valid rule cannot be in force: asked by the live start and by lint alike.

It names what there is not, or holds what cannot be kept.

A rule with a misfit is set aside at start, so that the two never disagree about it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, Literal, TypeAlias

import attrs

from actors.catalogue.check_names import CheckNames
from actors.catalogue.checks import Check
from actors.catalogue.emission import ANY_EVENT, Emission, emission_of
from actors.catalogue.rules import EXECUTE_RUNBOOK, Condition, Rule
from actors.catalogue.runbooks import Runbook
from runtime.codec import plain_json, to_json

ACTIONS: Final = (EXECUTE_RUNBOOK, "escalate")
"""What an appliance can do about a drift."""

MisfitCode: TypeAlias = Literal[
    "unkeepable", "unknown_action", "unknown_check", "unknown_runbook", "unfit_runbook"
]

_CHECK_FIELDS = ("check_type", "incident_type")
_NAMING = ("eq", "ne", "in", "not_in")


@attrs.frozen
class Misfit:
    """Why a rule cannot be in force here."""

    code: MisfitCode
    reason: str


@attrs.frozen
class Surroundings:
    """What a rule is held against; None where nothing is known, and so everything will do."""

    emission: Emission = ANY_EVENT
    checks: Collection[str] | None = None
    """Names of checks that some source reports."""
    actions: Collection[str] | None = None
    runbooks: Mapping[str, Runbook] | None = None


def surroundings_of(
    checks: Mapping[str, Check], names: CheckNames, runbooks: Mapping[str, Runbook]
) -> Surroundings:
    """Give the surroundings of the rules of an appliance."""
    return Surroundings(emission_of(checks, names), names.severities.keys(), ACTIONS, runbooks)


def misfits(rule: Rule, around: Surroundings) -> Iterator[Misfit]:
    """Yield what a valid rule names in vain; nothing for a rule that may be in force."""
    if (unkeepable := _unkeepable(rule)) is not None:
        yield Misfit("unkeepable", unkeepable)
    if around.actions is not None and rule.action not in around.actions:
        there = ", ".join(around.actions)
        yield Misfit("unknown_action", f"unknown action {rule.action!r}; there are {there}")
    if around.checks is not None:
        for name in _named(_all_conditions(rule), _NAMING):
            if name not in around.checks:
                yield Misfit("unknown_check", f"no check is called {name!r}")
    if around.runbooks is None or rule.runbook_id is None:
        return
    runbook = around.runbooks.get(rule.runbook_id)
    if runbook is None:
        yield Misfit("unknown_runbook", f"no runbook is called {rule.runbook_id!r}")
    else:
        yield from (Misfit("unfit_runbook", reason) for reason in _unfit(rule, runbook))


def _unkeepable(rule: Rule) -> str | None:
    """Say why the rule, or what it decides, can be written into no store."""
    try:
        plain_json(rule.written).encode()
        to_json(rule.params).encode()
    except UnicodeEncodeError:
        return "it holds half a character, a surrogate alone, which can be kept nowhere"
    except ValueError:
        return "it holds an integer of more than 4,300 digits, which can be kept nowhere"
    except TypeError:
        return "its params are no JSON: their keys must be texts"
    return None


def _unfit(rule: Rule, runbook: Runbook) -> Iterator[str]:
    runs = rule.action == EXECUTE_RUNBOOK
    if runs and runbook.by_person:
        yield f"runbook {runbook.id} is done by a person: the action is escalate"
    wanted = [*rule.conditions, *(each for group in rule.any_of for each in group)]
    for name in _named(wanted, ("eq", "in")):
        if name not in runbook.checks:
            yield f"runbook {runbook.id} does not heal {name}"
    platforms = list(_named(wanted, ("eq", "in"), ("platform",)))
    others = [name for name in platforms if name != runbook.platform.value]
    # What a person is told may be as good for a host of unknown platform.
    if others and (runs or others == platforms):
        yield f"runbook {runbook.id} is for {runbook.platform.value}, not for {others[0]}"


def _all_conditions(rule: Rule) -> Iterator[Condition]:
    yield from rule.conditions
    for group in rule.any_of:
        yield from group
    yield from rule.none_of


def _named(
    conditions: Iterable[Condition],
    operators: Collection[str],
    fields: Collection[str] = _CHECK_FIELDS,
) -> Iterator[str]:
    """Yield what is compared with these fields, each once."""
    seen: set[str] = set()
    for condition in conditions:
        if condition.field in fields and condition.operator in operators:
            value = condition.value
            for each in value if isinstance(value, tuple) else (value,):
                if (name := str(each)) not in seen:
                    seen.add(name)
                    yield name
