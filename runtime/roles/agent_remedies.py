"""What an endpoint agent can heal: runbooks of its catalogue, by the words of an order."""

from collections.abc import Mapping, Sequence

import attrs
import trio

from actors.catalogue.checks import Check
from actors.catalogue.runbooks import InvalidParamError, Runbook, Script, ServiceChange
from actors.endpoint_agent import Given, Outcome
from actors.messages import Platform, Status
from actors.runbook_runner import Captured, Hands, Host, NoOutcome, Order
from runtime.agent_settings import Heal
from runtime.clock import Clock
from runtime.errors import NotFoundError
from runtime.roles.catalogue import Catalogue

_Key = tuple[str, str]


@attrs.frozen
class CatalogueRemedies:
    """The closed table: check type and action of an order, and the runbook that does it here."""

    table: Mapping[_Key, Runbook]
    checks: Mapping[str, Check]
    host: Host
    clock: Clock

    @classmethod
    def of(
        cls, heals: Sequence[Heal], catalogue: Catalogue, host: Host, clock: Clock
    ) -> "CatalogueRemedies":
        """Look the runbooks up.

        Raises:
            NotFoundError: there is none of that name that this host could run.
        """
        table: dict[_Key, Runbook] = {}
        for heal in heals:
            runbook = catalogue.runbooks.get(heal.runbook)
            runs_here = runbook is not None and isinstance(runbook.act, Script | ServiceChange)
            if runbook is None or not runs_here or runbook.platform is not Platform.LINUX:
                raise NotFoundError("runbook to run here", heal.runbook, catalogue.runbooks)
            table[heal.check_type, heal.action] = runbook
        return cls(table, catalogue.checks, host, clock)

    async def heal(self, given: Given) -> Outcome:
        """Look, act, and look again; what did not help is taken back where that can be."""
        runbook = self.table.get((given.check_type, given.action))
        if runbook is None:
            return Outcome(success=False, reason="not_in_the_table")
        names = (*runbook.checks[:1], *runbook.also_verify)
        if not self.checks.keys() >= set(names):
            return Outcome(success=False, reason="check_missing")
        check, *also = [self.checks[name] for name in names]
        try:
            order = Order.of(runbook, dict(given.params), self.host.root)
        except InvalidParamError:
            return Outcome(success=False, reason="params_invalid")
        hands = Hands(self.host, order, check, tuple(also), self.clock)
        with trio.move_on_at(given.until):
            return await _healed(hands)
        return Outcome(success=False, reason="timeout")


async def _healed(hands: Hands) -> Outcome:
    match (await hands.detect()).status:
        case Status.PASS:
            return Outcome(success=True, reason="no_drift")
        case Status.FAIL:
            pass
        case Status.ERROR | Status.UNKNOWN:  # nothing is done to a host that nobody has looked at
            return Outcome(success=False, reason="detect_unknown")
    before = await hands.capture()
    if not isinstance(before, Captured):
        return Outcome(success=False, reason=before.reason)
    ran = await hands.act()
    if not isinstance(ran, NoOutcome) and not ran.exit_code:
        await trio.sleep(hands.order.runbook.soak_s)
        match (await hands.verify()).status:
            case Status.PASS:
                return Outcome(success=True)
            case Status.FAIL:
                pass
            case Status.ERROR | Status.UNKNOWN:  # it may have helped: the appliance asks again
                return Outcome(success=False, reason="verify_unknown")
    reason = ran.reason if isinstance(ran, NoOutcome) else (ran.error or "verify_failed")
    if hands.order.runbook.undo is not None:
        await hands.undo(before.state)
    return Outcome(success=False, reason=reason)
