"""The appliance: opens what lasts, then starts the line and what speaks to it."""

import contextlib
import linecache
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from datetime import time
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import TypeAlias
from zoneinfo import ZoneInfo

import attrs
import structlog
import trio

from actors.circuit_breaker import GateSettings, Window
from actors.coverage import CoverageSettings
from actors.drift_receiver import (
    Fleet,
    HealOrders,
    ReceiverSettings,
    SqliteAgents,
    SqliteHealOrders,
    Tier,
    Update,
    Vocabulary,
)
from actors.flap_suppressor import FlapSettings
from actors.flywheel import FlywheelSettings, SqliteFlywheel
from actors.messages import Mode, Platform, Severity, Stop, StopKind
from actors.scanner import Watch
from runtime.actor import Actor, service
from runtime.clock import Clock, SystemClock
from runtime.errors import InvalidFileError, StoreError
from runtime.garbage import look_seldom
from runtime.health import snapshot
from runtime.hosts.file_writers import FileWriters, open_writers
from runtime.hosts.grpc import Limits
from runtime.hosts.http_server import serve_http
from runtime.hosts.listening import loopback_listener, unix_listener
from runtime.hosts.local_target import LocalTarget, ServiceCommand
from runtime.hosts.reserve import Reserve
from runtime.hosts.sqlite import Database, open_database
from runtime.hosts.state_dir import held
from runtime.ids import TimeOrderedIds
from runtime.roles.agent_commands import AgentCommands
from runtime.roles.anchors import Anchors, anchors_of
from runtime.roles.catalogue import Catalogue, load_catalogue
from runtime.roles.channels import channels_of
from runtime.roles.commands import Commands
from runtime.roles.control import Changes, Control, Probes
from runtime.roles.crew import run_crew
from runtime.roles.evidence import Evidence, evidence_of
from runtime.roles.evidence_commands import EvidenceCommands
from runtime.roles.flywheel_commands import FlywheelCommands
from runtime.roles.identity import Identity, identity_of
from runtime.roles.identity_commands import IdentityCommands
from runtime.roles.learned_rules import LearnedRules, lay
from runtime.roles.line import SCHEMAS, Line, LineSettings, Ports, build_line
from runtime.roles.people import policy_of, reach_of
from runtime.roles.planner import planner_settings, planning_of
from runtime.roles.views import view
from runtime.scrub_key import site_scrubber
from runtime.settings import AgentUpdate, MaintenanceWindow, Settings, Target
from runtime.shutdown import Shutdown, watch_signals

log: structlog.stdlib.BoundLogger = structlog.get_logger(role="appliance")

