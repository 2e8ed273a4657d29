"""The L1 rule engine beside a linear evaluator and two engines from the package index.

    python -m bench.l1 [--rules N ...] [--seeds S ...] [--quick]

Every engine decides the same events in the same run, and its answers are checked: ours and the
linear evaluator's against a trivially correct reference, the others' against ours.
"""

import argparse
import functools
import gc
import random
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import attrs

from actors.l1_evaluator.engine import RuleSet
from bench.l1 import measure
from bench.l1.linear import Linear
from bench.l1.peers import Decide, clips_engine, zen_engine
from bench.l1.workload import SIZES, Raw, Workload
from tests.actors.l1_evaluator import reference

T = TypeVar("T")

LINEAR_EVENTS = {92: 4_000, 1_000: 600, 10_000: 120, 100_000: 24}
CHECKED_EVENTS = {92: 1_000, 1_000: 100, 10_000: 16, 100_000: 3}
PEER_EVENTS = {92: 1_000, 1_000: 150, 10_000: 20}
"""Peers are not run at 100,000 rules: loading CLIPS alone takes half a minute."""
PEERS = {"zen": zen_engine, "clips": clips_engine}
RATIO_GOALS = {92: 30, 1_000: 130, 10_000: 750}
SPEC_LINEAR = (35_700, 39_000)
"""The predecessor's own decisions a second at 92 rules, measured elsewhere."""
SPEC_CHANNEL = 168_000
"""Messages a second through a bare trio channel on that machine."""


@attrs.frozen
class Row:
    """What one seed gave at one size."""

    seed: int
    size: int
    ours_us: float
    linear_us: float
    p99_us: float

    @property
    def ratio(self) -> float:
        return self.linear_us / self.ours_us


def main() -> None:
    """Run the bench and print its tables."""
    options = _options()
    channel = measure.bare_channel_per_second()
    print(f"python {sys.version.split()[0]}, bare trio channel {channel:,.0f} messages/s")
    rows = [
        _row(size, seed, peers=size in PEER_EVENTS and not options.quick)
        for seed in options.seeds
        for size in options.rules
    ]
    _print_goals(rows, channel)


def _row(size: int, seed: int, *, peers: bool) -> Row:
    """Measure one size and seed.

    Drawing the events asks a rule set which of them match.  That happens in a process of its own,
    so that the measured one loads its rules cold, into a memory that nothing else has filled.
    """
    work = _alone(Workload, SIZES[size], seed)
    return _alone(_measured, work, peers)


def _alone(function: Callable[..., T], *args: object) -> T:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(function, *args).result()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.l1", description=__doc__)
    drawn = random.SystemRandom().randrange(1_000, 1_000_000)
    parser.add_argument("--rules", type=int, nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 101, 202, drawn])
    parser.add_argument("--quick", action="store_true", help="without the other engines")
    return parser.parse_args()


def _measured(work: Workload, peers: bool) -> Row:
    size, events = work.size.rules, work.events
    rule_set, load_s, grown_mb = measure.loaded(lambda: RuleSet.compile(work.rules))
    gc.collect()
    gc.freeze()
    linear = Linear(work.rules)
    hits = _checked(work, rule_set, linear)
    ours_us = measure.cpu_us(rule_set.decide, events)
    single = measure.latencies(rule_set.decide, events)
    linear_us = measure.cpu_us(linear.decide, measure.spread(events, LINEAR_EVENTS[size]))
    print(
        f"\nseed {work.seed}, {size:,} rules ({work.size.unanchored} unanchored), "
        f"{hits:.1%} of the events match\n"
        f"  ours    {1e6 / ours_us:12,.0f}/s  mean {ours_us:.2f} µs  p50 {single.p50:.2f}  "
        f"p99 {single.p99:.2f}  worst {single.worst:.0f}  "
        f"load {load_s * 1e3:.1f} ms  {grown_mb:.0f} MB\n"
        f"  linear  {1e6 / linear_us:12,.1f}/s  {linear_us / ours_us:,.0f} times as long",
        flush=True,
    )
    if peers:
        for name, make in PEERS.items():
            _print_peer(name, make, work, rule_set, ours_us)
    _print_questions(work, rule_set)
    gc.unfreeze()
    return Row(work.seed, size, ours_us, linear_us, single.p99)


