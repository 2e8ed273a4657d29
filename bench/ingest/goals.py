"""What is to be reached, and whether it was."""

import math
from collections.abc import Iterator, Mapping, Sequence

import attrs

from bench.ingest.cases import Row
from bench.ingest.load import Load

CHANNEL_OF_SPEC = 168_000
"""Messages a second through a bare trio channel where the peers were measured before."""
MEASURED_BEFORE = {
    ("ack only, 100 agents", "aio"): 14_700,
    ("ack only, 100 agents", "sync"): 7_200,
    ("a bare row, 100 agents", "aio"): 10_200,
    ("a bare row, 100 agents", "sync"): 3_400,
}
"""Acks a second of the same servers with the same load, measured by themselves (spec/)."""
_TOLERATED = 0.8


@attrs.frozen
class Goal:
    """A figure, what it is to be, and what became of it."""

    name: str
    wanted: str
    figure: str
    verdict: str

    @property
    def missed(self) -> bool:
        """Whether it was measured and is not reached."""
        return self.verdict.startswith("not reached")


@attrs.frozen
class StandIn:
    """A peer's figure of this run beside the one it was measured with before."""

    case: str
    server: str
    now: float
    before: float
    scaled: float
    """What was measured before, on a machine as fast as this one is now."""

    @property
    def holds(self) -> bool:
        """Whether it is slower by a fifth at the most."""
        return self.now >= _TOLERATED * self.scaled


def stand_ins(rows: Sequence[Row], channel: float) -> Iterator[StandIn]:
    """Hold each peer against what was measured before."""
    for row in rows:
        before = MEASURED_BEFORE.get((row.case.name, row.server))
        if before is not None:
            now = row.median(_rate)
            yield StandIn(
                row.case.name, row.server, now, before, before * channel / CHANNEL_OF_SPEC
            )


def goals(
    rows: Sequence[Row], memory: Mapping[str, float], *, with_go: bool, void: Sequence[str]
) -> Iterator[Goal]:
    """Judge all goals."""
    table = {(row.case.name, row.server): row for row in rows}
    durable, acks = "durable, 100 agents", "ack only, 100 agents"
    for case, peers, aim, least in (
        (durable, ("aio", "aio-generator"), 7, 4),
        (durable, ("sync",), 20, 12),
        ("the least, 100 agents", ("aio", "aio-generator"), 7, 4),
        ("the least, 100 agents", ("sync",), 20, 12),
        (acks, ("aio", "aio-generator"), 10, 10),
    ):
        name = f"{case}: ours / {'grpc.aio' if 'aio' in peers else 'synchronous'}"
        wanted = f">= {aim}x" if aim == least else f">= {aim}x, floor {least}x"
        found = [table[case, peer] for peer in peers if (case, peer) in table]
        if not with_go or (case, "ours") not in table or not found:
            yield Goal(name, wanted, "-", "not measured")
            continue
        ours, peer = table[case, "ours"], max(found, key=lambda row: row.median(_rate))
        ratio = ours.median(_rate) / peer.median(_rate)
        by_cpu = peer.median(_cpu) / ours.median(_cpu)
        verdict = _at_least(ratio, aim, least)
        if peer.server in void:
            verdict = f"void: {peer.server} is slower than measured before"
        yield Goal(name, wanted, f"{ratio:.1f}x (CPU {by_cpu:.1f}x)", verdict)
    name, proved = f"{durable}: with proofs / without", table.get((durable, "ours-proved"))
    if with_go and proved is not None and (durable, "ours") in table:
        ratio = proved.median(_rate) / table[durable, "ours"].median(_rate)
        yield Goal(name, ">= 0.9x", f"{ratio:.2f}x", _at_least(ratio, 0.9, 0.9))
    else:
        yield Goal(name, ">= 0.9x", "-", "not measured")
    for case, most in (
        ("1,000 agents, 5,000/s offered", 3.0),
        ("100 agents, 2,000/s offered", 2.0),
    ):
        row = table.get((case, "ours"))
        figure = math.nan if row is None else row.median(lambda load: load.p99_ms)
        yield _at_most(f"{case}: p99", figure, most, "ms")
    plain, secure = table.get((durable, "ours")), table.get(("durable, 100 agents, mTLS", "ours"))
    dearer = math.nan
    if with_go and plain is not None and secure is not None:
        dearer = 100 * (secure.median(_cpu) / plain.median(_cpu) - 1)
    yield _at_most("mTLS, CPU per event over plain", dearer, 25, "%")
    for name, most, unit in (
        ("idle connection", 25_000 / 1024, "KiB"),
        ("slow readers, peak", 256, "MiB"),
        ("1,000 senders of 1 MiB, peak", 256, "MiB"),
    ):
        yield _at_most(name, memory.get(name, math.nan), most, unit)
    problems = [run.kept.problem for row in rows for run in row.runs if run.kept]
    bad = [problem for problem in problems if problem]
    yield Goal(
        "every ack is a stored row", "all",
        bad[0] if bad else f"{len(problems)} runs agree", "not reached" if bad else "reached",
    )  # fmt: skip
    shares = [run.kept.changed for row in rows for run in row.runs if run.kept]
    least_share = min((share for share in shares if not math.isnan(share)), default=math.nan)
    verdict = "not measured" if math.isnan(least_share) else "not reached"
    if least_share >= 0.5:
        verdict = "reached"
    yield Goal(
        "events that open or change an incident", ">= 50 %", f"{100 * least_share:.0f} %", verdict
    )


def _at_least(figure: float, aim: float, least: float) -> str:
    if figure >= aim:
        return "reached"
    return "done, below the aim" if figure >= least else "not reached"


def _at_most(name: str, figure: float, most: float, unit: str) -> Goal:
    if math.isnan(figure):
        return Goal(name, f"<= {most:.3g} {unit}", "-", "not measured")
    verdict = "reached" if figure <= most else "not reached"
    return Goal(name, f"<= {most:.3g} {unit}", f"{figure:.1f} {unit}", verdict)


def _rate(load: Load) -> float:
    return load.acks_per_s


def _cpu(load: Load) -> float:
    return load.cpu_us
