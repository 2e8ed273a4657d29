"""Time and order of a simulated world: a clock that never waits, and a scheduler with a seed."""

import contextlib
import datetime as dt
import math
from collections.abc import Generator
from random import Random
from typing import Any

import attrs
import trio

EPOCH = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
"""A Monday, at virtual time 0."""


_TICK_S = 2.0**-20


@attrs.define(eq=False)
class InstantClock(trio.abc.Clock):
    """Jumps when the loop asks how long to sleep, which it does only when nobody can run.

    Half the loop passes of a `MockClock` that jumps by itself.
    """

    time: float = 0.0

    def start_clock(self) -> None:
        """Need nothing."""

    def current_time(self) -> float:
        """Give the virtual time."""
        return self.time

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Be there already."""
        if deadline == math.inf:
            return deadline  # trio itself, as it ends: only it waits for more than a time
        # A little late, as every real timer, and on a grid of powers of two: clocks that count
        # from different moments round differently, and whoever saw its deadline reached by one
        # and missed by the other would ask for the same instant for ever.
        self.time = max(self.time, (math.floor(deadline / _TICK_S) + 1) * _TICK_S)
        return 0.0


@attrs.frozen
class BootClock:
    """The clocks of an appliance: the monotonic one begins anew with each boot."""

    boot_id: str
    booted_at: float
    """Virtual time."""

    def now(self) -> dt.datetime:
        """Read the wall clock, which is always right here."""
        return wall(trio.current_time())

    def monotonic(self) -> float:
        """Count the seconds of this boot."""
        return trio.current_time() - self.booted_at


def wall(virtual: float) -> dt.datetime:
    """Give the instant of a virtual time."""
    return EPOCH + dt.timedelta(seconds=virtual)


def stream(seed: int, purpose: str) -> Random:
    """Give randomness of its own to each consumer, so that none moves what another draws."""
    return Random(f"{seed}/{purpose}")  # noqa: S311  # no secret


@contextlib.contextmanager
def seeded_scheduler(seed: int) -> Generator[None]:
    """Let trio choose between tasks as the seed says; `test_trio_canary` guards both names."""
    run: Any = trio._core._run  # private names, and the flag is final to a type checker
    flag, state = run._ALLOW_DETERMINISTIC_SCHEDULING, run._r.getstate()
    run._ALLOW_DETERMINISTIC_SCHEDULING = True
    run._r.seed(f"{seed}/scheduler")
    try:
        yield
    finally:
        run._ALLOW_DETERMINISTIC_SCHEDULING = flag
        run._r.setstate(state)
