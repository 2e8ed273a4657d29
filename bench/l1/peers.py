"""Two engines from the package index, each with one straightforward translation of the rules.

Neither knows "the first match by priority and position" with every operator of the rules page;
what it took to get the same answers is said at each adapter.
"""

import json
from collections.abc import Callable
from typing import Any

import clips
import zen

from actors.catalogue.patterns import RefusedPattern, Search, compile_search
from bench.l1.workload import Raw

Decide = Callable[[Raw], str | None]


def in_order(rules: list[Raw]) -> list[Raw]:
    """Give the enabled rules, first match first."""
    enabled = [rule for rule in rules if rule.get("enabled", True)]
    return sorted(enabled, key=lambda rule: rule["priority"])


def conditions_of(rule: Raw) -> list[Raw]:
    """Give the conditions, the severity filter as one more."""
    severities = rule.get("severity_filter")
    if not severities:
        return list(rule["conditions"])
    return [*rule["conditions"], {"field": "severity", "operator": "in", "value": severities}]


def zen_engine(rules: list[Raw]) -> Decide:
    """Write a decision table with hit policy "first", one expression a row.

    A comparison with a missing field is guarded, since `!=` is true on null there; string literals
    know no escapes, so that patterns go in as they are.
    """
    rows = [
        {
            "_id": f"row{number}",
            "in": " and ".join(map(_zen_expression, conditions_of(rule))),
            "out": json.dumps(rule["id"]),
        }
        for number, rule in enumerate(in_order(rules))
    ]
    table = {
        "hitPolicy": "first",
        "inputs": [{"id": "in", "name": "condition"}],
        "outputs": [{"id": "out", "name": "rule", "field": "rule"}],
        "rules": rows,
    }
    nodes = [
        {"id": "start", "type": "inputNode", "name": "start"},
        {"id": "table", "type": "decisionTableNode", "name": "table", "content": table},
        {"id": "end", "type": "outputNode", "name": "end"},
    ]
    edges = [
        {"id": "a", "sourceId": "start", "targetId": "table", "type": "edge"},
        {"id": "b", "sourceId": "table", "targetId": "end", "type": "edge"},
    ]
    decision = zen.ZenEngine().create_decision(json.dumps({"nodes": nodes, "edges": edges}))

    def decide(event: Raw) -> str | None:
        result = decision.evaluate(event)["result"]
        return result.get("rule") if result else None

    return decide


def _zen_expression(each: Raw) -> str:  # noqa: PLR0911 - a line an operator
    field, value = each["field"], each["value"]
    written = "[" + ", ".join(map(_zen_literal, value)) + "]" if isinstance(value, list) else ""
    match each["operator"]:
        case "eq":
            return f"{field} == {_zen_literal(value)}"
        case "ne":
            return f"({field} != null and {field} != {_zen_literal(value)})"
        case "in":
            return f"{field} in {written}"
        case "not_in":
            return f"({field} != null and {field} not in {written})"
        case "exists":
            return f"{field} {'!=' if value else '=='} null"
        case "contains":
            return f"contains({field}, {_zen_literal(value)})"
        case "starts_with":
            return f"startsWith({field}, {_zen_literal(value)})"
        case "ends_with":
            return f"endsWith({field}, {_zen_literal(value)})"
        case "regex":
            return f"matches({field}, {_zen_literal(value)})"
        case operator:
            return f"{field} {({'gt': '>', 'gte': '>=', 'lt': '<'})[operator]} {value}"


def _zen_literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else json.dumps(value)


def clips_engine(rules: list[Raw]) -> Decide:
    """Assert one fact an event; every matching rule reports its order, the least one wins.

    CLIPS has too few salience levels for an order of all rules, no regular expressions (a function
    of ours is called for them), flat slots only, and symbols for booleans.
    """
    ordered = in_order(rules)
    fields = sorted({each["field"] for rule in ordered for each in conditions_of(rule)})
    environment = clips.Environment()
    searches: list[Search] = []
    matched: list[int] = []

    def search(number: int, text: object) -> bool:
        return isinstance(text, str) and searches[number](text)

    def report(order: int) -> None:
        matched.append(order)

    environment.define_function(search, "search")
    environment.define_function(report, "report")
    slots = "".join(f"(slot {_slot(field)} (default nil))" for field in fields)
    environment.build(f"(deftemplate event {slots})")
    for order, rule in enumerate(ordered):
        pattern = _clips_pattern(conditions_of(rule), searches)
        environment.build(f"(defrule r{order} (event {pattern}) => (report {order}))")
    template = environment.find_template("event")
    paths = [(_slot(field), field.split(".")) for field in fields]

    def decide(event: Raw) -> str | None:
        environment.reset()
        matched.clear()
        template.assert_fact(**{slot: _clips_value(event, path) for slot, path in paths})
        environment.run()
        return ordered[min(matched)]["id"] if matched else None

    return decide


def _slot(field: str) -> str:
    return field.replace(".", "-")


def _clips_value(event: Raw, path: list[str]) -> Any:
    value: Any = event
    for segment in path:
        value = value.get(segment) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return clips.Symbol("TRUE" if value else "FALSE")
    return clips.Symbol("nil") if value is None else value


def _clips_pattern(conditions: list[Raw], searches: list[Search]) -> str:
    by_field: dict[str, list[Raw]] = {}
    for each in conditions:
        by_field.setdefault(each["field"], []).append(each)
    slots: list[str] = []
    for number, (field, asked) in enumerate(by_field.items()):
        constraints = "&".join(_clips_constraint(each, f"?v{number}", searches) for each in asked)
        slots.append(f"({_slot(field)} ?v{number}&{constraints})")
    return " ".join(slots)


def _clips_constraint(each: Raw, name: str, searches: list[Search]) -> str:  # noqa: PLR0911 - a line an operator
    value = each["value"]
    values = value if isinstance(value, list) else [value]
    match each["operator"]:
        case "eq" | "in":
            return "|".join(map(_clips_literal, values))
        case "ne" | "not_in":
            return "&".join(["~nil", *(f"~{_clips_literal(one)}" for one in values)])
        case "exists":
            return "~nil" if value else "nil"
        case "contains":
            return f":(and (stringp {name}) (str-index {_clips_literal(value)} {name}))"
        case "starts_with":
            at_start = f"(eq (str-index {_clips_literal(value)} {name}) 1)"
            return f":(and (stringp {name}) {at_start})"
        case "ends_with":
            tail = f"(sub-string (- (str-length {name}) {len(value) - 1}) 9999 {name})"
            return f":(and (stringp {name}) (eq {tail} {_clips_literal(value)}))"
        case "regex":
            made = compile_search(value)
            assert not isinstance(made, RefusedPattern)
            searches.append(made)
            return f":(search {len(searches) - 1} {name})"
        case operator:
            sign = {"gt": ">", "gte": ">=", "lt": "<"}[operator]
            return f":(and (numberp {name}) ({sign} {name} {value}))"


def _clips_literal(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return json.dumps(value)
