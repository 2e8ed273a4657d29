"""What operators read of the channels to people."""

import sqlite3

from actors.escalator import Carried, SqliteOutbox, SqliteTickets, Ticket
from runtime.clock import SystemClock
from runtime.ids import TimeOrderedIds
from runtime.roles.control import Args

_OUTBOX = SqliteOutbox()
_TICKETS = SqliteTickets(TimeOrderedIds(SystemClock()), ())


def channels(connection: sqlite3.Connection, _args: Args) -> list[dict[str, object]]:
    """List what each channel carried."""
    return [_channel(each) for each in _OUTBOX.carried()(connection)]


def _channel(carried: Carried) -> dict[str, object]:
    return {
        "name": carried.channel,
        "state": "failing" if carried.error else "waiting" if carried.waiting else "well",
        "sent": carried.sent,
        "waiting": carried.waiting,
        "dead": carried.dead,
        "last_sent": carried.last_sent_at.isoformat(timespec="seconds")
        if carried.last_sent_at
        else None,
        "error": carried.error,
    }


def dead(connection: sqlite3.Connection, args: Args) -> list[dict[str, object]]:
    """List what was given up: of unresolved tickets, or of all."""
    tickets: dict[str, Ticket] = {
        each.id: each for each in _TICKETS.listed(resolved=bool(args.get("all")))(connection)
    }
    return [
        {
            "ticket": each.ticket_id,
            "severity": tickets[each.ticket_id].severity,
            "ticket_state": tickets[each.ticket_id].state,
            "channel": each.channel,
            "occasion": each.occasion,
            "attempts": each.attempts,
            "error": each.error,
            "dead_at": each.dead_at.isoformat(timespec="seconds") if each.dead_at else None,
        }
        for each in _OUTBOX.dead()(connection)
        if each.ticket_id in tickets
    ]
