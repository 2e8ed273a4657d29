"""Reads a closed catalogue from a JSON or YAML file: what `plan judge --catalogue` takes."""

import difflib
import json
import math
from pathlib import Path
from typing import Annotated, Final, Literal, cast

import attrs
import pydantic

from actors.catalogue.patterns import RefusedPattern, WholeMatch, compile_whole_match
from actors.l2_planner.closed_catalogue import (
    LONGEST_TEXT,
    MAX_OUTPUT_BYTES,
    MIN_CONFIDENCE,
    Choice,
    ClosedCatalogue,
    Scalar,
    Slot,
    SlotType,
)
from actors.l2_planner.reply import Unreadable, strict_json
from runtime.documents import Document, as_mapping, parse_document, validated
from runtime.errors import InvalidFileError

_LARGEST: Final = 16 * 1024 * 1024
"""Bytes; what a model may say at most, whatever a catalogue wants."""
_NEAR: Final = 0.75
"""How alike an unknown key and a known one are, so that it is taken for a slip of the pen."""


class _Tolerant(pydantic.BaseModel):
    """Keys that other tools carry along are let be; a slip of the pen is not."""

    model_config = pydantic.ConfigDict(extra="ignore", frozen=True, strict=True)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _no_slips(cls, data: object) -> object:
        for name in as_mapping(data) or ():
            near = difflib.get_close_matches(str(name), cls.model_fields, 1, _NEAR)
            if name not in cls.model_fields and near:
                raise ValueError(f"{name!r} is not a known key; did you mean {near[0]!r}?")
        return data


class _Slot(_Tolerant):
    type: Annotated[SlotType, pydantic.Field(strict=False)]
    required: bool = False
    values: Annotated[tuple[Scalar, ...], pydantic.Field(strict=False)] | None = None
    min: int | None = None
    max: int | None = None
    pattern: str | None = None
    max_length: Annotated[int, pydantic.Field(ge=0, le=_LARGEST)] | None = None

    @pydantic.field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            judged = compile_whole_match(pattern)
            if isinstance(judged, RefusedPattern):
                raise ValueError(judged.reason)
        return pattern

    @pydantic.model_validator(mode="after")
    def _makes_sense(self) -> "_Slot":
        if self.type is SlotType.ENUM and not self.values:
            raise ValueError("an enum has values")
        if not all(math.isfinite(value) for value in self.values or () if isinstance(value, float)):
            raise ValueError("a value is no number that JSON can say")
        if self.pattern is not None and self.type is not SlotType.STR:
            raise ValueError(f"a pattern stands beside type str only, not {self.type}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class _Choice(_Tolerant):
    platform: Literal["windows", "linux", "macos", "nixos", "any"]
    check_types: list[str] = []
    risk: pydantic.JsonValue = None
    auto: bool = False
    params: dict[str, _Slot] | None = None


class _File(_Tolerant):
    min_confidence: Annotated[float, pydantic.Field(ge=0, le=1)] | None = None
    max_output_bytes: Annotated[int, pydantic.Field(gt=0, le=_LARGEST)] | None = None
    runbooks: dict[str, _Choice]


def read_catalogue(path: Path) -> ClosedCatalogue:
    """Read a closed catalogue.

    Raises:
        InvalidFileError: the first thing that is wrong, with file, line and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is no UTF-8"
        raise InvalidFileError(str(path), f"cannot be read: {reason}") from error
    return catalogue_in(text, str(path))


def catalogue_in(text: str, path: str) -> ClosedCatalogue:
    """Read a closed catalogue from a text that came from `path`, as `read_catalogue` does."""
    document = _document(text, path)
    _texts_are_whole(document)
    written = validated(document, _File)
    return ClosedCatalogue(
        {name: _choice(choice) for name, choice in written.runbooks.items()},
        MIN_CONFIDENCE if written.min_confidence is None else written.min_confidence,
        written.max_output_bytes or MAX_OUTPUT_BYTES,
    )


def _document(text: str, path: str) -> Document:
    # YAML reads most JSON, and knows the lines; but not tabs, nor characters written as two halves.
    if isinstance(strict_json(text), Unreadable):
        return parse_document(text, path)
    data = cast("object", json.loads(text))
    try:
        return attrs.evolve(parse_document(text, path), data=data)
    except InvalidFileError:
        return Document(path, data, {})


def _texts_are_whole(document: Document) -> None:
    try:
        json.dumps(document.data, ensure_ascii=False, default=str).encode()
    except (UnicodeEncodeError, ValueError) as error:
        raise InvalidFileError(document.path, "holds a half character, or itself") from error


def _choice(written: _Choice) -> Choice:
    return Choice(
        written.platform,
        frozenset(written.check_types),
        written.auto,
        {name: _slot(slot) for name, slot in (written.params or {}).items()},
        written.risk if isinstance(written.risk, str) else "",
    )


def _slot(written: _Slot) -> Slot:
    return Slot(
        written.type,
        written.required,
        written.values or (),
        written.min,
        written.max,
        _matches(written.pattern),
        written.pattern or "",
        is_free=written.type is SlotType.STR and written.pattern is None and not written.values,
        max_length=LONGEST_TEXT if written.max_length is None else written.max_length,
    )


def _matches(pattern: str | None) -> tuple[WholeMatch, ...]:
    matches = None if pattern is None else compile_whole_match(pattern)
    return (matches,) if isinstance(matches, WholeMatch) else ()
