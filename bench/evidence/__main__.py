"""The evidence log: `python -m bench.evidence --statements 30000 --leaves 10000000 --kills 500`.

Statements a second (built, scrubbed, signed, durable, under heads), how long one takes from the
event to its durable leaf at low load, opening and proofs of a large log, and kill -9 at random
points.  Each part goes through the rooms of an appliance and a file of its own; 0 leaves it out.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import trio

from bench.evidence.large import measure_large
from bench.evidence.rates import measure_latency, measure_rate
from tests.system.evidence_kills import Tally, live_and_die


def main() -> int:
    """Measure, and print what is reached; gives 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--statements", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=200, help="one at a time")
    parser.add_argument("--leaves", type=int, default=10_000_000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", default=str(time.time_ns()), help="of the kills")
    parser.add_argument("--disk", type=Path, help="a folder on the disk to measure")
    args = parser.parse_args()
    missed = False
    with tempfile.TemporaryDirectory(dir=args.disk) as name:
        folder = Path(name)
        for number in range(args.rounds if args.statements else 0):
            rate = trio.run(measure_rate, folder / f"rate-{number}", args.statements)
            print(
                f"logged: {rate.per_second:,.0f} statements/s (goal 5,000),"
                f" {rate.cpu_us:.0f} us of processor time each",
                flush=True,
            )
            missed |= rate.per_second < 5000
        if args.events:
            took = trio.run(measure_latency, folder / "latency", args.events)
            print(f"one at a time: p50 {took.p50:.1f}, p99 {took.p99:.1f} ms (goal 50)", flush=True)
            missed |= took.p99 >= 50
        if args.leaves:
            large = trio.run(measure_large, folder / "large", args.leaves)
            print(f"{args.leaves:,} leaves: open in {large.opened_ms:.0f} ms (goal 1,000)")
            missed |= large.opened_ms >= 1000
            for what, took in large.proofs.items():
                print(f"  {what}: p50 {took.p50:.2f}, p99 {took.p99:.2f} ms (goal 5)", flush=True)
                missed |= took.p99 >= 5
        if args.kills:
            print(_killed(folder / "kills", args.kills, Random(args.seed)))
    return int(missed)


def _killed(folder: Path, kills: int, random: Random) -> str:
    """Kill many times; raises AssertionError where something is lost or contradicts itself."""
    tally = Tally()
    for number in range(1, kills + 1):
        live_and_die(folder, random, tally, check=number == kills)
    return (
        f"{tally.lives} kills: {tally.leaves:,} leaves told, 0 lost;"
        f" {len(tally.heads):,} heads, one for a size"
    )


if __name__ == "__main__":
    sys.exit(main())
