"""A point in time that survives a restart and a wall clock that jumps."""

import datetime as dt
from typing import Protocol

import attrs


class ReadsTime(Protocol):
    """The part of the clock port that a moment needs."""

    @property
    def boot_id(self) -> str:
        """Name the boot in which `monotonic` counts."""
        ...

    def now(self) -> dt.datetime:
        """Read the wall clock: aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Count seconds within the boot."""
        ...


@attrs.frozen
class Moment:
    """When something was: by the wall, and by the monotonic clock of one boot.

    Within a boot only the monotonic clock counts, so that setting the wall clock neither
    shortens nor lengthens a window.  Across boots the wall is all there is.
    """

    wall: dt.datetime
    boot: str
    monotonic: float

    @classmethod
    def read(cls, clock: ReadsTime) -> "Moment":
        """Read both clocks."""
        return cls(clock.now(), clock.boot_id, clock.monotonic())

    def since(self, earlier: "Moment") -> float:
        """Count the seconds from `earlier` to this moment, never fewer than none."""
        if self.boot == earlier.boot:
            return max(0.0, self.monotonic - earlier.monotonic)
        return max(0.0, (self.wall - earlier.wall).total_seconds())

    def after(self, seconds: float) -> "Moment":
        """Give the moment that many seconds later, in the same boot."""
        return Moment(
            self.wall + dt.timedelta(seconds=seconds), self.boot, self.monotonic + seconds
        )
