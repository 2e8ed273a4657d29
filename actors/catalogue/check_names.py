"""What agents call a check, and how much its drift matters: `aliases.yaml` and our own checks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import attrs
import pydantic

from actors.catalogue.checks import Check
from actors.messages import Severity
from runtime.documents import read_document, validated
from runtime.errors import InvalidFileError


@attrs.frozen
class NamedCheck:
    """A check of which an agent spoke, by our name for it."""

    name: str
    severity: Severity = Severity.MEDIUM
    controls: tuple[str, ...] = ()


@attrs.frozen
class CheckNames:
    """Every name of a check that is known, ours and theirs."""

    _known: Mapping[str, NamedCheck]

    @classmethod
    def of(cls, checks: Mapping[str, Check]) -> "CheckNames":
        """Know our own checks only."""
        return cls(_own(checks))

    @property
    def aliases(self) -> Mapping[str, str]:
        """Map each name to ours."""
        return {said: named.name for said, named in self._known.items()}

    @property
    def severities(self) -> Mapping[str, Severity]:
        """Map each of our names to how much its drift matters."""
        return {named.name: named.severity for named in self._known.values()}

    def knows(self, name: str) -> bool:
        """Say whether a check of ours is called so, or one that agents report is."""
        return name in self._known and self._known[name].name == name

    def named(self, name: str) -> NamedCheck:
        """Translate an agent's name; one that is not known is kept, with severity medium."""
        return self._known.get(name) or NamedCheck(name)


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class _Name(_Strict):
    agents_say: list[str]
    severity: Severity | None = None
    controls: Annotated[tuple[str, ...], pydantic.Field(strict=False)] = ()


class _File(_Strict):
    names: dict[str, _Name]


def load_names(path: Path, checks: Mapping[str, Check]) -> CheckNames:
    """Read the names that agents use; `checks` are our own, which keep their severity.

    Raises:
        InvalidFileError: with file and line; also where one name would mean two checks.
    """
    known = _own(checks)
    document = read_document(path)
    for name, written in validated(document, _File).names.items():
        line = document.line_of(("names", name))
        own = known.get(name)
        if (own is None) is (written.severity is None):
            problem = "needs a severity" if own is None else "is a check, which has its severity"
            raise InvalidFileError(str(path), f"names.{name}: {problem}", line=line)
        meant = own or NamedCheck(name, written.severity or Severity.MEDIUM, written.controls)
        known[name] = meant
        for said in written.agents_say:
            if said in known:
                raise InvalidFileError(str(path), f"names.{name}: {said!r} is taken", line=line)
            known[said] = meant
    return CheckNames(known)


def _own(checks: Mapping[str, Check]) -> dict[str, NamedCheck]:
    return {
        check.id: NamedCheck(check.id, check.severity, check.controls) for check in checks.values()
    }
