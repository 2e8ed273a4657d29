"""The line of an appliance: its rooms in the order in which drift meets them.

Nothing here opens anything: files, clocks, hosts and channels are handed in as `Ports`, so that the
simulation runs this very wiring on virtual time.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from random import Random

import attrs

from actors.catalogue.runbooks import AgentCommand
from actors.circuit_breaker import (
    CircuitBreakerActor,
    Gate,
    GateAccounts,
    GateCommand,
    GateSettings,
    SqliteGate,
)
from actors.coverage import CHECK, CoverageSettings, Lookout, SqliteCoverage
from actors.drift_receiver import count_agents
from actors.escalator import (
    Channel,
    ClickDesk,
    Courier,
    EscalatorActor,
    Policy,
    Promises,
    SlackSocket,
    SqliteOutbox,
    SqliteTickets,
)
from actors.evidence_log import SqliteEvidence
from actors.flap_suppressor import FlapAccounts, FlapSettings, FlapSuppressorActor, SqliteFlaps
from actors.flywheel import (
    FlywheelAccounts,
    FlywheelActor,
    FlywheelCommand,
    FlywheelSettings,
    News,
    Promoter,
    Reviews,
    Rulebook,
    SqliteFlywheel,
    Steps,
)
from actors.journal import (
    DeadLetterRow,
    DueWork,
    Heard,
    JournalActor,
    Retention,
    SqliteFacts,
    SqliteJournal,
)
from actors.l1_evaluator import L1Evaluator, SqliteL1Store
from actors.l2_planner import (
    Chain,
    L2PlannerActor,
    PlanAccounts,
    PlannerSettings,
    SqlitePlans,
)
from actors.messages import (
    ExecuteRunbook,
    FixProposed,
    IncidentToDecide,
    Mode,
    Moment,
    PlanWanted,
    Severity,
    Stop,
    StopKind,
)
from actors.messages.promotion import ReviewPromotions
from actors.ports import AgentExecutor
from actors.requests import (
    AckTicket,
    CheckRun,
    ExtendSuppression,
    LiftSuppression,
    ResolveTicket,
    Suppress,
    SuppressionOf,
)
from actors.runbook_runner import Host, Ledgers, Repertoire, RunbookRunnerActor
from actors.scanner import CheckRunActor, Eye, Scanner, Watch
from runtime.actor import Actor, actor, service
from runtime.alarm import Alarm
from runtime.clock import Clock
from runtime.codec import to_json
from runtime.delivery import DeadLetter
from runtime.ids import Ids
from runtime.mailbox import Full, Mailbox
from runtime.roles.beats import Beats
from runtime.roles.catalogue import Catalogue
from runtime.roles.planner import ClosedNow, Planning, kind_of
from runtime.store import Query, Store
from runtime.supervisor import ActorDown
from runtime.writers import Writers

ROOMS = (
    "journal", "l1_evaluator", "flap_suppressor", "circuit_breaker", "escalator", "drift_receiver",
    "coverage", "site_ca", "evidence_log", "anchorer", "l2_planner",
    "flywheel",
)  # fmt: skip
"""The rooms that remember something, each with its own tables."""

SCHEMAS: Mapping[str, Traversable] = {room: files(f"actors.{room}") / "schema" for room in ROOMS}

_HOSTS_AT_ONCE = 256
"""Hosts that the runner has in hand: most of them wait for their agents."""


@attrs.frozen
class LineSettings:
    """What the rooms must know of the settings."""

    mode: Mode
    gate: GateSettings
    flap: FlapSettings
    poll_interval_s: float
    retention_days: int
    site: str = "site"
    coverage: CoverageSettings = attrs.field(factory=CoverageSettings)
    flywheel: FlywheelSettings = attrs.field(factory=FlywheelSettings)
    people: Policy = attrs.field(factory=Policy)
    planner: PlannerSettings = attrs.field(factory=PlannerSettings)


@attrs.frozen
class Ports:
    """The world, as the rooms see it."""

    clock: Clock
    ids: Ids
    random: Random
    store: Store
    disk_is_full: Callable[[], bool]
    catalogue: Callable[[], Catalogue]
    """What is in force now; a reload gives another."""
    hosts: Mapping[str, Host]
    watches: Mapping[str, Watch]
    channels: Sequence[Channel]
    sockets: Sequence[SlackSocket] = ()
    """What hears the clicks of people."""
    agents: AgentExecutor | None = None
    """Heals on the hosts of agents; None where none are served."""
    planning: Planning | None = None
    """Asks models; None where none is configured, and what no rule knows goes to a person."""
    writers: Writers | None = None
    """Says who writes a file; None where nobody can, as in a simulation."""
    proves: bool = False
    """Whether an edge proves what happens; what it did not prove yet is not forgotten then."""
    rulebook: Rulebook | None = None
    """Keeps the rules that plans become; None where plans are only counted."""


def _reaches(ports: Ports, host: str, runbook_id: str) -> Query[bool]:
    runbook = ports.catalogue().runbooks.get(runbook_id)
    if runbook is not None and isinstance(runbook.act, AgentCommand):
        return (lambda _: False) if ports.agents is None else ports.agents.reaches(host)
    return lambda _: host in ports.hosts


@attrs.define(eq=False)
class Line:
    """The rooms, wired: what `supervise` runs, and what the edges speak to."""

    actors: tuple[Actor, ...]
    heard: Mailbox[Heard]
    proposed: Mailbox[FixProposed | GateCommand]
    flaps: Mailbox[SuppressionOf | Suppress | LiftSuppression | ExtendSuppression]
    desk: Mailbox[AckTicket | ResolveTicket]
    looks: Mailbox[CheckRun]
    learning: Mailbox[ReviewPromotions | FlywheelCommand]
    ports: Ports
    journal: SqliteJournal
    tickets: SqliteTickets
    people: Promises
    """Whether people are reached."""
    decide_audited: Callable[[], Awaitable[None]]
    """Asks again about all that audit mode refused, after a mode may have changed."""
    review_promotions: Callable[[], None]
    """Says that other rules may be in force, once something is durable."""
    _bells: tuple[Callable[[], None], ...] = attrs.field(alias="bells")

    def committed(self) -> None:
        """Wake whoever waits for something that a commit may have brought."""
        for ring in self._bells:
            ring()

    async def bury(self, letter: DeadLetter) -> None:
        """Keep a message that fell three times, and tell a person."""
        now = Moment.read(self.ports.clock)
        row = DeadLetterRow(
            letter.mailbox,
            letter.actor,
            letter.attempts,
            " <- ".join(letter.reasons),
            to_json(letter.message),
        )
        stop = Stop(StopKind.DEAD_LETTER, letter.mailbox, Severity.HIGH, "dead_letter")
        await self.ports.store.commit(self.journal.bury(row, now), self.tickets.open(stop, now))

    async def tell_down(self, down: ActorDown) -> None:
        """Tell a person that a room is down."""
        severity = Severity.CRITICAL if down.vital else Severity.HIGH
        await self.tell(Stop(StopKind.ROOM_DOWN, down.actor, severity, "room_down"))

    async def tell(self, stop: Stop) -> None:
        """Open a ticket."""
        await self.ports.store.commit(self.tickets.open(stop, Moment.read(self.ports.clock)))


def build_line(settings: LineSettings, ports: Ports, *edges: Callable[["Line"], Actor]) -> Line:
    """Wire the rooms.  `edges` make the services through which the world speaks to them."""
    clock, ids, store = ports.clock, ports.ids, ports.store

    heard = Mailbox[Heard]("heard", capacity=4096)
    to_decide = Mailbox[IncidentToDecide]("to_decide", capacity=1024)
    to_plan = Mailbox[PlanWanted]("to_plan", capacity=256, full=Full.REFUSE)
    proposed = Mailbox[FixProposed | GateCommand]("proposed", capacity=256)
    flaps = Mailbox[SuppressionOf | Suppress | LiftSuppression | ExtendSuppression](
        "flaps", capacity=64
    )
    to_run = Mailbox[ExecuteRunbook]("to_run", capacity=256)
    desk = Mailbox[AckTicket | ResolveTicket]("desk", capacity=64, full=Full.REFUSE)
    looks = Mailbox[CheckRun]("looks", capacity=16, full=Full.REFUSE)
    learning = Mailbox[ReviewPromotions | FlywheelCommand]("learning", capacity=16)

    tickets = SqliteTickets(ids, tuple(channel.name for channel in ports.channels), settings.people)
    promises = Promises(store, tickets, clock)
    journal = SqliteJournal(tickets)
    flap_memory, gate_memory = SqliteFlaps(), SqliteGate()
    proofs = SqliteEvidence(SqliteFacts())
    gate = Gate(
        gate_memory,
        journal,
        tickets,
        flap_memory,
        lambda runbook_id: ports.catalogue().runbooks.get(runbook_id),  # noqa: PLW0108  asked anew
        lambda connection: len(ports.hosts) + count_agents(connection),
        lambda host, runbook_id: _reaches(ports, host, runbook_id),
        settings.gate,
        proofs,
        lambda: ports.catalogue().in_force.rules.version,
    )
    news = News()
    flywheel = Steps(SqliteFlywheel(), tickets, settings.flywheel, proofs, settings.site)
    accounts = (
        GateAccounts(gate_memory, journal, settings.gate),
        FlapAccounts(flap_memory, journal),
        PlanAccounts(plans := SqlitePlans(settings.planner.days)),
        FlywheelAccounts(flywheel, journal, news.tell),
    )
    beats = Beats(
        ports.watches,
        lambda: ports.catalogue().checks,
        settings.poll_interval_s,
        settings.coverage.agents_interval_s,
    )
    coverage = SqliteCoverage(beats.of)
    lookout = Lookout(
        settings.site,
        store,
        coverage,
        heard.post,
        clock,
        ids,
        settings.coverage,
        beats.asked,
        lambda: ports.catalogue().names.named(CHECK),
    )
    retention = Retention(
        store, journal, clock, settings.retention_days, proofs if ports.proves else None
    )
    due_work = DueWork(to_decide.post, to_run.post, store, journal, tickets, clock)
    due_alarm = Alarm(due_work.next_due, due_work.ring, clock)
    couriers = [
        Courier(channel, store, tickets, SqliteOutbox(), clock, ports.random)
        for channel in ports.channels
    ]
    recovered = False

    async def work_what_is_due() -> None:
        nonlocal recovered
        if not recovered:  # once a start of the process, not once a fall of this service
            await due_work.recover()
            recovered = True
        await due_alarm.run()

    def scanner() -> Scanner:
        eye = Eye(
            ports.watches,
            lambda: ports.catalogue().checks,
            heard.post,
            clock,
            ids,
            settings.poll_interval_s,
        )
        return Scanner(eye)

    def planner(planning: Planning) -> Actor:
        chain = Chain(
            planning.providers,
            settings.planner.timeout_s,
            settings.planner.budgets,
            store,
            plans,
            clock,
            ids,
            ports.random,
        )
        offered = ClosedNow(ports.catalogue, settings.planner)
        return actor(
            "l2_planner",
            reads=to_plan,
            sends=[proposed],
            make=lambda: L2PlannerActor(
                proposed.post,
                chain,
                offered,
                planning.prompt,
                settings.planner,
                store,
                plans,
                journal,
                tickets,
                clock,
                ids,
            ),
            lanes=settings.planner.at_once,
            lane_of=kind_of,
        )

    def repertoire() -> Repertoire:
        current = ports.catalogue()
        return Repertoire(current.runbooks, current.checks, ports.hosts, ports.agents)

    def learners(rulebook: Rulebook) -> Iterator[Actor]:
        reviews = Reviews(learning.post, news, store, flywheel.memory, clock, settings.flywheel)
        yield service("promotion_reviews", reviews.run, sends=[learning])
        yield actor(
            "flywheel",
            reads=learning,
            make=lambda: FlywheelActor(Promoter(store, flywheel, rulebook, clock, news)),
        )

    rooms = (
        service("scanner", lambda: scanner().run(), sends=[heard], ingress=True),
        service("coverage", lookout.run, sends=[heard], ingress=True),
        actor("check_runs", reads=looks, sends=[heard], make=lambda: CheckRunActor(scanner().eye)),
        actor(
            "journal",
            reads=heard,
            sends=[to_decide],
            make=lambda: JournalActor(
                to_decide.post, store, journal, coverage, clock, ids, ports.disk_is_full
            ),
            vital=True,
        ),
        service("due_work", work_what_is_due, sends=[to_decide, to_run], vital=True),
        service("retention", retention.run),
        actor(
            "l1_evaluator",
            reads=to_decide,
            sends=[proposed] if ports.planning is None else [proposed, to_plan],
            make=lambda: L1Evaluator(
                proposed.post,
                lambda: ports.catalogue().in_force,
                settings.mode,
                store,
                SqliteL1Store(),
                journal,
                tickets,
                clock,
                None if ports.planning is None else to_plan.post,
            ),
        ),
        *(() if ports.planning is None else (planner(ports.planning),)),
        actor(
            "flap_suppressor",
            reads=flaps,
            make=lambda: FlapSuppressorActor(
                store,
                flap_memory,
                journal,
                clock,
                ids,
                settings.flap,
                {host: watch.target for host, watch in ports.watches.items()},
                ports.writers,
                proofs,
            ),
        ),
        actor(
            "circuit_breaker",
            reads=proposed,
            sends=[flaps, to_run],
            make=lambda: CircuitBreakerActor(store, gate, clock, flaps.post, to_run.post),
        ),
        actor(
            "runbook_runner",
            reads=to_run,
            make=lambda: RunbookRunnerActor(
                Ledgers(store, journal, journal, tickets, accounts, journal),
                repertoire,
                clock,
                ids,
                settings.flap.window_s,
            ),
            lanes=_HOSTS_AT_ONCE,
            lane_of=lambda message: message.incident.host,
        ),
        actor("escalator", reads=desk, make=lambda: EscalatorActor(store, tickets, clock)),
        service("promises", promises.run),
        *(
            service(
                f"clicks_{each.name}",
                partial(each.run, ClickDesk(store, tickets, journal, desk.post, proposed.post)),
                sends=[desk, proposed],
                ingress=True,
            )
            for each in ports.sockets
        ),
        *(() if ports.rulebook is None else learners(ports.rulebook)),
        *(service(f"courier_{each.channel.name}", each.run) for each in couriers),
    )
    line = Line(
        rooms,
        heard,
        proposed,
        flaps,
        desk,
        looks,
        learning,
        ports,
        journal,
        tickets,
        promises,
        due_work.decide_audited,
        news.tell,
        (due_alarm.changed, news.committed, promises.changed, *(each.changed for each in couriers)),
    )
    line.actors = (*(edge(line) for edge in edges), *rooms)
    return line
