"""What the journal's writer knows by heart of the file, so that it need not ask for each event.

When it holds says `Trust`.
"""

import sqlite3
from typing import TypeAlias

import attrs

from actors.journal.starts import Starts
from actors.messages import State
from runtime.by_heart import Trust

Key: TypeAlias = tuple[str, str, str]
"""Site, host and check."""

_MOST = 16_384
"""Drifts that are known by heart: 11 MiB."""

_OPEN = (
    "SELECT id, state FROM incidents"
    " WHERE site = ? AND host = ? AND check_id = ? AND state NOT IN ('closed', 'recurred')"
)
_ANSWER = (
    "SELECT number, answered_at, status, severity, absent, reason, source FROM answers"
    " WHERE site = ? AND host = ? AND check_id = ?"
)
_STATES = {state.value: state for state in State}


@attrs.define
class Drift:
    """What may drift: a check of a host."""

    answer: int | None
    """Under which its last answer is kept; None where it never answered."""
    said: tuple[str | int, ...] | None
    """That answer: its status, severity, absence, reason and source."""
    owner: str | None
    """Its open incident."""
    state: State | None
    """Of the open incident."""
    at: str = ""
    """When that answer was observed; UTC, as ISO 8601 has it."""
    asked: bool = True
    """False where both may have changed since the file was asked."""


@attrs.define(eq=False)
class Memory:
    """What is known by heart; only the thread that writes asks it."""

    drifts: dict[Key, Drift] = attrs.field(factory=dict[Key, Drift], init=False)
    starts: Starts = attrs.field(factory=Starts, init=False)
    next_answer: int = attrs.field(default=1, init=False)
    _trust: Trust = attrs.field(factory=Trust, init=False)

    def begin(self, connection: sqlite3.Connection) -> None:
        """Begin a batch, which is in doubt until it is settled."""
        if not self._trust.begin(connection):
            self.forget()
            [highest] = connection.execute("SELECT max(number) FROM answers").fetchone()
            self.next_answer = 1 + (highest or 0)
        if len(self.drifts) > _MOST:
            self.drifts.clear()
        self.starts.make_room()

    def settled(self) -> None:
        """The batch that began last is durable."""
        self._trust.settled()

    def moved(self, key: Key) -> None:
        """Somebody moved the incident of a drift: the file is asked for it."""
        known = self.drifts.get(key)
        if known is not None:
            known.asked = False

    def forget(self) -> None:
        """Rows were deleted: the file is asked for everything."""
        self.drifts.clear()
        self.starts.forget()

    def drift(self, connection: sqlite3.Connection, key: Key) -> Drift:
        """Say what is known of a drift."""
        known = self.drifts.get(key)
        if known is None:
            known = self.drifts[key] = _drift(connection, key)
        elif not known.asked:
            known.owner, known.state = _open(connection, key)
            known.asked = True
        return known


def _drift(connection: sqlite3.Connection, key: Key) -> Drift:
    answer = connection.execute(_ANSWER, key).fetchone()
    if answer is None:  # then there is no incident either
        return Drift(None, None, None, None)
    number, at, *said = answer
    return Drift(number, tuple(said), *_open(connection, key), at)


def _open(connection: sqlite3.Connection, key: Key) -> tuple[str | None, State | None]:
    row = connection.execute(_OPEN, key).fetchone()
    return (None, None) if row is None else (row[0], _STATES[row[1]])
