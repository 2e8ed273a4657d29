"""The one converter between frozen messages and JSON, and the one spelling of JSON in stores."""

import datetime
import json
from typing import TypeVar

import cattrs
from cattrs.preconf.json import make_converter

T = TypeVar("T")

converter: cattrs.Converter = make_converter()
converter.register_unstructure_hook(datetime.datetime, datetime.datetime.isoformat)
converter.register_structure_hook(
    datetime.datetime, lambda text, _: datetime.datetime.fromisoformat(text)
)


def to_json(value: object) -> str:
    """Spell a message, or plain JSON data, as compact JSON with sorted keys."""
    plain = converter.unstructure(value)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def from_json(text: str, kind: type[T]) -> T:
    """Read back what `to_json` spelled."""
    return converter.structure(json.loads(text), kind)
