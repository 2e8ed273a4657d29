"""Plays a scenario on the line of an appliance, in virtual time: the rooms are those in force."""

import difflib
import heapq
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Final, TypeAlias

import attrs
import trio

from actors.l1_evaluator import RuleSet, RulesInForce
from actors.messages import Observation, Platform, Status
from actors.requests import CheckRun, RecordObservation
from actors.scanner import Watch
from runtime.clock import InstantClock, VirtualClock
from runtime.codec import plain_json
from runtime.errors import ArightError
from runtime.hosts.migrations import migrate
from runtime.hosts.sqlite import InlineStore
from runtime.ids import TimeOrderedIds
from runtime.logs import silenced
from runtime.roles.appliance import line_settings
from runtime.roles.catalogue import Catalogue
from runtime.roles.line import SCHEMAS, Line, Ports, build_line
from runtime.roles.scenario.host import SimulatedHost, rehearsed_check, rehearsed_runbook
from runtime.roles.scenario.model import Expectation, Given, Scenario, Step, after
from runtime.roles.scenario.operator import SITE, obey
from runtime.roles.scenario.standing import Miss, misses
from runtime.settings import Settings
from runtime.supervisor import VitalActorDownError, supervise

Timed: TypeAlias = tuple[float, int, Step | Expectation]
"""Seconds since the beginning, the position of an expectation, and what it is."""

_STATEMENTS: Final = 512
"""Prepared ones that the journal keeps: the rooms have more than SQLite's module keeps unasked."""
_SETTLED_S: Final = 0.001
"""Virtual time passes only when nobody can run: then all that a step began is done or waits."""


class UnplayableError(ArightError):
    """A scenario speaks of something that is not there."""


@attrs.frozen(eq=False)
class Theatre:
    """What all scenarios of a run share: checks and runbooks as simulated hosts know them."""

    catalogue: Catalogue
    _journal: sqlite3.Connection = attrs.field(alias="journal")
    """One for all: its statements are prepared, which takes longer than a scene."""
    _tables: Sequence[str] = attrs.field(alias="tables")
    """Those that are empty before a scene."""
    _laid: dict[str, Catalogue] = attrs.field(factory=dict[str, Catalogue], init=False)
    """Catalogues under the rules of scenarios, by what those say: many scenarios share them."""

    @classmethod
    def of(cls, catalogue: Catalogue) -> "Theatre":
        """Prepare to play scenarios under the rules of a catalogue."""
        rehearsed = attrs.evolve(
            catalogue,
            checks={name: rehearsed_check(each) for name, each in catalogue.checks.items()},
            runbooks={name: rehearsed_runbook(each) for name, each in catalogue.runbooks.items()},
        )
        journal = sqlite3.connect(":memory:", isolation_level=None, cached_statements=_STATEMENTS)
        journal.execute("PRAGMA foreign_keys = ON")
        migrate(journal, SCHEMAS)
        named = journal.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        tables = [name for (name,) in named if not _has_rows(journal, name)]
        return cls(rehearsed, journal, tables)

    def play(self, scenario: Scenario) -> Sequence[Miss]:
        """Let it all happen, and give what did not come true.

        Raises:
            UnplayableError: a check, a runbook or a rule of it is not there.
        """
        _must_be_there(scenario, self.catalogue)
        scene = _Scene(scenario, self._with_rules(scenario.given), self._emptied())
        with silenced():
            trio.run(scene.run, clock=InstantClock())
        return scene.missed

    def _with_rules(self, given: Given) -> Catalogue:
        """Lay the rules of a scenario before those in force, as a site's are."""
        if not given.rules:
            return self.catalogue
        written = plain_json(given.rules)
        if written not in self._laid:
            own = {each.get("id") for each in given.rules}
            in_force = filter(None, self.catalogue.rules.rules)
            raw = [*given.rules, *(each.written for each in in_force if each.id not in own)]
            rules = RuleSet.compile(raw)
            for position, reason in rules.quarantined:
                raise UnplayableError(f"rule {position + 1} of given is none: {reason}")
            laid = attrs.evolve(self.catalogue, in_force=RulesInForce(rules, plain_json(raw)))
            self._laid[written] = laid
        return self._laid[written]

    def _emptied(self) -> sqlite3.Connection:
        self._journal.execute("PRAGMA defer_foreign_keys = ON")
        self._journal.execute("BEGIN")
        for table in self._tables:
            self._journal.execute(f'DELETE FROM "{table}"')  # noqa: S608  # our own tables
        self._journal.execute("COMMIT")
        return self._journal


def _has_rows(connection: sqlite3.Connection, table: str) -> bool:
    return connection.execute(f'SELECT 1 FROM "{table}"').fetchone() is not None  # noqa: S608


