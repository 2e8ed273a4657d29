"""Reads sshd's configuration as sshd does: the first value stands, and includes stand in place.

Source: sshd_config(5).  Keywords are case-insensitive; an `Include` with a relative path means
/etc/ssh; a `Match` block lasts until the next `Match` or the end of its file, and its values hold
only for the logins that it matches.
"""

import re
from collections.abc import Iterator
from typing import Final

import attrs

from actors.catalogue.target import Target
from runtime.errors import UnansweredError

_CAP_BYTES: Final = 1_048_576
_DEEPEST: Final = 16
"""Levels of `Include`, as in sshd itself."""
_PATTERN = re.compile(r"[*?\[]")
# What a host writes is read in time linear in it: no pattern here tries a run of blanks twice.
_KEYWORD = re.compile(r"[ \t]*([A-Za-z0-9]+)(?:[ \t]*=[ \t]*|[ \t]+)")
_COMMENT = re.compile(r"[ \t]#")


@attrs.define
class _Search:
    target: Target
    keyword: str
    always: list[str] = attrs.field(factory=list[str])
    """Values outside of `Match`, in sshd's order."""
    sometimes: list[str] = attrs.field(factory=list[str])

    async def read(self, path: str, *, matched: bool = False, depth: int = 0) -> bool:
        """Take in a file and what it includes; False where it is not there."""
        if depth > _DEEPEST:
            raise UnansweredError("includes_too_deep", path)
        text = await self.target.read_text(path, _CAP_BYTES)
        if text is None:
            return False
        for keyword, value in _directives(text):
            if keyword == "match":
                matched = value.casefold() != "all"
            elif keyword == "include":
                for included in await self._included(value):
                    await self.read(included, matched=matched, depth=depth + 1)
            elif keyword == self.keyword:
                (self.sometimes if matched else self.always).append(value)
        return True

    async def _included(self, patterns: str) -> list[str]:
        found: list[str] = []
        for pattern in patterns.split():
            named = pattern.strip('"')
            absolute = named if named.startswith("/") else f"/etc/ssh/{named}"
            found.extend(await self._named(absolute))
        return found

    async def _named(self, pattern: str) -> list[str]:
        # Of a path with patterns in several parts a target lists only the last.
        folder, _, name = pattern.rpartition("/")
        folders = await self._named(folder) if _PATTERN.search(folder) else [folder]
        return [path for each in folders for path in await self.target.glob(f"{each}/{name}")]


async def sshd_option(target: Target, path: str, option: str, default: str) -> str | None:
    """Give the value that holds for every login, and what `Match` blocks make of it.

    None where there is no such file.  A value for some logins only is shown as `no; yes for some`:
    it is never equal to a value that holds for all.
    """
    search = _Search(target, option.casefold())
    if not await search.read(path):
        return None
    value = search.always[0] if search.always else default
    others = sorted({other for other in search.sometimes if other.casefold() != value.casefold()})
    return f"{value}; {', '.join(others)} for some" if others else value


def _directives(text: str) -> Iterator[tuple[str, str]]:
    # At "\n" alone, as sshd: what other programs take for the end of a line is part of a comment.
    for line in text.split("\n"):
        if found := _KEYWORD.match(line):
            rest = line[found.end() :]
            comment = _COMMENT.search(rest)
            value = rest[: comment.start()].rstrip(" \t") if comment else rest.rstrip(" \t\r\f")
            yield found[1].casefold(), value.strip('"')
