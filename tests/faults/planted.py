"""Three bugs to be found: substitutes for what the product has, never a flag in it."""

import contextlib
import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TypeVar
from unittest.mock import patch

import attrs
import trio

from actors.catalogue.checks import Answer
from actors.flap_suppressor import SqliteFlaps
from actors.messages import Incident, Moment, Status
from actors.runbook_runner.core import Conclusion, Next, Step
from actors.runbook_runner.transaction import Transaction
from runtime.hosts.sqlite import InlineStore
from runtime.store import Query, Store, Write

T = TypeVar("T")

MakeStore = Callable[[sqlite3.Connection, Callable[[], None]], Store]
"""Makes the store of one life, of what is durable and the bell that a commit rings."""


@attrs.define(eq=False)
class HastyStore:
    """Answers when it has written, and makes it durable with a commit half a second later."""

    connection: sqlite3.Connection
    on_commit: Callable[[], None]
    _since: float = attrs.field(default=0.0, init=False)

    async def commit(self, *writes: Write[T]) -> list[T]:
        """Run `writes`, and promise too much."""
        await trio.lowlevel.checkpoint()
        execute = self.connection.execute
        if self.connection.in_transaction and trio.current_time() - self._since > 0.5:
            execute("COMMIT")
        if not self.connection.in_transaction:
            execute("BEGIN")
            self._since = trio.current_time()
        execute("SAVEPOINT decision")
        try:
            results = [write(self.connection) for write in writes]
        except BaseException:
            execute("ROLLBACK TO decision")
            raise
        finally:
            execute("RELEASE decision")
        self.on_commit()
        return results

    async def read(self, query: Query[T]) -> T:
        """See what was written."""
        await trio.lowlevel.checkpoint()
        return query(self.connection)


@attrs.frozen
class VolatileFlaps(SqliteFlaps):
    """Counts recurrences in the memory of the process."""

    _counted: dict[str, tuple[Incident, Moment]] = attrs.field(factory=dict, init=False)

    def recurred(self, incident: Incident, at: Moment) -> Write[Sequence[Moment]]:
        """Count as `Flaps` says, until the next restart."""

        def write(_: sqlite3.Connection) -> Sequence[Moment]:
            self._counted.setdefault(incident.id, (incident, at))
            return [
                when
                for other, when in self._counted.values()
                if (other.host, other.check) == (incident.host, incident.check)
            ]

        return write


class BlindTransaction(Transaction):
    """Takes for granted, after a crash, that the drift still stands."""

    async def run(self) -> Conclusion | None:
        """Go on to the end."""
        self.after_crash = self.fix.begun
        return await super().run()

    async def _do(self, step: Step) -> Next:
        if step is Step.DETECT and self.after_crash:
            return self.fix.after_detect(Answer(self.hands.check.id, Status.FAIL, ""))
        return await super()._do(step)


@attrs.frozen
class Bug:
    """Something to plant."""

    make_store: MakeStore = InlineStore
    parts: Mapping[str, object] = attrs.field(factory=dict[str, object])
    """What stands in for what, by the name under which the product finds it."""

    @contextlib.contextmanager
    def planted(self) -> Generator[None]:
        """Put the substitutes in place."""
        with contextlib.ExitStack() as stack:
            for name, part in self.parts.items():
                stack.enter_context(patch(name, part))
            yield


NONE = Bug()
BUGS: Mapping[str, Bug] = {
    "ack_before_commit": Bug(make_store=HastyStore),
    "volatile_flap_window": Bug(parts={"runtime.roles.line.SqliteFlaps": VolatileFlaps}),
    "skipped_detect": Bug(
        parts={"actors.runbook_runner.actor.Transaction": BlindTransaction},
    ),
}
