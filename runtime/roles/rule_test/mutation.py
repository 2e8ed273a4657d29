"""Which mutants of a rule set its tests notice, and which nothing tells apart."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Final

import attrs

from actors.catalogue.rules import Rule
from actors.l1_evaluator import RuleSet
from runtime.roles.rule_test.draws import Draws
from runtime.roles.rule_test.examples import Example
from runtime.roles.rule_test.given import Known
from runtime.roles.rule_test.mutants import Mutant, mutants_of

DRAWN: Final = 100_000
"""Random events that may tell a surviving mutant from its rule."""
_SEED: Final = "mutation"


@attrs.frozen
class Survivor:
    """A mutant that no test notices, though an event tells it from its rule."""

    mutant: Mutant
    given: Mapping[str, object]
    """A test with it would notice; as short as it can be."""
    decides: str | None
    mutant_decides: str | None


@attrs.frozen
class Mutation:
    """What became of all mutants."""

    caught: int
    survivors: Sequence[Survivor]
    excused: Sequence[Mutant]
    """No test notices them, and neither did any drawn event: they decide the same."""

    @property
    def score(self) -> float:
        """Give the share of the mutants that can be told apart which tests notice, in percent."""
        told_apart = self.caught + len(self.survivors)
        return 100.0 * self.caught / told_apart if told_apart else 100.0


def mutation_of(
    rules: RuleSet, tried: Iterable[Rule], examples: Sequence[Example], known: Known
) -> Mutation:
    """Try every mutant of the rules `tried`, which are among `rules`.

    `examples` hold in the set as it is.
    """
    caught, survivors, excused = 0, list[Survivor](), list[Mutant]()
    judge = _Judge(rules, known, Draws.of(rules, known))
    for rule in tried:
        own = [each for each in examples if each.rule_id == rule.id]
        own_first = [*own, *(each for each in examples if each.rule_id != rule.id)]
        for mutant in mutants_of(rule):
            changed = rules.replace(mutant.raw)
            if not all(example.holds(changed) for example in own_first):
                caught += 1
            elif (survivor := judge.told_apart(rule, mutant, changed)) is not None:
                survivors.append(survivor)
            else:
                excused.append(mutant)
    return Mutation(caught, survivors, excused)


@attrs.define
class _Judge:
    """Looks for an event that tells a mutant from its rule."""

    rules: RuleSet
    known: Known
    draws: Draws
    _free: list[dict[str, object]] = attrs.field(factory=list[dict[str, object]], init=False)

    def told_apart(self, rule: Rule, mutant: Mutant, changed: RuleSet) -> Survivor | None:
        def differs(event: Mapping[str, object]) -> bool:
            return self.rules.decide(event) != changed.decide(event)

        found = next(filter(differs, self._drawn(rule)), None)
        if found is None:
            return None
        given = self.known.given(found)
        for field in [each for each in given if each != "check_type"]:
            shorter = {name: value for name, value in given.items() if name != field}
            if differs(self.known.event(shorter)):
                given = shorter
        event = self.known.event(given)
        return Survivor(mutant, given, self.rules.decide(event), changed.decide(event))

    def _drawn(self, rule: Rule) -> Iterator[dict[str, object]]:
        near = self.draws.near(rule, Random(f"{_SEED}/{rule.id}"))  # noqa: S311  # no secret
        yield from itertools.islice(near, DRAWN // 2)
        if not self._free:
            free = self.draws.free(Random(_SEED))  # noqa: S311  # no secret
            self._free = list(itertools.islice(free, DRAWN // 2))
        yield from self._free
