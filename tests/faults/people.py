"""Who else lives in the simulated world: what breaks hosts, an agent, and an operator."""

from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, TypeAlias

import attrs
import trio

from actors.messages import Observation, Severity, Status
from actors.requests import (
    ApproveFix,
    LiftSuppression,
    RecordObservation,
    RejectFix,
    ReopenIncident,
    ResetBreaker,
    Suppress,
)
from runtime.errors import ConflictError, NotFoundError
from runtime.ids import Ids
from runtime.roles.line import Line
from tests.faults.drifts import DRIFTS, PASSWD, Drift
from tests.faults.host import SimHost
from tests.faults.reckoning import AgentEvent
from tests.faults.virtual_time import wall

SITE = "site"

Reads: TypeAlias = Callable[[str], Sequence[Any]]
"""Asks the journal; rows are what SQLite gives."""

_WAITING = (
    "SELECT id, host, check_id, state FROM incidents WHERE state IN"
    " ('awaiting_approval', 'refused', 'escalated') ORDER BY id"
)


@attrs.define(eq=False)
class Saboteur:
    """Breaks one host now and then; some of what it breaks, it breaks again after each fix."""

    host: SimHost
    random: Random
    every_s: float
    until: float
    """Virtual time."""
    flap_share: float
    _again: dict[str, int] = attrs.field(factory=dict[str, int], init=False)
    """How often a check will be broken once more."""

    async def work(self) -> None:
        """Break things until it is time to stop."""
        async with trio.open_nursery() as nursery:
            self.host.changed = lambda: self._come_back(nursery)
            with trio.move_on_at(self.until):
                while True:
                    await trio.sleep(self.random.expovariate(1 / self.every_s))
                    check = self.random.choice(list(DRIFTS))
                    if self.random.random() < self.flap_share:
                        self._again[check] = 6
                    DRIFTS[check].breaks(self.host.target)
            nursery.cancel_scope.cancel()
        self.host.changed = lambda: None

    def _come_back(self, nursery: trio.Nursery) -> None:
        for check, times in list(self._again.items()):
            if times and not DRIFTS[check].stands(self.host.target):
                self._again[check] = times - 1
                nursery.start_soon(self._break_again, DRIFTS[check])

    async def _break_again(self, drift: Drift) -> None:
        await trio.sleep(self.random.uniform(30, 900))
        drift.breaks(self.host.target)


@attrs.define(eq=False)
class Reverter:
    """A job on the host that puts a setting back on its own schedule, whoever changed it."""

    host: SimHost
    random: Random
    drift: Drift
    every_s: float
    jitter_s: float = 0.0
    runs: int = attrs.field(default=0, init=False)

    async def work(self) -> None:
        """Put it back for ever."""
        begun = trio.current_time() + self.every_s / 2
        while True:
            due = begun + self.runs * self.every_s
            await trio.sleep_until(due + self.random.uniform(-self.jitter_s, self.jitter_s))
            self.drift.breaks(self.host.target)
            self.runs += 1


@attrs.define(eq=False)
class Agent:
    """A program on an endpoint that says what it sees until it is acked, across all lives."""

    name: str
    events: Sequence[tuple[float, str, Status]]
    """Virtual time, check and answer, in order."""
    acked: list[AgentEvent] = attrs.field(factory=list[AgentEvent], init=False)

    def failing(self) -> set[tuple[str, str]]:
        """Give host and check of what is drift, as far as the appliance was told."""
        told = self.events[: len(self.acked)]
        last = {check: status for _, check, status in told}
        return {(self.name, check) for check, status in last.items() if status is Status.FAIL}

    async def report(self, line: Line, ids: Ids) -> None:
        """Report in one life of the appliance what no earlier one has acked."""
        for seq in range(len(self.acked), len(self.events)):
            at, check, status = self.events[seq]
            await trio.sleep_until(at)
            heard = Observation(
                ids.new("observation"), SITE, self.name, check, status, Severity.HIGH,
                observed_at=wall(at), source="agent", agent_id=self.name, boot_id="b", seq=seq,
            )  # fmt: skip
            await RecordObservation(heard).ask(line.heard.post)
            # A task of a dead life comes here too, if its answer was on the way.
            await trio.lowlevel.checkpoint_if_cancelled()
            self.acked.append((self.name, "b", seq))


@attrs.define(eq=False)
class Operator:
    """A person who looks at the journal now and then and does something about what it says."""

    random: Random
    hosts: dict[str, SimHost]
    every_s: float
    until: float
    """Virtual time at which the person goes home."""
    eager: bool = False
    """Approves and reopens everything, and does nothing else."""
    too_late: int = attrs.field(default=0, init=False)

    async def work(self, line: Line, read: Reads) -> None:
        """Work in one life of the appliance."""
        while trio.current_time() < self.until:
            await trio.sleep(self.every_s * self.random.uniform(0.5, 1.5))
            for incident_id, host, check, state in read(_WAITING):
                await self._obeyed(self._answer(line, incident_id, host, check, state))
            if not self.eager:
                await self._take_care(line, read)

    async def _answer(
        self, line: Line, incident_id: str, host: str, check: str, state: str
    ) -> None:
        who, why, chance = "op", "simulated", self.random.random()
        match state:
            case "awaiting_approval" if self.eager or chance < 0.6:
                await ApproveFix(incident_id, who, why).ask(line.proposed.post)
            case "awaiting_approval" if chance < 0.7:
                await RejectFix(incident_id, who, why).ask(line.proposed.post)
            case "refused" if chance < 0.1:
                await ApproveFix(incident_id, who, why).ask(line.proposed.post)
            case "escalated" if check == "root_accounts" and chance < 0.5:
                self.hosts[host].target.files["/etc/passwd"].text = PASSWD
            case "escalated" if self.eager or chance < 0.3:
                await ReopenIncident(incident_id, who, why).ask(line.heard.post)
            case _:
                pass

    async def _take_care(self, line: Line, read: Reads) -> None:
        who, why = "op", "simulated"
        for (key,) in read("SELECT key FROM breakers WHERE opened_wall IS NOT NULL ORDER BY key"):
            if self.random.random() < 0.1:
                await self._obeyed(ResetBreaker(key, who, why).ask(line.proposed.post))
        for (held,) in read("SELECT id FROM suppressions WHERE ended_at IS NULL ORDER BY id"):
            if self.random.random() < 0.05:
                await self._obeyed(LiftSuppression(held, who, why).ask(line.flaps.post))
        if self.random.random() < 0.01:
            host, check = self.random.choice(list(self.hosts)), self.random.choice(["", *DRIFTS])
            hold = Suppress(SITE, host, check, self.random.uniform(600, 20_000), who, why)
            await self._obeyed(hold.ask(line.flaps.post))

    async def _obeyed(self, command: Awaitable[object]) -> None:
        try:
            await command
        except (ConflictError, NotFoundError):
            self.too_late += 1
