"""What is run on a host, spelled out: pure, so that a dry run shows exactly what a run does."""

import enum
import json
import re
from collections.abc import Mapping, Sequence
from typing import cast

import attrs

from actors.catalogue.runbooks import (
    AgentCommand,
    ByPerson,
    InvalidParamError,
    Runbook,
    Script,
    ServiceChange,
    ServiceState,
)
from actors.catalogue.target import Completed
from actors.messages import JSON
from actors.runbook_runner.core import Captured, NoOutcome, Ran
from runtime.codec import foreign_json, to_json
from runtime.errors import ArightError

_CODE = re.compile(r"[a-z0-9_]{1,64}")


class Phase(enum.StrEnum):
    """What a script is asked for."""

    CAPTURE = "capture"
    PREVIEW = "preview"
    """What would act change?  Nothing is changed."""
    ACT = "act"
    UNDO = "undo"


class NotRunnableError(ArightError):
    """A runbook has no act that could be run here: it is for a person, or for an agent."""

    def __init__(self, runbook_id: str) -> None:
        super().__init__(f"runbook {runbook_id} is done by a person or an agent: see its text")
        self.runbook_id = runbook_id


@attrs.frozen
class Command:
    """One start of a script."""

    phase: Phase
    argv: Sequence[str]
    stdin: str
    """JSON."""
    timeout_s: float


@attrs.frozen
class ServiceOrder:
    """A service is looked at, started or stopped, by whatever manages services on the host."""

    phase: Phase
    service: str
    state: ServiceState
    timeout_s: float


@attrs.frozen
class Order:
    """A runbook with its params, for one place.  Nothing in it was not checked."""

    runbook: Runbook
    params: Mapping[str, JSON]
    root: str

    @classmethod
    def of(cls, runbook: Runbook, given: Mapping[str, JSON], root: str) -> "Order":
        """Bind a rule's params; raises InvalidParamError."""
        return cls(runbook, runbook.bind(given), root)

    def step(self, phase: Phase, pre_state: str = "{}") -> Command | ServiceOrder:
        """Spell one step out.  `pre_state` is JSON, as `captured` gave it; undo needs it.

        Raises:
            NotRunnableError: only a person can do it.
            ValueError: undo of an irreversible runbook.
            InvalidParamError: a service is to be changed that nobody names.
        """
        act = self.runbook.undo if phase is Phase.UNDO else self.runbook.act
        match act:
            case Script():
                return self._command(phase, act, pre_state)
            case ServiceChange(state):
                return self._service(phase, state, pre_state)
            case ByPerson() | AgentCommand():
                raise NotRunnableError(self.runbook.id)
            case None:
                raise ValueError(f"runbook {self.runbook.id} is irreversible")

    def preview(self) -> Sequence[Command | ServiceOrder]:
        """Give what a run would start, in order: for `--dry-run`, which starts nothing.

        Undo is left out: it runs only when a verify fails, on what capture will have found.
        """
        return self.step(Phase.CAPTURE), self.step(Phase.ACT)

    def _command(self, phase: Phase, script: Script, pre_state: str) -> Command:
        asked: dict[str, JSON] = {
            "phase": phase.value,
            "root": self.root,
            "params": self.params,
            "pre_state": json.loads(pre_state),
            "timeout_s": self.runbook.timeout_s,
        }
        return Command(phase, script.argv(), to_json(asked), self.runbook.timeout_s)

    def _service(self, phase: Phase, state: ServiceState, pre_state: str) -> ServiceOrder:
        service = self.params.get("service")
        if not isinstance(service, str):
            raise InvalidParamError(self.runbook.id, "service", "is missing")
        if phase is Phase.UNDO:
            was = json.loads(pre_state)["running"]
            state = ServiceState.RUNNING if was else ServiceState.STOPPED
        return ServiceOrder(phase, service, state, self.runbook.timeout_s)


def captured(completed: Completed) -> Captured | NoOutcome:
    """Read what a capture says, in one spelling, so that two of them can be compared."""
    outcome = ran(completed)
    if isinstance(outcome, NoOutcome):
        return outcome
    if outcome.exit_code:
        return NoOutcome(outcome.error or "exit_code")
    if completed.truncated:
        return NoOutcome("output_truncated")
    said = _said(completed)
    return NoOutcome("not_parsed") if said is None else Captured(to_json(said))


def ran(completed: Completed) -> Ran | NoOutcome:
    """Read how an act or an undo ended."""
    if completed.timed_out:
        return NoOutcome("timeout")
    if completed.code < 0:
        return NoOutcome("killed")
    error = (_said(completed) or {}).get("error", "")
    # Only what has the shape of a code goes on: output never reaches a trace or a log.
    known = isinstance(error, str) and _CODE.fullmatch(error)
    return Ran(completed.code, str(error) if known else "")


def _said(completed: Completed) -> Mapping[str, JSON] | None:
    try:
        said = foreign_json(completed.stdout)
    except ValueError:
        return None
    return cast("Mapping[str, JSON]", said) if isinstance(said, dict) else None
