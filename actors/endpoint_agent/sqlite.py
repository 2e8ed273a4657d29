"""The endpoint agent's memory in SQLite; see `store` for what each method promises."""

import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path

import attrs

from actors.endpoint_agent.core import Bounds, Given, Held, Outcome, Report, victims
from actors.endpoint_agent.store import Done, Spooled
from runtime.codec import from_json, to_json
from runtime.store import Query, Write

SCHEMA = Path(__file__).parent / "schema"

_ROW_BYTES = 100
"""What a row takes beside its body, about."""

_SUMS = "select count(*), coalesce(sum(size), 0) from spool"
_HELD = "select id, size, passed, untold from spool order by id"
_AFTER = "select id, boot_id, seq, untold, body from spool where id > ? order by id limit ?"
_NUMBER = "update ledger set seq = seq + 1 where one = 1 returning boot_id, seq, untold"
_DROPPED = "update ledger set untold = untold + ?, dropped = dropped + ?"


@attrs.frozen
class SqliteSpool:
    """Reports on their way, within bounds."""

    bounds: Bounds = attrs.field(factory=Bounds)

    def begin(self, boot_id: str) -> Write[None]:
        """Begin a boot, in which numbers begin anew."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("update ledger set boot_id = ?, seq = 0", (boot_id,))

        return write

    def append(self, reports: Sequence[Report]) -> Write[int]:
        """Keep reports, each with its number; give how many were dropped to stay within bounds."""
        # What a host says is not always text, and one report must not cost the others.
        bodies = [(report, to_json(report).encode(errors="replace")) for report in reports]

        def write(connection: sqlite3.Connection) -> int:
            for report, body in bodies:
                boot_id, seq, untold = connection.execute(_NUMBER).fetchone()
                size = len(body) + _ROW_BYTES
                connection.execute(
                    "insert into spool (boot_id, seq, passed, size, untold, body)"
                    " values (?, ?, ?, ?, ?, ?)",
                    (boot_id, seq, int(report.passed), size, untold, body),
                )
                connection.execute("update ledger set untold = 0")
            return self._within_bounds(connection)

        return write

    def after(self, id: int, limit: int) -> Query[Sequence[Spooled]]:  # noqa: A002  as the field
        """Give the oldest after an id."""

        def query(connection: sqlite3.Connection) -> Sequence[Spooled]:
            return [_spooled(*row) for row in connection.execute(_AFTER, (id, limit))]

        return query

    def settle(self, taken: Collection[int], lost: Collection[int] = ()) -> Write[None]:
        """Forget what is acked; and what will never be taken, which counts as dropped."""

        def write(connection: sqlite3.Connection) -> None:
            if lost:
                marks = ", ".join("?" * len(lost))
                rows = connection.execute(
                    f"select id, size, passed, untold from spool where id in ({marks})",  # noqa: S608  question marks
                    tuple(lost),
                ).fetchall()
                _drop(connection, [_held(*row) for row in rows])
            connection.executemany("delete from spool where id = ?", [(each,) for each in taken])

        return write

    def _within_bounds(self, connection: sqlite3.Connection) -> int:
        count, size = connection.execute(_SUMS).fetchone()
        if count <= self.bounds.events and size <= self.bounds.bytes:
            return 0
        held = [_held(*row) for row in connection.execute(_HELD)]
        dropped = victims(held, self.bounds)
        _drop(connection, dropped)
        return len(dropped)


def count_spooled(connection: sqlite3.Connection) -> tuple[int, int]:
    """Count the reports that wait, and all that were ever dropped."""
    [waiting] = connection.execute("select count(*) from spool").fetchone()
    [dropped] = connection.execute("select dropped from ledger").fetchone()
    return int(waiting), int(dropped)


def _drop(connection: sqlite3.Connection, dropped: Sequence[Held]) -> None:
    """Drop rows; of them, and of whatever they were to tell, a later one will tell."""
    connection.executemany("delete from spool where id = ?", [(each.id,) for each in dropped])
    untold = sum(1 + each.untold for each in dropped)
    connection.execute(_DROPPED, (untold, len(dropped)))


def _held(id: int, size: int, passed: int, untold: int) -> Held:  # noqa: A002  as the field
    return Held(id, size, bool(passed), untold)


def _spooled(id: int, boot_id: str, seq: int, untold: int, body: bytes) -> Spooled:  # noqa: A002
    try:
        report: Report | None = from_json(body.decode(), Report)
    except Exception:  # noqa: BLE001  whatever it is: one bad row must not hold up the others
        report = None
    return Spooled(id, boot_id, seq, untold, report)


@attrs.frozen
class SqliteCommands:
    """What this agent was told to heal."""

    def take(self, given: Given) -> Write[bool]:
        """Remember a command before it is done; False for one that is known."""
        row = (given.command_id, given.check_type)

        def write(connection: sqlite3.Connection) -> bool:
            sql = "insert into commands values (?, ?, null, '', 0) on conflict do nothing"
            new = connection.execute(sql, row).rowcount == 1
            if not new:
                connection.execute("update commands set told = 0 where id = ?", row[:1])
            return new

        return write

    def finish(self, command_id: str, outcome: Outcome) -> Write[None]:
        """Remember what became of it."""
        row = (int(outcome.success), outcome.reason, command_id)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("update commands set success = ?, reason = ? where id = ?", row)

        return write

    def interrupt(self) -> Write[int]:
        """Give up what an earlier life began: whether it was done, nobody knows."""
        sql = "update commands set success = 0, reason = 'interrupted' where success is null"
        return lambda connection: connection.execute(sql).rowcount

    def untold(self) -> Query[Sequence[Done]]:
        """List the outcomes that the appliance has not taken."""
        sql = (
            "select id, check_type, success, reason from commands"
            " where told = 0 and success is not null order by id"
        )

        def query(connection: sqlite3.Connection) -> Sequence[Done]:
            return [
                Done(command_id, check_type, Outcome(bool(success), reason))
                for command_id, check_type, success, reason in connection.execute(sql)
            ]

        return query

    def told(self, command_id: str) -> Write[None]:
        """Note that it has."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("update commands set told = 1 where id = ?", (command_id,))

        return write