@attrs.define(eq=False)
class _Scene:
    scenario: Scenario
    catalogue: Catalogue
    connection: sqlite3.Connection
    missed: list[Miss] = attrs.field(factory=list[Miss], init=False)
    _hosts: dict[str, SimulatedHost] = attrs.field(init=False)
    _line: Line = attrs.field(init=False)
    _broken: list[str] = attrs.field(factory=list[str], init=False)
    _sent: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        given, runbooks = self.scenario.given, self.catalogue.runbooks
        self._hosts = {name: SimulatedHost(name, runbooks) for name in given.hosts}
        clock, random = VirtualClock(given.starts), Random(self.scenario.name)  # noqa: S311  # no secret
        bells: list[Callable[[], None]] = []
        ports = Ports(
            clock,
            TimeOrderedIds(clock, random),
            random,
            InlineStore(self.connection, lambda: _ring(bells)),
            lambda: False,
            lambda: self.catalogue,
            self._hosts,
            # Nobody looks by himself: a step that changes something has it looked at.
            {
                name: Watch(SITE, name, Platform.LINUX, host, checks=())
                for name, host in self._hosts.items()
            },
            channels=(),
        )
        settings = Settings(
            mode=given.mode, dry_run=given.dry_run, gate=given.gate, flap=given.flap
        )
        self._line = build_line(line_settings(settings), ports)
        bells.append(self._line.committed)

    async def run(self) -> None:
        line, start = self._line, trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._supervised, line, nursery.cancel_scope)
            for at, position, what in _timeline(self.scenario):
                await trio.sleep_until(start + at)
                if isinstance(what, Expectation):
                    query = misses(what, position, line, self._hosts)
                    self.missed += await line.ports.store.read(query)
                    continue
                try:
                    await self._do(what)
                except ArightError as error:
                    self._broken.append(f"at {after(at)}: {error}")
                    break
                await trio.sleep(_SETTLED_S)
            nursery.cancel_scope.cancel(reason="played")
        if self._broken:
            raise UnplayableError(self._broken[0])

    async def _supervised(self, line: Line, scene: trio.CancelScope) -> None:
        try:
            await supervise(
                *line.actors,
                on_dead_letter=line.bury,
                on_down=line.tell_down,
                random=line.ports.random,
                slice_clock=lambda: 0.0,
                trace=self._heard_of,
            )
        except VitalActorDownError:  # it fell, which `_broken` says: nobody would answer any more
            scene.cancel(reason="down")

    def _heard_of(self, what: str, actor: str, error: object) -> None:
        if what == "crashed":
            self._broken.append(f"{actor} fell: {error!r}")

    async def _do(self, step: Step) -> None:
        name = step.host or next(iter((*self.scenario.given.hosts, *self.scenario.given.agents)))
        if step.outcome is not None and step.runbook is not None:
            self._host(name).outcomes[step.runbook] = step.outcome
        elif step.status is not None and step.check is not None:
            await self._answers(name, step.check, step.status)
        elif step.operator is not None:
            await obey(step, name, self._line)

    async def _answers(self, name: str, check: str, status: Status) -> None:
        if name in self._hosts:
            self._hosts[name].answers[check] = status
            await CheckRun(name, (check,)).ask(self._line.looks.post)
        else:
            await RecordObservation(self._told(name, check, status)).ask(self._line.heard.post)

    def _told(self, agent: str, check: str, status: Status) -> Observation:
        """Give what an agent reports, as the receiver of agents spells it."""
        ports, known = self._line.ports, self.catalogue.checks.get(check)
        named = self.catalogue.names.named(check)
        self._sent += 1
        return Observation(
            ports.ids.new("observation"),
            SITE,
            agent,
            named.name,
            status,
            named.severity,
            ports.clock.now(),
            "agent",
            Platform.UNKNOWN if known is None else known.platform,
            controls=named.controls,
            agent_id=agent,
            boot_id="boot",
            seq=self._sent,
        )

    def _host(self, name: str) -> SimulatedHost:
        if name not in self._hosts:
            raise UnplayableError(f"{name} is an agent: no runbook runs there")
        return self._hosts[name]


def _ring(bells: list[Callable[[], None]]) -> None:
    for ring in bells:
        ring()


def _timeline(scenario: Scenario) -> list[Timed]:
    """Order what happens and what is looked at; at one instant the steps come first."""
    happens: list[Timed] = [
        (step.at + again * (step.every or 0.0), 0, step)
        for step in scenario.when
        for again in range(step.times)
    ]
    looked_at: list[Timed] = [
        (each.at, position, each) for position, each in enumerate(scenario.then)
    ]
    return [*heapq.merge(sorted(happens, key=_at), sorted(looked_at, key=_at), key=_at)]


def _at(entry: Timed) -> float:
    return entry[0]


def _must_be_there(scenario: Scenario, catalogue: Catalogue) -> None:
    """Refuse a scenario that could never come true because of a name."""
    everything: list[Step | Expectation] = [*scenario.when, *scenario.then]
    for each in everything:
        if each.check is not None and not catalogue.names.knows(each.check):
            raise UnplayableError(f"no check is called {_near(each.check, catalogue.checks)}")
        if each.runbook is not None and each.runbook not in catalogue.runbooks:
            raise UnplayableError(f"no runbook is called {_near(each.runbook, catalogue.runbooks)}")
    for host in scenario.given.hosts:
        for step in scenario.when:
            known = catalogue.checks.get(step.check or "")
            if step.status and step.host in (None, host) and (known is None or known.is_reported):
                raise UnplayableError(f"{step.check} is told by agents, and {host} is none")


def _near(name: str, there: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, there, n=1)
    return f"{name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
