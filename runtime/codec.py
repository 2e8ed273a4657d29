"""The one converter between frozen messages and JSON, and the one spelling of JSON in stores."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar, cast, get_args

import cattrs
from cattrs.preconf.json import make_converter

T = TypeVar("T")

_LEVELS: Final = 64
"""Of lists and mappings within each other; the interpreter's own limit ends an actor."""
_KEYS: Final = (str, int, float, bool, type(None))
"""What JSON makes a key of by itself."""
_TOO_DEEP: Final = f"lists and mappings stand more than {_LEVELS} levels deep"


def _is_json(kind: object) -> bool:
    """Say whether `kind` is a union that holds any mapping: JSON, which is its own structure."""
    return any(getattr(member, "__origin__", None) is Mapping for member in get_args(kind))


converter: cattrs.Converter = make_converter()
converter.register_unstructure_hook(dt.datetime, dt.datetime.isoformat)
converter.register_structure_hook(dt.datetime, lambda text, _: dt.datetime.fromisoformat(text))
converter.register_structure_hook_func(_is_json, lambda value, _: value)
_spell = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def to_json(value: object) -> str:
    """Spell a message, or plain JSON data, as compact JSON with sorted keys."""
    return _spell(converter.unstructure(value))


def foreign_json(text: str | bytes) -> object:
    """Read JSON that somebody else wrote: plain data that `to_json` can spell, and a store keep.

    Raises:
        ValueError: it is none, as NaN is none and 1e999, which no reader has room for; or it has
            half a character, or too many levels.
    """
    try:
        data = cast("object", json.loads(text, parse_constant=_no_number))
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    if not _has_levels(data, _LEVELS):
        raise ValueError(_TOO_DEEP)
    # A surrogate without its other half can be escaped in JSON, and can be written nowhere else.
    json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    return data


def _no_number(constant: str) -> object:
    raise ValueError(f"{constant} is no number of JSON")


def _has_levels(data: object, levels: int) -> bool:
    match data:
        case dict():
            inner: Iterable[object] = cast("dict[str, object]", data).values()
        case list():
            inner = cast("list[object]", data)
        case _:
            return True
    return levels > 0 and all(_has_levels(each, levels - 1) for each in inner)


def plain_json(value: object) -> str:
    """Spell what was read from a YAML file; what JSON cannot say, such as a date, becomes text."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except TypeError:  # a date may be a key as well
        return json.dumps(_with_plain_keys(value), ensure_ascii=False, default=str)


def _with_plain_keys(value: object) -> object:
    match value:
        case dict():
            pairs = cast("dict[object, object]", value).items()
            return {
                key if isinstance(key, _KEYS) else str(key): _with_plain_keys(each)
                for key, each in pairs
            }
        case list():
            return [_with_plain_keys(each) for each in cast("list[object]", value)]
        case _:
            return value


def from_json(text: str, kind: type[T]) -> T:
    """Read back what `to_json` spelled."""
    return converter.structure(json.loads(text), kind)
