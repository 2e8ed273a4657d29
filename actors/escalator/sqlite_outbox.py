"""The outbox in SQLite: what each channel owes, and what it could not bring."""

import datetime as dt
import sqlite3
from collections.abc import Sequence
from typing import Any

import attrs

from actors.escalator.ticket import Carried, Delivery
from actors.messages import Moment
from runtime.codec import to_json
from runtime.store import Query, Write

_DELIVERIES = """
    select ticket_id, channel, occasion, attempts, due_wall, due_boot, due_monotonic,
           sent_at, dead_at, error, number, begun, receipt
      from deliveries
"""

_WAITS = "sent_at is null and dead_at is null"

_LISTED = "(select value from json_each(?))"

_FIRST_OF_TICKET = """
    not exists (select 1 from deliveries as earlier
                 where earlier.ticket_id = deliveries.ticket_id
                   and earlier.channel = deliveries.channel
                   and earlier.number < deliveries.number
                   and earlier.sent_at is null and earlier.dead_at is null)
"""


@attrs.frozen
class SqliteOutbox:
    """The outbox of one appliance; see `Outbox` for what each method promises."""

    def waiting(self, channel: str) -> Query[Sequence[Delivery]]:
        """List what a channel still owes, in the order of the tickets."""
        which = f" where channel = ? and {_WAITS} order by ticket_id, number"
        return lambda connection: _deliveries(connection, which, (channel,))

    def next(self, channel: str, boot: str) -> Query[Sequence[Delivery]]:
        """Give what a channel may bring first; one of this boot and one of another, at most."""
        first = f" where channel = ? and {_WAITS} and {_FIRST_OF_TICKET}"
        here = f"{first} and due_boot = ? order by due_monotonic, ticket_id limit 1"
        elsewhere = f"{first} and due_boot <> ? order by due_wall, ticket_id limit 1"
        return lambda connection: [
            *_deliveries(connection, here, (channel, boot)),
            *_deliveries(connection, elsewhere, (channel, boot)),
        ]

    def begin(self, delivery: Delivery) -> Write[None]:
        """Note, before it is tried, that it may arrive."""
        return lambda connection: _keep(connection, attrs.evolve(delivery, begun=True))

    def sent(self, delivery: Delivery, receipt: str, at: Moment) -> Write[None]:
        """Note that it arrived, and what the other side gave back."""
        arrived = attrs.evolve(delivery, receipt=receipt, sent_at=at.wall)
        return lambda connection: _keep(connection, arrived)

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

    def carried(self) -> Query[Sequence[Carried]]:
        """Tell what each channel did so far."""
        return _carried


def owe(
    connection: sqlite3.Connection, ticket_id: str, channel: str, occasion: str, due: Moment
) -> None:
    """Note that a channel owes a ticket, from `due` on; what it owes already stays as it is."""
    connection.execute(
        "insert into deliveries (ticket_id, channel, occasion, attempts, due_wall, due_boot,"
        " due_monotonic, error, number)"
        " select ?, ?, ?, 0, ?, ?, ?, '', coalesce(max(number), 0) + 1 from deliveries"
        " where ticket_id = ? and channel = ?"
        " on conflict do nothing",
        (
            ticket_id, channel, occasion, due.wall.isoformat(), due.boot, due.monotonic,
            ticket_id, channel,
        ),
    )  # fmt: skip


def deliveries_of(connection: sqlite3.Connection, ticket_id: str) -> tuple[Delivery, ...]:
    """List the deliveries of one ticket."""
    which = " where ticket_id = ? order by channel, number"
    return tuple(_deliveries(connection, which, (ticket_id,)))


def waiting_elsewhere(connection: sqlite3.Connection, boot: str) -> list[Delivery]:
    """List what is still owed, and put off by the clock of another boot."""
    return _deliveries(connection, f" where {_WAITS} and due_boot <> ?", (boot,))


def waiting_for_none(connection: sqlite3.Connection, channels: Sequence[str]) -> list[Delivery]:
    """List what is still owed by channels that there are no more."""
    which = f" where {_WAITS} and channel not in {_LISTED} order by ticket_id, number"
    return _deliveries(connection, which, (to_json([*channels]),))


def give_up(connection: sqlite3.Connection, delivery: Delivery, error: str, at: Moment) -> None:
    """Note that a delivery will not be tried again, and why."""
    _keep(connection, attrs.evolve(delivery, error=error, dead_at=at.wall))


def put_off(connection: sqlite3.Connection, delivery: Delivery, due: Moment) -> None:
    """Let a delivery be told from `due` on."""
    _keep(connection, attrs.evolve(delivery, due=due))


