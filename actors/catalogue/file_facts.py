"""What can be said of files without opening them: owner, permissions and age."""

import datetime as dt
from collections.abc import Iterable
from typing import Final

import attrs

from actors.catalogue.probes import LooseFiles
from actors.catalogue.target import FileFacts, Target
from actors.catalogue.users import name_of
from runtime.errors import UnansweredError

_CAP_BYTES: Final = 1_048_576


@attrs.frozen
class _Names:
    """The names of the host's own people."""

    passwd: str | None
    group: str | None

    def owner(self, facts: FileFacts) -> str:
        return f"{name_of(facts.uid, self.passwd)}:{name_of(facts.gid, self.group)}"


async def owner_of(target: Target, path: str) -> str | None:
    """Give owner and group of a file as `root:shadow`; None where it is not there."""
    facts = await target.stat(path)
    return None if facts is None else (await _names_of(target)).owner(facts)


async def loose_files(target: Target, asked: LooseFiles) -> tuple[str, ...] | None:
    """List the files that allow or belong to too many; None where there are none of them at all."""
    there = await _there(target, asked.paths)
    names = await _names_of(target) if asked.owners else None
    loose: list[str] = []
    for path, facts in there.items():
        owner = names.owner(facts) if names else ""
        if facts.mode & ~int(asked.mode, 8) or (names and owner not in asked.owners):
            loose.append(f"{path} {facts.mode:04o} {owner}".rstrip())
    return tuple(loose) if there else None


async def newest_change(target: Target, paths: Iterable[str]) -> dt.datetime | None:
    """Say when the newest of some files was written; None where there are none.

    Raises:
        UnansweredError: no_such_time: a file may bear any number of seconds.
    """
    there = await _there(target, paths)
    if not there:
        return None
    path, facts = max(there.items(), key=lambda each: each[1].modified)
    try:
        return dt.datetime.fromtimestamp(facts.modified, dt.UTC)
    except (OSError, OverflowError, ValueError) as error:  # the first from the C library
        raise UnansweredError("no_such_time", path) from error


async def _there(target: Target, paths: Iterable[str]) -> dict[str, FileFacts]:
    found: dict[str, FileFacts] = {}
    for path in paths:
        for each in await target.glob(path):
            facts = await target.stat(each)
            if facts is not None:
                found[each] = facts
    return found


async def _names_of(target: Target) -> _Names:
    return _Names(
        await target.read_text("/etc/passwd", _CAP_BYTES),
        await target.read_text("/etc/group", _CAP_BYTES),
    )
