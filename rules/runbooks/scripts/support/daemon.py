"""The machine's daemons.  A tree of files has none: there nothing is run."""

import pathlib
import subprocess

from support.problem import Problem
from support.tree import Tree

_SYSTEMD = pathlib.Path("/run/systemd/system")


def reload_unit(tree: Tree, *units: str) -> None:
    """Let a service read its configuration again: the first of its names under which it runs.

    Nothing where no systemd runs, or where it does not run.
    """
    if not tree.is_machine or not _SYSTEMD.is_dir():
        return
    running = next((unit for unit in units if unit and _asked("is-active", unit) == 0), None)
    if running is not None and not tree.only_told(f"{running} reads its configuration again"):
        systemctl("try-reload-or-restart", running)


def systemctl(verb: str, unit: str) -> None:
    """Ask systemd; a refusal is a problem."""
    if code := _asked(verb, unit):
        raise Problem(f"systemctl_{code}")


def _asked(verb: str, unit: str) -> int:
    done = subprocess.run(  # noqa: S603  # a fixed program, no shell; the unit cannot be an option
        ["/usr/bin/systemctl", "--no-ask-password", verb, "--", unit],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode
