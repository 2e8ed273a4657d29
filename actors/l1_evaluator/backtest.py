"""Backtest: past drift as it was decided, and as other rules would have it.

The `Comparison` counts what becomes another outcome; it grows with hosts and rules, not with
events.  The `Replay` asks whether what was decided is what its own rule set decides.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeAlias, TypeVar

import attrs

from actors.catalogue.rules import Rule
from actors.l1_evaluator.outcome import Change, Outcome, changes, text_of
from actors.l1_evaluator.questions import Event
from actors.messages import Mode

K = TypeVar("K")

Place: TypeAlias = tuple[str, str]
"""Site and host."""

_EXAMPLES = 3
_LISTED = 100
"""Decisions that disagree, told one by one; all of them are counted."""


@attrs.define
class Group:
    """The drifts that were one outcome and become another."""

    before: Outcome
    after: Outcome
    changes: tuple[Change, ...]
    places: Counter[Place] = attrs.field(factory=Counter[Place], init=False)
    """How many of them on which host."""
    examples: list[str] = attrs.field(factory=list[str], init=False)
    """The first ones, by the names under which a person finds them."""


@attrs.define
class Comparison:
    """What is counted while drift after drift is put before both."""

    drifts: int = attrs.field(default=0, init=False)
    decided_before: int = attrs.field(default=0, init=False)
    decided_after: int = attrs.field(default=0, init=False)
    _groups: dict[tuple[Outcome, Outcome], Group] = attrs.field(
        factory=dict[tuple[Outcome, Outcome], Group], init=False
    )

    def add(self, event: Event, name: str, before: Outcome, after: Outcome) -> None:
        """Count one drift; `name` is what a person finds it by."""
        self.drifts += 1
        self.decided_before += before.rule_id is not None
        self.decided_after += after.rule_id is not None
        if before is after or before == after:
            return
        group = self._groups.get((before, after))
        if group is None:
            group = Group(before, after, changes(before, after))
            self._groups[before, after] = group
        group.places[text_of(event, "site_id"), text_of(event, "host_id")] += 1
        if len(group.examples) < _EXAMPLES:
            group.examples.append(name)

    def groups(self) -> list[Group]:
        """Give what differs, the most frequent first."""
        return sorted(self._groups.values(), key=lambda group: -group.places.total())

    def by_change(self) -> Counter[Change]:
        """Count the drifts of each change."""
        counted: Counter[Change] = Counter()
        for _, change, count in self._told():
            counted[change] += count
        return counted

    def by_place(self) -> dict[Place, Counter[Change]]:
        """Count the changes on each host, the most touched host first."""
        return _counted(self._told())

    def by_site(self) -> dict[str, Counter[Change]]:
        """Count the changes at each site, the most touched site first."""
        return _counted((site, change, count) for (site, _), change, count in self._told())

    def _told(self) -> Iterator[tuple[Place, Change, int]]:
        for group in self._groups.values():
            for place, count in group.places.items():
                for change in group.changes:
                    yield place, change, count


def _counted(told: Iterable[tuple[K, Change, int]]) -> dict[K, Counter[Change]]:
    found: dict[K, Counter[Change]] = {}
    for key, change, count in told:
        found.setdefault(key, Counter())[change] += count
    return dict(sorted(found.items(), key=lambda each: -each[1].total()))


@attrs.frozen
class LiveDecision:
    """What L1 decided about an incident when it happened."""

    rule_id: str | None
    version: str
    """The rule set that decided."""
    action: str = ""
    runbook_id: str = ""
    mode: Mode | None = None

    def agrees(self, rule: Rule | None) -> bool:
        """Say whether this is what `rule` decides; None is no rule.

        The mode of a rule that names none came from the configuration of that day.
        """
        if rule is None or self.rule_id is None:
            return rule is None and self.rule_id is None
        said = (self.rule_id, self.action, self.runbook_id)
        says = (rule.id, rule.action, rule.runbook_id or "")
        return said == says and rule.mode in (None, self.mode)


@attrs.frozen
class Disagreement:
    """A stored decision that its own rule set does not make.  There should be none."""

    incident_id: str
    decided: str | None
    """The rule by which it was decided."""
    replayed: str | None
    """The rule that decides it now."""
    version: str


@attrs.define
class Replay:
    """Counts how many stored decisions their own rule sets make again."""

    same: int = attrs.field(default=0, init=False)
    different: int = attrs.field(default=0, init=False)
    found: list[Disagreement] = attrs.field(factory=list[Disagreement], init=False)
    """The first of those that are different."""

    def add(self, incident_id: str, decided: LiveDecision, replayed: Rule | None) -> None:
        """Count one; `replayed` is the rule that decides now in the set that decided then."""
        if decided.agrees(replayed):
            self.same += 1
            return
        self.different += 1
        if len(self.found) < _LISTED:
            rule_id = None if replayed is None else replayed.id
            self.found.append(Disagreement(incident_id, decided.rule_id, rule_id, decided.version))
