"""The machine's daemons.  A tree of files has none: there nothing is run."""

import pathlib
import subprocess

from support.problem import Problem
from support.tree import Tree

_SYSTEMD = pathlib.Path("/run/systemd/system")


def reload_unit(tree: Tree, unit: str) -> None:
    """Let a running service read its configuration again; nothing where no systemd runs."""
    if not unit or not tree.is_machine or not _SYSTEMD.is_dir():
        return
    if not tree.only_told(f"{unit} reads its configuration again"):
        systemctl("try-reload-or-restart", unit)


def systemctl(verb: str, unit: str) -> None:
    """Ask systemd; a refusal is a problem."""
    done = subprocess.run(  # noqa: S603  # a fixed program, no shell; the unit cannot be an option
        ["/usr/bin/systemctl", "--no-ask-password", verb, "--", unit],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise Problem(f"systemctl_{done.returncode}")
