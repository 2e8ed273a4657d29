"""A simulated host: it answers each check as the scenario says, and runbooks go as it says.

The checks and runbooks of a scenario are those in force, but for how they reach a host: a check
reads one word, and the script of a runbook is known by its name.  What the rooms make of an answer
or of an outcome is their own.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Final, cast

import attrs
import trio

from actors.catalogue.baseline import Baseline
from actors.catalogue.checks import Check
from actors.catalogue.probes import Sysctl
from actors.catalogue.runbooks import Runbook, Script, ServiceChange
from actors.messages import Status
from runtime.errors import UnanswerableError, UnansweredError
from runtime.hosts.confined import Facts
from runtime.hosts.kernel import ListeningSocket
from runtime.hosts.processes import Completed
from runtime.roles.scenario.model import Outcome

ACT_S: Final = 1.0
"""Virtual seconds that a runbook takes."""
_PREFIX: Final = "scenario"


def rehearsed_check(check: Check) -> Check:
    """Give a check that asks a simulated host; one that others report stays as it is."""
    if check.is_reported:
        return check
    return attrs.evolve(
        check, probe=Sysctl(f"{_PREFIX}.{check.id}"), baseline=Baseline("eq", Status.PASS.value)
    )


def rehearsed_runbook(runbook: Runbook) -> Runbook:
    """Give a runbook that a simulated host knows by its script.

    What a person does or an agent is told stays as it is.
    """
    if not isinstance(runbook.act, Script | ServiceChange):
        return runbook
    script = Script(runbook.id, Path("/", _PREFIX, runbook.id), runbook.act.args)
    return attrs.evolve(runbook, act=script, undo=None if runbook.irreversible else script)


@attrs.define(eq=False)
class SimulatedHost:
    """What lasts of a host; keeps what `Host` promises."""

    name: str
    runbooks: Mapping[str, Runbook]
    root: str = "/"
    answers: dict[str, Status] = attrs.field(factory=dict[str, Status], init=False)
    """By check; a check that is not there passes."""
    outcomes: dict[str, Outcome] = attrs.field(factory=dict[str, Outcome], init=False)
    """By runbook; one that is not there heals."""
    acts: list[str] = attrs.field(factory=list[str], init=False)
    """The runbooks that acted, in order."""
    _marks: dict[str, int] = attrs.field(factory=dict[str, int], init=False)
    """What an act left behind that its undo does not take back."""

    async def sysctl(self, name: str) -> str | None:
        """Answer a check."""
        await trio.lowlevel.checkpoint()
        answer = self.answers.get(name.removeprefix(f"{_PREFIX}."), Status.PASS)
        if answer is Status.ERROR:
            raise UnansweredError("disk", name)
        if answer is Status.UNKNOWN:
            raise UnanswerableError("not_root", name)
        return answer.value

    async def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float) -> Completed:
        """Go on with a runbook: capture, act or undo."""
        runbook = self.runbooks[PurePath(argv[-1]).name]
        asked = cast("Mapping[str, object]", json.loads(stdin))
        if asked["phase"] == "capture":
            await trio.lowlevel.checkpoint()
            return Completed(0, json.dumps(self._state(runbook)), "")
        outcome = self.outcomes.get(runbook.id, "heals")
        with trio.move_on_after(timeout_s):
            if asked["phase"] == "undo":
                return await self._undo(cast("Mapping[str, object]", asked["pre_state"]))
            self.acts.append(runbook.id)
            return await self._act(runbook, outcome)
        return Completed(-9, "", "", timed_out=True)

    async def _act(self, runbook: Runbook, outcome: Outcome) -> Completed:
        await trio.sleep(math.inf if outcome == "hangs" else ACT_S)
        if outcome in ("heals", "late"):
            for check in runbook.checks:
                if self.answers.get(check) is Status.FAIL:
                    self.answers[check] = Status.PASS
        if outcome == "stuck":
            self._marks[runbook.id] = self._marks.get(runbook.id, 0) + 1
        if outcome == "late":
            await trio.sleep_forever()
        failed = outcome == "fails"
        return Completed(int(failed), '{"error": "refused"}' if failed else "{}", "")

    async def _undo(self, was: Mapping[str, object]) -> Completed:
        await trio.sleep(ACT_S)
        for check, answer in cast("Mapping[str, str]", was["answers"]).items():
            self.answers[check] = Status(answer)
        return Completed(0, "{}", "")

    def _state(self, runbook: Runbook) -> Mapping[str, object]:
        told = {check: self.answers.get(check, Status.PASS) for check in runbook.checks}
        return {"answers": told, "mark": self._marks.get(runbook.id, 0)}

    async def read_text(self, path: str, cap_bytes: int) -> str | None:  # noqa: ARG002  # as `Target` has it
        """Have no file: the scanner looks for the name of the distribution."""
        await trio.lowlevel.checkpoint()
        return None

    # The rest of what a host can be asked: no check of a scenario does, and no runbook.

    async def stat(self, path: str) -> Facts | None:
        """Know nothing of files."""
        raise UnanswerableError("not_simulated", path)

    async def glob(self, pattern: str) -> Sequence[str]:
        """Know nothing of files."""
        raise UnanswerableError("not_simulated", pattern)

    async def service(self, name: str) -> bool | None:
        """Know nothing of services."""
        raise UnanswerableError("not_simulated", name)

    async def start_service(self, name: str) -> None:
        """Know nothing of services."""
        raise UnanswerableError("not_simulated", name)

    async def stop_service(self, name: str) -> None:
        """Know nothing of services."""
        raise UnanswerableError("not_simulated", name)

    async def processes(self) -> Sequence[str]:
        """Know nothing of processes."""
        raise UnanswerableError("not_simulated", "processes")

    async def package(self, name: str) -> str | None:
        """Know nothing of packages."""
        raise UnanswerableError("not_simulated", name)

    async def security_updates(self) -> Sequence[str]:
        """Know nothing of updates."""
        raise UnanswerableError("not_simulated", "updates")

    async def listeners(self) -> Sequence[ListeningSocket]:
        """Know nothing of sockets."""
        raise UnanswerableError("not_simulated", "sockets")

    async def mount_options(self, path: str) -> Sequence[str] | None:
        """Know nothing of mounts."""
        raise UnanswerableError("not_simulated", path)

    async def disk_usage(self, path: str) -> float | None:
        """Know nothing of disks."""
        raise UnanswerableError("not_simulated", path)

    async def time_synchronised(self) -> bool:
        """Know nothing of the time."""
        raise UnanswerableError("not_simulated", "the time")