def _checked(work: Workload, rule_set: RuleSet, linear: Linear) -> float:
    """Check answers, warm up, and give the share of the events that match."""
    assert rule_set.quarantined == []
    for event in measure.spread(work.events, CHECKED_EVENTS[work.size.rules]):
        expected = reference.decide(work.rules, event)
        assert rule_set.decide(event) == expected, event
        assert linear.decide(event) == expected, event
    for event in measure.spread(work.events, LINEAR_EVENTS[work.size.rules]):
        assert rule_set.decide(event) == linear.decide(event), event
    return sum(rule_set.decide(event) is not None for event in work.events) / len(work.events)


def _print_peer(
    name: str,
    make: Callable[[list[Raw]], Decide],
    work: Workload,
    rule_set: RuleSet,
    ours_us: float,
) -> None:
    decide, load_s, grown_mb = measure.loaded(functools.partial(make, work.rules))
    events = measure.spread(work.events, PEER_EVENTS[work.size.rules])
    for event in events:
        assert decide(event) == rule_set.decide(event), (name, event)
    took_us = measure.cpu_us(decide, events)
    print(
        f"  {name:7} {1e6 / took_us:12,.1f}/s  {took_us / ours_us:,.0f} times as long  "
        f"load {load_s * 1e3:,.0f} ms  {grown_mb:.0f} MB"
    )


def _print_questions(work: Workload, rule_set: RuleSet) -> None:
    """Time an explanation, a why-not and the change of one rule; check what it then answers."""
    events = measure.spread(work.events, 200)
    asked = work.rules[len(work.rules) // 2]["id"]
    explain = measure.cpu_ms(rule_set.explain, events)
    why_not = measure.cpu_ms(lambda event: rule_set.why_not(event, asked), events)
    changes = [{**rule, "priority": 7, "enabled": True} for rule in measure.spread(work.rules, 20)]
    change = measure.cpu_ms(rule_set.replace, changes)
    changed = [changes[0] if rule["id"] == changes[0]["id"] else rule for rule in work.rules]
    linear, replaced = Linear(changed), rule_set.replace(changes[0])
    for event in measure.spread(work.events, CHECKED_EVENTS[work.size.rules]):
        assert replaced.decide(event) == linear.decide(event), event
    print(
        f"  explain {explain[0]:.3f} ms (worst {explain[1]:.3f})  "
        f"why-not {why_not[0]:.3f} ms (worst {why_not[1]:.3f})  "
        f"one rule changed {change[0]:.2f} ms (worst {change[1]:.2f})"
    )


def _print_goals(rows: list[Row], channel: float) -> None:
    print("\nworst of the seeds:")
    for size in sorted({row.size for row in rows}):
        of_size = [row for row in rows if row.size == size]
        worst, goal = min(row.ratio for row in of_size), RATIO_GOALS.get(size)
        reach = "" if goal is None else f", goal {goal}"
        mean = max(row.ours_us for row in of_size)
        print(
            f"  {size:>7,} rules: {worst:,.0f} times as fast as linear{reach}; mean {mean:.2f} µs"
        )
    smallest = [row for row in rows if row.size == min(SIZES)]
    growth = [
        row.ours_us / small.ours_us
        for small in smallest
        for row in rows
        if row.seed == small.seed and row.size == max(SIZES)
    ]
    if growth:
        print(
            f"  growth from {min(SIZES)} to {max(SIZES):,} rules: {max(growth):.1f} times, goal 10"
        )
    if smallest:
        print(f"  p99 at {min(SIZES)}: {max(row.p99_us for row in smallest):.2f} µs, goal 2")
        _print_stand_in(max(1e6 / row.linear_us for row in smallest), channel)


def _print_stand_in(per_second: float, channel: float) -> None:
    """Say whether the linear evaluator may stand for the predecessor: at most 20 % slower."""
    scaled = per_second * SPEC_CHANNEL / channel
    valid = "valid" if scaled >= 0.8 * SPEC_LINEAR[0] else "void: the stand-in is too slow"
    print(
        f"  stand-in: {per_second:,.0f}/s here, {scaled:,.0f}/s scaled by the bare channel; "
        f"the predecessor itself {SPEC_LINEAR[0]:,} to {SPEC_LINEAR[1]:,}/s: {valid}"
    )
