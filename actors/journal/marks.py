"""What is known by heart of the numbers that agents gave: a number above the mark is news."""

import sqlite3

import attrs

_HIGHEST = (
    "SELECT max(seq) FROM observations WHERE agent_id = ? AND boot_id = ? AND seq IS NOT NULL"
)
_MOST = 8192
"""Starts of agents that are known by heart."""


@attrs.define
class Marks:
    """The highest number that may stand in the file, for each start of an agent.

    A mark may be too high, for a commit may be taken back, and rows are forgotten: the file is
    asked for a number that is not above it.  It is never too low, for all rows pass here before
    they are written.
    """

    _marks: dict[tuple[str, str], int] = attrs.field(factory=dict[tuple[str, str], int], init=False)
    _connection: sqlite3.Connection | None = attrs.field(default=None, init=False)

    def begin(self, connection: sqlite3.Connection) -> None:
        """Forget what another file said, and what is too much; no row is on its way then."""
        if connection is not self._connection or len(self._marks) > _MOST:
            self._marks.clear()
            self._connection = connection

    def passes(self, connection: sqlite3.Connection, boot: tuple[str, str], number: int) -> bool:
        """Say whether a number is certainly new, and know it from now on."""
        mark = self._marks.get(boot)
        if mark is None:
            [highest] = connection.execute(_HIGHEST, boot).fetchone()
            mark = -1 if highest is None else int(highest)
        self._marks[boot] = max(mark, number)
        return number > mark
