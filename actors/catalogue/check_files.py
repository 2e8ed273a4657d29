"""Reads checks: the `*.yaml` of a folder, each a list under `checks:`; and the names agents use.

The models that judge a probe's keys are made from the probes themselves, so a probe says once what
it takes.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast, get_origin

import attrs
import pydantic

from actors.catalogue.baseline import Baseline, Operator, Wanted
from actors.catalogue.checks import Check, WhenAbsent
from actors.catalogue.probes import PROBES, Probe
from actors.messages import Platform, Severity
from runtime.documents import Document, Where, read_document, validated
from runtime.errors import InvalidFileError

ALIASES: Final = "aliases.yaml"
"""Stands in the folder of the checks, and holds none."""

_Id = Annotated[str, pydantic.Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
_Seconds = Annotated[float, pydantic.Field(gt=0, le=86_400)]
_Controls = Annotated[tuple[str, ...], pydantic.Field(strict=False)]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class _Baseline(_Strict):
    operator: Operator
    value: bool | int | float | str | list[str]
    unit: str = ""
    ignore_case: bool = False


class _Check(_Strict):
    id: _Id
    title: Annotated[str, pydantic.Field(min_length=1, max_length=120)]
    platform: Annotated[Platform, pydantic.Field(strict=False)]
    probe: dict[str, object]
    baseline: _Baseline
    severity: Annotated[Severity, pydantic.Field(strict=False)]
    interval: _Seconds | None = None
    timeout: _Seconds = 10.0
    when_absent: Annotated[WhenAbsent, pydantic.Field(strict=False)] = WhenAbsent.UNKNOWN
    controls: _Controls = ()
    unknown: Annotated[str, pydantic.Field(max_length=400)] = ""


class _File(_Strict):
    checks: list[dict[str, object]]


@attrs.frozen
class Checks:
    """The checks that can be asked, and what is wrong with the others."""

    by_id: Mapping[str, Check]
    problems: tuple[InvalidFileError, ...] = ()
    """In the order of reading.  One bad check leaves every other check working."""


def load_checks(folder: Path) -> Checks:
    """Read all checks of a folder, by id.

    Raises:
        InvalidFileError: the folder or a file cannot be read.  What is wrong with one check stands
            in `problems`, with file, line, the allowed values and the nearest name.
    """
    by_id: dict[str, Check] = {}
    problems: list[InvalidFileError] = []
    for path in _files(folder):
        document = read_document(path)
        for position in range(len(validated(document, _File).checks)):
            within: Where = ("checks", position)
            try:
                check = _check(document, within)
                if check.id in by_id:
                    raise _error(document, (*within, "id"), f"{check.id} is there already")
            except InvalidFileError as error:
                problems.append(error)
            else:
                by_id[check.id] = check
    return Checks(by_id, tuple(problems))


def _files(folder: Path) -> Sequence[Path]:
    try:
        found = (path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"})
        return sorted(path for path in found if path.name != ALIASES)
    except OSError as error:
        raise InvalidFileError(str(folder), f"cannot be read: {error.strerror}") from error


def _check(document: Document, within: Where) -> Check:
    written = validated(document, _Check, within=within)
    return Check(
        id=written.id,
        title=written.title,
        platform=written.platform,
        probe=_probe(document, (*within, "probe"), written.probe),
        baseline=_baseline(document, (*within, "baseline"), written.baseline),
        severity=written.severity,
        interval_s=written.interval,
        timeout_s=written.timeout,
        when_absent=written.when_absent,
        controls=written.controls,
        unknown=written.unknown,
    )


def _baseline(document: Document, within: Where, written: _Baseline) -> Baseline:
    value = written.value
    wanted: Wanted = tuple(value) if isinstance(value, list) else value
    try:
        return Baseline(written.operator, wanted, written.unit, written.ignore_case)
    except ValueError as error:
        raise _error(document, (*within, "value"), str(error)) from error


def _probe(document: Document, within: Where, written: Mapping[str, object]) -> Probe:
    kind = written.get("kind")
    if not isinstance(kind, str) or kind not in PROBES:
        near = difflib.get_close_matches(str(kind), PROBES, n=1)
        meant = f"did you mean {near[0]!r}? " if near else ""
        problem = f"is no kind of probe; {meant}allowed: {', '.join(PROBES)}"
        raise _error(document, (*within, "kind"), f"{kind!r} {problem}")
    model = validated(document, _MODELS[kind], within=within)
    given = {name: getattr(model, name) for name in model.model_fields_set if name != "kind"}
    try:
        return PROBES[kind](**given)
    except ValueError as error:
        # attrs puts the field, the value and the class behind the sentence.
        problem, field = str(cast("object", error.args[0])), _field_in(error)
        raise _error(document, (*within, field) if field else within, problem) from error


def _field_in(error: ValueError) -> str:
    names = (each.name for each in error.args[1:] if isinstance(each, attrs.Attribute))
    return next(names, "")


def _error(document: Document, where: Where, problem: str) -> InvalidFileError:
    spelled = ".".join(map(str, where))
    return InvalidFileError(document.path, f"{spelled}: {problem}", line=document.line_of(where))


def _model(kind: str, probe: type[Probe]) -> type[pydantic.BaseModel]:
    # pydantic takes the fields of a model that is made at run time as anything at all.
    fields: dict[str, Any] = {"kind": (Literal[kind], ...)}
    for field in cast("tuple[attrs.Attribute[object], ...]", attrs.fields(probe)):
        listed = get_origin(field.type) is tuple  # YAML knows lists only
        kept = Annotated[field.type, pydantic.Field(strict=False)] if listed else field.type
        fields[field.name] = (kept, ... if field.default is attrs.NOTHING else field.default)
    return pydantic.create_model(kind, __base__=_Strict, **fields)


_MODELS: Final = {kind: _model(kind, probe) for kind, probe in PROBES.items()}
