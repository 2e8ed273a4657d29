"""A new rule of a site: written with comments and tests, so that it is right from the start."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
import yaml

from actors.catalogue.rule_edits import with_rule
from actors.catalogue.rule_files import read_rules
from actors.catalogue.rule_schema import rule_file_schema
from actors.catalogue.rules import DEFAULT_PRIORITY, EXECUTE_RUNBOOK, Rule
from actors.catalogue.runbooks import Runbook
from actors.messages import Mode, Platform
from runtime.documents import as_mapping
from runtime.errors import ConflictError, InvalidRequestError, NotFoundError
from runtime.roles.catalogue import Catalogue, load_catalogue
from runtime.roles.rule_editing import Edit, located, rules_folder, text_of
from runtime.roles.rule_test.given import Known
from runtime.settings import Settings

SCHEMA = "rule.schema.json"
"""Beside the folder of rules, where no rule is looked for; editors find it from each rule file."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_FILE = "site.yaml"


@attrs.frozen
class Draft:
    """What a person said about a new rule."""

    rule_id: str
    check: str
    runbook_id: str | None = None
    """None for the runbook that heals the check."""
    escalate: bool = False
    mode: Mode = Mode.AUDIT
    file: str = _FILE
    """Within the site's folder of rules."""


@attrs.frozen
class Drafted:
    """What is to be written, and what a person should know about it."""

    edits: tuple[Edit, ...]
    notes: tuple[str, ...]


def drafted(settings: Settings, draft: Draft) -> Drafted:
    """Write a new rule, with an event that it decides and some that it does not.

    Raises:
        NotFoundError: there is no such check or runbook.
        ConflictError: the id is taken, the runbook does not heal the check or none does, or the
            site has no folder.
        InvalidRequestError: the id or the file has no fitting name.
        InvalidFileError: the file is there, and cannot be changed by a program.
    """
    if not _ID.fullmatch(draft.rule_id):
        raise InvalidRequestError(f"the id {draft.rule_id!r} is not letters, digits, . _ - (64)")
    folder = rules_folder(settings)
    path = _path(folder, draft.file)
    catalogue = load_catalogue(settings)
    _must_be_free(folder, catalogue, draft.rule_id)
    if not catalogue.names.knows(draft.check):
        raise NotFoundError("check", draft.check, catalogue.names.severities)
    runbook, notes = _runbook(catalogue, draft)
    priority, before = _priority(catalogue, draft.check)
    if before is not None:
        notes.append(f"comes before {before}, which decides drift of {draft.check} so far")
    text = _text(catalogue, draft, runbook, priority)
    if path.exists():
        old = text_of(path)
        with located(path):
            return Drafted((Edit(path, old, with_rule(old, text)),), tuple(notes))
    schema = _schema(folder.parent / SCHEMA)
    modeline = os.path.relpath(folder.parent / SCHEMA, path.parent)
    head = f"# yaml-language-server: $schema={modeline}\n"
    return Drafted((*schema, Edit(path, None, head + with_rule("", text))), tuple(notes))


def _path(folder: Path, name: str) -> Path:
    path = folder / name
    if path.suffix not in (".yaml", ".yml") or ".." in path.parts or Path(name).is_absolute():
        raise InvalidRequestError(f"--file {name!r} is no .yaml file within {folder}")
    return path


def _must_be_free(folder: Path, catalogue: Catalogue, rule_id: str) -> None:
    taken = {rule.id: "" for rule in catalogue.rules.rules if rule is not None}
    if folder.is_dir():  # also those that are set aside
        read = read_rules(folder)
        for raw, place in zip(read.rules, read.places, strict=True):
            taken[str((as_mapping(raw) or {}).get("id"))] = f" in {place}"
    if rule_id in taken:
        raise ConflictError(f"there is a rule {rule_id} already{taken[rule_id]}")


