"""What is known of a running actor: its state, its falls, and how long `handle` takes."""

import enum
import itertools
import traceback

import attrs

from runtime.restart import Budget

QUICK = 16e-6
"""Seconds under which a handle is only counted: the first step of the histogram."""

_STEPS = 24  # 16 us doubled 23 times is 134 s; what takes longer falls into the last step


class State(enum.Enum):
    """Where an actor stands."""

    NEW = "new"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    """It fell and starts again after a pause."""
    DOWN = "down"
    """It fell too often; it is tried again every five minutes, unless it is vital."""
    ENDED = "ended"


@attrs.define
class Took:
    """A histogram of durations in steps that double, from 16 us on."""

    counts: list[int] = attrs.field(factory=lambda: [0] * _STEPS)

    def note(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[min(int(seconds / QUICK).bit_length(), _STEPS - 1)] += 1

    def note_quick(self, count: int) -> None:
        """Count durations under `QUICK`."""
        self.counts[0] += count

    def quantile(self, share: float) -> float:
        """Give the upper end, in seconds, of the step in which the quantile lies; 0 if empty."""
        reached = itertools.accumulate(self.counts)
        wanted = share * sum(self.counts)
        step = next((step for step, count in enumerate(reached) if count >= wanted), 0)
        return QUICK * float(2**step) if wanted else 0.0


@attrs.define
class Vitals:
    """The live counters of one actor; read them, do not write."""

    state: State = State.NEW
    fell: int = 0
    budget: Budget | None = None
    last_error: str | None = None
    """Class and first 200 characters of the last error."""
    took: Took = attrs.field(factory=Took)


def describe(error: BaseException) -> str:
    """Name an error in one short line."""
    return f"{type(error).__name__}: {error}"[:200]


def chain_of(error: BaseException) -> tuple[str, ...]:
    """Name an error and what it came from, the outermost first."""
    links: list[str] = []
    link: BaseException | None = error
    while link is not None:
        links.append(describe(link))
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return tuple(links)


def where(error: BaseException) -> dict[str, str | int | None]:
    """Name the file and line that raised an error, under the keys of a log line."""
    frames = traceback.extract_tb(error.__traceback__)
    return {"file": frames[-1].filename, "line": frames[-1].lineno} if frames else {}
