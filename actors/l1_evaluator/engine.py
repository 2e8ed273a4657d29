"""The rule set: immutable, versioned by its content, and asked for decisions.

`decide`, `explain` and `why_not` ask the same questions of an event (see `questions`); the first
walks the tree, the others also read out the rules one by one.
"""

import contextlib
import gc
import heapq
import itertools
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Final, cast

import attrs

from actors.catalogue.rule_judgement import rule_from
from actors.catalogue.rules import Rule
from actors.l1_evaluator.content_hash import CHUNK, chunk_digests, version_of
from actors.l1_evaluator.entries import Entry
from actors.l1_evaluator.explanation import Answer, Explanation, NearMiss, WhyNot
from actors.l1_evaluator.nodes import NO_ORDER, Node
from actors.l1_evaluator.predicates import actual
from actors.l1_evaluator.questions import Event, Questions
from actors.l1_evaluator.tree import grown
from runtime.errors import ArightError

_POSITIONS: Final = 1 << 32
"""More than the rules of any set: an order is priority times this, plus the position."""
_NEAREST = 10
_LOOKED_AT = 48
"""Rules from among which the nearest are taken; what the event leads to comes first."""


class UnknownRuleError(ArightError):
    """A rule was asked for that the set does not hold."""

    def __init__(self, rule_id: str) -> None:
        super().__init__(f"no rule has the id {rule_id!r}")
        self.rule_id = rule_id


