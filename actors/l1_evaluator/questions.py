"""A rule as questions: each distinct condition becomes one shared question.

Whoever wants to know whether a rule matches asks these, be it the tree that decides or the
explanation that tells why, so that the two cannot disagree.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal

import attrs

from actors.catalogue.rules import Condition, Rule
from actors.l1_evaluator.predicates import Holds, predicate, top_key

Event = Mapping[str, object]
Part = Literal["severity_filter", "conditions", "any_of", "none_of"]

_COST: Final[Mapping[str, int]] = {
    "eq": 0,
    "in": 1,
    "exists": 1,
    "ne": 2,
    "not_in": 2,
    "starts_with": 2,
    "ends_with": 2,
    "gt": 3,
    "gte": 3,
    "lt": 3,
    "lte": 3,
    "contains": 3,
    "regex": 9,
}
"""How dear an operator is beside the others: cheap questions are asked first."""


@attrs.frozen(eq=False)
class Question:
    """One condition, ready to be asked."""

    condition: Condition
    key: str
    """The top-level key of the event whose value is asked about."""
    holds: Holds
    anchors: tuple[str, ...]
    """The only texts for which it holds; empty where such a list cannot be given."""
    cost: int

    def asked(self, event: Event) -> bool:
        """Say whether the condition holds for `event`."""
        return self.holds(event.get(self.key))


@attrs.frozen(eq=False)
class Questions:
    """Makes questions, each distinct one once."""

    _known: dict[object, Question] = attrs.field(factory=dict[object, Question], init=False)

    def about(self, condition: Condition) -> Question:
        """Give the question that asks `condition`."""
        value = condition.value
        # True, 1 and 1.0 are equal to Python: the types belong to the key.
        kinds = tuple(map(type, value)) if isinstance(value, tuple) else type(value)
        key = (condition.field, condition.operator, value, kinds, condition.ignore_case)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = _question(condition)
        return known

    def required(self, rule: Rule) -> tuple[Question, ...]:
        """Give what must all hold, cheapest first: the severity filter and the conditions."""
        asked = [self.about(condition) for condition in required_conditions(rule)]
        asked.sort(key=lambda question: question.cost)
        return tuple(asked)

    def further(self, rule: Rule) -> Callable[[Event], bool] | None:
        """Give the question that `any_of` and `none_of` ask together, None without either."""
        if not rule.any_of and not rule.none_of:
            return None
        groups = [[self.about(condition) for condition in group] for group in rule.any_of]
        refused = [self.about(condition) for condition in rule.none_of]

        def further(event: Event) -> bool:
            if groups and not any(all(each.asked(event) for each in group) for group in groups):
                return False
            return not any(each.asked(event) for each in refused)

        return further

    def trace(self, rule: Rule, event: Event) -> "Iterator[tuple[Part, Condition, bool]]":
        """Ask everything the rule asks, in reading order: part, condition, whether it is as wanted.

        A condition of `any_of` is as wanted when it holds or another list does.
        """
        for condition in severity_conditions(rule):
            yield "severity_filter", condition, self.about(condition).asked(event)
        for condition in rule.conditions:
            yield "conditions", condition, self.about(condition).asked(event)
        answers = [[self.about(each).asked(event) for each in group] for group in rule.any_of]
        one_holds = any(map(all, answers))
        for group, answer in zip(rule.any_of, answers, strict=True):
            for condition, holds in zip(group, answer, strict=True):
                yield "any_of", condition, holds or one_holds
        for condition in rule.none_of:
            yield "none_of", condition, not self.about(condition).asked(event)


def severity_conditions(rule: Rule) -> tuple[Condition, ...]:
    """Write the severity filter as the membership it is."""
    if not rule.severity_filter:
        return ()
    return (Condition("severity", "in", rule.severity_filter),)


def required_conditions(rule: Rule) -> tuple[Condition, ...]:
    """Give the conditions that must all hold, the severity filter among them."""
    return rule.conditions + severity_conditions(rule)


def _question(condition: Condition) -> Question:
    cost = _COST[condition.operator] + condition.field.count(".")
    return Question(condition, top_key(condition), predicate(condition), _anchors(condition), cost)


def _anchors(condition: Condition) -> tuple[str, ...]:
    if condition.operator not in ("eq", "in") or condition.ignore_case or "." in condition.field:
        return ()
    value = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    texts = tuple(dict.fromkeys(each for each in value if isinstance(each, str)))
    return texts if len(texts) == len(set(value)) else ()
