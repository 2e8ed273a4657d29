"""Checks, rules and runbooks as they are in force: read from the folders, and held together.

A rule that names an unknown check, action or runbook is set aside with its reason; the others are
in force.  A file that cannot be read is an error: at start the appliance does not start, at a
reload the last good catalogue stays.
"""

import difflib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import attrs

from actors.catalogue.check_files import ALIASES, load_checks
from actors.catalogue.check_names import CheckNames, load_names
from actors.catalogue.checks import Check
from actors.catalogue.misfits import Surroundings, misfits, surroundings_of
from actors.catalogue.rule_files import RawRules, RulePlace, read_rules
from actors.catalogue.rule_judgement import rule_from
from actors.catalogue.rules import Rule
from actors.catalogue.runbook_files import load_runbooks
from actors.catalogue.runbooks import Runbook
from actors.l1_evaluator import RuleSet, RulesInForce
from runtime.codec import plain_json
from runtime.errors import InvalidFileError
from runtime.settings import Settings

_SHAPE = ("l1", "checks", "runbooks", "scenarios")
"""What lies in a site's folder."""


@attrs.frozen
class Catalogue:
    """What is in force."""

    checks: Mapping[str, Check]
    names: CheckNames
    runbooks: Mapping[str, Runbook]
    in_force: RulesInForce
    places: tuple[RulePlace, ...]
    """Where each rule in force stands, by its position."""
    problems: tuple[str, ...]
    """What was set aside, each with file, line and reason."""
    raw: RawRules
    """Every rule that was read, also what was set aside."""

    @property
    def rules(self) -> RuleSet:
        """Give the rule set."""
        return self.in_force.rules

    @property
    def around(self) -> Surroundings:
        """Give what rules are held against."""
        return surroundings_of(self.checks, self.names, self.runbooks)


def without(catalogue: Catalogue, rule_ids: Collection[str]) -> Catalogue:
    """Give a catalogue with some of its rules out of force; nothing is read anew."""
    kept = [
        (rule, place)
        for rule, place in zip(catalogue.rules.rules, catalogue.places, strict=True)
        if rule is not None and rule.id not in rule_ids
    ]
    written = [rule.written for rule, _ in kept]
    in_force = RulesInForce(RuleSet.compile(written), plain_json(written), catalogue.in_force.texts)
    return attrs.evolve(catalogue, in_force=in_force, places=tuple(place for _, place in kept))


@attrs.frozen
class Trial:
    """Rules that are tried, and are not in force."""

    path: Path
    """A file or folder of rules, or a folder of the shape of a site's own."""
    alone: bool = False
    """In the place of all other rules; else before them, as a site's own are."""

    def within(self, folders: tuple[Path, ...]) -> tuple[tuple[Path, ...], list[Path]]:
        """Give the folders with this one before them, and where the rules are then read."""
        if any((self.path / name).is_dir() for name in _SHAPE):
            folders, own = (self.path, *folders), list(_inside((self.path,), "l1"))
            rules = list(_inside(folders, "l1"))
        else:
            own = [self.path]
            rules = [self.path, *_inside(folders, "l1")]
        return folders, own if self.alone else rules


def load_catalogue(settings: Settings, trial: Trial | None = None) -> Catalogue:
    """Read everything anew, with the rules of a trial laid over it.

    Raises:
        InvalidFileError: a folder or file cannot be read, with file, line and allowed values.
    """
    folders = settings.rule_folders
    for folder in folders:
        if not os.path.isdir(folder):  # noqa: PTH112  a folder that may not be seen is none
            raise InvalidFileError(str(folder), "is no folder that can be read")
    if trial is None:
        rule_paths = list(_inside(folders, "l1"))
    else:
        folders, rule_paths = trial.within(folders)
    checks: dict[str, Check] = {}
    problems: list[str] = []
    for folder in _inside(folders, "checks"):
        found = load_checks(folder)
        checks = {**found.by_id, **checks}
        problems += [str(problem) for problem in found.problems]
    _must_be_known(settings, checks)
    names = _names(folders, checks)
    runbooks = load_runbooks(*runbook_folders(folders))
    raw, places = _raw_rules(rule_paths)
    judged = RuleSet.compile(raw)
    aside = dict(judged.quarantined)
    around = surroundings_of(checks, names, runbooks)
    for position, rule in enumerate(judged.rules):
        misfit = None if rule is None else next(misfits(rule, around), None)
        if rule is not None and misfit is not None:
            aside[position] = f"rule {rule.id}: {misfit.reason}"
    problems += [f"{places[position]}: {reason}" for position, reason in sorted(aside.items())]
    kept = [rule for position, rule in enumerate(raw) if position not in aside]
    rules = RuleSet.compile(kept) if aside else judged
    texts = {runbook.id: runbook.text for runbook in runbooks.values()}
    in_force = RulesInForce(rules, plain_json(kept), texts)
    at = tuple(place for position, place in enumerate(places) if position not in aside)
    read = RawRules(tuple(raw), tuple(places))
    told = tuple(problem.encode(errors="backslashreplace").decode() for problem in problems)
    return Catalogue(checks, names, runbooks, in_force, at, told, read)


def _must_be_known(settings: Settings, checks: Mapping[str, Check]) -> None:
    for target in settings.targets:
        for name in target.checks or ():
            if name not in checks or checks[name].platform.value != target.platform:
                near = difflib.get_close_matches(name, checks, n=1)
                meant = f"; did you mean {near[0]!r}?" if near else ""
                raise InvalidFileError(
                    f"target {target.host}", f"no check for {target.platform} is {name!r}{meant}"
                )


def runbook_folders(folders: tuple[Path, ...]) -> list[Path]:
    """Give the folders of runbooks: the shipped one first, whose scripts a site's own may use."""
    return list(reversed(list(_inside(folders, "runbooks"))))


def _inside(folders: tuple[Path, ...], name: str) -> Iterator[Path]:
    for folder in folders:
        try:
            if (folder / name).is_dir():
                yield folder / name
        except OSError as error:
            raise InvalidFileError(str(folder), f"cannot be read: {error.strerror}") from error


def _names(folders: tuple[Path, ...], checks: Mapping[str, Check]) -> CheckNames:
    for folder in _inside(folders, "checks"):
        if (folder / ALIASES).is_file():
            return load_names(folder / ALIASES, checks)
    return CheckNames.of(checks)


def _raw_rules(paths: Iterable[Path]) -> tuple[list[object], list[RulePlace]]:
    """Read files or folders of rules; one whose id a path before defines gives way to it."""
    raw: list[object] = []
    places: list[RulePlace] = []
    taken: set[str] = set()
    for path in paths:
        read = read_rules(path)
        ids = [_id_of(rule) for rule in read.rules]
        for rule, place, name in zip(read.rules, read.places, ids, strict=True):
            if name not in taken:
                raw.append(rule)
                places.append(place)
        taken.update(filter(None, ids))
    return raw, places


def _id_of(raw: object) -> str | None:
    """Give the id of a valid rule."""
    judged = rule_from(raw)
    return judged.id if isinstance(judged, Rule) else None
