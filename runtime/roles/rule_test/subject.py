"""What is tested: the rules in force, or tried, with the scenarios beside them."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from actors.catalogue.rule_files import RulePlace
from actors.catalogue.rules import Rule
from actors.l1_evaluator import RuleSet
from runtime.documents import Where, read_document
from runtime.errors import InvalidFileError
from runtime.roles.catalogue import Catalogue, Trial, load_catalogue
from runtime.roles.rule_test.given import Known
from runtime.roles.scenario import SCENARIOS, Written, read_scenarios
from runtime.settings import Settings


@attrs.frozen
class Subject:
    """A rule set, and what of it is tested."""

    catalogue: Catalogue
    within: Path | None = None
    """Only the rules that stand there are tested, and decide in the whole set; None for all."""
    scenarios: Sequence[Written] = ()

    @classmethod
    def of(cls, settings: Settings, trial: Trial | None = None) -> "Subject":
        """Read what is in force; or what is tried, of which only that is tested.

        Raises:
            InvalidFileError: something cannot be read, with file, line and allowed values.
        """
        folders = settings.rule_folders if trial is None else (trial.path,)
        within = None if trial is None else trial.path
        scenarios = [
            written
            for folder in folders
            if (folder / SCENARIOS).is_dir()
            for written in read_scenarios(folder / SCENARIOS)
        ]
        return cls(load_catalogue(settings, trial), within, scenarios)

    @property
    def rules(self) -> RuleSet:
        """Give the whole set."""
        return self.catalogue.rules

    @property
    def known(self) -> Known:
        """Give the checks of which its events speak."""
        return Known(self.catalogue.checks, self.catalogue.names)

    def enabled(self) -> Iterator[tuple[Rule, RulePlace]]:
        """Yield the rules that can decide, each with its place."""
        for rule, place in zip(self.rules.rules, self.catalogue.places, strict=True):
            if rule is not None and rule.enabled:
                yield rule, place

    def tested(self, only: str | None) -> Sequence[tuple[Rule, RulePlace]]:
        """List the rules that are tested, or of them the one of the id `only`."""
        return [
            (rule, place)
            for rule, place in self.enabled()
            if (self.within is None or Path(place.path).is_relative_to(self.within))
            and only in (None, rule.id)
        ]


def place_of_test(place: RulePlace, number: int) -> str:
    """Give file and line of a test of the rule that stands at `place`; `number` is from 1."""
    lines: Mapping[Where, int] = {}
    with contextlib.suppress(InvalidFileError):  # `read_rules` is more lenient
        lines = read_document(Path(place.path)).lines
    for where, line in lines.items():
        if line == place.line and where and isinstance(where[-1], int):
            return f"{place.path}:{lines.get((*where, 'tests', number - 1), line)}"
    return str(place)
