"""A check explained: what it asks, what each answer means, and what becomes of drift."""

import difflib
from collections.abc import Iterator, Sequence
from typing import cast

import attrs

from actors.catalogue.checks import Check, WhenAbsent
from actors.catalogue.probes import PROBES
from actors.catalogue.rules import Condition, Rule
from runtime.errors import NotFoundError
from runtime.roles.catalogue import Catalogue, load_catalogue
from runtime.settings import Settings


def explained_check(settings: Settings, name: str) -> dict[str, object]:
    """Explain a check of the catalogue in force.

    Raises:
        NotFoundError: no check is called so; the nearest name stands in it.
        InvalidFileError: a file of the catalogue cannot be read.
    """
    catalogue = load_catalogue(settings)
    check = catalogue.checks.get(name)
    if check is None:
        near = difflib.get_close_matches(name, catalogue.checks, n=1)
        raise NotFoundError("check", f"{name}; did you mean {near[0]}?" if near else name)
    return {
        "id": check.id,
        "title": check.title,
        "platform": check.platform.value,
        "asks": _asks(check),
        "right_answer": str(check.baseline),
        "where_absent": _absent(check),
        "where_unknown": check.unknown or "Nobody knows; nothing is healed on such an answer.",
        "severity": check.severity.value,
        "every_s": check.interval_s or settings.poll_interval,
        "timeout_s": check.timeout_s,
        "controls": list(check.controls),
        "rules": [_rule(rule) for rule in _rules(catalogue, check)],
        "runbooks": [
            {
                "id": runbook.id,
                "title": runbook.title,
                "risk": runbook.risk.value,
                "by_person": runbook.by_person,
            }
            for runbook in catalogue.runbooks.values()
            if check.id in runbook.checks
        ],
    }


def _asks(check: Check) -> str:
    probe = check.probe
    kind = next(kind for kind, probed in PROBES.items() if isinstance(probe, probed))
    given = ", ".join(
        f"{key} {_shown(value)}"
        for key, value in cast("dict[str, object]", attrs.asdict(probe)).items()
        if value not in (None, "")
    )
    meaning = " ".join((type(probe).__doc__ or "").partition("\n")[0].split())
    return f"{kind}: {given}. {meaning}" if given else f"{kind}. {meaning}"


def _shown(value: object) -> str:
    if isinstance(value, tuple | list):
        return " ".join(map(str, cast("Sequence[object]", value)))
    return str(value)


def _absent(check: Check) -> str:
    if check.baseline.wants_absence:
        return "pass: it shall not be there"
    if check.when_absent is WhenAbsent.FAIL:
        return "fail: it must be there"
    return "unknown: not applicable"


def _rules(catalogue: Catalogue, check: Check) -> Iterator[Rule]:
    """Yield the rules that name the check, in the order in which they decide."""
    rules = [rule for rule in catalogue.rules.rules if rule is not None]
    for rule in sorted(rules, key=lambda rule: rule.priority):
        if any(_names(condition, check.id) for condition in rule.conditions):
            yield rule


def _names(condition: Condition, check: str) -> bool:
    value = condition.value
    named = value if isinstance(value, tuple) else (value,)
    return (
        condition.field in {"check_type", "incident_type"}
        and condition.operator in {"eq", "in"}
        and check in named
    )


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "action": rule.runbook_id or rule.action,
        "mode": rule.mode,
        "enabled": rule.enabled,
    }
