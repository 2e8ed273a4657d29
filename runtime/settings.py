"""The settings of both roles: defaults < config file < environment < flags.

The environment speaks with `MSP_` and the key, levels joined by `__` (`MSP_LISTEN__PORT=0`); a
value is read as YAML.  A few names that operators already use stand for keys (`OTHER_NAMES`).
"""

import enum
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

import attrs
import pydantic
from pydantic import Field

from runtime.anchor_settings import Anchor
from runtime.documents import (
    Document,
    Where,
    as_mapping,
    parse_document,
    read_document,
    unknown_key,
    validated,
)
from runtime.errors import InvalidFileError
from runtime.llm_settings import Llm
from runtime.people_settings import Brand, Channel, QuietHours, Route, Sla
from runtime.setting_kinds import ClockTime, Name, Place, Seconds, Zone, is_loopback

PREFIX = "MSP_"

OTHER_NAMES: Mapping[str, str] = {
    "ARIGHT_STATE_DIR": "state_dir",
    "DATABASE_URL": "database_url",
    "REDIS_HOST": "redis_host",
    "LLM_MODEL": "llm.model",
    "LLM_TIMEOUT": "llm.timeout",
}
"""Variables without the prefix, and the keys for which they stand."""


class _Section(pydantic.BaseModel):
    # Built late, here and in every other file of models: most are only ever checked as a part of a
    # whole, and what is never asked for need not be built.
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Mode(enum.StrEnum):
    """What a rule may do that does not say so itself."""

    AUDIT = "audit"
    APPROVE = "approve"
    AUTO = "auto"


class ServiceCommand(_Section):
    """How a service of a target is started where there is no systemd."""

    start: list[Annotated[str, Field(min_length=1)]] = Field(min_length=1)
    """Program and arguments; never a shell string."""
    pid_file: str = Field(min_length=1)
    """Path of the pid file, within the target's root."""


class Target(_Section):
    """A host that this appliance scans by itself."""

    host: Name = Field(min_length=1, max_length=253)
    kind: Literal["local"] = "local"
    platform: Literal["linux"] = "linux"
    root: Place | None = None
    """A directory tree that stands for the host; without it the machine itself."""
    mode: Mode | None = None
    """The most that any rule may do on this host; without it the rules decide."""
    checks: list[str] | None = None
    """Ids of the checks to ask; without it every check of the platform."""
    interval: Seconds | None = None
    """Seconds between two looks, instead of what each check says."""
    services: dict[str, ServiceCommand] = {}


class AgentLimits(_Section):
    """How much agents may have of their port.  0 switches a bound off."""

    connections: int = Field(default=1024, ge=0)
    """At once, in all."""
    per_address: int = Field(default=32, ge=0)
    """Connections of one address."""
    per_agent: int = Field(default=8, ge=0)
    """Connections of one agent's certificate."""
    events_per_second: float = Field(default=50.0, ge=0)
    """Events of one agent."""
    burst: int = Field(default=500, ge=1)
    """Events that an agent may send at once after a quiet time."""


class AgentUpdate(_Section):
    """A version of the agent that is offered to those of another."""

    version: str = Field(pattern=r"^v?\d+(\.\d+)*([-+.][0-9A-Za-z.-]+)?$", max_length=64)
    url: pydantic.HttpUrl
    sha256: str = Field(pattern=r"^[0-9a-fA-F]{64}$")
    platforms: list[Literal["windows", "macos", "linux", "nixos"]] = Field(min_length=1)

    @pydantic.field_validator("url")
    @classmethod
    def _encrypted(cls, url: pydantic.HttpUrl) -> pydantic.HttpUrl:
        if url.scheme != "https":
            raise ValueError("an update is fetched by https only")
        return url


_NAMED = r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?|[0-9a-fA-F:]*:[0-9a-fA-F:.]*"
_ADDRESS = rf"^({_NAMED})$"
_OWN_ADDRESS = rf"^({_NAMED}|[0-9a-fA-F:]+%[A-Za-z0-9_.-]+)?$"
"""Of this machine: any, where it is empty; with the name of an interface, where it is its own."""


