"""A rule that a plan would become, put before the stored incidents of its check."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import attrs
import yaml

from actors.catalogue.misfits import misfits
from actors.catalogue.rule_judgement import rule_from
from actors.catalogue.rules import Rule
from actors.flywheel import Pattern, Replay
from actors.journal import PastAction
from actors.l1_evaluator import RuleSet, event_in
from actors.messages import Decision, Verdict
from runtime.codec import to_json
from runtime.documents import as_mapping
from runtime.roles.catalogue import Catalogue, without

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TOLD = 20
"""Disagreements told one by one."""


def rule_in(file: str) -> object:
    """Give the raw rule of a file that the flywheel spelled; None where it holds none."""
    rules = (as_mapping(yaml.load(file, _Loader)) or {}).get("rules")  # noqa: S506  the safe one
    return cast("list[object]", rules)[0] if isinstance(rules, list) and rules else None


@attrs.define
class RuleReplay:
    """What is counted while page after page of incidents is put before the rules."""

    pattern: Pattern
    rules: RuleSet
    """With the rule in it."""
    others: RuleSet
    """Without it."""
    loaded: bool
    """Whether `rules` is the set in force."""
    _justifying: int = attrs.field(default=0, init=False)
    _same: int = attrs.field(default=0, init=False)
    _silent: int = attrs.field(default=0, init=False)
    _disagreements: list[str] = attrs.field(factory=list[str], init=False)

    @classmethod
    def of(cls, catalogue: Catalogue, pattern: Pattern, file: str) -> "RuleReplay":
        """Lay the rule of a file over a catalogue, where it is not in force there already."""
        raw = rule_in(file)
        others = without(catalogue, {pattern.rule_id}).rules
        in_force = next(
            (each for each in catalogue.rules.rules if each and each.id == pattern.rule_id), None
        )
        if in_force is not None and in_force.written == raw:
            return cls(pattern, catalogue.rules, others, loaded=True)
        written = [each.written for each in others.rules if each is not None]
        replay = cls(pattern, RuleSet.compile([*written, raw]), others, loaded=False)
        judged = rule_from(raw)
        if isinstance(judged, Rule):
            replay._disagree(misfit.reason for misfit in misfits(judged, catalogue.around))
        else:
            replay._disagree([judged])
        return replay

    def ask(self, page: Sequence[PastAction], tried: Mapping[str, Verdict]) -> None:
        """Put incidents before the rules; on those in `tried` the action was tried."""
        rule_id = self.pattern.rule_id
        for past in page:
            event = event_in(past.observation)
            winner = self.rules.winner(event)
            ours = winner is not None and winner.id == rule_id
            if past.incident_id in tried:
                if ours:
                    self._justifying += 1
                else:
                    decides = "no rule" if winner is None else f"rule {winner.id}"
                    self._disagree([f"{past.incident_id}: {decides} decides it"])
            elif ours:
                before = self.others.winner(event)
                if before is not None:
                    self._disagree([f"{past.incident_id}: rule {before.id} decided it"])
                else:
                    self._compare(past.incident_id, past.decision)

    def _compare(self, incident_id: str, decision: Decision | None) -> None:
        if decision is None or not decision.runbook_id:
            self._silent += 1
        elif (decision.runbook_id, to_json(decision.params)) == (
            self.pattern.runbook_id,
            self.pattern.spelled_params,
        ):
            self._same += 1
        else:
            self._disagree([f"{incident_id}: {decision.runbook_id} was decided, or other params"])

    def _disagree(self, what: Iterable[str]) -> None:
        self._disagreements += what

    def found(self) -> Replay:
        """Give what was counted."""
        told = self._disagreements[:_TOLD]
        if further := len(self._disagreements) - len(told):
            told.append(f"and {further} more")
        return Replay(
            self.rules.version, self.loaded, self._justifying, self._same, self._silent, told
        )
