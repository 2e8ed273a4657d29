"""Which events of agents are taken, and what they then say; pure."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import attrs

from actors.drift_receiver.terms import Tier, Update
from actors.messages import Observation, Platform, Severity, Status

EVENT_BYTES = 64 * 1024
METADATA_ENTRIES = 64
_OLDEST_S = 366 * 86_400.0
"""No agent keeps an event for longer: its clock was never set."""
NAME_CHARS = 253
"""A host name's longest; other names and ids of agents may be as long."""
LAST_SEQ = 2**63 - 1
"""What a store keeps as an integer."""

# By heart, for the members of an enumeration are slow to look up.
_PASS, _FAIL, _UNKNOWN, _MEDIUM = Status.PASS, Status.FAIL, Platform.UNKNOWN, Severity.MEDIUM

_NEEDED = frozenset({"hostname", "check_type"})

_PLATFORM_WORDS = {
    Platform.WINDOWS: ("windows",),
    Platform.MACOS: ("darwin", "macos", "mac os", "os x"),
    Platform.NIXOS: ("nixos",),
    Platform.LINUX: (
        "linux", "ubuntu", "debian", "fedora", "centos", "rhel", "red hat", "suse", "raspbian",
    ),
}  # fmt: skip
"""What an operating system calls itself; the first that fits counts, so NixOS before Linux."""


@attrs.frozen
class ReceiverSettings:
    """Where agents are served, and what they are told to do."""

    site: str
    host: str = "127.0.0.1"
    port: int = 50051
    """0 takes any free one."""
    insecure_loopback: bool = False
    """Serve without certificates; a loopback address only."""
    interval_s: int = 300
    """Seconds between two looks of an agent."""
    enabled_checks: tuple[str, ...] = ()
    """In the agents' own words."""
    check_config: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """Passed on as it is."""
    tier: Tier = Tier.MONITOR_ONLY
    """The most that any agent of the site may do."""
    update: Update | None = None


@attrs.frozen
class Agent:
    """The program on an endpoint, as it registered."""

    id: str
    hostname: str
    platform: Platform
    version: str
    registered_at: dt.datetime
    last_seen: dt.datetime
    drift_count: int = 0
    """As of its last heartbeat, since the one before; so is the next."""
    healing_count: int = 0
    told: str = ""
    """The digest of the terms that it was told last; empty for none."""
    told_tier: Tier = Tier.MONITOR_ONLY
    most: Tier = Tier.SELF_HEAL
    """What a person lets it do, if the site does."""


class AgentEvent(Protocol):
    """What an agent says of one check, in its own words: the `DriftEvent` of the contract."""

    agent_id: str
    hostname: str
    check_type: str
    passed: bool
    expected: str
    actual: str
    hipaa_control: str
    timestamp: int
    """Unix seconds by the agent's clock; 0 where it gives none."""
    boot_id: str
    seq: int

    @property
    def metadata(self) -> Mapping[str, str]:
        """Give what else it says."""
        ...

    def ByteSize(self) -> int:  # noqa: N802  protobuf's name
        """Count its bytes on the wire."""
        ...


@attrs.frozen
class Vocabulary:
    """What agents call checks, and how much each check matters."""

    aliases: Mapping[str, str]
    """Agents' names of checks, and ours; a name that is not listed is kept."""
    severities: Mapping[str, Severity]
    """How much a drift of a check matters: medium where nobody said."""
    platforms: Mapping[str, Platform] = attrs.field(factory=dict[str, Platform])
    """Of hosts that the appliance knows by itself."""

    def platform(self, host: str) -> Platform:
        """Say what a host runs whose agent has not registered: unknown where nobody said."""
        return self.platforms.get(host, _UNKNOWN)


