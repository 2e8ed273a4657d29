"""What must be true in the end, when nothing was broken any more for a day and more."""

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from tests.faults.drifts import DRIFTS
from tests.faults.host import SimHost

_WAITS_FOR_A_PERSON = {
    ("refused", "audit"), ("refused", "rejected"), ("refused", "expired"),
    ("suppressed", "flap"), ("suppressed", "operator"),
}  # fmt: skip
_MAY_WAIT = ("awaiting_approval", "refused", "suppressed", "healed")
"""For an instant that is still to come."""

AgentEvent = tuple[str, str, int]
"""Agent, boot, sequence number."""


def broken_promises(
    connection: sqlite3.Connection,
    now: dt.datetime,
    hosts: Iterable[SimHost],
    acked: Iterable[AgentEvent],
    failing: Iterable[tuple[str, str]],
) -> Iterator[str]:
    """Say all that is not as it must be.

    Args:
        connection: the journal.
        now: the instant by the wall clock.
        hosts: what was scanned.
        acked: what agents were told is kept.
        failing: host and check of what agents said last is drift.
    """
    yield from _lost(connection, acked)
    yield from _forgotten(connection, failing)
    yield from _left_started(connection)
    yield from _not_settled(connection, now)
    yield from _other_than_the_hosts(connection, hosts)
    yield from _not_told(connection)


def _lost(connection: sqlite3.Connection, acked: Iterable[AgentEvent]) -> Iterator[str]:
    kept = set(
        connection.execute("SELECT body ->> 'agent_id', body ->> 'boot_id', seq FROM observations")
    )
    for event in acked:
        if event not in kept:
            yield f"{event} was acked, and the journal does not know it"


def _forgotten(connection: sqlite3.Connection, failing: Iterable[tuple[str, str]]) -> Iterator[str]:
    rows = connection.execute(
        "SELECT host, check_id FROM incidents WHERE state NOT IN ('closed', 'recurred')"
    )
    stands = set(rows)
    for drift in failing:
        if drift not in stands:
            yield f"{drift} fails, and no incident stands for it"
    for row in connection.execute("SELECT mailbox, error FROM dead_letters"):
        yield f"{row} is a dead letter"


def _left_started(connection: sqlite3.Connection) -> Iterator[str]:
    for row in connection.execute("SELECT id FROM intents WHERE state <> 'finished'"):
        yield f"{row[0]} was never finished"


def _not_settled(connection: sqlite3.Connection, now: dt.datetime) -> Iterator[str]:
    for incident_id, state, reason, due in connection.execute(
        "SELECT id, state, reason, due_wall FROM incidents"
        " WHERE state NOT IN ('closed', 'recurred', 'escalated') ORDER BY id"
    ):
        in_time = due is not None and dt.datetime.fromisoformat(due) >= now
        waits = due is None and (state, reason) in _WAITS_FOR_A_PERSON
        if not waits and not (in_time and state in _MAY_WAIT):
            yield f"{incident_id} is still {state} ({reason}), due {due}"


def _other_than_the_hosts(
    connection: sqlite3.Connection, hosts: Iterable[SimHost]
) -> Iterator[str]:
    rows = connection.execute(
        "SELECT host, check_id, state FROM incidents WHERE state NOT IN ('closed', 'recurred')"
    )
    stands: Mapping[tuple[str, str], str] = {(host, check): state for host, check, state in rows}
    for host in hosts:
        for drift in DRIFTS.values():
            state = stands.get((host.name, drift.check), "settled")
            if drift.stands(host.target) == (state in {"settled", "healed"}):
                yield f"{drift.check} of {host.name} is {drift.stands(host.target)}, and {state}"


def _not_told(connection: sqlite3.Connection) -> Iterator[str]:
    for ticket_id, kind, key in connection.execute(
        "SELECT id, kind, key FROM tickets WHERE state <> 'resolved'"
        " AND EXISTS (SELECT 1 FROM ticket_incidents WHERE ticket_id = id)"
        " AND NOT EXISTS"
        " (SELECT 1 FROM ticket_incidents WHERE ticket_id = id AND settled_at IS NULL)"
    ):
        yield f"{ticket_id} ({kind} {key}) is open, and all that it is about is settled"
    for ticket_id, state in connection.execute(
        "SELECT ticket_id, state FROM deliveries JOIN tickets ON id = ticket_id"
        " WHERE sent_at IS NULL AND dead_at IS NULL"
    ):
        yield f"{ticket_id} ({state}) was never brought"
