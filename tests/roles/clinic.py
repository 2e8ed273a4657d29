"""A site of simulated hosts on the real line, with somebody in the place of the planner."""

import contextlib
import datetime as dt
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from random import Random

import attrs
import trio
import trio.testing

from actors.catalogue.pattern_signature import pattern_signature
from actors.circuit_breaker import GateSettings
from actors.escalator import Ticket
from actors.flap_suppressor import FlapSettings
from actors.flywheel import FlywheelSettings, Known, SqliteFlywheel
from actors.journal import IncidentFilter, list_incidents
from actors.messages import (
    Decision,
    Fact,
    FixProposed,
    Incident,
    Mode,
    Moment,
    Move,
    Platform,
    State,
    Status,
)
from actors.messages.incident import Plan
from actors.messages.promotion import Standing
from actors.requests import ApprovePromotion, CheckRun
from actors.scanner import Watch
from runtime.clock import VirtualClock
from runtime.errors import InvalidFileError
from runtime.hosts.sqlite import InlineStore
from runtime.ids import TimeOrderedIds
from runtime.roles.catalogue import Catalogue, load_catalogue, without
from runtime.roles.learned_rules import LearnedRules, at_once, lay
from runtime.roles.line import SCHEMAS, Line, LineSettings, Ports, build_line
from runtime.roles.scenario.host import SimulatedHost, rehearsed_check, rehearsed_runbook
from runtime.settings import Settings, shipped
from runtime.supervisor import supervise

CHECK, RUNBOOK = "shadow_permissions", "LIN-PERM-001"
HOSTS = [f"ws-{number}" for number in range(1, 7)]
HOUR_S = 3600.0
EPOCH = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


