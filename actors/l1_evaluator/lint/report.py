"""Lint of a whole rule set: every rule held against the set, its sources and its surroundings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

import attrs

from actors.catalogue.misfits import Misfit, Surroundings, misfits
from actors.catalogue.rule_files import RawRules
from actors.catalogue.rule_judgement import rule_from
from actors.catalogue.rules import Rule
from actors.l1_evaluator.engine import RuleSet, uncollected
from actors.l1_evaluator.lint import findings as words
from actors.l1_evaluator.lint.cost import Clock, cost_us
from actors.l1_evaluator.lint.findings import Finding
from actors.l1_evaluator.lint.reach import (
    Contradictory,
    Reach,
    Reachable,
    Shadowed,
    Undecided,
    Unreachable,
)


@attrs.frozen
class Report:
    """What lint found."""

    findings: tuple[Finding, ...]
    """By the position of their rules in the loaded list."""
    rules: int
    """Rules that were looked at."""
    undecided: tuple[str, ...]
    """Ids of rules of which nobody knows whether they can decide; nothing is said of them."""


def lint(raw: RawRules, around: Surroundings, clock: Clock) -> Report:
    """Look at every rule.

    What is in force is what decides: quarantined rules and those with a misfit shadow nobody.
    """
    looked = _Look(raw, around, clock)
    with uncollected():
        found = sorted(looked.findings(), key=lambda each: each[0])
    undecided = tuple(looked.undecided)
    return Report(tuple(finding for _, finding in found), len(raw.rules), undecided)


Placed = tuple[int, Finding]

_UNASKABLE = ("unknown_check", "unkeepable")
"""Misfits beside which nothing more is said of a rule."""


@attrs.define
class _Look:
    raw: RawRules
    around: Surroundings
    clock: Clock
    undecided: list[str] = attrs.field(factory=list[str], init=False)

    def findings(self) -> Iterator[Placed]:
        judged = RuleSet.compile(self.raw.rules)
        yield from self._quarantined(judged)
        aside: dict[int, list[Misfit]] = {}
        for position, rule in enumerate(judged.rules):
            if rule is not None and (found := list(misfits(rule, self.around))):
                aside[position] = found
                for misfit in found:
                    yield position, self._finding(position, rule, misfit.code, misfit.reason)
        kept = [n for n, rule in enumerate(judged.rules) if rule is not None and n not in aside]
        in_force = judged
        if aside:
            in_force = RuleSet.compile(self.raw.rules[position] for position in kept)
            rules = [(n, r) for n, r in zip(kept, in_force.rules, strict=True) if r is not None]
        else:
            rules = [(n, r) for n in kept if (r := judged.rules[n]) is not None]
        reach = Reach(in_force, self.around.emission)
        yield from self._set_aside(judged, aside, reach)
        twins = dict(_twins(rules, reach))
        events: list[Mapping[str, object]] = []
        for position, rule in rules:
            if position in twins:
                sentence = f"asks and does what {twins[position].id} does"
                yield position, self._finding(position, rule, "duplicate", sentence)
            elif rule.enabled:
                yield from self._reached(position, rule, reach, events)
        yield from self._dear(rules, reach, events)

    def _quarantined(self, judged: RuleSet) -> Iterator[Placed]:
        """Tell each invalid rule, and each id that is defined more than once: once."""
        again: dict[str, list[int]] = {}
        for position, reason in judged.quarantined:
            rule = rule_from(self.raw.rules[position])
            if isinstance(rule, Rule):
                again.setdefault(rule.id, []).append(position)
            else:
                name = _id_of(self.raw.rules[position])
                place = str(self.raw.places[position])
                yield position, Finding("quarantined", name, place, reason)
        first = {rule.id: n for n, rule in enumerate(judged.rules) if rule is not None}
        for name, positions in again.items():
            stands = self.raw.places[first[name]]
            others = ", ".join(str(self.raw.places[n]) for n in positions)
            sentence = f"the id is defined at {stands}; what stands at {others} never decides"
            place = str(self.raw.places[positions[0]])
            yield positions[0], Finding("duplicate_id", name, place, sentence)

    def _set_aside(
        self, judged: RuleSet, aside: Mapping[int, Sequence[Misfit]], reach: Reach
    ) -> Iterator[Placed]:
        """Say of rules with a misfit what would be wrong with them in any set."""
        for position, found in aside.items():
            rule = judged.rules[position]
            if rule is None or any(misfit.code in _UNASKABLE for misfit in found):
                continue
            outcome = reach.unfulfilled(rule)
            if outcome is not None:
                yield position, self._never(position, rule, outcome)

    def _reached(
        self, position: int, rule: Rule, reach: Reach, events: list[Mapping[str, object]]
    ) -> Iterator[Placed]:
        match reach.of(rule):
            case Reachable(event):
                events.append(event)
            case Undecided():
                self.undecided.append(rule.id)
            case Shadowed() as outcome:
                finding = self._finding(position, rule, "shadowed", words.shadowed(outcome))
                yield position, attrs.evolve(finding, by=outcome.by, witness=outcome.event)
            case outcome:
                yield position, self._never(position, rule, outcome)

    def _never(self, position: int, rule: Rule, outcome: Contradictory | Unreachable) -> Finding:
        if isinstance(outcome, Contradictory):
            sentence = words.contradictory(outcome)
            return self._finding(position, rule, "contradictory", sentence)
        fields = dict.fromkeys(condition.field for condition in outcome.conditions)
        unwritten = [field for field in fields if not self.around.emission.writes(field)]
        sentence = words.unreachable(outcome, unwritten)
        return self._finding(position, rule, "unreachable", sentence)

    def _dear(
        self,
        rules: Iterable[tuple[int, Rule]],
        reach: Reach,
        events: Sequence[Mapping[str, object]],
    ) -> Iterator[Placed]:
        """Tell the rules that every event has to be put to, and those that match each of them."""
        for position, rule in rules:
            required = reach.asked(rule).required
            if not rule.enabled or any(question.anchors for question in required):
                continue
            further = reach.questions.further(rule)
            cost = round(cost_us(required, further, events, self.clock), 2)
            if required or further is not None:
                sentence = (
                    f"names no text that a field must be: each event is put to it ({cost} µs)"
                )
                finding = self._finding(position, rule, "unanchored", sentence)
            else:
                sentence = f"matches every event that no rule before it decides ({cost} µs)"
                finding = self._finding(position, rule, "catch_all", sentence)
            yield position, attrs.evolve(finding, cost_us=cost)

    def _finding(self, position: int, rule: Rule, code: words.Code, sentence: str) -> Finding:
        return Finding(code, rule.id, str(self.raw.places[position]), sentence)


def _twins(rules: Iterable[tuple[int, Rule]], reach: Reach) -> Iterator[tuple[int, Rule]]:
    """Yield each rule that asks and does what an enabled one before it does, with that one."""
    first: dict[object, Rule] = {}
    for position, rule in rules:
        if rule.enabled:
            asked, params = reach.asked(rule), repr(rule.written.get("params"))
            groups = frozenset(map(frozenset, asked.groups))
            asks = (frozenset(asked.required), frozenset(asked.refused), groups)
            twin = first.setdefault((asks, rule.action, rule.runbook_id, params, rule.mode), rule)
            if twin is not rule:
                yield position, twin


def _id_of(raw: object) -> str:
    if not isinstance(raw, Mapping):
        return ""
    return str(cast("Mapping[object, object]", raw).get("id", ""))