class Listen(_Section):
    """The port of endpoint agents."""

    enabled: bool = False
    host: str = Field(default="127.0.0.1", pattern=_OWN_ADDRESS)
    port: int = Field(default=50051, ge=0, le=65535)
    names: list[Annotated[str, Field(pattern=_ADDRESS)]] = []
    """What agents call this appliance by: DNS names and addresses, for its certificate."""
    enrol_port: int = Field(default=50052, ge=0, le=65535)
    """Where devices enrol with an invitation; 0 serves none."""
    insecure_loopback: bool = False
    """Serve agents without certificates, on a loopback address only; else they must show one."""
    agents_heal: bool = False
    """Let agents heal their own hosts, each time with a person's yes; else they only report."""
    limits: AgentLimits = AgentLimits()
    interval: int = Field(default=300, ge=1, le=86400)
    """Seconds from one look of an agent to the next."""
    checks: list[str] = [
        "bitlocker", "defender", "patches", "firewall", "screenlock", "rmm_detection",
    ]  # fmt: skip
    """What agents ask their hosts, in their own words."""
    check_config: dict[str, str] = {}
    """Passed on to agents as it is."""
    agent_update: AgentUpdate | None = None

    @pydantic.model_validator(mode="after")
    def _safe(self) -> "Listen":
        if self.insecure_loopback and not is_loopback(self.host):
            raise ValueError(f"insecure_loopback serves a loopback address only, not {self.host}")
        if self.needs_certificates and not self.names and self.host in ("", "0.0.0.0", "::"):  # noqa: S104
            raise ValueError(
                f"names must say what agents call this appliance by, for {self.host} is any address"
            )
        return self

    @property
    def needs_certificates(self) -> bool:
        """Say whether agents are served, and must show certificates."""
        return self.enabled and not self.insecure_loopback


class Health(_Section):
    """Where /health, /ready and /metrics are served beside the control socket."""

    port: int = Field(default=9151, ge=0, le=65535)
    """On 127.0.0.1; 0 serves the control socket alone."""


class Budgets(_Section):
    """How much may be done by itself before a person is asked."""

    runs_per_host_and_day: int = Field(default=3, ge=1)
    """Automatic runs of one runbook on one host in 24 hours."""
    hosts_per_rule_and_hour: float = Field(default=0.05, gt=0, le=1)
    """Share of the site's hosts that one rule may touch in an hour; one host always may."""


class Breaker(_Section):
    """When failures stop a runbook on a host, and for how long."""

    failures: int = Field(default=3, ge=1)
    pause: Seconds = 1800
    """Seconds until one run may probe again."""


class Flap(_Section):
    """When a drift that keeps coming back after verified fixes is no longer healed."""

    recurrences: int = Field(default=3, ge=1)
    window: Seconds = 7200
    """Seconds."""


class MaintenanceWindow(_Section):
    """When the named hosts may be worked on."""

    name: Name = Field(min_length=1, max_length=64)
    zone: Zone
    """IANA time zone, such as Europe/Berlin."""
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(min_length=1)
    start: ClockTime
    end: ClockTime
    """Local time; an end before the start lies on the next day."""
    hosts: list[str] = ["*"]
    disruptive_only: bool = True
    """Hold back disruptive runbooks only; false holds back every runbook."""


class Gate(_Section):
    """The safety gate."""

    budgets: Budgets = Budgets()
    breaker: Breaker = Breaker()
    approval_expiry: Seconds = 14400
    """Seconds after which an approval that nobody gave is refused."""
    windows: list[MaintenanceWindow] = []


class Scrub(_Section):
    """What the scrubber takes out of all that leaves."""

    private_addresses: bool = False
    """Whether the private addresses of machines go as well."""


class Retention(_Section):
    """How long and how much an appliance remembers."""

    days: int = Field(default=90, ge=1, le=36_500)
    """Closed incidents and the observations behind them."""
    max_bytes: int = Field(default=2_000_000_000, ge=4_000_000)
    """Size of the journal's file at most."""
    evidence_days: int = Field(default=2192, ge=1, le=36_500)
    """Statements in the evidence log: six years.  Their leaves stay for ever."""


