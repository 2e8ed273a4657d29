"""How much of its byte budget a file uses."""

import sqlite3

import attrs

from actors.journal import core

_LOOK_AGAIN = 1024
"""Observations after which it is looked again at the latest."""

_PAGES_EACH = 4
"""Pages that an observation may take, whatever else is written beside it."""


@attrs.define(eq=False)
class Fullness:
    """Looks only when it may have changed the answer: a look costs as much as an observation."""

    _share: float = attrs.field(default=1.0, init=False)
    _unlooked: int = attrs.field(default=0, init=False)
    """Observations that are taken before the next look."""

    def share(self, connection: sqlite3.Connection, coming: int) -> float:
        """Give the share that is used, now that so many observations are to come."""
        if self._unlooked < coming:
            used, free, limit = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "max_page_count")
            )
            self._share = (used - free) / limit  # a page that is free counts as free
            room = (core.COALESCE - self._share) * limit
            self._unlooked = min(_LOOK_AGAIN, max(0, int(room / _PAGES_EACH)))
        self._unlooked = max(0, self._unlooked - coming)
        return self._share
