"""The appliance line, its hosts and its people in one `trio.run` on virtual time, by one seed.

The product code is unchanged: `build_line` and `supervise` run here as they do in the appliance.
Life follows life on what was committed; between two of them the power was off.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random

import attrs
import trio

from actors.messages import Platform
from actors.scanner import Watch
from runtime.clock import InstantClock
from runtime.hosts.sqlite import InlineStore
from runtime.ids import TimeOrderedIds
from runtime.logs import silenced
from runtime.roles.line import SCHEMAS, Line, LineSettings, Ports, build_line
from runtime.supervisor import supervise
from tests.faults.drifts import catalogue
from tests.faults.host import SimHost, Wire
from tests.faults.people import SITE, Agent, Operator, Reverter, Saboteur
from tests.faults.planted import NONE, Bug
from tests.faults.ports import PoweredStore, SimChannel
from tests.faults.power import End, Fate, Meter, Power, Trace
from tests.faults.reckoning import broken_promises
from tests.faults.virtual_time import BootClock, seeded_scheduler, stream, wall
from tests.faults.watchman import Watchman


@attrs.frozen
class Violation:
    """A promise that was broken."""

    virtual_s: float
    what: str


@attrs.frozen
class Story:
    """What came of one run."""

    seed: int
    digest: str
    """Hash over virtual time, what and ids of every port call and every move."""
    calls: int
    cuts: int
    virtual_s: float
    moves: Mapping[str, int]
    """How often incidents came into each state."""
    acts: int
    violation: Violation | None
    last: Sequence[str]
    """The last lines of the trace."""
    replay: str
    """The command that does it all again."""

    @property
    def line(self) -> str:
        """Say in one line what broke, when, and how to see it again; empty where nothing did."""
        broken = self.violation
        if broken is None:
            return ""
        return f"seed {self.seed}, {broken.virtual_s:.3f} s, {broken.what}: {self.replay} --trace"


@attrs.define(eq=False)
class World:
    """All there is in one run."""

    seed: int
    settings: LineSettings
    hosts: Sequence[SimHost]
    checks: tuple[str, ...]
    operator: Operator
    fate: Fate
    ends_at: float
    """Virtual time."""
    replay: str
    agents: Sequence[Agent] = ()
    saboteurs: Sequence[Saboteur | Reverter] = ()
    channel_fails: float = 0.0
    """The share of notices that do not arrive, as long as the operator is there."""
    bug: Bug = NONE
    _trace: Trace = attrs.field(factory=Trace, init=False)
    _meter: Meter = attrs.field(init=False)
    _watchman: Watchman = attrs.field(init=False)
    _connection: sqlite3.Connection = attrs.field(init=False)
    _violation: Violation | None = attrs.field(default=None, init=False)
    _all: trio.CancelScope = attrs.field(factory=trio.CancelScope, init=False)
    _power: Power | None = attrs.field(default=None, init=False)
    _lives: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._meter = Meter(self.fate, self._trace)
        self._connection = InlineStore.with_schemas(SCHEMAS).connection
        flap = self.settings.flap
        self._watchman = Watchman(
            self._connection, self._trace, self._blame, flap.recurrences, flap.window_s
        )

    def run(self) -> Story:
        """Let it all happen."""
        clock = InstantClock()
        with seeded_scheduler(self.seed), silenced(), self.bug.planted():
            trio.run(self._run, clock=clock)
        moves = Counter(
            state
            for (state,) in self._connection.execute(
                "SELECT to_state FROM incident_events WHERE to_state IS NOT NULL"
            )
        )
        return Story(
            self.seed,
            self._trace.digest,
            self._meter.calls,
            self._meter.cuts,
            clock.time,
            moves,
            sum(host.acts for host in self.hosts),
            self._violation,
            list(self._trace.last),
            self.replay,
        )

    async def _run(self) -> None:
        with self._all:
            async with trio.open_nursery() as outside:
                for saboteur in self.saboteurs:
                    outside.start_soon(saboteur.work)
                outside.start_soon(self._end)
                outages = stream(self.seed, "outages")
                while trio.current_time() < self.ends_at:
                    await self._boot(f"boot-{self._lives}", outages)
                    await trio.sleep(outages.expovariate(1 / 120))
                outside.cancel_scope.cancel(reason="the end")
            self._reckon()

    async def _end(self) -> None:
        await trio.sleep_until(self.ends_at)
        if self._power is not None:
            self._power.cut(End.DARK)

    def _reckon(self) -> None:
        acked = [event for agent in self.agents for event in agent.acked]
        now = wall(trio.current_time())
        failing = [drift for agent in self.agents for drift in sorted(agent.failing())]
        for broken in broken_promises(self._connection, now, self.hosts, acked, failing):
            self._blame(broken)

    def _blame(self, what: str) -> None:
        at = trio.current_time()
        self._violation = self._violation or Violation(at, what)
        self._all.cancel(reason="violation")

    async def _boot(self, boot_id: str, outages: Random) -> None:
        """Live until the machine goes dark."""
        clock = BootClock(boot_id, trio.current_time())
        async with trio.open_nursery() as machine:
            while await self._live(clock, machine) is End.KILLED:  # noqa: ASYNC110  # no poll
                await trio.sleep(outages.uniform(0.1, 5))
            machine.cancel_scope.cancel(reason="dark")

    async def _live(self, clock: BootClock, machine: trio.Nursery) -> End | None:
        """Live once, on what is durable."""
        self._lives += 1
        self._connection.rollback()
        self._watchman.wake()
        self._trace.note("life", self._lives, clock.boot_id)
        power = self._power = Power(self._meter, trio.CancelScope())
        with power.life:
            ids = TimeOrderedIds(clock, self._stream("ids"))
            line = self._line(power, clock, ids, machine)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.operator.work, line, self.read)
                for agent in self.agents:
                    nursery.start_soon(agent.report, line, ids)
                await supervise(
                    *line.actors,
                    on_dead_letter=line.bury,
                    on_down=line.tell_down,
                    random=self._stream("supervisor"),
                    slice_clock=lambda: 0.0,
                    trace=self._heard_of,
                )
        return power.gone

    def _line(
        self, power: Power, clock: BootClock, ids: TimeOrderedIds, machine: trio.Nursery
    ) -> Line:
        bells: list[Callable[[], None]] = []

        def committed() -> None:
            for ring in bells:
                ring()

        inner = self.bug.make_store(self._connection, committed)
        random = self._stream("line")
        channel = SimChannel(power, random, lambda: self._channel_fails(random))
        interval = self.settings.poll_interval_s
        ports = Ports(
            clock,
            ids,
            random,
            PoweredStore(inner, power, self._watchman.committed),
            lambda: False,
            catalogue,
            {host.name: Wire(host, power, machine, self._watchman.changing) for host in self.hosts},
            {
                host.name: Watch(
                    SITE,
                    host.name,
                    Platform.LINUX,
                    Wire(host, power, machine),
                    self.checks,
                    interval,
                )
                for host in self.hosts
            },
            [channel],
        )
        line = build_line(self.settings, ports)
        bells.append(line.committed)
        return line

    def _stream(self, purpose: str) -> Random:
        """Give randomness to a part of this life."""
        return stream(self.seed, f"{self._lives}/{purpose}")

    def _channel_fails(self, random: Random) -> bool:
        at_work = trio.current_time() < self.operator.until
        return at_work and random.random() < self.channel_fails

    def _heard_of(self, what: str, actor: str, message: object) -> None:
        if self._power is None or self._power.gone is not None:
            return
        self._trace.note(what, actor)
        if what == "crashed":
            self._blame(f"{actor} fell: {message!r}")

    def read(self, sql: str) -> list[tuple[str, ...]]:
        """Ask the journal, also after the end."""
        return self._connection.execute(sql).fetchall()