_DAY_S = 86_400.0
_AGAIN_S = 5.0
"""Until what a hangup asked for is tried again where it could not be kept."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


async def run_appliance(settings: Settings) -> None:
    """Run until SIGTERM.

    Raises:
        ArightError: something that the appliance needs is not there, or a vital room went down.
    """
    state_dir = settings.state_path
    linecache.clearcache()  # attrs leaves 2 MiB there: the source of what it made
    in_force = InForce(settings, load_catalogue(settings))
    look_seldom()
    shutdown = Shutdown()
    bells: list[Callable[[], None]] = []
    async with contextlib.AsyncExitStack() as stack:
        # First: what is asked for from here on is obeyed when there is a line.
        hangups = stack.enter_context(trio.open_signal_receiver(signal.SIGHUP))
        stack.enter_context(held(state_dir))
        reserve = Reserve(state_dir / "reserve")
        database = await stack.enter_async_context(
            open_database(
                state_dir / "journal.db",
                SCHEMAS,
                on_commit=lambda: _ring(bells),
                max_bytes=settings.retention.max_bytes,
                reserve=reserve,
            )
        )
        clock, random = SystemClock(), SystemRandom()
        scrubber = site_scrubber(settings)
        ways = channels_of(settings, clock, random, scrubber)
        if lay(settings.learned_rules, await database.read(SqliteFlywheel().rule_files())):
            in_force.catalogue = load_catalogue(settings)
        ports = Ports(
            clock=clock,
            ids=TimeOrderedIds(clock, random),
            random=random,
            store=database,
            disk_is_full=database.pressed,
            catalogue=lambda: in_force.catalogue,
            hosts=hosts_of(settings),
            watches=watches_of(settings),
            channels=ways.channels,
            sockets=ways.sockets,
            agents=(orders := _orders(settings, database, clock)),
            planning=planning_of(settings, scrubber, clock, random),
            writers=(writers := stack.enter_context(open_writers())),
            proves=True,
            rulebook=LearnedRules(settings.learned_rules, in_force, database),
        )
        evidence = evidence_of(settings, state_dir, database, clock)
        anchors = anchors_of(settings, database, clock, random)
        identity = await identity_of(settings, state_dir, database, clock, random)
        edges = await stack.enter_async_context(
            _edges(settings, state_dir, in_force, orders, identity, evidence, anchors)
        )
        if writers is not None:
            edges.append(partial(_writers_service, writers))
        line = build_line(line_settings(settings), ports, *edges, *evidence.edges, *anchors.edges)
        bells += [line.committed, evidence.committed]
        in_force.lines.append(line)
        await in_force.tell_problems(line)
        async with trio.open_nursery() as nursery:
            await nursery.start(watch_signals, shutdown)
            nursery.start_soon(_reload_on_hangup, hangups, in_force, line)
            nursery.start_soon(_stop_without_disk, database, shutdown)
            await run_crew(
                *line.actors,
                on_dead_letter=line.bury,
                on_down=line.tell_down,
                shutdown=shutdown,
                drain_within=settings.drain_within,
            )
            nursery.cancel_scope.cancel(reason="drained")
        if database.gone.is_set():
            raise StoreError("the disk failed three times in a row; see the log")


def _ring(bells: list[Callable[[], None]]) -> None:
    for ring in bells:
        ring()


@attrs.define
class InForce:
    """The catalogue in force.  A reload replaces it whole, or leaves the last good one."""

    settings: Settings
    catalogue: Catalogue
    lines: list[Line] = attrs.field(factory=list[Line], init=False)
    """The line, as soon as there is one."""
    _turn: trio.Lock = attrs.field(factory=trio.Lock, init=False)
    """One reads at a time: what was read last is in force, and not what was read slowest."""

    async def load(self) -> None:
        """Read all rules anew, as `reload` does."""
        for line in self.lines:
            await self.reload(line)

    async def reload(self, line: Line) -> Catalogue:
        """Read all rules, checks and runbooks anew.

        Raises:
            InvalidFileError: one cannot be read; the last good ones stay in force, with a ticket.
            StoreError: what came of it could not be kept, and so told to nobody.
        """
        async with self._turn:
            return await self._read(line)

    async def _read(self, line: Line) -> Catalogue:
        try:
            self.catalogue = await trio.to_thread.run_sync(load_catalogue, self.settings)
        except InvalidFileError as error:
            log.error("reload_refused", path=error.path, line=error.line, error=error.problem)  # noqa: TRY400  a person's mistake
            await line.tell(_set_aside(error.path, "reload_refused"))
            raise
        await self.tell_problems(line)
        line.review_promotions()
        await line.decide_audited()
        return self.catalogue

    async def tell_problems(self, line: Line) -> None:
        """Log what was set aside, and open one ticket for it."""
        rules = self.catalogue.rules
        for problem in self.catalogue.problems:
            log.warning("rule_set_aside", reason=problem)
        if self.catalogue.problems:
            await line.tell(_set_aside(rules.version, "rules_set_aside"))
        log.info("rules_in_force", rules=len(rules.rules), version=rules.version)


def _set_aside(key: str, reason: str) -> Stop:
    return Stop(StopKind.RULES_SET_ASIDE, key, Severity.HIGH, reason)


async def _stop_without_disk(database: Database, shutdown: Shutdown) -> None:
    """End when nothing can be kept any more: what starts us again opens the file anew."""
    await database.gone.wait()
    shutdown.drain("the disk failed")


async def _reload_on_hangup(hangups: AsyncIterator[int], in_force: InForce, line: Line) -> None:
    async for _ in hangups:
        await _reload_until_kept(in_force, line)


async def _reload_until_kept(in_force: InForce, line: Line) -> None:
    """Read all rules anew; again where what came of it could not be kept, nor told."""
    while True:
        try:
            await in_force.reload(line)
        except InvalidFileError:
            return  # was logged, and a ticket is open
        except StoreError as error:  # no reason to end
            log.warning("reload_not_kept", error=str(error))
            await trio.sleep(_AGAIN_S)
        else:
            return


# The edges: what speaks to the line from outside.

Edge: TypeAlias = Callable[[Line], Actor]


@contextlib.asynccontextmanager
async def _edges(  # noqa: PLR0913, PLR0917  # all that speaks to the line
    settings: Settings,
    state_dir: Path,
    in_force: InForce,
    orders: HealOrders,
    identity: Identity | None,
    evidence: Evidence,
    anchors: Anchors,
) -> AsyncGenerator[list[Edge]]:
    """Take the addresses, so that one that is in use is known before anything starts."""
    with contextlib.ExitStack() as stack:
        socket = stack.enter_context(unix_listener(state_dir / "control.sock"))
        commands = _commands(settings, in_force, orders.fleet, identity, evidence, anchors)
        edges: list[Edge] = [partial(_control_service, commands, [socket], evidence)]
        if identity is not None:
            edges += identity.edges
        if settings.health.port:
            edges.append(partial(_probe_service, [loopback_listener(settings.health.port)]))
        if settings.listen.enabled:
            from runtime.hosts.grpc.server import listen  # late: see the package's `__init__`

            listen(settings.listen.host, settings.listen.port).close()  # in use? then say so now
            edges.append(partial(_agent_service, settings, in_force, orders, identity))
        yield edges


def _commands(  # noqa: PLR0913, PLR0917  # all that obeys
    settings: Settings,
    in_force: InForce,
    fleet: Fleet,
    identity: Identity | None,
    evidence: Evidence,
    anchors: Anchors,
) -> Callable[[Line], Changes]:
    return lambda line: {
        **Commands(settings.site_id, line, in_force.reload).changes(),
        **AgentCommands(fleet).changes(),
        **FlywheelCommands(line.learning.post).changes(),
        **IdentityCommands(None if identity is None else identity.office).changes(),
        **EvidenceCommands(evidence.wishes).changes(),
        **anchors.changes(),
    }


def _control_service(
    commands: Callable[[Line], Changes],
    listeners: list[trio.SocketListener],
    evidence: Evidence,
    line: Line,
) -> Actor:
    async def read(noun: str, verb: str, args: Mapping[str, str]) -> object:
        return await line.ports.store.read(lambda connection: view(connection, noun, verb, args))

    control = Control(_probes(line), read, commands(line))
    return service(
        "control",
        lambda: serve_http(listeners, control.handle),
        sends=[
            line.heard,
            line.proposed,
            line.flaps,
            line.desk,
            line.looks,
            line.learning,
            evidence.wishes,
        ],
        ingress=True,
    )


def _writers_service(writers: FileWriters, _line: Line) -> Actor:
    return service("file_writers", writers.run)


def _probe_service(listeners: list[trio.SocketListener], line: Line) -> Actor:
    return service("probes", lambda: serve_http(listeners, _probes(line).handle), ingress=True)


def _probes(line: Line) -> Probes:
    def health() -> dict[str, object]:
        return {
            **attrs.asdict(snapshot(line.actors, now=trio.current_time())),
            "people": reach_of(line),
        }

    def metrics() -> str:
        from runtime.metrics import exposition  # late: 1 MiB that nobody needs who is not scraped

        return exposition(snapshot(line.actors, now=trio.current_time()), _gauges(line)).decode()

    return Probes(
        health=health,
        ready=lambda: snapshot(line.actors, now=trio.current_time()).ready,
        metrics=metrics,
    )


def _gauges(line: Line) -> Mapping[str, float]:
    return {f"people_{name}": float(value) for name, value in reach_of(line).items()}


def _orders(settings: Settings, store: Database, clock: Clock) -> HealOrders:
    receiver = _receiver(settings)
    fleet = Fleet(receiver, store, SqliteAgents(), clock)
    return HealOrders(store, SqliteHealOrders(), clock, receiver.interval_s, fleet)


def _receiver(settings: Settings) -> ReceiverSettings:
    at = settings.listen
    return ReceiverSettings(
        settings.site_id,
        at.host,
        at.port,
        at.insecure_loopback,
        at.interval,
        tuple(at.checks),
        at.check_config,
        Tier.SELF_HEAL if at.enabled and at.agents_heal else Tier.MONITOR_ONLY,
        _update(at.agent_update),
    )


def _update(offer: AgentUpdate | None) -> Update | None:
    if offer is None:
        return None
    platforms = frozenset(Platform(name) for name in offer.platforms)
    return Update(offer.version, str(offer.url), offer.sha256.lower(), platforms)


def _limits(settings: Settings) -> Limits:
    of = settings.listen.limits
    return Limits(
        connections=of.connections,
        # Without certificates all agents are on this machine.
        per_address=0 if settings.listen.insecure_loopback else of.per_address,
        per_identity=of.per_agent,
        events_per_s=of.events_per_second,
        burst=of.burst,
    )


def _agent_service(
    settings: Settings, in_force: InForce, orders: HealOrders, identity: Identity | None, line: Line
) -> Actor:
    # Late: see the room's `__init__`.
    from actors.drift_receiver.serve import serve_agents
    from actors.drift_receiver.servicer import AgentServicer

    door = None if identity is None else identity.door

    def servicer() -> AgentServicer:
        names = in_force.catalogue.names
        return AgentServicer(
            orders.fleet,
            Vocabulary(
                names.aliases,
                names.severities,
                {watch.host: watch.platform for watch in line.ports.watches.values()},
            ),
            line.heard.post,
            line.ports.clock,
            line.ports.ids,
            orders,
            certificates=None if identity is None else identity.certificates,
        )

    return service(
        "drift_receiver",
        lambda: serve_agents(servicer(), limits=_limits(settings), door=door),
        sends=[line.heard],
        ingress=True,
    )


# From settings to what the rooms take.


def line_settings(settings: Settings) -> LineSettings:
    """Give the rooms what they must know of the settings."""
    gate = settings.gate
    return LineSettings(
        mode=Mode(settings.mode),
        gate=GateSettings(
            runs_per_day=gate.budgets.runs_per_host_and_day,
            hosts_share=gate.budgets.hosts_per_rule_and_hour,
            failures=gate.breaker.failures,
            pause_s=gate.breaker.pause,
            approval_s=gate.approval_expiry,
            windows=tuple(_window(each) for each in gate.windows),
            host_modes={
                target.host: Mode(target.mode) for target in settings.targets if target.mode
            },
            force_audit=settings.dry_run,
        ),
        flap=FlapSettings(settings.flap.recurrences, settings.flap.window),
        poll_interval_s=settings.poll_interval,
        retention_days=settings.retention.days,
        site=settings.site_id,
        flywheel=flywheel_settings(settings),
        coverage=CoverageSettings(
            settings.coverage.threshold,
            settings.coverage.window,
            settings.retention.days,
            _receiver(settings).interval_s,
        ),
        people=policy_of(settings),
        planner=planner_settings(settings),
    )


def flywheel_settings(settings: Settings) -> FlywheelSettings:
    """Give the flywheel what it must know of the settings."""
    of = settings.flywheel
    return FlywheelSettings(
        of.min_hosts,
        of.auto_promote == "low_risk",
        of.shadow_decisions,
        of.canary_attempts,
        of.stage_days * _DAY_S,
        of.expiry_days * _DAY_S,
    )


def _window(window: MaintenanceWindow) -> Window:
    return Window(
        name=window.name,
        zone=ZoneInfo(window.zone),
        days=frozenset(_DAYS.index(day) for day in window.days),
        start=time.fromisoformat(window.start),
        end=time.fromisoformat(window.end),
        hosts=tuple(window.hosts),
        disruptive_only=window.disruptive_only,
    )


def _host(target: Target) -> LocalTarget:
    return LocalTarget(
        target.root or Path("/"),
        {
            name: ServiceCommand(tuple(command.start), command.pid_file)
            for name, command in target.services.items()
        },
    )


def _watch(settings: Settings, target: Target, host: LocalTarget) -> Watch:
    return Watch(
        settings.site_id,
        target.host,
        Platform(target.platform),
        host,
        None if target.checks is None else tuple(target.checks),
        target.interval,
    )


def hosts_of(settings: Settings) -> Mapping[str, LocalTarget]:
    """Give the targets by host."""
    return {target.host: _host(target) for target in settings.targets}


def watches_of(settings: Settings) -> Mapping[str, Watch]:
    """Give what is asked of the targets, by host."""
    return {target.host: _watch(settings, target, _host(target)) for target in settings.targets}
