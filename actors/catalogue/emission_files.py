"""Reads what sources of events write, and which actions there are, from a YAML or JSON file."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import attrs
import pydantic

from actors.catalogue.emission import Domain, Emission, Shape
from runtime.documents import read_document, validated
from runtime.errors import InvalidFileError


@attrs.frozen
class Emitted:
    """What a file says there is besides rules."""

    emission: Emission
    actions: tuple[str, ...] | None
    """None where the file names none: then every action will do."""


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


_Value: TypeAlias = bool | int | float | str | None
_Kind: TypeAlias = Literal["text", "number", "anything"]
_Domain: TypeAlias = _Kind | Annotated[list[_Value], pydantic.Field(min_length=1)]
_Field = Annotated[str, pydantic.Field(pattern=r"^(\*|[^.*]+(\.[^.*]+)*(\.\*)?)$")]
_Fields: TypeAlias = dict[_Field, _Domain]


class _Source(_Strict):
    name: Annotated[str, pydantic.Field(min_length=1)]
    fields: _Fields
    cases: Annotated[list[_Fields], pydantic.Field(min_length=1)] = [{}]
    """Fields that go together: an event has those of one case."""


class _File(_Strict):
    sources: Annotated[list[_Source], pydantic.Field(min_length=1)]
    actions: list[str] | None = None


def load_emitted(path: Path) -> Emitted:
    """Read the file.

    Raises:
        InvalidFileError: it cannot be read or says something else, with line and allowed values.
    """
    file = validated(read_document(path), _File)
    shapes = [_shape(source, case) for source in file.sources for case in source.cases]
    if any("check_type" not in shape.fields and "*" not in shape.fields for shape in shapes):
        raise InvalidFileError(str(path), "a source writes no check_type")
    return Emitted(Emission(tuple(shapes)), None if file.actions is None else tuple(file.actions))


def _shape(source: _Source, case: _Fields) -> Shape:
    fields: _Fields = {**source.fields, **case}
    return Shape(source.name, {name: _domain(written) for name, written in fields.items()})


def _domain(written: list[_Value] | _Kind) -> Domain:
    if isinstance(written, list):
        return Domain("values", tuple(written))
    return Domain(written, optional=written == "anything")