def _runbook(catalogue: Catalogue, draft: Draft) -> tuple[Runbook | None, list[str]]:
    """Give the runbook of the rule, None for a rule that only escalates."""
    fitting = [each for each in catalogue.runbooks.values() if draft.check in each.checks]
    fitting.sort(key=lambda runbook: runbook.by_person)  # what is not done by hand comes first
    names = ", ".join(each.id for each in fitting) or "none does"
    if draft.runbook_id is not None:
        runbook = catalogue.runbooks.get(draft.runbook_id)
        if runbook is None:
            raise NotFoundError("runbook", draft.runbook_id, catalogue.runbooks)
        if runbook not in fitting:
            raise ConflictError(f"runbook {runbook.id} does not heal {draft.check}; {names}")
        return runbook, []
    if draft.escalate:
        return None, []
    if not fitting:
        raise ConflictError(f"no runbook heals {draft.check}: say --escalate, or write a runbook")
    others = [f"others that heal {draft.check}: {names}"] if fitting[1:] else []
    return fitting[0], [f"proposes {fitting[0].id}: {fitting[0].title}", *others]


def _priority(catalogue: Catalogue, check: str) -> tuple[int, str | None]:
    """Give a priority by which the rule decides, and the rule that would decide otherwise."""
    winner = _winner(catalogue, {"check_type": check})
    if winner is None:
        return DEFAULT_PRIORITY, None
    return winner.priority - 1, winner.id


def _text(catalogue: Catalogue, draft: Draft, runbook: Runbook | None, priority: int) -> str:
    heals = runbook is not None and not runbook.by_person
    conditions = {"check_type": draft.check, **_platform(catalogue, draft.check), "status": "fail"}
    lines = [
        f"id: {_word(draft.rule_id)}",
        "# Smaller comes first; the first rule that matches decides.",
        f"priority: {priority}",
    ]
    if heals:
        lines += ["# audit says what would be done, approve asks a person first, auto does it."]
        lines += [f"mode: {draft.mode.value}"]
    lines += ["# All of them must hold.", "conditions:"]
    lines += [
        f"  - {{field: {field}, operator: eq, value: {_word(value)}}}"
        for field, value in conditions.items()
    ]
    lines += [f"action: {EXECUTE_RUNBOOK if heals else 'escalate'}"]
    if runbook is not None:
        lines += [f"runbook_id: {_word(runbook.id)}  # {' '.join(runbook.title.split())}"]
    lines += ["# Asked by `aright rule test`: what it decides; then, for each condition, what not."]
    return "\n".join([*lines, "tests:", *_tests(catalogue, draft.check)])


def _platform(catalogue: Catalogue, check: str) -> dict[str, str]:
    known = catalogue.checks.get(check)
    if known is None or known.platform is Platform.UNKNOWN:
        return {}
    return {"platform": known.platform.value}


def _tests(catalogue: Catalogue, check: str) -> Iterator[str]:
    """Write a drift that the rule decides, and events that fail one condition each."""
    yield f"  - {{given: {{check_type: {_word(check)}}}, expect: this}}"
    platform = _platform(catalogue, check)
    others = [{"check_type": check, "status": "error"}]
    if platform:
        elsewhere = "linux" if platform["platform"] == "windows" else "windows"
        others.append({"check_type": check, "platform": elsewhere})
    for other in catalogue.checks:
        if other != check and _platform(catalogue, other) == platform:
            others.append({"check_type": other})
            break
    for given in others:
        fields = ", ".join(f"{field}: {_word(value)}" for field, value in given.items())
        expected = "other" if _winner(catalogue, given) else "none"
        yield f"  - {{given: {{{fields}}}, expect: {expected}}}"


def _winner(catalogue: Catalogue, given: Mapping[str, object]) -> Rule | None:
    return catalogue.rules.winner(Known(catalogue.checks, catalogue.names).event(given))


def _word(text: str) -> str:
    """Spell a text so that YAML reads it as one: 1e3 and no are others."""
    spelled: str = yaml.safe_dump(text, width=1000).removesuffix("\n").removesuffix("\n...")
    return spelled


def _schema(path: Path) -> tuple[Edit, ...]:
    """Give the edit by which the schema is there as it is now, none where it is."""
    spelled = json.dumps(rule_file_schema(), indent=2) + "\n"
    before = text_of(path) if path.exists() else None
    return () if before == spelled else (Edit(path, before, spelled),)
