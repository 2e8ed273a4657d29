"""Files that people write: YAML to typed models, with the line of whatever is wrong.

Pure but for reading the file: settings, checks, rules and runbooks all come in through here.
"""

import difflib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias, TypeVar, cast, get_args

import attrs
import pydantic
import yaml
from pydantic_core import ErrorDetails
from yaml.constructor import ConstructorError, SafeConstructor

from runtime.errors import InvalidFileError

Where: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys of mappings and positions in lists."""

M = TypeVar("M", bound=pydantic.BaseModel)

NOT_SHOWN: Final = "not_shown"
"""The kind of a problem with a value that is not repeated."""

_LEVELS = 64
"""Of lists and mappings within each other; the interpreter's own limit is no error of a file."""

_VALUES = 200_000
"""That a file may say, aliases counted by what they stand for."""

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@attrs.frozen
class Document:
    """What a file says, and on which line it says each thing."""

    path: str
    data: object
    lines: Mapping[Where, int]

    def line_of(self, where: Where) -> int:
        """Give the line, from 1, of the value or of the nearest thing around it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)


def read_document(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        InvalidFileError: it cannot be read, is no UTF-8 or no YAML, or says a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFileError(str(path), f"cannot be read: {_reason(error)}") from error
    return parse_document(text, str(path))


def parse_document(text: str, path: str) -> Document:
    """Read YAML text that came from `path`; raises InvalidFileError as `read_document` does."""
    try:
        root = yaml.compose(text, _Loader)
        lines: dict[Where, int] = {(): 1} | dict(itertools.islice(_lines(root, (), path), _VALUES))
        if len(lines) > _VALUES:
            raise InvalidFileError(path, f"says more than {_VALUES} values")
        data: object = None
        if root is not None:
            data = _Values().construct_document(root)  # pyright: ignore[reportUnknownMemberType]
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise InvalidFileError(path, f"is no YAML: {error.problem}", line=line) from error
    except yaml.YAMLError as error:
        raise InvalidFileError(path, f"is no YAML: {error}") from error
    except UnicodeEncodeError as error:  # a variable of bytes that are none
        raise InvalidFileError(path, "is no UTF-8") from error
    return Document(path, data, lines)


class _Values(SafeConstructor):
    """Makes values of what was parsed, and says where one is none: a date in month 13."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        """Make one value."""
        try:
            return cast("object", super().construct_object(node, deep))  # pyright: ignore[reportUnknownMemberType]
        except (ValueError, LookupError, AttributeError) as error:
            problem = f"a value that is none: {error}"
            raise ConstructorError(None, None, problem, node.start_mark) from error


def _lines(
    node: yaml.Node | None, where: Where, path: str, around: tuple[yaml.Node, ...] = ()
) -> Iterator[tuple[Where, int]]:
    if node is not None and node in around:
        line = node.start_mark.line + 1
        raise InvalidFileError(path, "an alias names what it stands in", line=line)
    if node is not None and len(around) > _LEVELS:
        problem = f"lists and mappings stand more than {_LEVELS} levels deep"
        raise InvalidFileError(path, problem, line=node.start_mark.line + 1)
    match node:
        case yaml.MappingNode():
            seen: set[str] = set()
            for key, value in node.value:
                name, line = str(key.value), key.start_mark.line + 1
                if name in seen:
                    raise InvalidFileError(path, f"says {name!r} twice", line=line)
                seen.add(name)
                yield (*where, name), line
                yield from _lines(value, (*where, name), path, (*around, node))
        case yaml.SequenceNode():
            for position, value in enumerate(node.value):
                yield (*where, position), value.start_mark.line + 1
                yield from _lines(value, (*where, position), path, (*around, node))
        case _:
            return


def validated(document: Document, model: type[M], *, within: Where = ()) -> M:
    """Check what stands at `within` of a document against a model.

    Raises:
        InvalidFileError: with the line of the first problem, the allowed values, and for an
            unknown key the nearest one that exists.
    """
    data = document.data
    for step in within:
        data = data[step]  # type: ignore[index]  # `within` is a way that the document has
    try:
        return model.model_validate(data)
    except pydantic.ValidationError as error:
        # A misspelt key is unknown, and the right one missing: the first says more.
        found = error.errors(include_url=False)
        first = min(found, key=lambda each: each["type"] != "extra_forbidden")
        way = (*within, *first["loc"])
        where = _place(document.data, way, of_key=first["type"] in _OF_A_KEY)
        problem = f"{_spelled(where)}: {_problem(first, model)}"
        raise InvalidFileError(document.path, problem, line=document.line_of(where)) from error


_OF_A_KEY = ("missing", "extra_forbidden")
"""Problems of a key that is not there, or should not be."""


def _place(data: object, loc: Where, *, of_key: bool) -> Where:
    """Leave out what stands in no file: the tag of a union."""
    place: list[str | int] = []
    for position, step in enumerate(loc):
        branches, last = as_mapping(data), position + 1 == len(loc)
        if branches is None or step in branches or (of_key and last):
            place.append(step)
            data = _inner(data, step)
    return tuple(place)


def _inner(data: object, step: str | int) -> object:
    if isinstance(step, str):
        return (as_mapping(data) or {}).get(step)
    items = cast("list[object]", data) if isinstance(data, list) else []
    return items[step] if step < len(items) else None


def _spelled(where: Where) -> str:
    return ".".join(str(step) for step in where) or "the whole"


def _problem(first: ErrorDetails, model: type[pydantic.BaseModel]) -> str:
    if first["type"] == "extra_forbidden":
        *place, name = first["loc"]
        return unknown_key(str(name), known_keys(model, place))
    if first["type"] == "missing":
        return "is missing"
    if first["type"] == "model_type":
        return "should be a mapping"
    message = first["msg"].removeprefix("Value error, ")
    given = cast("object", first["input"])
    hidden = isinstance(given, dict | list) or first["type"] == NOT_SHOWN
    shown = "" if hidden else f", not {given!r}"
    return message[0].lower() + message[1:] + shown


def unknown_key(name: str, allowed: Sequence[str]) -> str:
    """Say that a key is not known, and which one was probably meant."""
    near = difflib.get_close_matches(name, allowed, n=1)
    meant = f"did you mean {near[0]!r}? " if near else ""
    return f"is not a known key; {meant}allowed: {', '.join(sorted(allowed))}"


def known_keys(model: type[pydantic.BaseModel], loc: Sequence[object]) -> list[str]:
    """List the keys that the model allows at a place, following the models of its fields."""
    current: type[pydantic.BaseModel] = model
    union = list[type[pydantic.BaseModel]]()
    for step in loc:
        field = current.model_fields.get(str(step))
        if field is not None:
            union = list(_models_in(field.annotation))
            current = next(iter(union), current)
        else:  # a position in a list, or the tag of a union
            current = next((each for each in union if _tagged(each, step)), current)
    return [field.alias or name for name, field in current.model_fields.items()]


def _tagged(model: type[pydantic.BaseModel], tag: object) -> bool:
    kind = model.model_fields.get("kind")
    return kind is not None and get_args(kind.annotation) == (tag,)


def _models_in(annotation: object) -> Iterator[type[pydantic.BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def as_mapping(value: object) -> Mapping[str, object] | None:
    """Give `value` as a mapping, or None where it is something else."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is no UTF-8"
