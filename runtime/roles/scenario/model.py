"""Scenario files: given hosts and settings, when things happen, then incidents stand so."""

import datetime as dt
import re
from pathlib import Path
from typing import Annotated, Final, Literal

import attrs
import pydantic
from pydantic import Field

from actors.messages import State, Status, StopKind
from runtime.documents import Document, read_document, validated
from runtime.setting_kinds import Name
from runtime.settings import Flap, Gate, Mode

SCENARIOS: Final = "scenarios"
"""The folder beside l1/ and checks/, and the key within its files."""

_SPAN = re.compile(r"\+?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_UNITS = (86_400, 3_600, 60, 1)
_MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _SPAN.fullmatch(value)
    if found is None or not any(found.groups()):
        raise ValueError('should be a time such as "+1h30m", from days, hours, minutes, seconds')
    return float(sum(int(n or 0) * unit for n, unit in zip(found.groups(), _UNITS, strict=True)))


def after(seconds: float) -> str:
    """Spell seconds since the beginning as scenarios do."""
    left, said = int(seconds), ""
    for letter, unit in zip("dhms", _UNITS, strict=True):
        number, left = divmod(left, unit)
        said += f"{number}{letter}" if number else ""
    return f"+{said or '0s'}"


Offset = Annotated[float, pydantic.BeforeValidator(_seconds), Field(ge=0, le=366 * 86_400)]
"""Seconds since the scenario began; written as `+1h30m`, or as a number."""


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Given(_Strict):
    """The site before anything happens; what is not said is as in the config."""

    starts: pydantic.AwareDatetime = _MONDAY
    hosts: list[Name] = Field(default=["host-1"], min_length=1)
    """Targets: asked by the scanner, and healed."""
    agents: list[Name] = []
    """Hosts that report by themselves, and on which nothing can be run."""
    mode: Mode = Mode.AUDIT
    dry_run: bool = False
    gate: Gate = Gate()
    flap: Flap = Flap()
    rules: list[dict[str, object]] = []
    """Before those in force, as a site's own are."""

    @pydantic.model_validator(mode="after")
    def _told_apart(self) -> "Given":
        if both := set(self.hosts) & set(self.agents):
            raise ValueError(f"{min(both)} is among hosts and agents")
        return self


Outcome = Literal["heals", "nothing", "fails", "hangs", "late", "stuck"]
"""How a runbook goes: see rules/README.md."""

Order = Literal["approve", "reject", "reopen", "lift", "suppress", "reset"]


class Step(_Strict):
    """Something that happens: a status, an outcome from now on, or an order of a person."""

    at: Offset = 0.0
    every: Annotated[float, pydantic.BeforeValidator(_seconds), Field(gt=0)] | None = None
    times: int = Field(default=1, ge=1, le=10_000)
    host: str | None = None
    """None for the only host."""
    check: str | None = None
    runbook: str | None = None
    status: Status | None = None
    """What the host answers to `check` from now on; somebody looks at once."""
    outcome: Outcome | None = None
    """How `runbook` goes on the host from now on."""
    operator: Order | None = None
    lasts: Offset | None = None
    """Seconds, of `suppress`; None until it is lifted."""

    @pydantic.model_validator(mode="after")
    def _one_thing(self) -> "Step":
        told = [name for name in ("status", "outcome", "operator") if getattr(self, name)]
        if len(told) != 1:
            raise ValueError("a step says one of status, outcome, operator")
        needed = "runbook" if self.outcome or self.operator == "reset" else "check"
        for name in ("check", "runbook"):
            if (getattr(self, name) is not None) != (name == needed):
                rather = "is needed" if name == needed else "means nothing"
                raise ValueError(f"{name} {rather} beside {told[0]}")
        if self.times > 1 and self.every is None:
            raise ValueError("times is said without every")
        if self.lasts is not None and self.operator != "suppress":
            raise ValueError("lasts means something beside operator: suppress only")
        return self


class Expectation(_Strict):
    """How things stand at one time, of the last incident of a host and a check."""

    at: Offset
    host: str | None = None
    check: str | None = None
    state: State | Literal["none"] | None = None
    """`none`: there never was an incident."""
    reason: str | None = None
    rule: str | None = None
    """The rule that decided, or `none`."""
    runbook: str | None = None
    incidents: int | None = Field(default=None, ge=0)
    acts: int | None = Field(default=None, ge=0)
    """How often a runbook acted for it since the beginning."""
    tickets: dict[StopKind, int] | None = None
    """Every ticket since the beginning, by kind."""

    @pydantic.model_validator(mode="after")
    def _asks(self) -> "Expectation":
        of_one = [name for name in ("state", "reason", "rule", "runbook") if getattr(self, name)]
        if of_one and self.check is None:
            raise ValueError(f"{of_one[0]} needs a check")
        if not of_one and (self.incidents, self.acts, self.tickets) == (None, None, None):
            raise ValueError("expects nothing")
        return self


class Scenario(_Strict):
    """What must come true when these things happen."""

    name: str = Field(min_length=1)
    given: Given = Given()
    when: list[Step] = Field(min_length=1)
    then: list[Expectation] = Field(min_length=1)

    @pydantic.model_validator(mode="after")
    def _hosts_are_given(self) -> "Scenario":
        there = [*self.given.hosts, *self.given.agents]
        everything: list[Step | Expectation] = [*self.when, *self.then]
        for each in everything:
            if each.host is not None and each.host not in there:
                raise ValueError(f"{each.host} is none of {', '.join(there)}")
            if isinstance(each, Step) and each.host is None and len(there) > 1:
                raise ValueError(f"a step names no host; there are {', '.join(there)}")
        return self


class _File(_Strict):
    scenarios: list[Scenario] = Field(min_length=1)


@attrs.frozen
class Written:
    """A scenario, and where it stands."""

    scenario: Scenario
    document: Document
    position: int

    @property
    def place(self) -> str:
        """Give file and line."""
        return self._at()

    def place_of(self, expectation: int) -> str:
        """Give file and line of one expectation, by its position."""
        return self._at("then", expectation)

    def _at(self, *where: str | int) -> str:
        line = self.document.line_of((SCENARIOS, self.position, *where))
        return f"{self.document.path}:{line}"


def read_scenarios(path: Path) -> list[Written]:
    """Read a scenario file, or the *.yaml of a folder by name.

    Raises:
        InvalidFileError: with file, line and what is allowed.
    """
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    return [each for file in files for each in _read(read_document(file))]


def _read(document: Document) -> list[Written]:
    told = validated(document, _File).scenarios
    return [Written(scenario, document, position) for position, scenario in enumerate(told)]