def own_rules(folder: Path) -> Path:
    """Copy some of the shipped checks and runbooks, and no rule: so nothing is known by L1."""
    (folder / "l1").mkdir(parents=True, exist_ok=True)
    for name in ("checks/permissions.yaml", "checks/coverage.yaml", "runbooks/files.yaml"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(shipped("rules") / name, folder / name)
    scripts = "runbooks/scripts"
    shutil.copytree(shipped("rules") / scripts, folder / scripts, dirs_exist_ok=True)
    return folder


@attrs.define
class Reloading:
    """What is in force: the rules that the flywheel wrote, and those that a test adds."""

    settings: Settings
    catalogue: Catalogue = attrs.field(init=False)
    refused: bool = False
    """Whether some other file hinders every reload."""
    loses: bool = False
    """Whether what is read is set aside."""
    lines: list[Line] = attrs.field(factory=list[Line])

    def __attrs_post_init__(self) -> None:
        self.catalogue = self._read()

    def _read(self) -> Catalogue:
        read = load_catalogue(self.settings)
        return attrs.evolve(
            read,
            checks={name: rehearsed_check(each) for name, each in read.checks.items()},
            runbooks={name: rehearsed_runbook(each) for name, each in read.runbooks.items()},
        )

    async def load(self) -> None:
        if self.refused:
            raise InvalidFileError("other.yaml", "is no YAML")
        self.catalogue = self._read()
        if self.loses:
            ours = [rule.id for rule in self.catalogue.rules.rules if rule is not None]
            self.catalogue = without(self.catalogue, ours)
        for line in self.lines:
            line.review_promotions()
            await line.decide_audited()


@attrs.define(slots=False)
class Clinic:
    """Six hosts that drift when they are told to."""

    folder: Path
    flywheel: FlywheelSettings = attrs.field(factory=FlywheelSettings)
    store: InlineStore = attrs.field(factory=lambda: InlineStore.with_schemas(SCHEMAS))
    """A second clinic on it is the same one after a crash."""
    days: float = 0.0
    """Since the first one was there."""

    def __attrs_post_init__(self) -> None:
        self.chance = Random(11)  # noqa: S311  to be repeated
        own = own_rules(self.folder / "own")
        self.in_force = Reloading(Settings(state_dir=self.folder, rules=own, shipped_rules=False))
        learned = self.in_force.settings.learned_rules
        if lay(learned, SqliteFlywheel().rule_files()(self.store.connection)):
            self.in_force.catalogue = self.in_force._read()
        runbooks = self.in_force.catalogue.runbooks
        self.hosts = {name: SimulatedHost(name, runbooks) for name in HOSTS}
        self.rulebook = LearnedRules(learned, self.in_force, self.store, at_once)
        self.line = self._line()
        self.store.on_commit = self.line.committed
        self.in_force.lines.append(self.line)

    def _line(self) -> Line:
        began = EPOCH + dt.timedelta(days=self.days)
        clock, random = VirtualClock(began, f"boot-{self.days}"), Random(7)  # noqa: S311  to be repeated
        ports = Ports(
            clock,
            TimeOrderedIds(clock, random),
            random,
            self.store,
            lambda: False,
            lambda: self.in_force.catalogue,
            self.hosts,
            {
                name: Watch("site", name, Platform.LINUX, host, checks=())
                for name, host in self.hosts.items()
            },
            channels=(),
            rulebook=self.rulebook,
        )
        gate = GateSettings(runs_per_day=24, hosts_share=1.0)
        flap = FlapSettings(recurrences=100)
        settings = LineSettings(Mode.AUDIT, gate, flap, 60.0, 90, "site", flywheel=self.flywheel)
        return build_line(settings, ports)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._run)
            await trio.sleep(1)
            yield
            nursery.cancel_scope.cancel()

    async def _run(self) -> None:
        line = self.line
        await supervise(
            *line.actors,
            on_dead_letter=line.bury,
            on_down=line.tell_down,
            random=Random(1),  # noqa: S311  to be repeated
            slice_clock=lambda: 0.0,
        )

    async def drift(self, host: str, outcome: str = "heals") -> Incident:
        """Let a host drift, and give the incident as it stands when all is done or waits."""
        self.hosts[host].answers[CHECK] = Status.FAIL
        self.hosts[host].outcomes[RUNBOOK] = outcome  # type: ignore[assignment]
        await CheckRun(host, (CHECK,)).ask(self.line.looks.post)
        await trio.sleep(30)
        return await self.last(host)

    async def last(self, host: str) -> Incident:
        [incident] = await self.store.read(
            list_incidents(IncidentFilter("all", host, CHECK, limit=1))
        )
        return incident

    async def settle(self, host: str) -> None:
        """Have the host looked at again once it is right: what is open is closed."""
        self.hosts[host].answers[CHECK] = Status.PASS
        await CheckRun(host, (CHECK,)).ask(self.line.looks.post)
        # Drift that comes by the clock would be taken for somebody who changes it back.
        await trio.sleep(HOUR_S * self.chance.uniform(0.2, 1.5))

    async def planned(self, host: str, outcome: str = "heals", mode: str = "0640") -> Incident:
        """Let a host drift; as no rule knows it, a plan is made and runs."""
        incident = await self.drift(host, outcome)
        assert (incident.state, incident.reason) == (State.ESCALATED, "no_rule")
        observation = await self.store.read(self.line.journal.observation(incident.observation_id))
        signature = pattern_signature(CHECK, "linux", observation.actual)
        plan = Plan("decision_1", signature, 0.9, "a-model", "a-provider")
        decision = Decision(
            "", "", "execute_runbook", RUNBOOK, {"mode": mode}, Mode.AUTO, plan=plan
        )
        now = Moment.read(self.line.ports.clock)
        move = Move(
            State.DECIDING, (State.ESCALATED,), Fact("plan_made"), "planned",
            due=now.after(60), decision=decision,
        )  # fmt: skip
        [deciding] = await self.store.commit(self.line.journal.move(incident.id, move, now))
        await self.line.proposed.post.send(FixProposed(deciding, observation))
        await trio.sleep(60)
        done = await self.last(host)
        await self.settle(host)
        return done

    async def prove(self, attempts: int = 60) -> Known:
        """Have a plan heal so often."""
        for number in range(attempts):
            done = await self.planned(HOSTS[number % len(HOSTS)])
            assert done.state is State.HEALED
        return self.known()

    def known(self) -> Known:
        """Tell what is known of the plan that was tried most."""
        known = SqliteFlywheel().all()(self.store.connection)
        return max(known, key=lambda each: each.record.tally.attempts)

    @property
    def stage(self) -> str:
        """Name the stage in which it stands, with the reason where it is retired."""
        promotion = self.known().promotion
        if promotion is None:
            return "none"
        return f"{promotion.stage} {promotion.reason}".strip()

    async def sign(self, mode: Mode = Mode.APPROVE) -> Standing:
        wish = ApprovePromotion(self.known().pattern.id, mode, "kim", "it always holds")
        return await wish.ask(self.line.learning.post)

    def decides(self) -> bool:
        """Say whether the rule that was the plan is among those in force."""
        rules = self.in_force.catalogue.rules.rules
        return self.known().pattern.rule_id in {rule.id for rule in rules if rule is not None}

    async def shadowed(self) -> None:
        """Have a shadow decide often enough, and then be a canary that heals what it held back."""
        for host in HOSTS[:5]:
            assert (await self.drift(host)).reason == "audit"
        await trio.sleep(7 * HOUR_S)
        for host in HOSTS[:5]:
            await self.settle(host)

    def ledger(self) -> list[tuple[str, str]]:
        lines = SqliteFlywheel().ledger(self.known().pattern.id)(self.store.connection)
        return [(each.line.what, each.line.after.value) for each in lines]

    def files(self) -> Mapping[str, str]:
        folder = self.folder / "rules" / "l1"
        return {path.name: path.read_text() for path in sorted(folder.glob("*"))}

    def tickets(self, kind: str) -> list[Ticket]:
        listed = self.line.tickets.listed(resolved=True)(self.store.connection)
        return [each for each in listed if each.kind == kind]


def proven_journal(folder: Path, flywheel: FlywheelSettings) -> sqlite3.Connection:
    """Give a journal in which a plan healed 127 times, and is proposed."""
    clinic = Clinic(folder, flywheel)

    async def prove() -> None:
        async with clinic.open():
            await clinic.prove(127)

    trio.run(prove, clock=trio.testing.MockClock(autojump_threshold=0))
    return clinic.store.connection
