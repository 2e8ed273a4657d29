"""Print heals a second and the latency of one: `python -m bench.heal [heals]`.

From an observation to a verified, durable end, through the appliance's own wiring: journal, L1
with 92 rules, safety gate, runner, SQLite with `synchronous=FULL` in a folder of the disk.  The
host is in memory and its runbook does nothing but flip a flag.  The predecessor's figure, in one
process without a journal: 72/s, p50 3.7 ms.
"""

import collections
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import attrs
import structlog
import trio
from structlog.typing import EventDict, WrappedLogger

from actors.catalogue.baseline import Baseline
from actors.catalogue.check_names import CheckNames
from actors.catalogue.checks import Check
from actors.catalogue.probes import Service
from actors.catalogue.rule_files import RawRules
from actors.catalogue.runbooks import Runbook, ServiceChange, ServiceState
from actors.circuit_breaker import GateSettings
from actors.flap_suppressor import FlapSettings
from actors.l1_evaluator import RuleSet, RulesInForce
from actors.messages import Mode, Observation, Platform, Severity, Status
from actors.requests import RecordObservation
from actors.runbook_runner import Host
from runtime.clock import SystemClock
from runtime.codec import plain_json
from runtime.hosts.sqlite import open_database
from runtime.ids import TimeOrderedIds
from runtime.roles.catalogue import Catalogue
from runtime.roles.line import SCHEMAS, Line, LineSettings, Ports, build_line
from runtime.supervisor import supervise

CHECKS = tuple(f"daemon_{number}" for number in range(92))
"""Each with its rule; the drifts go round, as the gate counts the hosts that a rule touches."""
AT_ONCE = 16
PREDECESSOR = "predecessor 72/s, p50 3.7 ms"


@attrs.define
class Flag:
    """A host with one service, which starts at once."""

    root: str = "/"
    runs: bool = False

    async def service(self, name: str) -> bool | None:  # noqa: ARG002
        return self.runs

    async def start_service(self, name: str) -> None:  # noqa: ARG002
        self.runs = True


def catalogue() -> Catalogue:
    checks = {
        name: Check(
            name, "It runs", Platform.LINUX, Service("daemon"), Baseline("eq", "running"),
            Severity.HIGH,
        )
        for name in CHECKS
    }  # fmt: skip
    change = ServiceChange(ServiceState.RUNNING, {"service": "daemon"})
    runbook = Runbook(
        "RB-NOOP", "Nothing", Platform.LINUX, CHECKS, change, change, 10.0,
        idempotent=True, content_hash="noop",
    )  # fmt: skip
    raw: list[object] = [
        {
            "id": f"R-{name}",
            "conditions": [{"field": "check_type", "operator": "eq", "value": name}],
            "action": "execute_runbook",
            "runbook_id": "RB-NOOP",
            "mode": "auto",
            "cooldown_seconds": 0,
        }
        for name in CHECKS
    ]
    in_force = RulesInForce(RuleSet.compile(raw), plain_json(raw))
    return Catalogue(
        checks, CheckNames.of(checks), {runbook.id: runbook}, in_force, (), (), RawRules((), ())
    )


@attrs.define(eq=False)
class Bench:
    """The line, and how its heals end: the runner says so in its log when the end is durable."""

    line: Line
    ends: "Ends"
    took: collections.deque[float] = attrs.field(factory=collections.deque[float])

    async def heal(self, number: int) -> None:
        """Report a drift of a host; return when its fix is verified and durable."""
        clock, ids = self.line.ports.clock, self.line.ports.ids
        began = time.perf_counter()
        drift = Observation(
            ids.new("obs"), "site", f"host-{number}", CHECKS[number % len(CHECKS)],
            Status.FAIL, Severity.HIGH, clock.now(), "scanner", Platform.LINUX,
        )  # fmt: skip
        recorded = await RecordObservation(drift).ask(self.line.heard.post)
        await self.ends.of(recorded.incident_id or "").wait()
        self.took.append(time.perf_counter() - began)


@attrs.define
class Ends:
    """Hears what the rooms log."""

    _events: dict[str, trio.Event] = attrs.field(factory=dict[str, trio.Event])

    def of(self, incident_id: str) -> trio.Event:
        return self._events.setdefault(incident_id, trio.Event())

    def hear(self, _logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
        if line["event"] == "fix_concluded":
            assert line["verdict"] == "healed", line
            self.of(line["incident_id"]).set()
        raise structlog.DropEvent


async def run(heals: int, folder: Path, ends: Ends) -> None:
    hosts = {f"host-{n}": Flag() for n in range(len(CHECKS) + 2 * heals)}
    bells: list[Callable[[], None]] = []

    def ring() -> None:
        for bell in bells:
            bell()

    async with open_database(folder / "journal.db", SCHEMAS, on_commit=ring) as database:
        clock, current = SystemClock(), catalogue()
        ports = Ports(
            clock, TimeOrderedIds(clock), random.Random(7), database, lambda: False,
            lambda: current, cast("Mapping[str, Host]", hosts), {}, (),
        )  # fmt: skip
        # The first host of a rule goes alone, and a rule touches few hosts an hour: not here.
        gate = GateSettings(runs_per_day=10**6, hosts_share=1.0)
        line = build_line(LineSettings(Mode.AUTO, gate, FlapSettings(), 60.0, 90), ports)
        bells.append(line.committed)
        bench = Bench(line, ends)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, bench)
            await measure(bench, heals)
            nursery.cancel_scope.cancel()


async def serve(bench: Bench) -> None:
    line = bench.line
    await supervise(
        *line.actors,
        on_dead_letter=line.bury,
        on_down=line.tell_down,
        random=random.Random(7),
    )


async def measure(bench: Bench, heals: int) -> None:
    warm = len(CHECKS)
    for number in range(warm):  # the first host of each rule proves it
        await bench.heal(number)
    await in_turns(bench, 1, range(warm, warm + heals))
    await in_turns(bench, AT_ONCE, range(warm + heals, warm + 2 * heals))


async def in_turns(bench: Bench, at_once: int, numbers: range) -> None:
    bench.took.clear()
    waiting = collections.deque(numbers)

    async def work() -> None:
        while waiting:
            await bench.heal(waiting.popleft())

    began = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for _ in range(at_once):
            nursery.start_soon(work)
    show(f"{at_once} at once", bench.took, time.perf_counter() - began)


def show(what: str, took: collections.deque[float], seconds: float) -> None:
    ordered = sorted(took)
    p50, p95 = (1000 * ordered[int(part * (len(ordered) - 1))] for part in (0.5, 0.95))
    print(
        f"heal, {what:<11} {len(ordered) / seconds:8,.0f}/s  p50 {p50:6.1f} ms  p95 {p95:6.1f} ms"
        f"  ({PREDECESSOR})"
    )


if __name__ == "__main__":
    heard = Ends()
    structlog.configure(
        processors=[heard.hear], wrapper_class=structlog.make_filtering_bound_logger(20)
    )
    with tempfile.TemporaryDirectory(dir=".") as place:
        trio.run(run, int(sys.argv[1]) if len(sys.argv) > 1 else 300, Path(place), heard)
