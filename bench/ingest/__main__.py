"""Durable acks over gRPC, ours beside the usual servers: `python -m bench.ingest`.

Each server is a process of its own on one processor, the load is on the other.  All keep an event
by the same functions in the same kind of file; see `bench.ingest.work`.  Without goload, grpc-go's
load client, no ratio is taken: our own client would be what is measured.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import trio

from bench.ingest import memory, table
from bench.ingest.cases import CASES, Bench, Row, Run
from bench.ingest.certificates import make_certificates
from bench.ingest.goals import goals, stand_ins
from bench.ingest.load import client
from bench.ingest.machine import LOAD_CORE, stay_on
from bench.ingest.payload import records
from bench.l1.measure import bare_channel_per_second
from runtime.roles.catalogue import load_catalogue
from runtime.settings import Settings


def main() -> int:
    """Measure, print the table and what is reached; gives 1 where a goal is missed."""
    args = _arguments()
    goload = args.goload or shutil.which("goload")
    stay_on(LOAD_CORE)
    catalogue = load_catalogue(Settings())
    events = records(list(catalogue.checks))
    table.print_head(args.rounds, with_go=goload is not None)
    with tempfile.TemporaryDirectory() as folder:
        make_certificates(Path(folder))
        bench = Bench(
            client(None if goload is None else Path(goload), events),
            Path(folder),
            args.disk,
            args.seconds,
        )
        if args.profile:
            print(bench.profiled())
            return 0
        rows, channel = _measured(bench, args.rounds, with_go=goload is not None)
        held = _memory(bench, events, args.agents)
    table.print_rows(rows)
    stood = list(stand_ins(rows, channel))
    table.print_stand_ins(stood, channel)
    void = [each.server for each in stood if not each.holds]
    judged = list(goals(rows, held, with_go=goload is not None, void=void))
    table.print_goals(judged)
    return int(any(goal.missed for goal in judged))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--goload", help="the load client; else the one on the PATH, if any")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of a run, after one to warm up")
    parser.add_argument("--agents", type=int, default=1000, help="idle ones, and large senders")
    parser.add_argument("--disk", type=Path, help="a folder on the disk to measure")
    parser.add_argument("--quick", action="store_true", help="one round of 1 s")
    parser.add_argument("--profile", action="store_true", help="only say where our time goes")
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.seconds = 1, 1.0
    return args


def _measured(bench: Bench, rounds: int, *, with_go: bool) -> tuple[list[Row], float]:
    runs: dict[tuple[int, str], list[Run]] = {}
    channels = list[float]()
    for _ in range(rounds):  # turn about, so that the machine's mood meets all
        for number, case in enumerate(CASES):
            for kind in case.servers:
                if case.tls and not with_go:
                    continue
                channels.append(bare_channel_per_second(10_000))
                runs.setdefault((number, kind), []).append(bench.run(case, kind))
                print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    rows = [Row(CASES[number], kind, made) for (number, kind), made in runs.items()]
    return rows, statistics.median(channels)


def _memory(bench: Bench, events: Sequence[bytes], agents: int) -> Mapping[str, float]:
    held = dict[str, float]()
    with bench.server("ours") as (server, _):
        held["idle connection"] = trio.run(memory.idle, server, events, agents)
    with bench.server("ours") as (server, _):
        peak, sent = trio.run(memory.unread, server, events, 100, 5.0)
        held["slow readers, peak"] = peak
        print(f"100 slow readers: {sent:,} events sent, peak {peak:.0f} MiB")
    with bench.server("ours") as (server, _):
        before = server.rss_kib() / 1024
        peak, statuses = trio.run(memory.large, server, agents)
        held["1,000 senders of 1 MiB, peak"] = peak
        said = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
        print(f"{agents:,} senders of 1 MiB: {before:.0f} -> {peak:.0f} MiB, status {said}")
    return held


if __name__ == "__main__":
    sys.exit(main())
