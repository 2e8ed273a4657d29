"""A fix on the host of an agent: told as an order, and verified by what the agent reports later.

Nothing can be asked there.  Detect is the last answer that was heard; a verify is a later event of
the same check, which arrives after the agent has confirmed the order.
"""

import attrs
import trio

from actors.catalogue.checks import Answer, Check
from actors.catalogue.runbooks import AgentCommand
from actors.messages import Incident, Moment, Status
from actors.messages.healing import HealOrder
from actors.ports import AgentExecutor, Answers
from actors.runbook_runner.commands import Order
from actors.runbook_runner.core import Captured, NoOutcome, Ran
from runtime.clock import Clock
from runtime.errors import StoreError
from runtime.store import Store


@attrs.frozen
class AgentHands:
    """Eyes and hands that an agent lends."""

    agents: AgentExecutor
    answers: Answers
    store: Store
    incident: Incident
    order: Order
    command: AgentCommand
    check: Check
    clock: Clock

    @property
    def may_run_on(self) -> bool:
        """Say no: the same order given again is the same act."""
        return False

    async def detect(self) -> Answer:
        """Give what was heard last."""
        heard = self.incident
        query = self.answers.last_status(heard.site, heard.host, heard.check)
        status = await self.store.read(query)
        return self._answer(status or Status.UNKNOWN, "" if status else "not_heard")

    async def verify(self) -> Answer:
        """Wait for a pass for as long as the agent takes from one look to the next.

        A fail that comes in between may have been on its way before the agent acted.
        """
        status, reason = Status.UNKNOWN, "no_later_answer"
        with trio.move_on_after(self.agents.interval_s):
            while status is not Status.PASS:
                passed = await self.agents.next_answer(self.incident.host, self.incident.check)
                status, reason = (Status.PASS if passed else Status.FAIL), ""
        return self._answer(status, reason)

    async def capture(self) -> Captured | NoOutcome:
        """Nothing is taken back on an agent's host: such a runbook is irreversible."""
        return Captured("{}")

    async def act(self) -> Ran | NoOutcome:
        """Give the order, and wait until the agent has confirmed it."""
        seconds = self.order.runbook.timeout_s
        order = HealOrder(
            id=f"heal_{self.incident.id}_{self.incident.attempt}",
            host=self.incident.host,
            check_type=self.command.check_type,
            action=self.command.action,
            params={},
            timeout_s=seconds,
            deadline=Moment.read(self.clock).after(seconds),
        )
        try:
            with trio.move_on_after(seconds):
                report = await self.agents.heal(order)
                return Ran(0) if report.success else Ran(1, "agent_failed")
        except StoreError:
            return NoOutcome("not_stored")
        return NoOutcome("not_confirmed")

    async def undo(self, pre_state: str) -> Ran | NoOutcome:
        """Never asked: see `capture`."""
        raise ValueError(f"runbook {self.order.runbook.id} is irreversible, {pre_state} or not")

    def _answer(self, status: Status, reason: str) -> Answer:
        return Answer(self.check.id, status, str(self.check.baseline), reason=reason)
