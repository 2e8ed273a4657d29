"""What the coverage room needs remembered, beyond the port it gives to others."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Protocol

import attrs

from actors.coverage.core import Account, Hole, Span
from actors.ports import Coverage
from runtime.store import Query, Write


@attrs.frozen
class CheckCoverage:
    """How well a check of a host was observed in a window."""

    site: str
    host: str
    check: str
    source: str
    account: Account
    holes: Sequence[Hole]
    """Within the window, the open one last."""
    last_at: dt.datetime | None
    """Of the last answer that was pass or fail, or said that nothing is there to ask about."""
    unanswered: int
    """Answers since then that were error or unknown."""
    retired: bool
    """Nobody asks any more."""


@attrs.frozen
class AgentCoverage:
    """How well one start of an agent was heard."""

    host: str
    agent_id: str
    boot_id: str
    last_seq: int
    lost: Sequence[Span]
    """Numbers of events that never came."""
    last_at: dt.datetime


@attrs.frozen
class CoverageReport:
    """All that is known of a window."""

    began: dt.datetime
    ended: dt.datetime
    checks: Sequence[CheckCoverage]
    agents: Sequence[AgentCoverage]
    outages: Sequence[Span]
    """When the appliance was not there, within the window; milliseconds."""


class CoverageMemory(Coverage, Protocol):
    """The memory of the coverage room."""

    def begin(self, now: dt.datetime) -> Write[None]:
        """At a start: since the last sign of life the appliance was not there."""
        ...

    def keep(
        self, now: dt.datetime, asked: Collection[tuple[str, str]], retention_days: int
    ) -> Write[None]:
        """Leave a sign of life, and forget what is older than `retention_days`.

        The account of what the scanner does not ask any more ends; `asked` is (host, check).
        """
        ...

    def report(
        self, now: dt.datetime, window_s: float, host: str = "", check: str = ""
    ) -> Query[CoverageReport]:
        """Say what was observed in the window that ends now; of all, or of a host, a check."""
        ...