class InvalidRuleError(ArightError):
    """A changed rule is none; the set in force stays."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the rule is invalid: {reason}")
        self.reason = reason


RawRule = Mapping[object, object]


@attrs.frozen(eq=False)
class RuleSet:
    """Rules that decide together; made by `compile`, changed by making another one."""

    rules: tuple[Rule | None, ...]
    """By position in the loaded list; None where a rule is quarantined."""
    quarantined: list[tuple[int, str]]
    """(position, reason) of each rule that was set aside, by position."""
    version: str
    """SHA-256 over the content, hexadecimal."""
    _raw: tuple[object, ...] = attrs.field(alias="raw", repr=False)
    _digests: list[bytes] = attrs.field(alias="digests", repr=False)
    _position: Mapping[str, int] = attrs.field(alias="position", repr=False)
    """Where the valid rule of an id stands."""
    _questions: Questions = attrs.field(alias="questions", repr=False)
    _tree: Node = attrs.field(alias="tree", repr=False)

    @classmethod
    def compile(cls, raw_rules: Iterable[object]) -> "RuleSet":
        """Judge raw rules one by one and build the set of the valid ones.

        Never raises: what is no rule is quarantined with its reason.
        """
        with uncollected():
            return cls._compile(tuple(raw_rules))

    @classmethod
    def _compile(cls, raw: tuple[object, ...]) -> "RuleSet":
        rules: list[Rule | None] = []
        quarantined: list[tuple[int, str]] = []
        position: dict[str, int] = {}
        for index, each in enumerate(raw):
            judged = rule_from(each)
            if isinstance(judged, Rule) and judged.id in position:
                first = position[judged.id]
                judged = f"the id {judged.id!r} is defined at position {first} already"
            if isinstance(judged, Rule):
                position[judged.id] = index
                rules.append(judged)
            else:
                quarantined.append((index, judged))
                rules.append(None)
        questions = Questions()
        entries = [
            _entry(rule, index, questions)
            for index, rule in enumerate(rules)
            if rule is not None and rule.enabled
        ]
        digests = chunk_digests(_written(raw, quarantined))
        return cls(
            rules=tuple(rules),
            quarantined=quarantined,
            version=version_of(digests),
            raw=raw,
            digests=digests,
            position=position,
            questions=questions,
            tree=grown(entries),
        )

    def replace(self, raw_rule: object) -> "RuleSet":
        """Give the set with one rule changed, in the place of the rule of that id, or added last.

        Only what the change reaches is built anew; the set itself stays as it is.

        Raises:
            InvalidRuleError: the rule would be quarantined.
        """
        new = rule_from(raw_rule)
        if isinstance(new, str):
            raise InvalidRuleError(new)
        place = self._position.get(new.id, len(self.rules))
        old = self.rules[place] if place < len(self.rules) else None
        tree = self._tree
        if old is not None and old.enabled:
            tree = tree.without(_entry(old, place, self._questions))
        if new.enabled:
            tree = tree.added(_entry(new, place, self._questions))
        raw = (*self._raw[:place], raw_rule, *self._raw[place + 1 :])
        start = place - place % CHUNK
        digests = list(self._digests)
        digests[start // CHUNK : start // CHUNK + 1] = chunk_digests(
            _written(raw[start : start + CHUNK], self._reasons_from(start))
        )
        return RuleSet(
            rules=(*self.rules[:place], new, *self.rules[place + 1 :]),
            quarantined=self.quarantined,
            version=version_of(digests),
            raw=raw,
            digests=digests,
            position=self._position if old is not None else {**self._position, new.id: place},
            questions=self._questions,
            tree=tree,
        )

    def rule(self, rule_id: str) -> Rule:
        """Give the rule of an id.

        Raises:
            UnknownRuleError: no valid rule has it.
        """
        place = self._position.get(rule_id)
        rule = None if place is None else self.rules[place]
        if rule is None:
            raise UnknownRuleError(rule_id)
        return rule

    def decide(self, event: Event) -> str | None:
        """Give the id of the first rule that matches, None if none does."""
        # As `winner`, written out: a call less is a tenth of a decision at 92 rules.
        order = self._tree.find(event, NO_ORDER)
        winner = None if order is NO_ORDER else self.rules[order % _POSITIONS]
        return None if winner is None else winner.id

    def winner(self, event: Event) -> Rule | None:
        """Give the first rule that matches, None if none does."""
        order = self._tree.find(event, NO_ORDER)
        return None if order is NO_ORDER else self.rules[order % _POSITIONS]

    def explain(self, event: Event) -> Explanation:
        """Say which rule decides, what each of its conditions met, and what came near."""
        winner = self.winner(event)
        return Explanation(
            version=self.version,
            rule_id=None if winner is None else winner.id,
            answers=() if winner is None else tuple(self._answers(winner, event)),
            nearest=tuple(self._nearest(event, winner)),
        )

    def why_not(self, event: Event, rule_id: str) -> WhyNot:
        """Say why one rule is not the one that decides."""
        winner = self.winner(event)
        first = None if winner is None else winner.id
        place = self._position.get(rule_id)
        rule = None if place is None else self.rules[place]
        if rule is None:
            because = self._quarantine_reason(rule_id)
            if because is None:
                return WhyNot(rule_id, "unknown", winner=first)
            return WhyNot(rule_id, "quarantined", winner=first, quarantined_because=because)
        if first == rule_id:
            return WhyNot(rule_id, "wins", winner=first)
        if not rule.enabled:
            return WhyNot(rule_id, "disabled", winner=first)
        failed = next((each for each in self._answers(rule, event) if not each.as_wanted), None)
        return WhyNot(rule_id, "shadowed" if failed is None else "failed", failed, first)

    def _answers(self, rule: Rule, event: Event) -> Iterator[Answer]:
        for part, condition, as_wanted in self._questions.trace(rule, event):
            yield Answer(part, condition, actual(event, condition.field), as_wanted)

    def _nearest(self, event: Event, winner: Rule | None) -> Iterator[NearMiss]:
        reached = dict.fromkeys(
            itertools.islice((entry.order for entry in self._tree.near(event)), _LOOKED_AT)
        )
        found: list[tuple[int, int, Rule]] = []
        for order in reached:
            rule = self.rules[order % _POSITIONS]
            if rule is not None and rule is not winner:
                unmet = sum(not met for _, _, met in self._questions.trace(rule, event))
                found.append((unmet, order, rule))
        for unmet, _, rule in heapq.nsmallest(_NEAREST, found, key=lambda each: each[:2]):
            answers = list(self._answers(rule, event))
            failed = next((each for each in answers if not each.as_wanted), None)
            yield NearMiss(rule.id, failed, met=len(answers) - unmet, asked=len(answers))

    def _quarantine_reason(self, rule_id: str) -> str | None:
        for place, reason in self.quarantined:
            raw = self._raw[place]
            if isinstance(raw, Mapping) and cast("RawRule", raw).get("id") == rule_id:
                return reason
        return None

    def _reasons_from(self, start: int) -> list[tuple[int, str]]:
        return [
            (place - start, reason)
            for place, reason in self.quarantined
            if start <= place < start + CHUNK
        ]


@contextlib.contextmanager
def uncollected() -> Generator[None]:
    """Keep the garbage collector out while a set is built, or looked through.

    All that is made stays, so that there is nothing to collect; looking for it again and again
    doubles the time for 100,000 rules.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _entry(rule: Rule, place: int, questions: Questions) -> Entry:
    order = rule.priority * _POSITIONS + place
    return Entry(order, questions.required(rule), questions.further(rule))


def _written(raw: Sequence[object], quarantined: Iterable[tuple[int, str]]) -> list[object]:
    """Give what the version is taken over: for a rule that never matches, its reason alone.

    A quarantined mapping may be circular, or unfold to gigabytes when it is written out.
    """
    written = list(raw)
    for place, reason in quarantined:
        written[place] = reason
    return written
