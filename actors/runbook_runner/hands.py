"""What is done to one host for one fix.  The only place where anything is run."""

from typing import Protocol

import attrs
import trio

from actors.catalogue.checks import Answer, Check, examine
from actors.catalogue.runbooks import ServiceState
from actors.catalogue.target import Target
from actors.messages import Status
from actors.runbook_runner.commands import Command, Order, Phase, ServiceOrder, captured, ran
from actors.runbook_runner.core import Captured, NoOutcome, Ran, together
from runtime.clock import Clock
from runtime.codec import to_json
from runtime.errors import UnansweredError


class Host(Target, Protocol):
    """A target that can be changed as well as asked."""

    async def start_service(self, name: str) -> None:
        """Start a service, if it does not run; raises UnansweredError where it cannot be."""
        ...

    async def stop_service(self, name: str) -> None:
        """Stop a service, if it runs."""
        ...


@attrs.frozen
class Hands:
    """Eyes on a host and hands to change it."""

    host: Host
    order: Order
    check: Check
    """The one whose drift is healed."""
    also: tuple[Check, ...]
    """Those that must pass as well before the fix counts."""
    clock: Clock

    @property
    def may_run_on(self) -> bool:
        """Say yes: a script outlives us until its deadline."""
        return True

    async def detect(self) -> Answer:
        """Ask whether there is still drift."""
        return await self._ask(self.check)

    async def verify(self) -> Answer:
        """Ask whether the fix holds; the worst answer counts."""
        return together([await self._ask(check) for check in (self.check, *self.also)])

    async def capture(self) -> Captured | NoOutcome:
        """Read what undo needs."""
        try:
            match self.order.step(Phase.CAPTURE):
                case Command(_, argv, stdin, timeout_s):
                    said = await self.host.run(argv, stdin=stdin.encode(), timeout_s=timeout_s)
                    return captured(said)
                case ServiceOrder(service=service, timeout_s=timeout_s):
                    return await self._look_at(service, timeout_s)
        except UnansweredError as error:
            return NoOutcome(error.reason)

    async def act(self) -> Ran | NoOutcome:
        """Change the host."""
        return await self._change(self.order.step(Phase.ACT))

    async def undo(self, pre_state: str) -> Ran | NoOutcome:
        """Put back what capture found."""
        return await self._change(self.order.step(Phase.UNDO, pre_state))

    async def _change(self, step: Command | ServiceOrder) -> Ran | NoOutcome:
        # A drain or a fall may cancel here.  The target then kills the process group, and the
        # intent that stays `started` makes the next life look before it acts.
        try:
            match step:
                case Command(_, argv, stdin, timeout_s):
                    return ran(await self.host.run(argv, stdin=stdin.encode(), timeout_s=timeout_s))
                case ServiceOrder(_, service, state, timeout_s):
                    return await self._set_service(service, state, timeout_s)
        except UnansweredError as error:
            return NoOutcome(error.reason)

    async def _look_at(self, service: str, timeout_s: float) -> Captured | NoOutcome:
        with trio.move_on_after(timeout_s):
            running = await self.host.service(service)
            if running is None:
                return NoOutcome("service_missing")
            return Captured(to_json({"running": running}))
        return NoOutcome("timeout")

    async def _set_service(
        self, service: str, state: ServiceState, timeout_s: float
    ) -> Ran | NoOutcome:
        with trio.move_on_after(timeout_s):
            match state:
                case ServiceState.RUNNING:
                    await self.host.start_service(service)
                case ServiceState.STOPPED:
                    await self.host.stop_service(service)
            return Ran(0)
        return NoOutcome("timeout")

    async def _ask(self, check: Check) -> Answer:
        with trio.move_on_after(check.timeout_s):
            return await examine(check, self.host, self.clock.now())
        return Answer(check.id, Status.ERROR, str(check.baseline), reason="timeout")
