# ruff: noqa: T201  # a command
"""Writes docs/catalogue.md: `python -m tests.prove.table`; a test asks whether it is fresh."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from actors.catalogue.checks import Check
from actors.catalogue.rule_files import read_rules
from actors.catalogue.rule_judgement import rule_from
from actors.catalogue.rules import Rule
from actors.catalogue.runbooks import Runbook
from actors.messages import Platform
from runtime.settings import shipped
from tests.prove.cases import Case, all_cases
from tests.prove.outcome import in_force
from tests.prove.thirty_one import QUESTIONS

PAGE = Path(__file__).parents[2] / "docs" / "catalogue.md"

_HEAD = """\
# The catalogue

Written by `python -m tests.prove.table` from `rules/` and from the cases of `make prove`, not by
hand. What each check means is told by `aright check explain`, what a runbook does by `aright
runbook show`.

**Proved** means: on a host of its own the check finds what the case broke, the runbook heals it,
the check passes, a second run changes nothing, undo puts every byte, mode, owner and attribute
back, and a second heal gives the same again. `needs root`: shown on a machine of its own, as root
(`make prove`), not in `make test`. `unproven` says why; a person approves such a runbook first.
"""


def page() -> str:
    """Give the whole page."""
    checks, runbooks = in_force()
    linux = [book for book in runbooks.values() if book.platform is Platform.LINUX]
    others = [book for book in runbooks.values() if book.platform is not Platform.LINUX]
    parts = [
        _HEAD,
        "## Runbooks for Linux\n",
        _table(
            ("Runbook", "Heals", "Controls", "Risk", "Mode", "Undo", "Changes", "Proved"),
            (_runbook(book) for book in linux if not book.by_person),
        ),
        "Mode is what rules say of it: auto means that none says less, and the config decides.\n",
        "## Done by a person\n",
        "A rule that names one of these escalates, and the ticket carries its text.\n",
        _table(
            ("Runbook", "Title", "Platform", "For", "Controls"),
            (_by_person(book) for book in [*linux, *others] if book.by_person),
        ),
        "## The predecessor's 31 questions to a Linux host\n",
        _table(
            ("Its id", "Checks that ask it here"),
            ((name, ", ".join(asked)) for name, asked in QUESTIONS.items()),
        ),
        "## Checks of a Linux host\n",
        _table(
            ("Check", "Title", "Right answer", "Severity", "Controls"),
            (_check(each) for each in checks.values() if _is_asked(each)),
        ),
        "## Checks that are reported\n",
        _table(
            ("Check", "Title", "Platform", "Right answer", "Severity", "Controls"),
            (_reported(each) for each in checks.values() if each.is_reported),
        ),
    ]
    return "\n".join(parts)


def _is_asked(check: Check) -> bool:
    return check.platform is Platform.LINUX and not check.is_reported


def _runbook(book: Runbook) -> tuple[str, ...]:
    return (
        book.id,
        ", ".join(book.checks),
        ", ".join(book.controls),
        book.risk.value,
        _mode(book),
        "irreversible" if book.irreversible else "yes",
        ", ".join(surface.value for surface in book.changes),
        _proved([case for case in all_cases() if case.runbook == book.id]),
    )


def _mode(book: Runbook) -> str:
    modes = sorted({rule.mode or "auto" for rule in shipped_rules() if rule.runbook_id == book.id})
    return ", ".join(modes) or "no rule"


def _proved(cases: Iterable[Case]) -> str:
    cases = list(cases)
    shown = [case for case in cases if not case.unproven]
    said = list(dict.fromkeys(f"unproven: {case.unproven}" for case in cases if case.unproven))
    if shown:
        alone = all(case.needs_root for case in shown)
        said.insert(0, f"proved, {len(shown)} cases" + (", needs root" if alone else ""))
    return "; ".join(said) or "no case"


def _by_person(book: Runbook) -> tuple[str, ...]:
    checks, controls = ", ".join(book.checks), ", ".join(book.controls)
    return book.id, book.title, book.platform.value, checks, controls


def _check(check: Check) -> tuple[str, ...]:
    controls = ", ".join(check.controls)
    return check.id, check.title, str(check.baseline), check.severity.value, controls


def _reported(check: Check) -> tuple[str, ...]:
    name, title, *rest = _check(check)
    return name, title, check.platform.value, *rest


def shipped_rules() -> Iterator[Rule]:
    """Yield the shipped rules, in the order of their files."""
    for raw in read_rules(shipped("rules") / "l1").rules:
        judged = rule_from(raw)
        if isinstance(judged, Rule):
            yield judged


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, tuple("---" for _ in columns), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
