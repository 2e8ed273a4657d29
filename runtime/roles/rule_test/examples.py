"""The tests beside rules, asked of the whole set: what each expected, and what decided instead."""

from collections.abc import Iterator, Sequence

import attrs

from actors.catalogue.rule_tests import NONE, OTHER, THIS
from actors.catalogue.rules import Expected, Rule
from actors.l1_evaluator import RuleSet
from runtime.roles.explain import why_not
from runtime.roles.rule_test.given import ImpossibleEventError, Known


@attrs.frozen
class Example:
    """A test beside a rule, with the event that it means."""

    rule_id: str
    number: int
    """Within the tests of its rule, from 1."""
    event: dict[str, object]
    expected: Expected

    def holds(self, rules: RuleSet) -> bool:
        """Say whether the set decides as expected."""
        return _as_expected(self, rules.winner(self.event))


@attrs.frozen
class Broken:
    """A test that does not come true."""

    rule_id: str
    number: int
    says: str
    why: Sequence[str] = ()
    """Lines that explain it."""


def examples_of(rule: Rule, known: Known) -> Iterator[Example | Broken]:
    """Complete the tests of a rule, or say which event cannot be."""
    for number, test in enumerate(rule.tests, start=1):
        try:
            event = known.event(test.given)
        except ImpossibleEventError as error:
            yield Broken(rule.id, number, str(error))
        else:
            yield Example(rule.id, number, event, test.expected)


def broken(example: Example, rules: RuleSet) -> Broken | None:
    """Ask the set, and say what is wrong where it decides otherwise."""
    winner = rules.winner(example.event)
    if _as_expected(example, winner):
        return None
    expected, rule_id = example.expected, example.rule_id
    decides = "no rule" if winner is None else winner.id
    wanted = {THIS: rule_id, OTHER: "another rule", NONE: "none"}.get(expected.rule, expected.rule)
    if _named(expected.rule, rule_id, winner):
        differs = {key: getattr(winner, key) for key in expected.settles}
        asked = ", ".join(f"{key} {value!r}" for key, value in expected.settles.items())
        shown = ", ".join(f"{key} {value!r}" for key, value in differs.items())
        return Broken(rule_id, example.number, f"{decides} says {shown}, expected {asked}")
    asked_about = rule_id if expected.rule in (THIS, NONE, OTHER) else expected.rule
    why = str(why_not(rules, example.event, asked_about)["text"])
    return Broken(rule_id, example.number, f"{decides} decides, expected {wanted}", [why])


def _as_expected(example: Example, winner: Rule | None) -> bool:
    expected = example.expected
    return _named(expected.rule, example.rule_id, winner) and all(
        getattr(winner, key) == value for key, value in expected.settles.items()
    )


def _named(expected: str, rule_id: str, winner: Rule | None) -> bool:
    if expected == NONE or winner is None:
        return expected == NONE and winner is None
    if expected == OTHER:
        return winner.id != rule_id
    return winner.id == (rule_id if expected == THIS else expected)
