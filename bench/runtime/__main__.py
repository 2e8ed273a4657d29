"""Print the runtime's figures beside its peers': `python -m bench.runtime`."""

import logging
import statistics
import sys
from collections.abc import Callable, Sequence

import structlog
import trio

from bench.runtime import ours, peers

ROUNDS = 3


def median(measure: Callable[[], float]) -> float:
    """Take the median of a few rounds."""
    return statistics.median(measure() for _ in range(ROUNDS))


def row(
    what: str, unit: str, figures: Sequence[tuple[str, float]], *, less_is_better: bool = False
) -> None:
    (_, own), *others = figures
    beside = "  ".join(
        f"{name} {figure:,.1f} (x{figure / own if less_is_better else own / figure:.2f})"
        for name, figure in others
    )
    print(f"{what:<22}{own:>14,.1f} {unit:<6} {beside}")


def share(figures: list[float], part: float) -> float:
    return sorted(figures)[int(part * (len(figures) - 1))]


def fan_in(what: str, count: int, senders: int) -> None:
    row(
        what,
        "/s",
        [
            ("ours", median(lambda: trio.run(ours.fan_in, count, senders))),
            ("trio", median(lambda: trio.run(peers.trio_fan_in, count // 4, senders))),
            ("asyncio", median(lambda: peers.on_asyncio(peers.asyncio_fan_in(count, senders)))),
            ("pykka", median(lambda: peers.pykka_fan_in(count // 2, senders))),
        ],
    )


def pipeline(count: int, hops: int) -> None:
    row(
        f"pipeline of {hops}",
        "/s",
        [
            ("ours", median(lambda: trio.run(ours.pipeline, count, hops))),
            ("trio", median(lambda: trio.run(peers.trio_pipeline, count // 4, hops))),
            ("asyncio", median(lambda: peers.on_asyncio(peers.asyncio_pipeline(count, hops)))),
            ("pykka", median(lambda: peers.pykka_pipeline(count // 4, hops))),
        ],
    )


def trace_hook(count: int) -> None:
    def ignore(_what: str, _actor: str, _message: object) -> None:
        """Take the event and do nothing."""

    row(
        "tell, trace hook on",
        "/s",
        [
            ("ours", median(lambda: trio.run(ours.fan_in, count, 1, ignore))),
            ("hook off", median(lambda: trio.run(ours.fan_in, count, 1))),
        ],
    )


def round_trips(count: int) -> None:
    rounds = {
        "ours": [trio.run(ours.asks, count) for _ in range(ROUNDS)],
        "asyncio with a deadline": [
            peers.on_asyncio(peers.asyncio_asks(count, deadline=True)) for _ in range(ROUNDS)
        ],
        "bare asyncio": [
            peers.on_asyncio(peers.asyncio_asks(count, deadline=False)) for _ in range(ROUNDS)
        ],
        "pykka": [peers.pykka_asks(count // 10) for _ in range(ROUNDS)],
    }
    for part in (0.5, 0.99):
        figures = [
            (name, statistics.median(share(took, part) for took in all_took) * 1e6)
            for name, all_took in rounds.items()
        ]
        row(f"ask p{part * 100:.0f}", "us", figures, less_is_better=True)


def promises() -> None:
    for micros in (0, 20, 100):
        late = trio.run(ours.lateness, micros / 1e6, 1.5)
        row(
            f"lateness p99, {micros} us", "ms", [("", share(late, 0.99) * 1e3)], less_is_better=True
        )
    took, size = trio.run(ours.spawn, 1000)
    row("spawn", "us", [("", took * 1e6)], less_is_better=True)
    row("idle actor", "bytes", [("", size)], less_is_better=True)
    lost, redelivered, fell = trio.run(ours.crashes, 100_000, 1000)
    print(f"1,000 crashes at full load: {lost} lost, {redelivered} redelivered, {fell} falls")


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"CPython {sys.version.split()[0]}, trio {trio.__version__}, median of {ROUNDS}")
    print("in brackets: how many times better ours is")
    fan_in("tell", 100_000, senders=1)
    fan_in("fan-in of 10", 100_000, senders=10)
    pipeline(50_000, hops=5)
    trace_hook(100_000)
    round_trips(20_000)
    promises()


if __name__ == "__main__":
    main()
