"""What came of a proof."""

import functools
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import attrs
import trio

from actors.catalogue.check_files import load_checks
from actors.catalogue.checks import Check
from actors.catalogue.runbook_files import load_runbooks
from actors.catalogue.runbooks import Runbook
from runtime.settings import shipped
from tests.prove.cases import Case
from tests.prove.proof import Proof, UnprovedError
from tests.prove.roots import Root


@attrs.frozen
class Outcome:
    """One line of the report."""

    WORDS: ClassVar = ("proved", "unproven", "needs root", "failed")

    case: Case
    word: str
    why: str = ""

    def __str__(self) -> str:
        line = f"{self.word:<11}{self.case.name}"
        return f"{line}\n           {self.why}" if self.why else line


def proved(case: Case, prove: Callable[[], None]) -> Outcome:
    """Prove a case, if it can be."""
    if case.unproven:
        return Outcome(case, "unproven", case.unproven)
    try:
        prove()
    except UnprovedError as error:
        return Outcome(case, "failed", str(error))
    return Outcome(case, "proved")


def prove_in_directory(case: Case) -> Outcome:
    """Prove a case in a directory that stands for a host, as far as one can show it."""
    if case.settings or (case.needs_root and os.geteuid() != 0):
        return Outcome(case, "needs root", case.unproven)
    checks, runbooks = in_force()

    def prove() -> None:
        with tempfile.TemporaryDirectory(prefix="aright-prove-") as folder:
            trio.run(Proof.of(case, Root.made(Path(folder)), checks, runbooks).run)

    return proved(case, prove)


@functools.cache
def in_force() -> tuple[Mapping[str, Check], Mapping[str, Runbook]]:
    """Give the shipped checks and runbooks."""
    rules = shipped("rules")
    return load_checks(rules / "checks").by_id, load_runbooks(rules / "runbooks")
