"""The rule that a pattern becomes: an ordinary rule file, with tests from what justified it.  Pure.

Of the hosts it holds nothing but what its conditions ask, so that no one's data stands in a file.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from actors.catalogue.kind_conditions import kind_conditions
from actors.catalogue.rules import EXECUTE_RUNBOOK
from actors.flywheel.core import Promotion
from actors.flywheel.pattern import Pattern
from actors.messages import JSON, Mode, Platform, Severity, Status
from actors.messages.promotion import Stage

PRIORITY: Final = 200
"""After what people write: their rules have 100 unless they say otherwise."""
CANARY_HOSTS: Final = 1
"""Hosts in an hour, while the rule is a canary."""
_ANOTHER_CHECK: Final = "another_check"

Raw = dict[str, JSON]
Decides = Callable[[Mapping[str, object]], str | None]
"""Names the rule that decides an event which a test gives, of those that were there before."""

# JSON lets these stand as they are, YAML does not.
_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@attrs.frozen
class Sample:
    """One kind of incident that justified a rule."""

    severity: str
    source: str
    """Who found it: scanner, agent or operator."""
    count: int
    """Verified fixes of it."""


def rule_of(
    pattern: Pattern, promotion: Promotion, samples: Sequence[Sample], decides: Decides
) -> Raw:
    """Give the rule of a promotion, as it is written.

    Raises:
        ValueError: in its stage it has no rule.
    """
    asked = kind_conditions(pattern.kind)
    rule: Raw = {
        "id": pattern.rule_id,
        "priority": PRIORITY,
        "mode": _mode(promotion).value,
        "conditions": [
            {"field": "check_type", "operator": "eq", "value": pattern.check},
            {"field": "platform", "operator": "eq", "value": pattern.platform},
            {"field": "status", "operator": "eq", "value": Status.FAIL.value},
            *asked.conditions,
        ],
        "none_of": list(asked.none_of),
        "action": EXECUTE_RUNBOOK,
        "runbook_id": pattern.runbook_id,
    }
    if promotion.stage is Stage.CANARY:
        rule["max_per_hour"] = CANARY_HOSTS
    if pattern.params:
        rule["params"] = pattern.params
    rule["tests"] = [*_justified(pattern, samples), *_beside(pattern, decides)]
    return rule


def _mode(promotion: Promotion) -> Mode:
    match promotion.stage:
        case Stage.SHADOW:
            return Mode.AUDIT
        case Stage.CANARY | Stage.ACTIVE:
            return promotion.mode
        case Stage.PROPOSED | Stage.RETIRED:
            raise ValueError(f"{promotion.pattern_id} is {promotion.stage}: it has no rule")


def _justified(pattern: Pattern, samples: Sequence[Sample]) -> Iterator[JSON]:
    for sample in samples or [Sample(Severity.MEDIUM.value, "scanner", 0)]:
        given = _given(pattern) | {"severity": sample.severity, "source": sample.source}
        yield {"given": given, "expect": {"rule": "this", "runbook_id": pattern.runbook_id}}


def _beside(pattern: Pattern, decides: Decides) -> Iterator[JSON]:
    """Write events that fail one condition each, and so are not the rule's."""
    elsewhere = Platform.LINUX if pattern.platform == Platform.WINDOWS else Platform.WINDOWS
    answers = kind_conditions(pattern.kind).near
    near: list[Raw] = [
        *(_given(pattern) | {"actual": answer} for answer in answers),
        _given(pattern) | {"status": Status.ERROR.value},
        _given(pattern) | {"platform": elsewhere.value},
        _given(pattern) | {"check_type": _ANOTHER_CHECK},
    ]
    for given in near:
        yield {"given": given, "expect": "other" if decides(given) else "none"}


def _given(pattern: Pattern) -> Raw:
    example = kind_conditions(pattern.kind).example
    return {"check_type": pattern.check, "platform": pattern.platform, "actual": example}


def rule_file(rule: Mapping[str, JSON], remarks: Sequence[str]) -> str:
    """Spell a rule as a file: YAML, with `remarks` as comments over it."""
    lines = [*(f"# {_plain(each)}" for each in remarks), "rules:"]
    margin = "  - "
    for key, value in rule.items():
        if isinstance(value, list):
            lines.append(f"{margin}{key}:")
            lines += [f"      - {_word(each)}" for each in value]
        else:
            lines.append(f"{margin}{key}: {_word(value)}")
        margin = "    "
    return "\n".join(lines) + "\n"


def _word(value: JSON) -> str:
    """Spell a value as JSON, which YAML reads as the same."""
    spelled = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", spelled)


def _plain(remark: str) -> str:
    return _UNSEEN.sub(" ", " ".join(remark.split()))
