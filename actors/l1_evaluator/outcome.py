"""What rules make of one drift, in the words in which two rule sets are compared.

An outcome is what the rules say: which rule, which runbook, in which mode.  Cooldowns, budgets,
windows and suppressions stand behind the rules and are no part of it.
"""

import enum
import json
from collections.abc import Mapping

import attrs

from actors.catalogue.rules import EXECUTE_RUNBOOK, Rule
from actors.l1_evaluator.engine import RuleSet
from actors.l1_evaluator.questions import Event
from actors.messages import Mode


@attrs.frozen(cache_hash=True)
class Outcome:
    """What becomes of a drift as far as the rules say."""

    rule_id: str | None
    """None where no rule matches: then it is for a person."""
    action: str = ""
    runbook_id: str = ""
    """Empty unless the rule heals."""
    params: str = ""
    """Of the runbook, as JSON."""
    mode: Mode | None = None
    """What the fix may do by itself on that host; None unless the rule heals."""

    @property
    def heals(self) -> bool:
        """Say whether a runbook is named, in whatever mode."""
        return self.action == EXECUTE_RUNBOOK

    @property
    def escalates(self) -> bool:
        """Say whether a rule gives the drift to a person."""
        return self.rule_id is not None and not self.heals


NO_RULE = Outcome(None)


def outcome_of(rule: Rule | None, mode: Mode) -> Outcome:
    """Give the outcome of a rule whose fix would have `mode`."""
    if rule is None:
        return NO_RULE
    if rule.action != EXECUTE_RUNBOOK:
        return Outcome(rule.id, rule.action)
    params = json.dumps(rule.extra.get("params"), sort_keys=True, default=str)
    return Outcome(rule.id, rule.action, rule.runbook_id or "", params, mode)


class Change(enum.StrEnum):
    """How two outcomes of the same drift differ; a fix that becomes an escalation is two."""

    NEW_FIX = "new_fix"
    """A runbook is named where none was."""
    LOST_FIX = "lost_fix"
    OTHER_FIX = "other_fix"
    """Another runbook, or other params for it."""
    OTHER_MODE = "other_mode"
    """A fix may do more, or less, by itself."""
    NEWLY_ESCALATED = "newly_escalated"
    NO_LONGER_ESCALATED = "no_longer_escalated"
    OTHER_RULE = "other_rule"
    """Another rule that does the same."""


def changes(before: Outcome, after: Outcome) -> tuple[Change, ...]:
    """Name the differences, the weightiest first; empty where there is none."""
    found: list[Change] = []
    if before.heals != after.heals:
        found.append(Change.NEW_FIX if after.heals else Change.LOST_FIX)
    elif (before.runbook_id, before.params) != (after.runbook_id, after.params):
        found.append(Change.OTHER_FIX)
    if before.heals and after.heals and before.mode is not after.mode:
        found.append(Change.OTHER_MODE)
    if before.escalates != after.escalates:
        found.append(Change.NEWLY_ESCALATED if after.escalates else Change.NO_LONGER_ESCALATED)
    if not found and before.rule_id != after.rule_id:
        found.append(Change.OTHER_RULE)
    return tuple(found)


@attrs.frozen
class Modes:
    """What fixes may do by themselves: what the safety gate asks before anything else."""

    default: Mode
    """For rules that name none."""
    hosts: Mapping[str, Mode]
    """The most that is admitted on a host."""
    irreversible: frozenset[str] = frozenset()
    """Runbooks that never run without approval."""
    only_audit: bool = False

    def of(self, rule: Rule, host: str) -> Mode:
        """Give the mode of a rule's fix on a host."""
        wanted = self.default if rule.mode is None else Mode(rule.mode)
        return self.admitted(wanted, rule.runbook_id or "", host)

    def admitted(self, wanted: Mode, runbook_id: str, host: str) -> Mode:
        """Give the strictest of what a decision wants and what host and runbook admit."""
        if self.only_audit:
            return Mode.AUDIT
        bounds = [wanted, self.hosts.get(host, Mode.AUTO)]
        if runbook_id in self.irreversible:
            bounds.append(Mode.APPROVE)
        return min(bounds, key=list(Mode).index)


@attrs.define
class Judge:
    """One rule set with the modes under which it decides."""

    rules: RuleSet
    modes: Modes
    _known: dict[tuple[str, str], Outcome] = attrs.field(
        factory=dict[tuple[str, str], Outcome], init=False
    )

    def outcome(self, event: Event) -> Outcome:
        """Say what the rules make of an event."""
        return self.outcome_by(self.rules.winner(event), event)

    def outcome_by(self, winner: Rule | None, event: Event) -> Outcome:
        """Say it where the rule that decides is known already."""
        if winner is None:
            return NO_RULE
        host = text_of(event, "host_id")
        # Hosts without a bound of their own are all alike.
        key = (winner.id, host if host in self.modes.hosts else "")
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = outcome_of(winner, self.modes.of(winner, host))
        return known


def text_of(event: Event, key: str) -> str:
    """Give a field that is a text, and the empty text for any other."""
    value = event.get(key)
    return value if isinstance(value, str) else ""
