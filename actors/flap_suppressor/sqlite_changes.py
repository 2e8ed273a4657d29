"""Drifts that were healed and verified, in SQLite."""

import datetime as dt
import math
import sqlite3
from collections.abc import Sequence

from actors.flap_suppressor.fight import KEPT_S, REMEMBERED, Change
from actors.messages import Incident, Moment
from runtime.store import Query, Write


class SqliteChanges:
    """The part of `Flaps` from which a beat is read."""

    def healed(self, incident: Incident, change: Change, at: Moment) -> Write[None]:
        """Remember, once, a drift whose fix was verified."""
        drift = (incident.site, incident.host, incident.check)
        within_s = change.within_s if math.isfinite(change.within_s) else None
        too_old = (at.wall - dt.timedelta(seconds=KEPT_S)).isoformat()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "insert into healed_drifts values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " on conflict do nothing",
                (
                    incident.id, *drift, change.at.isoformat(), within_s,
                    change.path, change.state, at.wall.isoformat(),
                ),
            )  # fmt: skip
            connection.execute(
                "delete from healed_drifts where site = ?1 and host = ?2 and check_name = ?3"
                " and (healed_at < ?4 or incident_id not in (select incident_id from healed_drifts"
                " where site = ?1 and host = ?2 and check_name = ?3"
                " order by healed_at desc limit ?5))",
                (*drift, too_old, REMEMBERED),
            )

        return write

    def changes(self, incident: Incident) -> Query[Sequence[Change]]:
        """List the changes behind the latest verified fixes of the same drift, oldest first."""
        return lambda connection: [
            Change(
                incident_id,
                dt.datetime.fromisoformat(at),
                math.inf if within_s is None else within_s,
                path,
                state,
                dt.datetime.fromisoformat(healed_at),
            )
            for incident_id, at, within_s, path, state, healed_at in connection.execute(
                "select incident_id, changed_at, within_s, path, state, healed_at"
                " from healed_drifts"
                " where site = ? and host = ? and check_name = ? and incident_id <> ?"
                " order by healed_at",
                (incident.site, incident.host, incident.check, incident.id),
            )
        ]

    def last_fix(self, incident: Incident, path: str) -> Query[dt.datetime | None]:
        """Say when something in this file of the host was healed last."""

        def query(connection: sqlite3.Connection) -> dt.datetime | None:
            [healed_at] = connection.execute(
                "select max(healed_at) from healed_drifts where site = ? and host = ? and path = ?",
                (incident.site, incident.host, path),
            ).fetchone()
            return None if healed_at is None else dt.datetime.fromisoformat(healed_at)

        return query

    def changed_files(self, most: int) -> Query[Sequence[tuple[str, str]]]:
        """List host and path of the files in which something was healed last, newest last."""
        return lambda connection: [
            (host, path)
            for host, path, _ in reversed(
                connection.execute(
                    "select host, path, max(healed_at) as latest from healed_drifts"
                    " where path <> '' group by host, path order by latest desc limit ?",
                    (most,),
                ).fetchall()
            )
        ]
