"""What is tested: rules with the places where they stand, and the checks they speak of."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from actors.catalogue.rule_files import RulePlace, read_rules
from actors.catalogue.rules import Rule
from actors.l1_evaluator import RuleSet
from runtime.documents import Where, read_document
from runtime.errors import InvalidFileError
from runtime.roles.catalogue import Catalogue
from runtime.roles.rule_test.given import Known


@attrs.frozen
class Subject:
    """A rule set, as it is tested."""

    rules: RuleSet
    places: Sequence[RulePlace]
    """Of the rules, by position."""
    known: Known
    set_aside: Sequence[str]
    """What is no rule, each with its place and reason."""

    @classmethod
    def in_force(cls, catalogue: Catalogue) -> "Subject":
        """Test what is in force."""
        known = Known(catalogue.checks, catalogue.names)
        return cls(catalogue.rules, catalogue.places, known, catalogue.problems)

    @classmethod
    def written(cls, paths: Sequence[Path], catalogue: Catalogue) -> "Subject":
        """Test the rules of some files and folders, which then are the whole set.

        Raises:
            InvalidFileError: one cannot be read.
        """
        read = [read_rules(path) for path in paths]
        rules = RuleSet.compile(rule for each in read for rule in each.rules)
        places = [place for each in read for place in each.places]
        aside = [f"{places[position]}: {reason}" for position, reason in rules.quarantined]
        return cls(rules, places, Known(catalogue.checks, catalogue.names), aside)

    def enabled(self) -> Iterator[tuple[Rule, RulePlace]]:
        """Yield the rules that can decide, each with its place."""
        for rule, place in zip(self.rules.rules, self.places, strict=True):
            if rule is not None and rule.enabled:
                yield rule, place


def place_of_test(place: RulePlace, number: int) -> str:
    """Give file and line of a test of the rule that stands at `place`; `number` is from 1."""
    lines: Mapping[Where, int] = {}
    with contextlib.suppress(InvalidFileError):  # `read_rules` is more lenient
        if place.line is not None:
            lines = read_document(Path(place.path)).lines
    for where, line in lines.items():
        if line == place.line and where and isinstance(where[-1], int):
            return f"{place.path}:{lines.get((*where, 'tests', number - 1), line)}"
    return str(place)
