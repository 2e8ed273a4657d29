"""The current on which one life of the appliance runs, and when it goes.

Every port call of a life goes through its `Power`.  At a cut the ports die first, so that no
`finally` on the way out can still write; only then the tasks are cancelled.
"""

import enum
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

import attrs
import trio

T = TypeVar("T")


class PowerIsOffError(Exception):
    """Raised inside a port of a dead life; nobody alive ever sees it."""


class Cut(enum.Enum):
    """Where at a port call the life ends."""

    BEFORE = "before"
    """The call never happened."""
    AFTER = "after"
    """It did, and nobody was told."""


class End(enum.Enum):
    """What ended a life."""

    KILLED = "killed"
    """The process alone: the boot goes on, and so does a script it had started."""
    DARK = "dark"
    """The machine: nothing that it ran is left."""


Fate = Callable[[int], tuple[Cut, End] | None]
"""Says whether the power goes at a port call, by its number in the whole run, from 1."""


@attrs.define(eq=False)
class Trace:
    """What happened, as a hash over virtual time, what, and ids; the last lines stay readable."""

    last: deque[str] = attrs.field(factory=lambda: deque[str](maxlen=400))
    _hash: "hashlib._Hash" = attrs.field(factory=hashlib.sha256, init=False)

    def note(self, what: str, *ids: object) -> None:
        """Add a line."""
        line = f"{trio.current_time():.6f} {what} {' '.join(map(str, ids))}"
        self.last.append(line)
        self._hash.update(f"{line}\n".encode())

    @property
    def digest(self) -> str:
        """Give the hash of everything so far."""
        return self._hash.hexdigest()


@attrs.define(eq=False)
class Meter:
    """Counts the port calls of a run over all its lives, and knows their fate."""

    fate: Fate
    trace: Trace
    calls: int = 0
    cuts: int = 0


@attrs.define(eq=False)
class Power:
    """The current of one life."""

    meter: Meter
    life: trio.CancelScope
    gone: End | None = None

    async def call(self, act: Callable[[], Awaitable[T]], what: str, *ids: object) -> T:
        """Do one port call, unless the power goes before it; answer, unless it goes after it."""
        await self.alive()
        self.meter.calls += 1
        self.meter.trace.note(what, *ids)
        cut, end = self.meter.fate(self.meter.calls) or (None, End.DARK)
        if cut is Cut.BEFORE:
            await self.go(end, what)
        try:
            return await act()
        finally:
            # An error is an answer too.  A cancellation is none, and passes in both awaits.
            await self.alive()
            if cut is Cut.AFTER:
                await self.go(end, what)

    async def alive(self) -> None:
        """Return to the living only."""
        if self.gone is not None:
            await trio.sleep_forever()

    async def go(self, end: End, where: str) -> None:
        """Kill the ports, then the tasks; never returns."""
        self.meter.cuts += 1
        self.meter.trace.note("cut", end.value, where)
        self.cut(end)
        await trio.sleep_forever()

    def cut(self, end: End) -> None:
        """End the life."""
        self.gone = end
        self.life.cancel(reason=end.value)
