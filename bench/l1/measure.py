"""Measuring: decisions per CPU second, latencies, load, memory, a change, an explanation."""

import gc
import itertools
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs
import trio

from bench.l1.workload import Raw

Decide = Callable[[Raw], str | None]
_MIN_SECONDS = 0.5


@attrs.frozen
class Latencies:
    """Microseconds by the wall, over single decisions."""

    p50: float
    p99: float
    worst: float


def cpu_us(decide: Decide, events: Sequence[Raw], *, least_seconds: float = _MIN_SECONDS) -> float:
    """Give the CPU time of one decision, all threads, in µs.

    Whole passes over `events` are repeated until `least_seconds` are spent; the best pass counts,
    since other work on the machine can only add.
    """
    best, spent = float("inf"), 0.0
    while spent < least_seconds:
        started = time.process_time()
        for event in events:
            decide(event)
        took = time.process_time() - started
        best, spent = min(best, took), spent + max(took, 1e-4)
    return best / len(events) * 1e6


def latencies(decide: Decide, events: Sequence[Raw]) -> Latencies:
    """Time each decision by itself."""
    took: list[int] = []
    now = time.perf_counter_ns
    for event in events:
        started = now()
        decide(event)
        took.append(now() - started)
    took.sort()
    return Latencies(took[len(took) // 2] / 1e3, took[len(took) * 99 // 100] / 1e3, took[-1] / 1e3)


def loaded(load: Callable[[], Any]) -> tuple[Any, float, float]:
    """Run `load`; give its result, its CPU seconds and the growth of the resident memory in MB."""
    gc.collect()
    before, started = _resident_mb(), time.process_time()
    result = load()
    return result, time.process_time() - started, _resident_mb() - before


def cpu_ms(act: Callable[[Any], object], arguments: Iterable[Any]) -> tuple[float, float]:
    """Give the median and the worst CPU time of an act over its arguments, in ms."""
    took: list[float] = []
    for argument in arguments:
        started = time.process_time()
        act(argument)
        took.append((time.process_time() - started) * 1e3)
    took.sort()
    return took[len(took) // 2], took[-1]


def bare_channel_per_second(messages: int = 50_000) -> float:
    """Give the messages a second through a bare trio memory channel: the machine's speed today."""

    async def pump() -> float:
        post, heard = trio.open_memory_channel[int](64)

        async def send() -> None:
            async with post:
                for number in range(messages):
                    await post.send(number)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            started = time.perf_counter()
            async for _ in heard:
                pass
            return messages / (time.perf_counter() - started)

    return trio.run(pump)


def spread(events: Sequence[Raw], count: int) -> list[Raw]:
    """Give `count` events, taken evenly from all."""
    step = max(1, len(events) // count)
    return list(itertools.islice(events, 0, None, step))[:count]


def _resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no path is at hand
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6