class Coverage(_Section):
    """When what was not observed is an incident."""

    threshold: Seconds = 3600
    """Seconds for which a check of a host may be unobserved within `window`."""
    window: Seconds = 86_400
    """Seconds."""


class Evidence(_Section):
    """The log of what is proved."""

    head_every: Seconds = 2
    """Seconds between two signed heads at least, while the log grows."""


class Flywheel(_Section):
    """When a plan that proved itself becomes a rule, and for how long.

    The proof itself is not set: the lower bound over all attempts, at 99 %, is 0.90 at least, and
    0.95 for a rule that acts without a person; the last 30 attempts are clean.
    """

    min_hosts: int = Field(default=5, ge=3)
    """Different hosts on which the plan healed."""
    auto_promote: Literal["never", "low_risk"] = "never"
    """Sign without a person what is of low risk, can be undone and disturbs nobody."""
    shadow_decisions: int = Field(default=5, ge=1)
    """Incidents that the rule must have decided in audit mode."""
    canary_attempts: int = Field(default=30, ge=10)
    """Fixes that the rule must have made, one host an hour, before it counts as any other."""
    stage_days: float = Field(default=30, gt=0, le=366)
    """Within which a shadow, or a canary, must be through."""
    expiry_days: float = Field(default=180, gt=0, le=3660)
    """After which a person must sign again."""


class Settings(_Section):
    """Everything that can be set; `aright config schema` prints it as JSON Schema."""

    role: Literal["appliance", "central"] = "appliance"
    site_id: Name = Field(default="site", min_length=1, max_length=128)
    state_dir: Place | None = None
    mcp_url: pydantic.HttpUrl | None = None
    """The central server."""
    poll_interval: Seconds = 60
    """Seconds between two looks at a check that names no interval."""
    dry_run: bool = False
    """Put every rule in audit mode, whatever it says."""
    mode: Mode = Mode.AUDIT
    """What rules may do that name no mode."""
    rules: Place | None = None
    """A folder of the site's own l1/, checks/ and runbooks/, each as needed.  Its rules come before
    the shipped ones of the same id."""
    shipped_rules: bool = True
    """Whether the shipped checks, rules and runbooks are in force too."""
    targets: list[Target] = []
    listen: Listen = Listen()
    health: Health = Health()
    gate: Gate = Gate()
    flap: Flap = Flap()
    coverage: Coverage = Coverage()
    flywheel: Flywheel = Flywheel()
    anchor: Anchor = Anchor()
    channels: list[Channel] = []
    brand: Brand = Brand()
    routing: list[Route] = []
    sla: Sla = Sla()
    quiet_hours: QuietHours | None = None
    retention: Retention = Retention()
    evidence: Evidence = Evidence()
    drain_within: Seconds = 10
    """Seconds for an ordered stop."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    scrub: Scrub = Scrub()
    llm: Llm = Llm()
    database_url: str | None = None
    redis_host: str | None = None

    @pydantic.model_validator(mode="after")
    def _hosts_are_told_apart(self) -> "Settings":
        hosts = [target.host for target in self.targets]
        twice = {host for host in hosts if hosts.count(host) > 1}
        if twice:
            raise ValueError(f"targets name {min(twice)} twice")
        return self

    @pydantic.model_validator(mode="after")
    def _channels_are_told_apart(self) -> "Settings":
        names = ["log", *(channel.name for channel in self.channels)]  # the log is one already
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"channels name {min(twice)} twice; log is there without being named")
        for route in self.routing:
            unknown = {*route.channels, *route.fallback} - {*names}
            if unknown:
                raise ValueError(f"routing names {min(unknown)}, which is no channel")
        return self

    @property
    def state_path(self) -> Path:
        """Give the state directory: the set one, or the usual place of root or of a user."""
        return self.state_dir or usual_state_dir("aright")

    @property
    def rule_folders(self) -> tuple[Path, ...]:
        """List the folders of checks, rules and runbooks; the first that defines an id wins."""
        own = () if self.rules is None else (self.rules,)
        stock = (shipped("rules"),) if self.shipped_rules else ()
        learned = self.learned_rules
        # Last: no rule of ours takes the place of one that a person wrote.
        return (*own, *stock, learned) if os.path.isdir(learned) else (*own, *stock)  # noqa: PTH112  a folder that may not be read is none

    @property
    def learned_rules(self) -> Path:
        """Give the folder in which the flywheel keeps the rules that plans became."""
        return self.state_path / "rules"


@attrs.frozen
class Loaded:
    """Settings, and for each key that was set the place that set it."""

    settings: Settings
    origins: Mapping[str, str]
    """Dotted key -> `config/appliance.yaml:4`, `environment MSP_SITE_ID` or `--state-dir`."""


def load(
    config: Path | None, environment: Mapping[str, str], flags: Mapping[str, object]
) -> Loaded:
    """Lay the layers over each other.

    `flags` maps dotted keys to values; None there means not given.

    Raises:
        InvalidFileError: with file and line, or the variable, what is wrong and what is allowed.
    """
    merged: dict[str, object] = {}
    origins: dict[str, str] = {}
    if config is not None:
        document = read_document(config)
        # An empty file, or one of comments alone, sets nothing.
        document = attrs.evolve(document, data={} if document.data is None else document.data)
        validated(document, Settings)
        for where, value in _leaves(document.data, ()):
            _put(merged, where, value)
            origins[_dotted(where)] = f"{config}:{document.line_of(where)}"
    for name, key, text in _from_environment(environment):
        document = _spoken_by(name, key, text)
        validated(document, Settings)
        where = tuple(key.split("."))
        _put(merged, where, _at(document.data, where))
        origins[key] = f"environment {name}"
    for key, value in flags.items():
        if value is not None:
            _put(merged, tuple(key.split(".")), value)
            origins[key] = f"--{key.replace('_', '-')}"
    whole = Document(str(config or "settings"), merged, {})
    return Loaded(validated(whole, Settings), origins)


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield variable, dotted key and text of what the environment sets, the prefixed ones last."""
    for name, key in OTHER_NAMES.items():
        if name in environment:
            yield name, key, environment[name]
    for name in sorted(environment):
        if name.startswith(PREFIX):
            key = name.removeprefix(PREFIX).lower().replace("__", ".")
            yield name, key, environment[name]


