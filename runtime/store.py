"""One commit over several rooms: the port to the one file in which an appliance remembers.

A room's writing method does nothing itself.  It returns a `Write`; whoever decides hands all
writes of one decision to `commit`, which runs them in one transaction and answers when they are
durable.  If a write raises, none of that commit is kept, and the error reaches the caller.
"""

import sqlite3
from collections.abc import Callable
from typing import Protocol, TypeAlias, TypeVar

T = TypeVar("T")

Write: TypeAlias = Callable[[sqlite3.Connection], T]
"""A function of the writing connection, inside the transaction of its commit."""

Query: TypeAlias = Callable[[sqlite3.Connection], T]
"""A function of a reading connection; it sees what was committed before it began."""


class Store(Protocol):
    """The appliance's memory: `Database` or `InlineStore` of `runtime.hosts.sqlite`."""

    async def commit(self, *writes: Write[T]) -> list[T]:
        """Run `writes` in one transaction; give their results when they are durable.

        Raises:
            StoreFullError: no room is left; nothing was kept.
            StoreError: the disk failed; nothing of it may be relied on.
        """
        ...

    async def read(self, query: Query[T]) -> T:
        """Run `query` on a connection that cannot write; all of it sees the same commits.

        Raises:
            StoreError: it could not be read, or `query` wrote.
        """
        ...
