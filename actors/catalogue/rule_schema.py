"""The JSON Schema of a rule file, for editors: what `rule_judgement` asks, as far as it can say it.

It cannot say that ids differ, that a pattern is RE2, that a number is finite, or what checks and
runbooks there are.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

from actors.catalogue.rules import DEFAULT_PRIORITY, EXECUTE_RUNBOOK, MODES, Operator

Schema: TypeAlias = Mapping[str, object]

_TEXT: Final[Schema] = {"type": "string"}
_FILLED: Final[Schema] = {"type": "string", "minLength": 1}
_SCALAR: Final[Schema] = {"type": ["string", "number", "boolean"]}
_MODE: Final[Schema] = {"enum": list(MODES)}

_VALUES: Final[Mapping[Operator, Schema]] = {
    "eq": _SCALAR,
    "ne": _SCALAR,
    "in": {"type": "array", "items": _SCALAR, "minItems": 1},
    "not_in": {"type": "array", "items": _SCALAR, "minItems": 1},
    "contains": _SCALAR,
    "starts_with": _TEXT,
    "ends_with": _TEXT,
    "regex": _TEXT,
    "gt": {"type": "number"},
    "gte": {"type": "number"},
    "lt": {"type": "number"},
    "lte": {"type": "number"},
    "exists": {"type": "boolean"},
}
"""What stands beside each operator."""


def rule_file_schema() -> Schema:
    """Give the schema; plain data, ready to be spelled as JSON."""
    rules: Schema = {"type": "array", "items": {"$ref": "#/$defs/rule"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rules of Aright",
        "anyOf": [
            rules,
            {"type": "object", "required": ["rules"], "properties": {"rules": rules}},
        ],
        "$defs": {
            "rule": _rule(),
            "conditions": {"type": "array", "items": {"$ref": "#/$defs/condition"}},
            "condition": _condition(),
            "test": _test(),
        },
    }


def _rule() -> Schema:
    conditions: Schema = {"$ref": "#/$defs/conditions"}
    some: Schema = {"$ref": "#/$defs/conditions", "minItems": 1}
    return {
        "type": "object",
        "required": ["id", "conditions", "action"],
        "properties": {
            "id": _told(_FILLED, "Of two valid rules with one id the first stands."),
            "conditions": _told(conditions, "All of them hold."),
            "match_all": _told({"type": "boolean"}, "A catch-all: true beside no conditions."),
            "action": _told(_FILLED, f"{EXECUTE_RUNBOOK}, or escalate: to a person."),
            "runbook_id": _told(_filled_or_null(), f"Needed by {EXECUTE_RUNBOOK}."),
            "priority": _told(
                {"type": "integer", "default": DEFAULT_PRIORITY}, "Smaller comes first."
            ),
            "enabled": {"type": "boolean", "default": True},
            "severity_filter": _told(_texts_or_null(), "Any severity where there is none."),
            "any_of": _told(
                {"type": "array", "minItems": 1, "items": some},
                "At least one of these lists holds.",
            ),
            "none_of": _told(conditions, "None of these holds."),
            "params": _told({"type": "object"}, "For the runbook."),
            "mode": _told(
                {"enum": [*MODES, None]},
                "audit says what would be done, approve asks first, auto does it.",
            ),
            "cooldown_seconds": _told(
                {"type": ["number", "null"], "minimum": 0}, "Rest for this host after a decision."
            ),
            "max_per_hour": _told({"type": ["integer", "null"], "minimum": 1}, "Hosts in an hour."),
            "undo_required": {"type": "boolean"},
            "controls": _texts_or_null(),
            "tests": _told(
                {"type": "array", "items": {"$ref": "#/$defs/test"}}, "Asked by aright rule test."
            ),
        },
        "allOf": [
            {
                "if": {"properties": {"match_all": {"const": True}}, "required": ["match_all"]},
                "then": {"properties": {"conditions": {"maxItems": 0}}},
                "else": {"properties": {"conditions": {"minItems": 1}}},
            },
            {
                "if": {"properties": {"action": {"const": EXECUTE_RUNBOOK}}},
                "then": {"properties": {"runbook_id": _FILLED}, "required": ["runbook_id"]},
            },
        ],
    }


def _condition() -> Schema:
    return {
        "type": "object",
        "required": ["field", "operator", "value"],
        "properties": {
            "field": _told(
                {"type": "string", "pattern": "^[^.]+([.][^.]+)*$"}, "A dotted path into the event."
            ),
            "operator": {"enum": list(_VALUES)},
            "ignore_case": {"type": "boolean", "default": False},
        },
        "allOf": [
            {
                "if": {"properties": {"operator": {"const": operator}}},
                "then": {"properties": {"value": value}},
            }
            for operator, value in _VALUES.items()
        ],
    }


def _test() -> Schema:
    settled: Schema = {
        "type": "object",
        "properties": {
            "rule": _FILLED,
            "mode": _MODE,
            "action": _FILLED,
            "runbook_id": _FILLED,
        },
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "required": ["given", "expect"],
        "additionalProperties": False,
        "properties": {
            "given": _told({"type": "object"}, "The fields of an event that matter."),
            "expect": _told(
                {"anyOf": [_FILLED, {"type": "null"}, settled]},
                "this, other, none, the id of a rule, or what the deciding rule says.",
            ),
        },
    }


def _texts_or_null() -> Schema:
    return {"type": ["array", "null"], "items": _TEXT}


def _filled_or_null() -> Schema:
    return {"type": ["string", "null"], "minLength": 1}


def _told(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}
