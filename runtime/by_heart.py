"""What a writer knows by heart of the file, and whether it still holds.

Knowledge holds while every commit that brought it about is durable.  A batch that goes wrong says
so by never being `settled`: the next one begins with an empty head, which costs time, nothing else.
"""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

import attrs
import trio

from runtime.store import Store, Write

T = TypeVar("T")


@attrs.define(eq=False)
class Trust:
    """Whether what earlier batches taught may be relied on; only one batch is under way."""

    _connection: sqlite3.Connection | None = attrs.field(default=None, init=False)
    _in_doubt: bool = attrs.field(default=False, init=False)

    def begin(self, connection: sqlite3.Connection) -> bool:
        """Begin a batch, in doubt until it is settled; say whether what was known before holds."""
        holds = connection is self._connection and not self._in_doubt
        self._connection, self._in_doubt = connection, True
        return holds

    def settled(self) -> None:
        """The batch that began last is durable."""
        self._in_doubt = False


async def commit_and_learn(store: Store, write: Write[T], learn: Callable[[T], None]) -> T:
    """Commit, and learn what came of it: what is on disk is then also known by heart.

    Who asked may lose patience with a slow disk, and the commit comes about all the same: so
    nothing is cancelled between the two.

    Raises:
        Exception: as `Store.commit`; nothing was kept, and nothing is learned.
    """
    results = list[T]()
    with trio.CancelScope(shield=True):
        results += await store.commit(write)
        learn(results[0])
    return results[0]
