"""What the flywheel needs remembered, and what it asks of the rules in force."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from actors.flywheel.core import Promotion, Record
from actors.flywheel.pattern import Pattern
from actors.flywheel.rule_text import Decides, Sample
from actors.messages import JSON, Moment, StopKind, Verdict
from actors.messages.promotion import Stage
from actors.ports import Tickets
from runtime.store import Query, Write


class Desk(Tickets, Protocol):
    """Given by the escalator: what people are told, and that what they were told is over."""

    def answered(self, kind: StopKind, key: str, who: str, note: str, at: Moment) -> Write[None]:
        """A person ended a stop: resolve its ticket, if one is unresolved."""
        ...


@attrs.frozen
class Attempt:
    """One fix by an exact action, and what became of it."""

    incident_id: str
    attempt: int
    site: str
    host: str
    severity: str
    source: str
    by_rule: bool
    """Whether the promoted rule decided it, not a plan."""
    verdict: Verdict


@attrs.frozen
class LedgerLine:
    """One change of a promotion."""

    what: str
    """proposed, approved, rejected, advanced, in_force, renewed, demoted."""
    before: Stage | None
    after: Stage
    who: str
    """A person, or aright."""
    why: str
    numbers: Mapping[str, JSON] = attrs.field(factory=dict[str, JSON])
    """What it was founded on."""


@attrs.frozen
class KeptLine:
    """A line of the ledger, as it stands there."""

    at: dt.datetime
    line: LedgerLine


@attrs.frozen
class Known:
    """All that is known of a pattern."""

    pattern: Pattern
    record: Record
    promotion: Promotion | None
    first_at: dt.datetime
    last_at: dt.datetime


class FlywheelMemory(Protocol):
    """Patterns with their attempts, promotions, and the ledger."""

    def count(self, pattern: Pattern, attempt: Attempt, at: Moment) -> Write[bool]:
        """Count an attempt, once ever; say whether it is new."""
        ...

    def get(self, pattern_id: str) -> Query[Known]:
        """Look a pattern up; the query raises NotFoundError."""
        ...

    def all(self) -> Query[Sequence[Known]]:
        """List every pattern, the one tried last first."""
        ...

    def to_review(self) -> Query[Sequence[Known]]:
        """List those that stand in a stage, or whose clean run is long enough for a proposal."""
        ...

    def samples(self, pattern_id: str) -> Query[Sequence[Sample]]:
        """Tell the kinds of incidents that it healed, the most frequent first."""
        ...

    def justifying(self, pattern_id: str) -> Query[Mapping[str, Verdict]]:
        """List the incidents on which it was tried, each with its last verdict."""
        ...

    def keep(self, promotion: Promotion, rule: str, line: LedgerLine, at: Moment) -> Write[None]:
        """Keep where a promotion stands, the file of its rule, and the line that says why."""
        ...

    def ledger(self, pattern_id: str) -> Query[Sequence[KeptLine]]:
        """Give its lines, oldest first."""
        ...

    def rule_files(self) -> Query[Mapping[str, str]]:
        """Give the rule files that must stand, by the id of their rule."""
        ...

    def rule_file(self, pattern_id: str) -> Query[str]:
        """Give the file of one rule; empty where none must stand."""
        ...


@attrs.frozen
class Replay:
    """What the rule set, with the rule in it, makes of the stored incidents."""

    version: str
    """Of the rule set that was asked."""
    loaded: bool
    """Whether that rule set is in force, with this very rule in it."""
    justifying: int = 0
    """Stored incidents that the action was tried on, and that the rule decides."""
    others: int = 0
    """Further ones that the rule decides, and that had the same action."""
    silent: int = 0
    """Further ones for which nothing had been decided."""
    disagreements: Sequence[str] = ()
    """Incidents that it decides otherwise, each with what differs; the first of them."""

    @property
    def agrees(self) -> bool:
        """Say whether everything agrees, and there was something to agree on."""
        return self.justifying > 0 and not self.disagreements

    def numbers(self) -> dict[str, JSON]:
        """Give what it found, for the ledger."""
        return {
            "rule_version": self.version,
            "replayed": self.justifying + self.others,
            "silent": self.silent,
            "disagreements": list(self.disagreements),
        }


class Rulebook(Protocol):
    """Given by the role: the rules in force, and the folder of those that the flywheel writes."""

    def decides(self) -> Decides:
        """Give what names the rule that decides an event now, but for rules of the flywheel."""
        ...

    @property
    def version(self) -> str:
        """Name the rule set that is in force."""
        ...

    def low_risk(self, runbook_id: str) -> bool:
        """Say whether a runbook is of low risk, can be taken back and disturbs nobody."""
        ...

    async def replay(
        self, pattern: Pattern, rule_file: str, tried: Mapping[str, Verdict]
    ) -> Replay:
        """Put the stored incidents of its check before the rules, with that of the file in them.

        `tried` are the incidents on which the action was tried.
        """
        ...

    async def decided(self, pattern: Pattern, since: Moment) -> int:
        """Count the incidents since then that its rule decided."""
        ...

    async def put_in_force(self, files: Mapping[str, str]) -> None:
        """Have these rule files stand, by the id of their rule, and no others; and load them.

        A rule without a file is out of force afterwards, also where this raises.

        Raises:
            InvalidFileError: the folder cannot be written, or some rule file cannot be read.
        """
        ...
