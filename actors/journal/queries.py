"""What people ask the journal: incidents, their traces, last answers, counts.  Reads only."""

import datetime as dt
import json
import sqlite3
from collections.abc import Mapping

import attrs

from actors.journal.rows import HEARD, INCIDENT, incident_of, told_by
from actors.messages import Decision, Incident
from runtime.codec import from_json
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


@attrs.frozen
class PastFilter:
    """Which past drift is meant; the empty text means any."""

    since: str = ""
    """An instant as the journal spells it."""
    host: str = ""
    check: str = ""

    def where(self, table: str, instant: str) -> tuple[str, tuple[str, str, str]]:
        """Give the condition on a table's rows, and its cells; `instant` is the column meant."""
        sql = f"{table}.{instant} >= ? AND ? IN ('', {table}.host) AND ? IN ('', {table}.check_id)"
        return sql, (self.since, self.host, self.check)


@attrs.frozen
class PastDrift:
    """An incident with what opened it, as stored."""

    incident_id: str
    observation: Mapping[str, object]
    """Its fields, as JSON has them."""
    decided: str | None
    """Body of the last line of the trace that tells a decision, as JSON; None where there is none
    yet."""


def past_drift(which: PastFilter, after: str, limit: int) -> Query[list[PastDrift]]:
    """List incidents in the order in which they were opened, those after the one named `after`."""
    condition, cells = which.where("incidents", "opened_at")
    sql = (
        "SELECT incidents.id,"  # noqa: S608
        " (SELECT body FROM incident_events WHERE incident_id = incidents.id"
        "  AND kind IN ('rule_matched', 'no_rule_matched') ORDER BY seq DESC LIMIT 1),"
        f" {HEARD} FROM incidents JOIN observations ON observations.id = observation_id"
        f" WHERE incidents.id > ? AND {condition} ORDER BY incidents.id LIMIT ?"
    )

    def query(connection: sqlite3.Connection) -> list[PastDrift]:
        rows = connection.execute(sql, (after, *cells, limit))
        return [PastDrift(id_, told_by(heard), decided) for id_, decided, *heard in rows]

    return query


@attrs.frozen
class PastAction:
    """An incident with what opened it, and what was last decided to do about it."""

    incident_id: str
    observation: Mapping[str, object]
    """Its fields, as JSON has them."""
    decision: Decision | None


def past_actions(check: str, after: str, limit: int) -> Query[list[PastAction]]:
    """List the incidents of a check as they were opened, those after the one named `after`."""
    sql = (
        f"SELECT incidents.id, decision, {HEARD} FROM incidents"  # noqa: S608  our own words
        " JOIN observations ON observations.id = observation_id"
        " WHERE incidents.id > ? AND incidents.check_id = ? ORDER BY incidents.id LIMIT ?"
    )

    def query(connection: sqlite3.Connection) -> list[PastAction]:
        return [
            PastAction(
                id_,
                told_by(heard),
                None if decision is None else from_json(decision, Decision),
            )
            for id_, decision, *heard in connection.execute(sql, (after, check, limit))
        ]

    return query


def count_decided(rule_id: str, check: str, since: dt.datetime) -> Query[int]:
    """Count the incidents of a check, opened since then, that a rule decided last."""

    def query(connection: sqlite3.Connection) -> int:
        [(count,)] = connection.execute(
            "SELECT count(*) FROM incidents WHERE check_id = ? AND opened_at >= ?"
            " AND json_extract(decision, '$.rule_id') = ?",
            (check, since.isoformat(), rule_id),
        )
        return int(count)

    return query


def answers_heard(which: PastFilter) -> Query[dict[str, int]]:
    """Count the stored observations by status."""
    condition, cells = which.where("observations", "observed_at")
    sql = f"SELECT status, count(*) FROM observations WHERE {condition} GROUP BY status"  # noqa: S608

    def query(connection: sqlite3.Connection) -> dict[str, int]:
        return {str(status): int(count) for status, count in connection.execute(sql, cells)}

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
