"""What a runbook is: reviewed steps that heal one kind of drift, and the params they take.

A runbook brings no detect and no verify of its own: the check that found the drift is asked
before and after, so that a runbook can neither invent drift nor declare itself successful.
"""

import enum
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from actors.catalogue.patterns import RefusedPattern, compile_whole_match
from actors.messages import JSON, Platform
from runtime.errors import ArightError

MAX_TEXT = 4096
"""Characters of a text or a path in a param."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MODE = re.compile(r"[0-7]{3,4}")


class ParamType(enum.StrEnum):
    """What a param may hold."""

    STRING = "string"
    """One line of text: a line break could smuggle a second directive into a file."""
    INT = "int"
    BOOL = "bool"
    MODE = "mode"
    """File permissions as text in octal: "0600"."""
    PATH = "path"
    """Absolute and without `..`; the script confines it to the target's root."""
    ENUM = "enum"


class Risk(enum.StrEnum):
    """What may break when a runbook goes wrong."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class InvalidParamError(ArightError):
    """A param is unknown, missing or of the wrong kind; the runbook does not run."""

    def __init__(self, runbook_id: str, param: str, problem: str) -> None:
        super().__init__(f"runbook {runbook_id}: {param} {problem}")
        self.runbook_id, self.param, self.problem = runbook_id, param, problem


@attrs.frozen
class Param:
    """One value that a rule may hand to a runbook."""

    name: str
    type: ParamType
    required: bool = False
    default: JSON = None
    """Used where none is given; None leaves the param out."""
    pattern: str = ""
    """RE2; the whole text must match."""
    allowed: tuple[str, ...] = ()
    """For an enum."""

    def problem_with(self, value: JSON) -> str | None:
        """Say what is wrong with a value, without repeating it."""
        if problem := _JUDGES[self.type](value):
            return problem
        if self.type is ParamType.ENUM and value not in self.allowed:
            return f"is not one of {', '.join(self.allowed)}"
        if self.pattern and not (isinstance(value, str) and _whole_match(self.pattern, value)):
            return f"does not match {self.pattern}"
        return None


@attrs.frozen
class Script:
    """A reviewed program: reads one JSON object on stdin, answers one on stdout."""

    name: str
    path: Path
    args: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])
    """What this runbook fixes; params of the same name do not exist."""

    def argv(self) -> Sequence[str]:
        """Give the command; isolated, so that no variable or folder of a user changes it."""
        return (sys.executable, "-I", str(self.path))


class ServiceState(enum.StrEnum):
    """What a service shall be."""

    RUNNING = "running"
    STOPPED = "stopped"


@attrs.frozen
class ServiceChange:
    """Starts or stops the service in param `service`, by whatever manages services on the host."""

    state: ServiceState
    args: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])
    """What this runbook fixes: `service`, unless a rule names it."""


@attrs.frozen
class ByPerson:
    """Nothing that Aright could run: the runbook's text tells a person what to do."""

    args: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON], init=False)


@attrs.frozen
class AgentCommand:
    """What the agent of a host is told to do: one of `AGENT_COMMANDS`, in its own words."""

    check_type: str
    action: str
    args: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON], init=False)


AGENT_COMMANDS: Final = frozenset({
    ("firewall", "enable"), ("defender", "start"), ("bitlocker", "enable"),
    ("screenlock", "configure"),
})  # fmt: skip
"""All that agents in the field know to heal: check type and action."""

Act: TypeAlias = Script | ServiceChange | AgentCommand | ByPerson


class Surface(enum.StrEnum):
    """What of a host a runbook changes; says how far it can be proved in a root of its own."""

    FILE = "file"
    PROCESS = "process"
    NET = "net"
    KERNEL = "kernel"


