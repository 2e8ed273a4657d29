"""What coverage knows by heart of its tables, so that what comes in time costs no question.

When it holds says `Trust`.
"""

import sqlite3
from typing import TypeAlias

import attrs

from runtime.by_heart import Trust

Key: TypeAlias = tuple[str, str, str]
"""Site, host and check."""

Boot: TypeAlias = tuple[str, str]
"""A start of an agent: agent_id and boot_id."""

_MOST = 16_384
"""Checks of hosts, and starts of agents, that are known by heart."""

_PLAIN = (
    "SELECT number, interval_ms, last_at FROM watched WHERE site = ? AND host = ? AND check_id = ?"
    " AND last_at IS NOT NULL AND unanswered = 0 AND retired_at IS NULL"
)
_LAST = "SELECT last_seq FROM boots WHERE agent_id = ? AND boot_id = ?"


@attrs.define
class Account:
    """The account of a check that was answered last time."""

    number: int
    interval: int
    last_at: int


@attrs.define(eq=False)
class Memory:
    """What is known by heart; only the thread that writes asks it."""

    _accounts: dict[Key, Account | None] = attrs.field(
        factory=dict[Key, Account | None], init=False
    )
    """None for one that was met once: most are met again, and are looked up then."""
    _numbers: dict[Boot, int | None] = attrs.field(factory=dict[Boot, int | None], init=False)
    """The highest number that was heard; None as above."""
    _trust: Trust = attrs.field(factory=Trust, init=False)

    def begin(self, connection: sqlite3.Connection) -> None:
        """Begin a batch, which is in doubt until it is settled."""
        if not self._trust.begin(connection):
            self.forget()
        if len(self._accounts) > _MOST:
            self._accounts.clear()
        if len(self._numbers) > _MOST:
            self._numbers.clear()

    def settled(self) -> None:
        """The batch that began last is durable."""
        self._trust.settled()

    def forget(self) -> None:
        """Somebody else changed the tables: they are asked for everything."""
        self._accounts.clear()
        self._numbers.clear()

    def account(self, connection: sqlite3.Connection, key: Key) -> Account | None:
        """Give the account of a check; None where the tables must be asked."""
        known = self._accounts.get(key)
        if known is not None:
            return known
        if key not in self._accounts:
            self._accounts[key] = None
            return None
        row = connection.execute(_PLAIN, key).fetchone()
        if row is None:
            return None
        known = self._accounts[key] = Account(*row)
        return known

    def changed(self, key: Key) -> None:
        """An account was written without asking here."""
        self._accounts[key] = None

    def last(self, connection: sqlite3.Connection, boot: Boot) -> int | None:
        """Give the highest number that a start gave; None where the tables must be asked."""
        known = self._numbers.get(boot)
        if known is not None:
            return known
        if boot not in self._numbers:
            self._numbers[boot] = None
            return None
        row = connection.execute(_LAST, boot).fetchone()
        if row is None:
            return None
        known = self._numbers[boot] = int(row[0])
        return known

    def counted(self, boot: Boot, last: int | None) -> None:
        """A start was counted up to a number; None where it was counted without asking here."""
        self._numbers[boot] = last
