"""Why a rule decided, or did not, as data and as sentences for a person."""

from collections.abc import Mapping

from actors.l1_evaluator import Answer, RuleSet, WhyNot

_SHOWN = 60
_NEAREST = 4
"""Other rules in the text; the data has ten."""


def explanation(rule_set: RuleSet, event: Mapping[str, object]) -> dict[str, object]:
    """Explain a decision: `rule`, `conditions`, `nearest`, and the same as `text`."""
    told = rule_set.explain(event)
    lines = [f"rule {told.rule_id} decides" if told.rule_id else "no rule matches"]
    lines += [f"  ok    {_sentence(answer)}" for answer in told.answers]
    if told.nearest:
        lines.append("nearest other rules:")
    for near in told.nearest[:_NEAREST]:
        if near.failed is None:
            lines.append(f"  {near.rule_id}: matches too, but comes later")
        else:
            met = f"{near.met} of {near.asked} hold"
            lines.append(f"  {near.rule_id}: {met}; fails")
            lines.append(f"        {_sentence(near.failed)}")
    return {
        "rule": told.rule_id,
        "rule_set": told.version,
        "conditions": [_answer(answer) for answer in told.answers],
        "nearest": [
            {
                "rule": near.rule_id,
                "failed": near.failed and _answer(near.failed),
                "met": near.met,
                "asked": near.asked,
            }
            for near in told.nearest
        ],
        "text": "\n".join(lines),
    }


def why_not(rule_set: RuleSet, event: Mapping[str, object], rule_id: str) -> dict[str, object]:
    """Explain why one rule does not decide an event: `reason`, `failed`, `winner`, and `text`."""
    told = rule_set.why_not(event, rule_id)
    return {
        "rule": rule_id,
        "reason": told.reason,
        "failed": told.failed and _answer(told.failed),
        "winner": told.winner,
        "text": _why_not_sentence(told),
    }


def _why_not_sentence(told: WhyNot) -> str:
    match told.reason:
        case "wins":
            return f"rule {told.rule_id} does decide this event"
        case "failed":
            return f"rule {told.rule_id} fails {_sentence(told.failed) if told.failed else ''}"
        case "shadowed":
            return f"rule {told.rule_id} matches, but {told.winner} comes before it"
        case "disabled":
            return f"rule {told.rule_id} is disabled"
        case "quarantined":
            return f"rule {told.rule_id} is quarantined: {told.quarantined_because}"
        case "unknown":
            return f"no rule {told.rule_id}"


def _answer(answer: Answer) -> dict[str, object]:
    condition = answer.condition
    return {
        "part": answer.part,
        "field": condition.field,
        "operator": condition.operator,
        "value": condition.value,
        "actual": answer.actual,
        "holds": answer.as_wanted,
    }


def _sentence(answer: Answer) -> str:
    condition = answer.condition
    part = "" if answer.part == "conditions" else f"{answer.part}: "
    is_now = "missing" if answer.actual is None else _short(answer.actual)
    wanted = _short(condition.value)
    return f"{part}{condition.field} {condition.operator} {wanted} (is {is_now})"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
