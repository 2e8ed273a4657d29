"""A tree on which everything is done but nothing happens, so that it can be told before."""

import difflib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from support.tree import About, Tree

File = tuple[About, bytes | None]
"""Mode and owner; and the content, None for one that stays."""


@dataclass(frozen=True)
class Rehearsal(Tree):
    """Reads the host, and keeps what would be written to itself."""

    _files: dict[str, File | None] = field(default_factory=dict)
    """By path: what a file would be; None for one that would be gone."""
    _told: list[str] = field(default_factory=list)

    def only_told(self, what: str) -> bool:
        """Keep an effect beside files to tell it."""
        self._told.append(what)
        return True

    def find(self, path: str) -> About | None:
        """Give mode and owner as they would be."""
        if path not in self._files:
            return super().find(path)
        file = self._files[path]
        return None if file is None else file[0]

    def read(self, path: str) -> bytes:
        """Read what would stand there."""
        content = (self._files.get(path) or (None, None))[1]
        return super().read(path) if content is None else content

    def remove(self, path: str) -> None:
        """Have a file gone."""
        self._files[path] = None

    def set_about(self, path: str, wanted: About) -> bool:
        """Set mode and owner."""
        found, content = self._files.get(path) or (self.about_any(path), None)
        self._files[path] = wanted, content
        return found != wanted

    def _put(self, path: str, content: bytes, about: About, attributes: dict[str, str]) -> None:
        del attributes
        self._files[path] = about, content

    @contextmanager
    def candidate(self, path: str, content: bytes) -> Iterator[str]:
        """Lay content where a validator can read it: not beside the file, which is not ours now."""
        with tempfile.NamedTemporaryFile(prefix=os.path.basename(path)) as file:  # noqa: PTH119
            file.write(content)
            file.flush()
            yield file.name

    def diff(self) -> str:
        """Say what would change: a unified diff, then modes, owners and effects beside files."""
        lines: list[str] = []
        for path, file in self._files.items():
            lines += self._difference(path, file)
        return "".join(f"{line}\n" for line in [*lines, *self._told])

    def _difference(self, path: str, file: File | None) -> list[str]:
        about, after = (None, b"") if file is None else file
        was = super().find(path) if after is not None else self.about_any(path)
        # A file whose mode alone changes is not read: it may be nobody's to read.
        before = b"" if was is None or after is None else super().read(path)
        names = (
            "/dev/null" if was is None else f"a{path}",
            "/dev/null" if about is None else f"b{path}",
        )
        there, here = _lines(before), _lines(after or b"")
        lines = list(difflib.unified_diff(there, here, *names, lineterm=""))
        if was is not None and about is not None and was != about:
            changes = (
                f"{part} {_shown(part, was[part])} -> {_shown(part, about[part])}"
                for part in ("mode", "uid", "gid")
                if was[part] != about[part]
            )
            lines.append(f"{path}: {', '.join(changes)}")
        return lines


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8", "replace").splitlines()


def _shown(part: str, value: int) -> str:
    return f"{value:04o}" if part == "mode" else str(value)
