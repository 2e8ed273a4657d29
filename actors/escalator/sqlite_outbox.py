"""The outbox in SQLite: what each channel owes, and what it could not bring."""

import datetime as dt
import sqlite3
from collections.abc import Sequence
from typing import Any

import attrs

from actors.escalator.ticket import Delivery
from actors.messages import Moment
from runtime.store import Query, Write

_DELIVERIES = """
    select ticket_id, channel, occasion, attempts, due_wall, due_boot, due_monotonic,
           sent_at, dead_at, error
      from deliveries
"""


@attrs.frozen
class SqliteOutbox:
    """The outbox of one appliance; see `Outbox` for what each method promises."""

    def waiting(self, channel: str) -> Query[Sequence[Delivery]]:
        """List what a channel still owes, in the order of the tickets."""
        which = " where channel = ? and sent_at is null and dead_at is null order by ticket_id"
        return lambda connection: _deliveries(connection, which, (channel,))

    def sent(self, delivery: Delivery, at: Moment) -> Write[None]:
        """Note that it arrived."""
        return lambda connection: _keep(connection, attrs.evolve(delivery, sent_at=at.wall))

    def postpone(self, delivery: Delivery) -> Write[None]:
        """Keep its attempts, error and new due."""
        return lambda connection: _keep(connection, delivery)

    def bury(self, delivery: Delivery, at: Moment) -> Write[None]:
        """Note that it will not be tried again."""
        return lambda connection: _keep(connection, attrs.evolve(delivery, dead_at=at.wall))

    def dead(self) -> Query[Sequence[Delivery]]:
        """List the deliveries that never arrived."""
        which = " where dead_at is not null order by ticket_id, channel"
        return lambda connection: _deliveries(connection, which, ())


def owe(
    connection: sqlite3.Connection, ticket_id: str, channel: str, occasion: str, at: Moment
) -> None:
    """Note that a channel owes a ticket from now on."""
    connection.execute(
        "insert into deliveries values (?, ?, ?, 0, ?, ?, ?, null, null, '')",
        (ticket_id, channel, occasion, at.wall.isoformat(), at.boot, at.monotonic),
    )


def deliveries_of(connection: sqlite3.Connection, ticket_id: str) -> tuple[Delivery, ...]:
    """List the deliveries of one ticket."""
    return tuple(_deliveries(connection, " where ticket_id = ? order by channel", (ticket_id,)))


def _keep(connection: sqlite3.Connection, delivery: Delivery) -> None:
    due = delivery.due
    connection.execute(
        "update deliveries set attempts = ?, due_wall = ?, due_boot = ?, due_monotonic = ?,"
        " sent_at = ?, dead_at = ?, error = ?"
        " where ticket_id = ? and channel = ? and occasion = ?",
        (
            delivery.attempts, due.wall.isoformat(), due.boot, due.monotonic,
            _text(delivery.sent_at), _text(delivery.dead_at), delivery.error,
            delivery.ticket_id, delivery.channel, delivery.occasion,
        ),
    )  # fmt: skip


def _deliveries(
    connection: sqlite3.Connection, which: str, values: tuple[str, ...]
) -> list[Delivery]:
    return [_delivery(row) for row in connection.execute(_DELIVERIES + which, values)]


def _delivery(row: tuple[Any, ...]) -> Delivery:  # Any: a row of the query above, in its order
    ticket_id, channel, occasion, attempts, wall, boot, monotonic, sent_at, dead_at, error = row
    return Delivery(
        ticket_id=ticket_id,
        channel=channel,
        occasion=occasion,
        attempts=attempts,
        due=Moment(dt.datetime.fromisoformat(wall), boot, monotonic),
        sent_at=_instant(sent_at),
        dead_at=_instant(dead_at),
        error=error,
    )


def _text(instant: dt.datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _instant(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
