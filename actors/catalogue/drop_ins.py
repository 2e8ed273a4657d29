"""Reads a configuration that lies in several files, in the order in which programs read it.

Sources: systemd.unit(5) and sysctl.d(5), modprobe.d(5).  Files of several directories are sorted by
name alone, and of two that have one name that of the directory listed first counts; the other is as
if it were not there.  An empty file, or a link to /dev/null, so takes one out of force.
"""

from collections.abc import Iterable
from typing import Final

from actors.catalogue.target import Target
from runtime.errors import UnansweredError

CAP_BYTES: Final = 1_048_576
"""Of one file; a larger one is no configuration."""


async def read_drop_ins(target: Target, paths: Iterable[str]) -> list[tuple[str, str]]:
    """Give path and text of each file that counts, the later one overriding the earlier.

    `paths` are files, which come first and in their order, and patterns such as
    `/etc/sysctl.d/*.conf`, whose files follow sorted by name.

    Raises:
        UnansweredError: a file is too large or cannot be read.
    """
    found: list[tuple[str, str]] = []
    for path in await _in_force(target, paths):
        text = await _text(target, path)
        if text is not None:
            found.append((path, text))
    return found


async def _in_force(target: Target, paths: Iterable[str]) -> list[str]:
    named: dict[str, str] = {}
    dropped: dict[str, str] = {}
    for path in paths:
        if "*" in path:
            for each in await target.glob(path):
                dropped.setdefault(_name(each), each)
        elif _name(path) not in named and await target.stat(path) is not None:
            named[_name(path)] = path
    return [*named.values(), *(dropped[name] for name in sorted(dropped))]


async def _text(target: Target, path: str) -> str | None:
    try:
        return await target.read_text(path, CAP_BYTES)
    except UnansweredError as error:
        if error.reason == "not_a_file":  # /dev/null, by which a file is taken out of force
            return None
        raise


def _name(path: str) -> str:
    return path.rpartition("/")[2]
