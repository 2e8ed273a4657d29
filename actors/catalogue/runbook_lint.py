"""Lint of runbooks: what their files may say, and yet leaves a fix unproved or too open."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

import attrs

from actors.catalogue.baseline import NotComparableError
from actors.catalogue.checks import Check
from actors.catalogue.probes import Argv
from actors.catalogue.runbooks import ParamType, Runbook, Script, ServiceChange
from actors.messages import Platform

Code: TypeAlias = Literal[
    "no_verify", "exit_code_only", "open_param", "long_timeout", "no_controls", "no_text"
]

LONGEST_S: Final = 3600.0
"""Seconds for a step; while it runs, nothing else heals its host."""

_ANY_OUTPUT = ("", "another", "0", "1\n")
_EXIT_CODE = ("$?", "&& echo", "|| echo")
"""How a shell makes words of an exit code."""


@attrs.frozen
class RunbookFinding:
    """Something about one runbook that its author would want to know."""

    code: Code
    runbook: str
    sentence: str


def lint_runbook(
    runbook: Runbook, checks: Mapping[str, Check], reported: Mapping[str, object]
) -> Iterator[RunbookFinding]:
    """Look at one runbook.

    `checks` are those in force, `reported` has the names of all that some source reports.
    """
    for code, sentence in _findings(runbook, checks, reported):
        yield RunbookFinding(code, runbook.id, sentence)


def _findings(
    runbook: Runbook, checks: Mapping[str, Check], reported: Mapping[str, object]
) -> Iterator[tuple[Code, str]]:
    for name in (*runbook.checks, *runbook.also_verify):
        check = checks.get(name)
        if check is None and name not in reported:
            yield "no_verify", f"no check is called {name!r}"
        elif reason := _unverified(runbook, name, check):
            yield "no_verify", reason
        elif check is not None and reads_an_exit_code(check):
            yield "exit_code_only", f"check {name} tells an exit code, not a state"
    if not runbook.by_person:
        yield from _open(runbook)
    if not runbook.controls:
        yield "no_controls", "names no control that it serves"
    if not runbook.text:
        yield "no_text", "has no text for the person who is asked to approve it"


def _unverified(runbook: Runbook, name: str, check: Check | None) -> str | None:
    """Say why a check that is reported cannot tell whether the runbook has healed, if so."""
    here = isinstance(runbook.act, Script | ServiceChange)
    if here and (check is None or check.is_reported):
        return f"check {name} is told by others: nobody can be asked whether the fix holds"
    if check is None or check.platform is runbook.platform:
        return None
    if runbook.by_person and check.platform is Platform.UNKNOWN:
        return None
    return f"check {name} is for {check.platform.value}, not for {runbook.platform.value}"


def _open(runbook: Runbook) -> Iterator[tuple[Code, str]]:
    """Yield what leaves a program too free."""
    for param in runbook.params:
        if param.type is ParamType.STRING and not param.pattern:
            reason = f"any text may reach a program by param {param.name}: give it a pattern"
            yield "open_param", reason
    if runbook.timeout_s > LONGEST_S:
        reason = f"a step may take {runbook.timeout_s:g} s; {LONGEST_S:g} are long enough"
        yield "long_timeout", reason


def reads_an_exit_code(check: Check) -> bool:
    """Say whether a check is right or wrong by nothing but how a program ended."""
    probe = check.probe
    if not isinstance(probe, Argv):
        return False
    if any(mark in argument for argument in probe.argv for mark in _EXIT_CODE):
        return True
    return probe.pattern is None and all(_holds(check, output) for output in _ANY_OUTPUT)


def _holds(check: Check, output: str) -> bool:
    try:
        return check.baseline.holds(output)
    except NotComparableError:
        return False
