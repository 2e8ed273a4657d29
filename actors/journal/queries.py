"""What people ask the journal: incidents, their traces, last answers, counts.  Reads only."""

import json
import sqlite3
from collections.abc import Mapping

import attrs

from actors.journal.rows import INCIDENT, incident_of
from actors.messages import Incident
from runtime.store import Query

_OPEN = "state NOT IN ('closed', 'recurred', 'healed')"


@attrs.frozen
class IncidentFilter:
    """Which incidents are meant."""

    state: str = "open"
    """`open` (neither settled nor healed), `all`, or a state."""
    host: str = ""
    check: str = ""
    before: str = ""
    """An incident's id: only older ones."""
    limit: int = 100


def list_incidents(which: IncidentFilter) -> Query[list[Incident]]:
    """List incidents, newest first."""
    where, cells = ["1"], list[str | int]()
    if which.state == "open":
        where.append(_OPEN)
    elif which.state != "all":
        where.append("state = ?")
        cells.append(which.state)
    for column, value in (("host", which.host), ("check_id", which.check)):
        if value:
            where.append(f"{column} = ?")
            cells.append(value)
    if which.before:
        where.append("id < ?")
        cells.append(which.before)
    sql = f"SELECT {INCIDENT} FROM incidents WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"  # noqa: S608  our own words

    def query(connection: sqlite3.Connection) -> list[Incident]:
        return [incident_of(row) for row in connection.execute(sql, (*cells, which.limit))]

    return query


def trace_of(incident_id: str) -> Query[list[Mapping[str, object]]]:
    """Give the trace of an incident: `seq`, `at`, `kind`, `from`, `to`, `body`."""

    def query(connection: sqlite3.Connection) -> list[Mapping[str, object]]:
        rows = connection.execute(
            "SELECT seq, at, kind, from_state, to_state, body FROM incident_events"
            " WHERE incident_id = ? ORDER BY seq",
            (incident_id,),
        )
        return [
            {
                "seq": seq, "at": at, "kind": kind, "from": before, "to": after,
                "body": json.loads(body),
            }
            for seq, at, kind, before, after, body in rows
        ]  # fmt: skip

    return query


def last_answers(host: str = "") -> Query[list[Mapping[str, object]]]:
    """Give what each host answered last to each check; absent is told as not applicable."""

    def query(connection: sqlite3.Connection) -> list[Mapping[str, object]]:
        rows = connection.execute(
            "SELECT host, check_id, status, severity, absent, reason, source, answered_at"
            " FROM answers WHERE ? IN ('', host) ORDER BY host, check_id",
            (host,),
        )
        return [
            {
                "host": name,
                "check": check,
                "status": "not applicable" if absent and status == "unknown" else status,
                "severity": severity,
                "reason": reason,
                "source": source,
                "when": when,
            }
            for name, check, status, severity, absent, reason, source, when in rows
        ]

    return query


def dead_letters(connection: sqlite3.Connection) -> list[Mapping[str, object]]:
    """List the messages that fell three times, newest first; without what they said."""
    rows = connection.execute(
        "SELECT at, mailbox, actor, attempts, error FROM dead_letters ORDER BY seq DESC LIMIT 1000"
    )
    names = ("at", "mailbox", "actor", "attempts", "error")
    return [dict(zip(names, row, strict=True)) for row in rows]
