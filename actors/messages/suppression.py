"""A suppression: healing of a drift, or of a whole host, that is held back for a while."""

import datetime as dt
import enum
from urllib.parse import quote

import attrs

from actors.messages.moment import Moment


def drift_key(site: str, host: str, check: str) -> str:
    """Spell the identity of a drift, `site/host/check`; no two drifts share a spelling.

    Whoever counts, shows or routes a drift asks here, so that all of them mean the same one.
    """
    return "/".join(quote(part, safe="") for part in (site, host, check))


class SuppressionKind(enum.StrEnum):
    """Who holds healing back."""

    FLAP = "flap"
    """The appliance: the drift came back after too many verified fixes, or on a beat."""
    OPERATOR = "operator"
    """A person."""


@attrs.frozen
class Suppression:
    """Healing that is held back; one at a time for a key."""

    id: str
    kind: SuppressionKind
    site: str
    host: str
    check: str
    """Empty for every check of the host."""
    opened_at: Moment
    until: Moment | None = None
    """None: until a person lifts it."""
    reason: str = ""
    """Why it was opened, in words; it may name a file of the host, so it stays on the appliance."""

    @property
    def key(self) -> str:
        """Spell what is held back."""
        return drift_key(self.site, self.host, self.check)

    def remaining(self, now: Moment) -> float | None:
        """Count the seconds that are left, 0 when it is over; None when only a person ends it."""
        return None if self.until is None else self.until.since(now)


@attrs.frozen
class SuppressionLine:
    """One line of a suppression's history."""

    at: dt.datetime
    what: str
    """opened, extended, lifted or expired."""
    who: str
    """A person, or aright."""
    reason: str
    until: dt.datetime | None
    """Until when it held from then on; None: until a person lifts it."""


@attrs.frozen
class SuppressionPage:
    """A suppression with all that happened to it."""

    suppression: Suppression
    ended_at: dt.datetime | None
    incidents: tuple[str, ...]
    """Ids of the incidents that it held back."""
    history: tuple[SuppressionLine, ...]
