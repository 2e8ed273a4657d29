"""What is printed, at most 100 columns wide."""

import math
import platform
import statistics
from collections.abc import Sequence

from bench.ingest.cases import Row
from bench.ingest.goals import Goal, StandIn
from bench.ingest.payload import MIX
from runtime.clock import SystemClock

NAMES = {
    "ours": "ours",
    "ours-proved": "ours, with proofs",
    "aio": "grpc.aio, read/write",
    "aio-generator": "grpc.aio, generator",
    "sync": "synchronous grpcio",
}


def print_head(rounds: int, *, with_go: bool) -> None:
    """Say when, where and how."""
    today = SystemClock().now().date()
    print(f"{today}, {platform.platform()}, CPython {platform.python_version()}")
    print(
        "server on one processor, load on another, by", "grpc-go" if with_go else "our own client"
    )
    print(f"the bucket and the caps of connections are off; {rounds} rounds, medians")
    print(MIX)


def print_rows(rows: Sequence[Row]) -> None:
    """Print a line for each server in each case, medians of its runs."""
    print(
        f"\n{'case':<30} {'server':<20} {'acks/s':>8} {'CPU us':>7} {'p50 ms':>7} {'p99 ms':>7}"
        f" {'opened':>6} {'changed':>7}"
    )
    for row in rows:
        kept = [run.kept for run in row.runs if run.kept]
        shares = [
            f"{100 * share:.0f} %" if not math.isnan(share) else "-"
            for share in (
                statistics.median([each.opened for each in kept] or [math.nan]),
                statistics.median([each.changed for each in kept] or [math.nan]),
            )
        ]
        print(
            f"{row.case.name:<30} {NAMES[row.server]:<20}"
            f" {row.median(lambda load: load.acks_per_s):>8,.0f}"
            f" {row.median(lambda load: load.cpu_us):>7.1f}"
            f" {row.median(lambda load: load.p50_ms):>7.2f}"
            f" {row.median(lambda load: load.p99_ms):>7.2f} {shares[0]:>6} {shares[1]:>7}"
        )


def print_stand_ins(stood: Sequence[StandIn], channel: float) -> None:
    """Say how the peers stand beside what they were measured with before."""
    print(f"\nbare trio channel: {channel:,.0f}/s (168,000/s where peers were measured before)")
    for each in stood:
        verdict = "holds" if each.holds else "VOID"
        print(
            f"{each.case}, {NAMES[each.server]}: {each.now:,.0f}/s;"
            f" before {each.before:,.0f}/s, scaled {each.scaled:,.0f}/s: {verdict}"
        )


def print_goals(goals: Sequence[Goal]) -> None:
    """Say what is reached."""
    print(f"\n{'goal':<42} {'wanted':<20} {'figure':<18} verdict")
    for goal in goals:
        print(f"{goal.name:<42} {goal.wanted:<20} {goal.figure:<18} {goal.verdict}")
