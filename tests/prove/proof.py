"""The proof of one case: break, detect, heal, verify, heal again, undo, redo.

Detect, capture, act, verify and undo are the runner's own hands; nothing here knows how a runbook
does what it does.
"""

import json
import sys
from collections.abc import Mapping

import attrs
import trio

from actors.catalogue.checks import Answer, Check
from actors.catalogue.runbooks import Runbook
from actors.messages import Status
from actors.runbook_runner.commands import Command, Order, Phase
from actors.runbook_runner.core import Captured, NoOutcome, Ran
from actors.runbook_runner.hands import Hands
from runtime.clock import SystemClock
from runtime.hosts.local_target import LocalTarget, ServiceCommand
from tests.prove.cases import Case, State
from tests.prove.roots import Root, sound_host

Seen = tuple[object, ...]


class UnprovedError(Exception):
    """A step of the proof did not come out as it must."""


@attrs.frozen
class Proof:
    """One case in one root."""

    case: Case
    root: Root
    target: LocalTarget
    hands: Hands

    @classmethod
    def of(
        cls,
        case: Case,
        root: Root,
        checks: Mapping[str, Check],
        runbooks: Mapping[str, Runbook],
    ) -> "Proof":
        """Set the case up; the root holds nothing yet."""
        runbook = runbooks[case.runbook]
        if not runbook.fits(case.check, checks[case.check].platform):
            raise UnprovedError(f"{runbook.id} does not heal {case.check}")
        names = {*case.services, *case.broken_services}
        services = {name: _daemon(name) for name in names}
        target = LocalTarget(root.path, services)
        order = Order.of(runbook, case.params, target.root)
        also = tuple(checks[name] for name in runbook.also_verify)
        return cls(
            case, root, target, Hands(target, order, checks[case.check], also, SystemClock())
        )

    async def run(self) -> None:
        """Prove it.

        Raises:
            UnprovedError: at the first step that did not come out.
            GuardError: the root is not ours.
        """
        case, hands = self.case, self.hands
        try:
            self.root.plan(sound_host(case.distro))
            self.root.plan(case.given)
            await self._set(case.services, case.settings)
            _must_be(Status.PASS, "a sound host", await hands.detect())
            self.root.plan(case.broken)
            await self._set(case.broken_services, case.broken_settings)
            broken = await self._see()
            _must_be(Status.FAIL, "a broken host", await hands.detect())
            before = _captured(await hands.capture())
            await self._preview()
            _must_equal("preview", broken, await self._see())
            await self._act("heal")
            healed = await self._see()
            await self._act("heal again")
            _must_equal("heal again", healed, await self._see())
            self.root.guard()
            _must_run("undo", await hands.undo(before))
            _must_equal("undo", broken, await self._see())
            if _captured(await hands.capture()) != before:
                raise UnprovedError("undo: capture finds another state than before the act")
            await self._act("redo")
            _must_equal("redo", healed, await self._see())
        finally:
            for name in self.target.services:
                await self.target.stop_service(name)

    async def _preview(self) -> None:
        step = self.hands.order.step(Phase.PREVIEW)
        if isinstance(step, Command):
            stdin = step.stdin.encode()
            said = await self.target.run(step.argv, stdin=stdin, timeout_s=step.timeout_s)
            if said.code or not json.loads(said.stdout).get("diff"):
                raise UnprovedError(f"preview: tells no difference: {said.stdout}")

    async def _act(self, what: str) -> None:
        self.root.guard()
        _must_run(what, await self.hands.act())
        _must_be(Status.PASS, f"verify after {what}", await self.hands.verify())

    async def _set(self, services: Mapping[str, State], settings: Mapping[str, str]) -> None:
        for name, state in services.items():
            if state == "running":
                await self.target.start_service(name)
            else:
                await self.target.stop_service(name)
        for name, value in settings.items():
            if self.target.root != "/":
                raise UnprovedError("a kernel setting belongs to a machine, not to a directory")
            self.root.guard()
            await trio.Path("/proc/sys", *name.split(".")).write_text(value, encoding="ascii")

    async def _see(self) -> Seen:
        running = [(name, await self.target.service(name)) for name in sorted(self.target.services)]
        names = sorted({*self.case.settings, *self.case.broken_settings})
        settings = [(name, await self.target.sysctl(name)) for name in names]
        return self.root.everything(), running, settings


def _daemon(name: str) -> ServiceCommand:
    command = (sys.executable, "-I", "{root}/opt/daemon.py", name)
    return ServiceCommand(command, f"/run/{name}.pid")


def _must_be(wanted: Status, when: str, answer: Answer) -> None:
    if answer.status is not wanted:
        said = f"{answer.status} ({answer.actual or answer.reason})"
        raise UnprovedError(f"{when}: the check answers {said}, not {wanted}")


def _must_run(what: str, outcome: Ran | NoOutcome) -> None:
    if outcome != Ran(0):
        raise UnprovedError(f"{what}: {outcome}")


def _must_equal(what: str, wanted: Seen, seen: Seen) -> None:
    if seen != wanted:
        raise UnprovedError(f"{what}: the host is not as it was: {_difference(wanted, seen)}")


def _difference(wanted: Seen, seen: Seen) -> str:
    files, found = wanted[0], seen[0]
    if isinstance(files, dict) and isinstance(found, dict) and files != found:
        names = {name for name in {**files, **found} if files.get(name) != found.get(name)}
        return ", ".join(sorted(map(str, names)))
    return f"{wanted[1:]} became {seen[1:]}"


def _captured(outcome: Captured | NoOutcome) -> str:
    if not isinstance(outcome, Captured):
        raise UnprovedError(f"capture: {outcome}")
    return outcome.state
