"""Time and order of a simulated world: the clocks of its boots, and a scheduler with a seed."""

import contextlib
import datetime as dt
from collections.abc import Generator
from random import Random
from typing import Any

import attrs
import trio

from tests.fakes.target import VIRTUAL_EPOCH

EPOCH = VIRTUAL_EPOCH
"""A Monday, at virtual time 0."""


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
