"""What coverage knows by heart of its tables, so that what comes in time costs no question.

When it holds says `Trust`.
"""

import sqlite3
from typing import TypeAlias

import attrs

from actors.coverage.core import reach
from runtime.by_heart import Trust

Key: TypeAlias = tuple[str, str, str]
"""Site, host and check."""

_MOST = 16_384
"""Checks of hosts that are known by heart."""

_ACCOUNT = (
    "SELECT number, last_at, CASE WHEN last_at IS NOT NULL AND unanswered = 0"
    " AND retired_at IS NULL THEN interval_ms ELSE 0 END FROM watched"
    " WHERE site = ? AND host = ? AND check_id = ?"
)


@attrs.define
class Account:
    """The account of a check."""

    number: int
    last_at: int
    interval: int
    """0 where its next answer does more than to move `last_at`."""
    reach: int = attrs.field(init=False)
    """How much later the next answer may be given."""

    def __attrs_post_init__(self) -> None:
        self.reach = reach(self.interval)


@attrs.define(eq=False)
class Memory:
    """What is known by heart; only the thread that writes asks it."""

    _accounts: dict[Key, Account] = attrs.field(factory=dict[Key, Account], init=False)
    _trust: Trust = attrs.field(factory=Trust, init=False)

    def begin(self, connection: sqlite3.Connection) -> None:
        """Begin a batch, which is in doubt until it is settled."""
        if not self._trust.begin(connection):
            self.forget()
        if len(self._accounts) > _MOST:
            self._accounts.clear()

    def settled(self) -> None:
        """The batch that began last is durable."""
        self._trust.settled()

    def forget(self) -> None:
        """Somebody else changed the tables: they are asked for everything."""
        self._accounts.clear()

    def account(self, connection: sqlite3.Connection, key: Key) -> Account | None:
        """Give the account of a check; None where there is none yet."""
        known = self._accounts.get(key)
        if known is None:
            row = connection.execute(_ACCOUNT, key).fetchone()
            if row is None:
                return None
            known = self._accounts[key] = Account(*row)
        return known

    def opened(self, key: Key, account: Account) -> None:
        """An account was opened."""
        self._accounts[key] = account

    def changed(self, key: Key) -> None:
        """An account was written without asking here."""
        self._accounts.pop(key, None)
