"""The port to whoever knows which program wrote a file last."""

import datetime as dt
from typing import Protocol

import attrs


@attrs.frozen
class Writer:
    """A program that wrote a file."""

    name: str
    """The command's name, without arguments."""
    seen: bool
    """It had the file open for writing; else it had just started, and is a guess."""


class Writers(Protocol):
    """Watches a few files of hosts that are this machine, or trees on it."""

    async def watch(self, root: str, path: str) -> None:
        """Watch the file at `path` within `root` from now on, where that is possible."""
        ...

    def of(self, root: str, path: str, at: dt.datetime) -> Writer | None:
        """Say who made the change that the file system dates `at`; None where nobody was seen."""
        ...