def hurry(connection: sqlite3.Connection, ticket_id: str, due: Moment) -> None:
    """Let whatever waits about a ticket be told from `due` on."""
    connection.execute(
        "update deliveries set due_wall = ?, due_boot = ?, due_monotonic = ?"
        " where ticket_id = ? and sent_at is null and dead_at is null",
        (due.wall.isoformat(), due.boot, due.monotonic, ticket_id),
    )


def keep_quiet(connection: sqlite3.Connection, ticket_id: str, at: Moment) -> None:
    """Forget what was to be told of a ticket when the quiet hours end, and was never tried."""
    which = f" where ticket_id = ? and {_WAITS} and attempts = 0 and not begun"
    for each in _deliveries(connection, which, (ticket_id,)):
        if each.due.since(at) > 0:
            connection.execute(
                "delete from deliveries where ticket_id = ? and channel = ? and occasion = ?",
                (each.ticket_id, each.channel, each.occasion),
            )


def told_channels(
    connection: sqlite3.Connection, ticket_id: str, occasion: str = ""
) -> frozenset[str]:
    """Name the channels that were told of a ticket, will be, or may have been without an answer.

    Of one occasion also those that were told in vain.
    """
    told = connection.execute(
        "select channel from deliveries where ticket_id = ?"
        " and case ? when '' then dead_at is null or begun else occasion = ? end",
        (ticket_id, occasion, occasion),
    )
    return frozenset(channel for (channel,) in told)


def untold(connection: sqlite3.Connection, ticket_id: str, occasion: str, apart_from: str) -> bool:
    """Say whether no channel but one told an occasion, or still may."""
    row = connection.execute(
        "select count(*) from deliveries"
        " where ticket_id = ? and occasion = ? and channel <> ? and dead_at is null",
        (ticket_id, occasion, apart_from),
    ).fetchone()
    return int(row[0]) == 0


def waits_for(connection: sqlite3.Connection, ticket_id: str, channel: str) -> bool:
    """Say whether a channel still has something to tell of a ticket."""
    which = f" where ticket_id = ? and channel = ? and {_WAITS}"
    return bool(_deliveries(connection, which, (ticket_id, channel)))


def count_dead(connection: sqlite3.Connection) -> int:
    """Count the deliveries that never arrived, of tickets that are not resolved."""
    row = connection.execute(
        "select count(*) from deliveries join tickets on tickets.id = ticket_id"
        " where dead_at is not null and state <> 'resolved'"
    ).fetchone()
    return int(row[0])


def _carried(connection: sqlite3.Connection) -> list[Carried]:
    return [
        Carried(channel, sent, waiting, dead, _instant(last_sent_at), error or "")
        for channel, sent, waiting, dead, last_sent_at, error in connection.execute(
            "select channel, count(sent_at), sum(sent_at is null and dead_at is null),"
            " count(dead_at), max(sent_at),"
            " max(case when sent_at is null and dead_at is null then error end)"
            " from deliveries group by channel order by channel"
        )
    ]


def _keep(connection: sqlite3.Connection, delivery: Delivery) -> None:
    due = delivery.due
    connection.execute(
        "update deliveries set attempts = ?, due_wall = ?, due_boot = ?, due_monotonic = ?,"
        " sent_at = ?, dead_at = ?, error = ?, begun = ?, receipt = ?"
        " where ticket_id = ? and channel = ? and occasion = ?",
        (
            delivery.attempts, due.wall.isoformat(), due.boot, due.monotonic,
            _text(delivery.sent_at), _text(delivery.dead_at), delivery.error,
            delivery.begun, delivery.receipt,
            delivery.ticket_id, delivery.channel, delivery.occasion,
        ),
    )  # fmt: skip


def _deliveries(
    connection: sqlite3.Connection, which: str, values: tuple[str, ...]
) -> list[Delivery]:
    return [_delivery(row) for row in connection.execute(_DELIVERIES + which, values)]


def _delivery(row: tuple[Any, ...]) -> Delivery:  # Any: a row of the query above, in its order
    (
        ticket_id, channel, occasion, attempts, wall, boot, monotonic, sent_at, dead_at, error,
        number, begun, receipt,
    ) = row  # fmt: skip
    return Delivery(
        ticket_id=ticket_id,
        channel=channel,
        occasion=occasion,
        attempts=attempts,
        due=Moment(dt.datetime.fromisoformat(wall), boot, monotonic),
        sent_at=_instant(sent_at),
        dead_at=_instant(dead_at),
        error=error,
        number=number,
        begun=bool(begun),
        receipt=receipt,
    )


def _text(instant: dt.datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _instant(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
