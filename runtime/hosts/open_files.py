"""Which processes of this machine have a file open for writing, and which has just started."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import attrs

from runtime.hosts.kernel import PROC
from runtime.writers import Writer

_JUST_S: Final = 2.0
"""Age in seconds up to which a process has just started."""
_OF_THE_KERNEL: Final = 0x0020_0000
_MAY_WRITE: Final = 0o200


@attrs.frozen
class Process:
    """What `/proc/PID/stat` says of a process, a zombie included."""

    pid: int
    name: str
    parent: int
    started: float
    """Seconds after the start of the machine."""


@attrs.frozen
class Look:
    """Who writes, at one moment.  None stands for this program and what it started."""

    open_by: Mapping[str, Writer | None]
    """Of the paths asked for, those that somebody has open for writing."""
    youngest: Writer | None
    """Who started last, if that was just now: a guess."""


def look(paths: Collection[str], ours: int) -> Look:
    """See who has one of `paths` open.  Blocks; takes milliseconds for hundreds of processes.

    Args:
        paths: as the kernel spells them, without symbolic links.
        ours: the process that is this program.
    """
    known = _processes()
    family = family_of(ours, known)
    open_by: dict[str, Writer | None] = {}
    for pid, process in known.items():
        for path in _written_by(pid, paths):
            if pid not in family:
                open_by[path] = named(process, seen=True)
            else:
                open_by.setdefault(path, None)
    return Look(open_by, youngest(known, family, _uptime()))


def family_of(pid: int, known: Mapping[int, Process]) -> set[int]:
    """Give a process and all that descend from it."""
    family, before = {pid}, 0
    while len(family) > before:
        before = len(family)
        family |= {each.pid for each in known.values() if each.parent in family}
    return family


def youngest(known: Mapping[int, Process], family: Collection[int], uptime: float) -> Writer | None:
    """Name the process that started last, unless it is old, or one of the family."""
    last = max(known.values(), key=lambda each: (each.started, each.pid), default=None)
    if last is None or last.pid in family or uptime - last.started > _JUST_S:
        return None
    return named(last, seen=False)


def named(process: Process, *, seen: bool) -> Writer | None:
    """Name a process, unless its name is one that a terminal would obey."""
    return Writer(process.name, seen) if process.name and process.name.isprintable() else None


def _processes() -> dict[int, Process]:
    found = dict[int, Process]()
    ticks = os.sysconf("SC_CLK_TCK")
    for entry in _entries(PROC):
        if not entry.isdigit():
            continue
        try:
            status = (PROC / entry / "stat").read_text("utf-8", errors="replace")
        except OSError:
            continue  # it has ended meanwhile
        name, _, rest = status.partition("(")[2].rpartition(")")
        fields = rest.split()  # the state is the third field of proc(5), so the first of these
        if not int(fields[6]) & _OF_THE_KERNEL:
            pid = int(entry)
            found[pid] = Process(pid, name, int(fields[1]), int(fields[19]) / ticks)
    return found


def _written_by(pid: int, paths: Collection[str]) -> set[str]:
    found, place = set[str](), PROC / str(pid) / "fd"
    for entry in _entries(place):
        link = f"{place}/{entry}"
        try:
            path = os.readlink(link)  # noqa: PTH115  # twice as fast, for each file of each process
            if path in paths and os.lstat(link).st_mode & _MAY_WRITE:
                found.add(path)
        except OSError:
            continue  # closed meanwhile
    return found


def _entries(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)  # noqa: PTH208  # as above
    except OSError:
        return []  # ended, or somebody else's


def _uptime() -> float:
    try:
        return float((PROC / "uptime").read_text("ascii").split()[0])
    except OSError:
        return float("inf")  # then nobody has just started
