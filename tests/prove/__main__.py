# ruff: noqa: T201  # a command
"""Proves every runbook for Linux: `python -m tests.prove [--stage directory] [--only LIN-SSH-001]`.

As root each case gets a machine of its own, otherwise a directory.  Nothing is installed, and
nothing outside of what the proof made is touched.  Ends with 6 when a proof failed.
"""

import argparse
import sys
from collections.abc import Sequence

from tests.prove.cases import Case, all_cases
from tests.prove.machine import has_machines, prove_on_own_machine
from tests.prove.outcome import Outcome, prove_in_directory, proved


def main() -> int:
    """Prove what is asked, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.prove")
    parser.add_argument("--stage", choices=["machine", "directory"])
    parser.add_argument("--only", metavar="RUNBOOK")
    asked = parser.parse_args()
    machine = asked.stage == "machine" or (asked.stage is None and has_machines())
    print("each case on", "a machine of its own" if machine else "a directory that stands for one")
    cases = all_cases()
    chosen = [at for at, case in enumerate(cases) if asked.only in (None, case.runbook)]
    outcomes = [_outcome(cases, at, machine=machine) for at in chosen]
    for outcome in outcomes:
        print(outcome)
    count = {word: sum(each.word == word for each in outcomes) for word in Outcome.WORDS}
    print(", ".join(f"{number} {word}" for word, number in count.items()))
    return 6 if count["failed"] or not outcomes else 0


def _outcome(cases: Sequence[Case], at: int, *, machine: bool) -> Outcome:
    if machine:
        return proved(cases[at], lambda: prove_on_own_machine(at))
    return prove_in_directory(cases[at])


if __name__ == "__main__":
    sys.exit(main())
