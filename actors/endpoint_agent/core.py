"""What an agent tells, what it drops when it must, and which ack means which event; pure."""

import enum
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import chain

import attrs

from actors.messages import Observation, Status
from runtime.errors import ArightError

TEXT_CHARS = 8192
"""Of an expected or actual value; an appliance takes 64 KiB for all of an event."""


@attrs.frozen
class Report:
    """The answer of a check, as the appliance is told of it."""

    host: str
    check: str
    passed: bool
    expected: str
    actual: str
    control: str
    observed_at: int
    """Unix seconds."""
    metadata: Mapping[str, str] = attrs.field(factory=dict[str, str])


def report_of(seen: Observation) -> Report | None:
    """Say what is told of an answer; None for one that is neither pass nor fail.

    The wire knows only these two, and what is unknown must not look like either: the appliance
    then misses the answer, and its account of coverage says so.
    """
    if seen.status not in (Status.PASS, Status.FAIL):
        return None
    about = {"distro": seen.distro} if seen.distro else {}
    return Report(
        host=seen.host,
        check=seen.check,
        passed=seen.status is Status.PASS,
        expected=seen.expected[:TEXT_CHARS],
        actual=seen.actual[:TEXT_CHARS],
        control=seen.controls[0] if seen.controls else "",
        observed_at=int(seen.observed_at.timestamp()),
        metadata=about,
    )


@attrs.frozen
class Bounds:
    """How much is kept while the appliance is away."""

    events: int = attrs.field(default=10_000, validator=attrs.validators.ge(1))
    bytes: int = attrs.field(default=16 * 2**20, validator=attrs.validators.ge(1))


@attrs.frozen
class Held:
    """A report that waits for its ack."""

    id: int
    """Counts up: the lowest is the oldest."""
    size: int
    """Bytes."""
    passed: bool
    untold: int = 0
    """Drops before it, of which it is to tell."""


def victims(held: Sequence[Held], bounds: Bounds) -> Sequence[Held]:
    """Choose what is dropped so that the rest is within bounds; `held` is oldest first.

    Passes go first, as the next look says the same again; then whatever is oldest.
    """
    count, size = len(held), sum(each.size for each in held)
    dropped: list[Held] = []
    passes = (each for each in held if each.passed)
    others = (each for each in held if not each.passed)
    for each in chain(passes, others):
        if count <= bounds.events and size <= bounds.bytes:
            break
        dropped.append(each)
        count, size = count - 1, size - each.size
    return dropped


class Fate(enum.Enum):
    """What an ack says of an event."""

    TAKEN = enum.auto()
    """It is durable there: forget it."""
    REFUSED = enum.auto()
    """It will never be taken."""
    KEPT = enum.auto()
    """Not now: send it again later."""


def fate_of(*, received: bool, error: str) -> Fate:
    """Read an ack."""
    if received:
        return Fate.TAKEN
    return Fate.KEPT if "keep it" in error else Fate.REFUSED


class UnaskedAckError(ArightError):
    """An appliance acked more than was sent: nothing on this stream can be told apart."""

    def __init__(self) -> None:
        super().__init__("the appliance acked an event that was not sent")


@attrs.define
class Exchange:
    """One stream: acks come in the order of the events, so the next is for the oldest in flight."""

    window: int = 256
    """Events in flight at most."""
    cursor: int = attrs.field(default=0, init=False)
    """The last id that was looked at."""
    _flying: deque[int] = attrs.field(factory=deque[int], init=False)
    _kept: set[int] = attrs.field(factory=set[int], init=False)

    @property
    def room(self) -> int:
        """Say how many more may be sent now."""
        return max(0, self.window - len(self._flying))

    @property
    def waits(self) -> bool:
        """Say whether something is to be sent again, after a pause."""
        return bool(self._kept)

    def choose(self, ids: Sequence[int]) -> Sequence[int]:
        """Give those of the next ids that are to be sent now, and count them as in flight."""
        flying = set(self._flying)
        chosen = [each for each in ids if each not in flying]
        self._flying.extend(chosen)
        self.cursor = max([self.cursor, *ids])
        return chosen

    def settle(self, fate: Fate) -> int:
        """Take an ack; give the id of its event.  Raises UnaskedAckError."""
        if not self._flying:
            raise UnaskedAckError
        settled = self._flying.popleft()
        if fate is Fate.KEPT:
            self._kept.add(settled)
        return settled

    def rewind(self) -> None:
        """Go back to the first event that is to be sent again."""
        if self._kept:
            self.cursor = min(self.cursor, min(self._kept) - 1)
            self._kept.clear()


class Tier(enum.IntEnum):
    """What the appliance lets an agent do to its host; the numbers are those of the wire."""

    MONITOR_ONLY = 0
    SELF_HEAL = 1
    FULL_REMEDIATION = 2


@attrs.frozen
class Wishes:
    """What the appliance would have this agent ask, as of its last answer to Register."""

    interval_s: float = 0.0
    """Seconds between two looks; 0 where it has not said."""
    checks: tuple[str, ...] = ()
    """In the words of agents; none where it has not said."""


@attrs.define
class Standing:
    """What the appliance said of this agent last."""

    agent_id: str = ""
    tier: Tier = Tier.MONITOR_ONLY
    """Nothing is healed before the appliance has said that it may be."""
    fails: int = 0
    """Drifts since the last heartbeat."""
    heals: int = 0


@attrs.frozen
class Given:
    """The appliance told this agent to heal; it comes again until the outcome was heard."""

    command_id: str
    check_type: str
    action: str
    params: Mapping[str, str]
    until: float
    """When the appliance gives it up, by trio's clock: from then on it is not begun."""


@attrs.frozen
class Outcome:
    """What became of a command."""

    success: bool
    reason: str = ""
    """A code in snake_case: output of a script never leaves the host."""
