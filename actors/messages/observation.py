"""What a host answered to a check, and what became of a fix."""

import datetime as dt
import enum
from collections.abc import Mapping

import attrs

from actors.messages.json import JSON
from actors.messages.many import one_of_many


class Status(enum.StrEnum):
    """The four answers of a check.  Only `FAIL` may be healed; unknown is never pass."""

    PASS = "pass"  # noqa: S105  an answer, not a secret
    FAIL = "fail"
    ERROR = "error"
    UNKNOWN = "unknown"


class Severity(enum.StrEnum):
    """How much a drift matters; the check says so."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Platform(enum.StrEnum):
    """The kind of system a host runs."""

    LINUX = "linux"
    WINDOWS = "windows"
    MACOS = "macos"
    NIXOS = "nixos"
    UNKNOWN = "unknown"


class Verdict(enum.StrEnum):
    """What became of a fix.  Only a passing verify makes `HEALED`."""

    HEALED = "healed"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    UNKNOWN = "unknown"
    NO_DRIFT = "no_drift"
    """Detect found nothing to heal, and nothing was done."""


@one_of_many
class Observation:
    """A host answered a check; sent to the journal by whoever heard it."""

    id: str
    """Given on arrival, sorts by time."""
    site: str
    host: str
    """Empty only where an operator's event names none."""
    check: str
    status: Status
    severity: Severity
    observed_at: dt.datetime
    source: str
    """scanner, agent or operator."""
    platform: Platform = Platform.UNKNOWN
    distro: str = ""
    expected: str = ""
    actual: str = ""
    details: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])
    metadata: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])
    """The agent's own words; rules see them under `metadata`, never beside the event's fields."""
    controls: tuple[str, ...] = ()
    agent_id: str = ""
    boot_id: str = ""
    seq: int | None = None
    """With `agent_id` and `boot_id` the identity of an agent's event; None where it gives none."""
    absent: bool = False
    """What was asked about is not there; shown as not applicable."""
    reason: str = ""
    """For error and unknown: why there is no better answer."""


@one_of_many
class Recorded:
    """An observation is durable."""

    observation_id: str
    incident_id: str | None
    """The incident that it opened or belongs to, if any."""
    duplicate: bool = False
    """The same event of the same agent was here before; nothing changed."""
    late: bool = False
    """The check has answered since: it says nothing of now."""


@attrs.frozen
class Jump:
    """An event that is not the next of its start: others are missing, or it comes late itself."""

    agent_id: str
    boot_id: str
    last: int
    """The highest number before it; 0 for none."""
    seq: int
    """Its own."""
    since: int
    """When the agent was observed last, as far as it was heard: milliseconds since 1970."""
    at: int
    """When this event was observed."""
