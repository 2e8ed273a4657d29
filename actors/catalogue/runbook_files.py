"""Reads runbooks: `*.yaml` of a folder, with their scripts in `scripts/` beside them."""

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Final

import pydantic

from actors.catalogue.patterns import RefusedPattern, compile_search
from actors.catalogue.runbooks import (
    AGENT_COMMANDS,
    Act,
    AgentCommand,
    ByPerson,
    Param,
    ParamType,
    Risk,
    Runbook,
    Script,
    ServiceChange,
    ServiceState,
    Surface,
)
from actors.messages import JSON, Platform
from runtime.codec import to_json
from runtime.documents import Document, Where, read_document, validated
from runtime.errors import InvalidFileError

SCRIPTS: Final = "scripts"
_MAX_SECONDS = 86_400

_Name = Annotated[str, pydantic.Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
_Id = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=128)]
_Surface = Annotated[Surface, pydantic.Field(strict=False)]
_Scalar = bool | int | float | str
"""pydantic keeps the kind that was written: none is turned into another."""


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class _Param(_Strict):
    type: Annotated[ParamType, pydantic.Field(strict=False)]
    required: bool = False
    default: _Scalar | None = None
    pattern: str = ""
    allowed: Annotated[tuple[str, ...], pydantic.Field(strict=False)] = ()


class _Agent(_Strict):
    check_type: str
    action: str


class _Act(_Strict):
    script: _Name | None = None
    agent: _Agent | None = None
    service: Annotated[ServiceState | None, pydantic.Field(strict=False)] = None
    args: dict[_Name, _Scalar] = {}


class _Verify(_Strict):
    also: Annotated[tuple[_Id, ...], pydantic.Field(strict=False)] = ()
    soak_s: Annotated[float, pydantic.Field(ge=0, le=_MAX_SECONDS)] = 0.0


class _Runbook(_Strict):
    id: _Id
    title: Annotated[str, pydantic.Field(min_length=1, max_length=120)]
    platform: Annotated[Platform, pydantic.Field(strict=False)]
    checks: Annotated[tuple[_Id, ...], pydantic.Field(strict=False, min_length=1)]
    act: _Act | None = None
    """None where only a person can do it."""
    undo: _Name | None = None
    """A script, or `service` for a runbook that starts or stops one."""
    irreversible: bool = False
    timeout_s: Annotated[float, pydantic.Field(gt=0, le=_MAX_SECONDS)]
    idempotent: bool
    changes: Annotated[tuple[_Surface, ...], pydantic.Field(strict=False)] = ()
    reboots: bool = False
    params: dict[_Name, _Param] = {}
    verify: _Verify = _Verify()
    disruptive: bool = False
    risk: Annotated[Risk, pydantic.Field(strict=False)] = Risk.LOW
    controls: Annotated[tuple[str, ...], pydantic.Field(strict=False)] = ()
    text: str = ""


class _File(_Strict):
    runbooks: list[_Runbook]


def load_runbooks(*folders: Path) -> Mapping[str, Runbook]:
    """Read all runbooks of some folders, by id.  A folder may use the scripts of earlier ones.

    Raises:
        InvalidFileError: the first thing that is wrong, with file, line and allowed values.
    """
    runbooks: dict[str, Runbook] = {}
    scripts: dict[str, Path] = {}
    digest_of = functools.cache(_digest)  # many runbooks share a script, for as long as we read
    for folder in folders:
        files = _files(folder)
        scripts |= {path.stem: path for path in sorted((folder / SCRIPTS).glob("*.py"))}
        for path in files:
            document = read_document(path)
            for position, written in enumerate(validated(document, _File).runbooks):
                here = _Place(document, ("runbooks", position))
                if written.id in runbooks:
                    raise here.error("id", f"{written.id} is there already")
                runbooks[written.id] = _runbook(written, scripts, digest_of, here)
    return runbooks


def runbook_places(*folders: Path) -> Mapping[str, str]:
    """Give file and line of each runbook that `load_runbooks` reads, by id."""
    places: dict[str, str] = {}
    for path in (file for folder in folders for file in _files(folder)):
        document = read_document(path)
        for position, written in enumerate(validated(document, _File).runbooks):
            places[written.id] = f"{path}:{document.line_of(('runbooks', position))}"
    return places


def _files(folder: Path) -> Iterable[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in {".yaml", ".yml"})
    except OSError as error:
        raise InvalidFileError(str(folder), f"cannot be read: {error.strerror}") from error


class _Place:
    """A runbook in its file, to say where something is wrong."""

    def __init__(self, document: Document, within: Where) -> None:
        self._document, self._within = document, within

    def error(self, where: str, problem: str) -> InvalidFileError:
        within = (*self._within, *where.split("."))
        spelled = ".".join(map(str, within))
        line = self._document.line_of(within)
        return InvalidFileError(self._document.path, f"{spelled}: {problem}", line=line)