def _spoken_by(name: str, key: str, text: str) -> Document:
    """Make a document of one variable, so that it is checked as a file is."""
    first = key.split(".", maxsplit=1)[0]
    if first not in Settings.model_fields:
        problem = unknown_key(first, list(Settings.model_fields))
        raise InvalidFileError(f"environment {name}", problem)
    value = parse_document(text, f"environment {name}").data
    if isinstance(value, int | float) and _wants_text(key):
        value = text
    data: dict[str, object] = {}
    _put(data, tuple(key.split(".")), value)
    return Document(f"environment {name}", data, {})


def _wants_text(key: str) -> bool:
    field = Settings.model_fields.get(key)
    return field is not None and str in (field.annotation, *get_args(field.annotation))


def _leaves(value: object, where: Where) -> Iterator[tuple[Where, object]]:
    branches = as_mapping(value)
    if branches is None:
        yield where, value
        return
    for key, inner in branches.items():
        yield from _leaves(inner, (*where, str(key)))


def _put(tree: dict[str, object], where: Where, value: object) -> None:
    *path, last = (str(step) for step in where)
    for step in path:
        branches = as_mapping(tree.get(step))
        tree[step] = inner = dict(branches or {})
        tree = inner
    tree[last] = value


def _at(data: object, where: Where) -> object:
    for step in where:
        data = (as_mapping(data) or {})[str(step)]
    return data


def _dotted(where: Where) -> str:
    return ".".join(str(step) for step in where)


def usual_state_dir(name: str) -> Path:
    """Give where root, or else a user, keeps the state of a program."""
    if os.geteuid() == 0:
        return Path("/var/lib") / name
    return Path.home() / ".local" / "state" / name


def shipped(folder: str) -> Path:
    """Find `rules` or `config`: inside the wheel, or at the root of a checkout."""
    package = Path(__file__).parent
    packed = package / "shipped" / folder
    return packed if packed.is_dir() else package.parent / folder