def _problems(event: AgentEvent) -> Iterator[str]:
    size = event.ByteSize()
    if size > EVENT_BYTES:
        yield f"the event has {size} bytes, {EVENT_BYTES} are allowed"
    if len(event.metadata) > METADATA_ENTRIES:
        yield f"metadata has {len(event.metadata)} entries, {METADATA_ENTRIES} are allowed"
    names = {
        "hostname": event.hostname,
        "check_type": event.check_type,
        "agent_id": event.agent_id,
        "boot_id": event.boot_id,
    }
    for field, name in names.items():
        if not name and field in _NEEDED:
            yield f"{field} is missing"
        if problem := name_problem(name):
            yield f"{field} {problem}"
    if event.seq > LAST_SEQ:
        yield f"seq {event.seq} is over {LAST_SEQ}"


def name_problem(name: str) -> str | None:
    """Say what keeps a text from being a name in logs and tables, if anything."""
    if len(name) > NAME_CHARS:
        return f"has {len(name)} characters, {NAME_CHARS} are allowed"
    if not name.isprintable() or name != name.strip():
        return "holds characters that cannot be shown, or spaces around it"
    return None


def observation_of(  # noqa: PLR0913, PLR0917  # the event, and what it does not know of itself
    event: AgentEvent,
    id: str,  # noqa: A002  # as the field it becomes
    site: str,
    platform: Callable[[str, str], Platform],
    vocabulary: Vocabulary,
    arrived: dt.datetime,
) -> Observation | str:
    """Put an event into our words; give the reason where it will never be taken.

    It was observed when it says, but never after it arrived: an agent's clock may be ahead.

    Args:
        event: in the agent's words.
        id: of the observation.
        site: where it was heard.
        platform: says what an agent of this id runs on a host of this name.
        vocabulary: what checks are called, and how much each matters.
        arrived: when it was heard.
    """
    # Each field is read once: from a message, that takes five times as long as from an object.
    host, said, agent_id, boot_id, seq, metadata, control = (
        event.hostname, event.check_type, event.agent_id, event.boot_id, event.seq,
        event.metadata, event.hipaa_control,
    )  # fmt: skip
    names = f"{host}{said}{agent_id}{boot_id}"
    if not (  # nearly always all is well, and seen at one look
        host
        and said
        and len(names) <= NAME_CHARS
        and names.isprintable()
        and " " not in names
        and seq <= LAST_SEQ
        and len(metadata) <= METADATA_ENTRIES
        and event.ByteSize() <= EVENT_BYTES
    ) and (problem := next(_problems(event), None)):
        return problem
    check = vocabulary.aliases.get(said, said)
    numbered = seq > 0 and agent_id != "" != boot_id
    return Observation(  # by place: made for each event
        id,
        site,
        host,
        check,
        _PASS if event.passed else _FAIL,
        vocabulary.severities.get(check, _MEDIUM),
        observed_at(event.timestamp, arrived),
        "agent",
        platform(agent_id, host),
        "",
        event.expected,
        event.actual,
        {},
        # Not `dict(metadata)`, which takes thrice as long.
        {name: metadata[name] for name in metadata} if metadata else {},
        (control,) if control else (),
        agent_id,
        boot_id if numbered else "",
        seq if numbered else None,
    )


def observed_at(timestamp: int, arrived: dt.datetime) -> dt.datetime:
    """Say when an agent observed what it tells, by its own clock where that may be."""
    if timestamp > 0 and 0 < arrived.timestamp() - timestamp < _OLDEST_S:
        return dt.datetime.fromtimestamp(timestamp, dt.UTC)
    return arrived


def platform_of(os_version: str) -> Platform:
    """Guess the platform from what the operating system calls itself."""
    said = os_version.casefold()
    for platform, words in _PLATFORM_WORDS.items():
        if any(word in said for word in words):
            return platform
    return Platform.UNKNOWN


def agent_id_of(hostname: str, unique: str) -> str:
    """Name an agent as agents in the field know it: go-<hostname>-<8 hex digits of `unique`>."""
    digits = hashlib.sha256(unique.encode()).hexdigest()[:8]
    return f"go-{hostname[: NAME_CHARS - len('go--') - len(digits)]}-{digits}"