def _runbook(
    written: _Runbook,
    scripts: Mapping[str, Path],
    digest_of: Callable[[Path], bytes],
    here: _Place,
) -> Runbook:
    act, undo = _steps(written, scripts, here)
    return Runbook(
        id=written.id,
        title=written.title,
        platform=written.platform,
        checks=written.checks,
        act=act,
        undo=undo,
        timeout_s=written.timeout_s,
        idempotent=written.idempotent,
        content_hash=_content_hash(written, digest_of, act, undo),
        params=tuple(_param(name, param, here) for name, param in written.params.items()),
        also_verify=written.verify.also,
        soak_s=written.verify.soak_s,
        disruptive=written.disruptive,
        risk=written.risk,
        controls=written.controls,
        text=written.text,
        changes=written.changes,
        reboots=written.reboots,
    )


def _steps(written: _Runbook, scripts: Mapping[str, Path], here: _Place) -> tuple[Act, Act | None]:
    """Give act and undo."""
    if written.act is None:
        for name in ("undo", "irreversible", "changes"):
            if getattr(written, name):
                raise here.error(name, "stands only beside an act")
        if not written.text:
            raise here.error("text", "is needed where there is no act: a person reads it")
        return ByPerson(), None
    if (written.undo is None) is not written.irreversible:
        raise here.error("undo", "a runbook has either an undo or says irreversible: true")
    if not written.changes:
        allowed = ", ".join(Surface)
        raise here.error("changes", f"a runbook says what it changes, of: {allowed}")
    for name in written.act.args.keys() & written.params.keys():
        raise here.error(f"act.args.{name}", "is a param too; one of them decides")
    act = _act(written.act, scripts, here)
    _judge_service(written, act, here)
    if isinstance(act, AgentCommand) and written.verify.also:
        # An agent tells what it looks at when it looks at it: nobody can ask it.
        raise here.error("verify.also", "only the check that drifted is heard of an agent's host")
    return act, _undo(written.undo, act, scripts, here)


def _param(name: str, written: _Param, here: _Place) -> Param:
    where = f"params.{name}"
    if (written.type is ParamType.ENUM) is not bool(written.allowed):
        raise here.error(where, "an enum, and nothing else, lists what is allowed")
    if written.pattern:
        if written.type is not ParamType.STRING and written.type is not ParamType.PATH:
            raise here.error(f"{where}.pattern", "only a string or a path has a pattern")
        judged = compile_search(written.pattern)
        if isinstance(judged, RefusedPattern):
            raise here.error(f"{where}.pattern", judged.reason)
    param = Param(
        name=name,
        type=written.type,
        required=written.required,
        default=written.default,
        pattern=written.pattern,
        allowed=written.allowed,
    )
    if param.default is not None:
        if param.required:
            raise here.error(f"{where}.default", "a required param has no default")
        if problem := param.problem_with(param.default):
            raise here.error(f"{where}.default", problem)
    return param


def _act(written: _Act, scripts: Mapping[str, Path], here: _Place) -> Act:
    if sum(each is not None for each in (written.script, written.service, written.agent)) != 1:
        raise here.error("act", "names either a script or what a service shall be, or an agent's")
    if written.agent is not None:
        return _agent(written.agent, written.args, here)
    if written.service is not None:
        return ServiceChange(written.service, written.args)
    return _script(written.script or "", written.args, "act.script", scripts, here)


def _agent(written: _Agent, args: Mapping[str, JSON], here: _Place) -> AgentCommand:
    if args:
        raise here.error("act.args", "agents take none")
    if (written.check_type, written.action) not in AGENT_COMMANDS:
        allowed = ", ".join(" ".join(each) for each in sorted(AGENT_COMMANDS))
        raise here.error("act.agent", f"is nothing that agents know; allowed: {allowed}")
    return AgentCommand(written.check_type, written.action)


def _judge_service(written: _Runbook, act: Act, here: _Place) -> None:
    param = written.params.get("service")
    given = param is not None and (param.required or param.default is not None)
    if isinstance(act, ServiceChange) and not given and "service" not in act.args:
        raise here.error("act", "names no service: args.service, or a param that is always given")


def _undo(name: str | None, act: Act, scripts: Mapping[str, Path], here: _Place) -> Act | None:
    if name is None:
        return None
    if isinstance(act, AgentCommand):
        raise here.error("undo", "nothing is taken back on an agent's host: irreversible: true")
    if isinstance(act, Script):
        return _script(name, act.args, "undo", scripts, here)
    if name != "service":
        raise here.error("undo", f"is {name}; what a service was is put back by: service")
    return act


def _script(
    name: str, args: Mapping[str, JSON], where: str, scripts: Mapping[str, Path], here: _Place
) -> Script:
    if name not in scripts:
        raise here.error(where, f"no script {name}; there are: {', '.join(sorted(scripts))}")
    return Script(name, scripts[name].resolve(), args)


def _content_hash(written: _Runbook, digest_of: Callable[[Path], bytes], *acts: Act | None) -> str:
    digest = hashlib.sha256(to_json(written.model_dump(mode="json")).encode())
    for act in acts:
        if isinstance(act, Script):
            digest.update(digest_of(act.path))
    return digest.hexdigest()[:16]


def _digest(script: Path) -> bytes:
    """Digest a script with all that it shares with others."""
    digest = hashlib.sha256()
    for path in (script, *sorted((script.parent / "support").glob("*.py"))):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()
