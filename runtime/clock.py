"""Time as a port: the wall clock, the monotonic clock, and which boot that one belongs to."""

import datetime as dt
import math
import time
from pathlib import Path
from typing import Protocol

import attrs
import trio

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TICK_S = 2.0**-20


def millis(instant: dt.datetime) -> int:
    """Count an instant in whole milliseconds since 1970."""
    return round(instant.timestamp() * 1000)


class Clock(Protocol):
    """What a room may know of time."""

    @property
    def boot_id(self) -> str:
        """Name the boot in which `monotonic` counts."""
        ...

    def now(self) -> dt.datetime:
        """Read the wall clock: aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Count seconds since some moment of this boot; never steps back."""
        ...


def _read_boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:  # no procfs: then each process is a boot of its own
        return f"process-{time.monotonic_ns()}"


@attrs.frozen
class SystemClock:
    """The machine's clocks."""

    boot_id: str = attrs.field(factory=_read_boot_id)

    def now(self) -> dt.datetime:
        """Read the wall clock: aware, UTC."""
        return dt.datetime.now(dt.UTC)  # noqa: TID251  this is the clock that others take

    def monotonic(self) -> float:
        """Count seconds since the machine started, as other processes of this boot do."""
        return time.monotonic()


@attrs.frozen
class VirtualClock:
    """trio's clock with an epoch: under a mock clock whole days pass in milliseconds."""

    epoch: dt.datetime
    boot_id: str = "boot-1"

    def now(self) -> dt.datetime:
        """Give the epoch plus the time that passed in this run."""
        return self.epoch + dt.timedelta(seconds=trio.current_time())

    def monotonic(self) -> float:
        """Count the seconds of trio's clock."""
        return trio.current_time()


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
