"""The cases of the proof: for each runbook a sound host, and what breaks it.

A file of `cases/*.yaml` lists them.  Paths are those of the host; what `given` does not name is as
in the sound host of `sound_host`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import pydantic

from runtime.documents import read_document, validated

CASES = Path(__file__).parent / "cases"

Distro = Literal["debian", "rhel"]
State = Literal["running", "stopped"]


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class PlannedFile(_Strict):
    """What a file shall be; what is left out stays as it is, or is the default of a new file."""

    content: str | None = None
    mode: Annotated[str, pydantic.Field(pattern="^[0-7]{3,4}$")] | None = None
    owner: str | None = None
    """`user:group` by the host's own names; only root can plan it."""
    absent: bool = False


class Case(_Strict):
    """One way in which a host drifts from one check, and the runbook that heals it."""

    runbook: str
    check: str
    params: Mapping[str, str | int | bool] = {}
    distro: Distro = "debian"
    given: Mapping[str, PlannedFile] = {}
    broken: Mapping[str, PlannedFile] = {}
    services: Mapping[str, State] = {}
    broken_services: Mapping[str, State] = {}
    settings: Mapping[str, str] = {}
    """Kernel settings of the host's own network before it is broken."""
    broken_settings: Mapping[str, str] = {}
    unproven: str = ""
    """Why this effect cannot be proved in a root of its own; then nothing is broken."""

    @property
    def needs_root(self) -> bool:
        """Whether only a root with namespaces of its own, or another's files, can show it."""
        planned = (*self.given.values(), *self.broken.values())
        return bool(self.settings) or any(each.owner for each in planned)

    @property
    def name(self) -> str:
        """Name it for a report."""
        return f"{self.runbook} {self.check} ({self.distro})"


class _File(_Strict):
    cases: list[Case]


def all_cases() -> Sequence[Case]:
    """Read every case, in the order of file names; raises InvalidFileError with file and line."""
    files = sorted(CASES.glob("*.yaml"))
    return [case for path in files for case in validated(read_document(path), _File).cases]
