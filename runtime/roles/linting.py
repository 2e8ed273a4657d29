"""Lint as commands ask for it: what is looked at, and what it is held against."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from actors.catalogue.emission_files import load_emitted
from actors.catalogue.misfits import Surroundings
from actors.catalogue.rule_files import RawRules, read_rules
from actors.catalogue.runbook_files import runbook_places
from actors.catalogue.runbook_lint import lint_runbook
from actors.l1_evaluator.lint import Report, lint
from runtime.roles.catalogue import load_catalogue, runbook_folders
from runtime.settings import Settings


def lint_rules(settings: Settings, paths: Sequence[Path], emits: Path | None) -> Report:
    """Look at the rules in force, or at those of some files and folders alone.

    They are held against the checks, runbooks and sources of the settings, or against what the
    file `emits` says that there is.

    Raises:
        InvalidFileError: a file cannot be read, with file, line and allowed values.
    """
    if paths and emits is not None:
        raw, around = _read(paths), _emitted(emits)
    else:
        catalogue = load_catalogue(settings)
        raw = _read(paths) if paths else catalogue.raw
        around = catalogue.around if emits is None else _emitted(emits)
    return lint(raw, around, time.perf_counter)


def lint_runbooks(settings: Settings) -> tuple[Sequence[Mapping[str, object]], int]:
    """Look at the runbooks in force; gives the findings as rows, and how many runbooks there are.

    Raises:
        InvalidFileError: a file cannot be read or says what it must not, with file and line.
    """
    catalogue = load_catalogue(settings)
    places = runbook_places(*runbook_folders(settings.rule_folders))
    found = [
        {**attrs.asdict(finding), "place": places[runbook.id]}
        for runbook in catalogue.runbooks.values()
        for finding in lint_runbook(runbook, catalogue.checks, catalogue.names.severities)
    ]
    return found, len(catalogue.runbooks)


def finding_rows(report: Report) -> list[Mapping[str, object]]:
    """Give the findings as rows; what does not apply to one is left out."""
    return [
        {
            key: value
            for key, value in attrs.asdict(each, recurse=False).items()
            if value or key in _ALWAYS
        }
        for each in report.findings
    ]


_ALWAYS = frozenset({"code", "rule", "place", "sentence"})


def _read(paths: Sequence[Path]) -> RawRules:
    read = [read_rules(path) for path in paths]
    return RawRules(
        tuple(rule for each in read for rule in each.rules),
        tuple(place for each in read for place in each.places),
    )


def _emitted(path: Path) -> Surroundings:
    emitted = load_emitted(path)
    return Surroundings(emitted.emission, emitted.emission.checks, emitted.actions)
