"""As much of JSON Schema as our schema of rule files uses; an unknown word is an error."""

import re
from collections.abc import Callable, Mapping
from typing import Any

_TYPES: Mapping[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
    "number": (int, float), "integer": int,
}  # fmt: skip
_TALK = {"$schema", "$defs", "title", "description", "default", "then", "else"}


def accepts(schema: Mapping[str, Any], value: Any, root: Mapping[str, Any] | None = None) -> bool:
    """Say whether `value` is as the schema wants it."""
    whole = schema if root is None else root

    def holds(inner: Mapping[str, Any], what: Any) -> bool:
        return accepts(inner, what, whole)

    def branches(wanted: Any) -> bool:
        return holds(schema.get("then" if holds(wanted, value) else "else", {}), value)

    def closed(wanted: Any) -> bool:
        assert wanted is False
        return set(value) <= set(schema["properties"])

    words: Mapping[str, tuple[Any, Callable[[Any], bool]]] = {
        "$ref": (object, lambda ref: holds(whole["$defs"][ref.rpartition("/")[2]], value)),
        "type": (object, lambda kinds: any(_is(value, kind) for kind in _listed(kinds))),
        "enum": (object, lambda allowed: any(_same(value, each) for each in allowed)),
        "const": (object, lambda wanted: _same(value, wanted)),
        "anyOf": (object, lambda schemas: any(holds(each, value) for each in schemas)),
        "allOf": (object, lambda schemas: all(holds(each, value) for each in schemas)),
        "if": (object, branches),
        "minimum": ((int, float), lambda least: value >= least),
        "minLength": (str, lambda least: len(value) >= least),
        "pattern": (str, lambda pattern: re.search(pattern, value) is not None),
        "items": (list, lambda inner: all(holds(inner, each) for each in value)),
        "minItems": (list, lambda least: len(value) >= least),
        "maxItems": (list, lambda most: len(value) <= most),
        "required": (dict, lambda keys: set(keys) <= set(value)),
        "properties": (
            dict,
            lambda inner: all(holds(inner[key], value[key]) for key in inner if key in value),
        ),
        "additionalProperties": (dict, closed),
    }
    asked = {name: wanted for name, wanted in schema.items() if name not in _TALK}
    assert set(asked) <= set(words), "the schema uses a word that nobody checks here"
    return all(
        not isinstance(value, words[name][0]) or words[name][1](wanted)
        for name, wanted in asked.items()
    )


def _listed(kinds: str | list[str]) -> list[str]:
    return [kinds] if isinstance(kinds, str) else kinds


def _same(value: Any, wanted: Any) -> bool:
    return bool(value == wanted and type(value) is type(wanted))


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])
