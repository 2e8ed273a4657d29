"""The settings of the endpoint agent: defaults < config/agent.yaml < flags."""

from collections.abc import Mapping
from pathlib import Path
from socket import gethostname
from typing import Literal

import attrs
import pydantic
from pydantic import Field

from runtime.documents import Document, as_mapping, read_document, validated
from runtime.setting_kinds import Name, Place, Seconds, is_loopback
from runtime.settings import ServiceCommand, Settings, Target, usual_state_dir


class _Section(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Spool(_Section):
    """How much is kept while the appliance is away."""

    events: int = Field(default=10_000, ge=1)
    max_bytes: int = Field(default=16_777_216, ge=65_536)


class Heal(_Section):
    """One row of the closed table of what the appliance may order."""

    check_type: str = Field(min_length=1)
    action: str = Field(min_length=1)
    """Both in the words of the order."""
    runbook: str = Field(min_length=1)
    """Id of a runbook for this platform that this host can run by itself."""


class AgentSettings(_Section):
    """Everything that an endpoint agent can be told."""

    appliance: str = Field(default="127.0.0.1:50051", pattern=r"^\S+:\d{1,5}$")
    """Host and port of the appliance; its certificate must name the host."""
    enrol_port: int = Field(default=50052, ge=1, le=65535)
    insecure_loopback: bool = False
    """Speak without certificates, to a loopback address only."""
    host: Name = Field(default_factory=gethostname, min_length=1, max_length=253)
    state_dir: Place | None = None
    root: Place | None = None
    """A directory tree that stands for the host; without it the machine itself."""
    services: dict[str, ServiceCommand] = {}
    rules: Place | None = None
    """A folder with checks/ and runbooks/ of the site's own."""
    shipped_rules: bool = True
    checks: list[str] | None = None
    """Ids of the checks to ask; without it what the appliance wishes, else all of the platform."""
    interval: Seconds | None = None
    """Seconds between two looks; without it as the appliance wishes."""
    heartbeat: Seconds = 60
    """Seconds between two signs of life."""
    heals: list[Heal] = []
    spool: Spool = Spool()
    drain_within: Seconds = 10
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @pydantic.model_validator(mode="after")
    def _safe(self) -> "AgentSettings":
        if self.insecure_loopback and not is_loopback(self.address):
            raise ValueError(f"insecure_loopback is for a loopback address, not {self.address}")
        return self

    @property
    def address(self) -> str:
        """Give the appliance's host."""
        return self.appliance.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """Give the appliance's port."""
        return int(self.appliance.rpartition(":")[2])

    @property
    def state_path(self) -> Path:
        """Give the state directory; never the appliance's, which holds its own."""
        return self.state_dir or usual_state_dir("aright-agent")

    @property
    def catalogue(self) -> Settings:
        """Give what an appliance would be told that had this host as its one target."""
        target = Target(
            host=self.host,
            root=self.root,
            checks=self.checks,
            interval=self.interval,
            services=self.services,
        )
        return Settings(rules=self.rules, shipped_rules=self.shipped_rules, targets=[target])


def load_agent_settings(config: Path | None, flags: Mapping[str, object]) -> AgentSettings:
    """Read the file, and lay the flags over it; a flag of None was not given.

    Raises:
        InvalidFileError: with file and line, what is wrong and what is allowed.
    """
    document = Document("flags", None, {}) if config is None else read_document(config)
    if document.data is None:  # an empty file, or one of comments alone, sets nothing
        document = attrs.evolve(document, data={})
    said = as_mapping(document.data)
    if said is None:
        return validated(document, AgentSettings)
    given = {name: value for name, value in flags.items() if value is not None}
    return validated(attrs.evolve(document, data={**said, **given}), AgentSettings)
