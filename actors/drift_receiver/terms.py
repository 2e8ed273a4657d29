"""What an agent is told when it registers, and which update it is offered; pure."""

import enum
import hashlib
import json
from collections.abc import Mapping

import attrs

from actors.messages import Platform


class Tier(enum.StrEnum):
    """What an agent may do to its host."""

    MONITOR_ONLY = "monitor_only"
    """Report; it is never sent a command."""
    SELF_HEAL = "self_heal"
    """Also heal, when it is told to."""

    def capped(self, most: "Tier") -> "Tier":
        """Give the lesser of two tiers."""
        return self if most is Tier.SELF_HEAL else Tier.MONITOR_ONLY


@attrs.frozen
class Terms:
    """The answer to Register, apart from who the agent is."""

    interval_s: int
    enabled_checks: tuple[str, ...]
    tier: Tier
    check_config: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Name these terms: equal ones alike, in this life and the next."""
        said = [self.interval_s, self.enabled_checks, self.tier, sorted(self.check_config.items())]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@attrs.frozen
class Update:
    """A version of the agent that is offered, and where it is."""

    version: str
    url: str
    sha256: str
    """Hex."""
    platforms: frozenset[Platform]

    def suits(self, platform: Platform, version: str) -> bool:
        """Say whether an agent of this platform and version is to have it."""
        return platform in self.platforms and _bare(version) != _bare(self.version)


def _bare(version: str) -> str:
    return version.strip().removeprefix("v")
