"""Asks the program that will read a file whether it can, before the file is replaced."""

import shutil
import subprocess

from support.problem import Problem
from support.tree import Tree

_ARGV = {
    "sshd": ("sshd", "-t", "-f"),
    "sudoers": ("visudo", "-c", "-q", "-f"),
    "chrony": ("chronyd", "-p", "-f"),
    "rsyslog": ("rsyslogd", "-N1", "-f"),
}
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def must_be_no_worse(validator: str, tree: Tree, path: str, old: bytes, new: bytes) -> None:
    """Refuse new content that the validator refuses although it accepts the old one.

    One that refuses both cannot judge here (an sshd without host keys refuses everything), and a
    tree of files is none of its business.
    """
    argv = _ARGV.get(validator, ())
    program = shutil.which(argv[0], path=_PATH) if argv else None
    if program is None or not tree.is_machine:
        return
    command = (program, *argv[1:])
    if not _accepts(command, tree, path, new) and _accepts(command, tree, path, old):
        raise Problem("validator_refuses")


def _accepts(command: tuple[str, ...], tree: Tree, path: str, content: bytes) -> bool:
    with tree.candidate(path, content) as candidate:
        done = subprocess.run(  # noqa: S603  # from the table above, no shell
            [*command, candidate], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    return done.returncode == 0
