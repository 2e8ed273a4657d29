"""The one converter between frozen messages and JSON, and the one spelling of JSON in stores."""

import datetime as dt
import json
from collections.abc import Mapping
from typing import TypeVar, get_args

import cattrs
from cattrs.preconf.json import make_converter

T = TypeVar("T")


def _is_json(kind: object) -> bool:
    """Say whether `kind` is a union that holds any mapping: JSON, which is its own structure."""
    return any(getattr(member, "__origin__", None) is Mapping for member in get_args(kind))


converter: cattrs.Converter = make_converter()
converter.register_unstructure_hook(dt.datetime, dt.datetime.isoformat)
converter.register_structure_hook(dt.datetime, lambda text, _: dt.datetime.fromisoformat(text))
converter.register_structure_hook_func(_is_json, lambda value, _: value)


def to_json(value: object) -> str:
    """Spell a message, or plain JSON data, as compact JSON with sorted keys."""
    plain = converter.unstructure(value)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def plain_json(value: object) -> str:
    """Spell what was read from a YAML file; what JSON cannot say, such as a date, becomes text."""
    return json.dumps(value, ensure_ascii=False, default=str)


def from_json(text: str, kind: type[T]) -> T:
    """Read back what `to_json` spelled."""
    return converter.structure(json.loads(text), kind)