@attrs.frozen
class Runbook:
    """Steps that heal, checked for what they may touch before they run."""

    id: str
    title: str
    platform: Platform
    checks: tuple[str, ...]
    """The drifts that it heals."""
    act: Act
    undo: Act | None
    """None for an irreversible one, which never runs without approval."""
    timeout_s: float
    """Seconds for each step; then its process group is killed."""
    idempotent: bool
    """Whether it may run once more when nobody knows whether it ran."""
    content_hash: str
    """Of definition and scripts: when it changes, the first host goes alone."""
    params: tuple[Param, ...] = ()
    also_verify: tuple[str, ...] = ()
    """Checks that must pass as well before the fix counts."""
    soak_s: float = 0.0
    """Seconds after which the verify is asked a second time; 0 for once."""
    disruptive: bool = False
    risk: Risk = Risk.LOW
    controls: tuple[str, ...] = ()
    text: str = ""
    """What a person is told when asked to approve it, or to do it."""
    changes: tuple[Surface, ...] = ()
    """Empty for one that only a person does."""
    reboots: bool = False
    """Whether it holds only after a reboot."""

    @property
    def by_person(self) -> bool:
        """Whether no executor can run it; a rule that names it escalates."""
        return isinstance(self.act, ByPerson)

    @property
    def irreversible(self) -> bool:
        """Whether nothing takes it back."""
        return self.undo is None

    def fits(self, check: str, platform: Platform) -> bool:
        """Say whether it may be used for a drift; a host of unknown platform gets none."""
        return check in self.checks and platform is self.platform

    def bind(self, given: Mapping[str, JSON]) -> Mapping[str, JSON]:
        """Complete the params of a rule with defaults and with what the runbook fixes.

        Raises:
            InvalidParamError: one is unknown, missing or ill-typed.  Nothing is coerced.
        """
        known = {param.name: param for param in self.params}
        for name in given:
            if name not in known:
                raise InvalidParamError(self.id, name, "is no param of it")
        bound = {name: self._value(param, given) for name, param in known.items()}
        return {**{k: v for k, v in bound.items() if v is not None}, **self.act.args}

    def _value(self, param: Param, given: Mapping[str, JSON]) -> JSON:
        value = given.get(param.name, param.default)
        if value is None:
            if param.required or param.name in given:
                raise InvalidParamError(self.id, param.name, "is missing")
            return None
        if problem := param.problem_with(value):
            raise InvalidParamError(self.id, param.name, problem)
        return value


def _text_problem(value: JSON) -> str | None:
    if not isinstance(value, str):
        return "must be a text"
    if len(value) > MAX_TEXT:
        return f"is longer than {MAX_TEXT} characters"
    return "holds a control character" if _CONTROL.search(value) else None


def _path_problem(value: JSON) -> str | None:
    if problem := _text_problem(value):
        return problem
    parts = str(value).split("/")
    if parts[0] or len(parts) < 2 or not parts[-1]:  # noqa: PLR2004  # "/" and a name
        return "must be an absolute path of a file"
    return "must not hold . or .." if {".", ".."} & set(parts) else None


def _mode_problem(value: JSON) -> str | None:
    # YAML reads an unquoted 0600 as the number 384: only text says what the person meant.
    if isinstance(value, str) and _MODE.fullmatch(value):
        return None
    return 'must be a mode in quotes, such as "0600"'


def _int_problem(value: JSON) -> str | None:
    return None if isinstance(value, int) and not isinstance(value, bool) else "must be an integer"


def _bool_problem(value: JSON) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


_JUDGES: Final[Mapping[ParamType, Callable[[JSON], str | None]]] = {
    ParamType.STRING: _text_problem,
    ParamType.INT: _int_problem,
    ParamType.BOOL: _bool_problem,
    ParamType.MODE: _mode_problem,
    ParamType.PATH: _path_problem,
    ParamType.ENUM: _text_problem,
}


def _whole_match(pattern: str, text: str) -> bool:
    matches = compile_whole_match(pattern)
    return not isinstance(matches, RefusedPattern) and matches(text)
