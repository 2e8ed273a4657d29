"""Recurrences and suppressions in SQLite."""

import datetime as dt
import sqlite3
from collections.abc import Iterator, Sequence

import attrs

from actors.flap_suppressor.sqlite_changes import SqliteChanges
from actors.messages import Incident, Moment
from actors.messages.suppression import (
    Suppression,
    SuppressionKind,
    SuppressionLine,
    SuppressionPage,
)
from runtime.errors import ConflictError, NotFoundError
from runtime.store import Query, Write

_KEPT_S = 7 * 24 * 3600.0
"""Seconds for which a recurrence is kept, so that its incident, decided again, counts once."""

_SUPPRESSIONS = """
    select id, kind, site, host, check_name, opened_wall, opened_boot, opened_monotonic,
           until_wall, until_boot, until_monotonic,
           (select reason from suppression_history where suppression_id = id and line = 0),
           ended_at
      from suppressions
"""


@attrs.frozen
class SqliteFlaps(SqliteChanges):
    """The memory of the flap suppressor; see `Flaps` for what each method promises."""

    def standing(self, site: str, host: str, check: str) -> Query[Suppression | None]:
        """Look up the suppression of this very key that was not ended yet."""
        which = " where site = ? and host = ? and check_name = ? and ended_at is null"
        return lambda connection: next(
            (found for found, _ in _found(connection, which, site, host, check)), None
        )

    def get(self, suppression_id: str) -> Query[Suppression]:
        """Look up a suppression that was not ended yet."""

        def query(connection: sqlite3.Connection) -> Suppression:
            for suppression, ended_at in _found(connection, " where id = ?", suppression_id):
                if ended_at is not None:
                    raise ConflictError(f"suppression {suppression_id} ended at {ended_at}")
                return suppression
            raise NotFoundError("suppression", suppression_id)

        return query

    def recurred(self, incident: Incident, at: Moment) -> Write[Sequence[Moment]]:
        """Count an incident's recurrence, once ever; give those of its drift that count."""
        drift = (incident.site, incident.host, incident.check)

        def write(connection: sqlite3.Connection) -> Sequence[Moment]:
            connection.execute(
                "insert into recurrences values (?, ?, ?, ?, ?, ?, ?, 0) on conflict do nothing",
                (incident.id, *drift, *_columns(at)),
            )
            counting: list[Moment] = []
            for identity, forgotten, *columns in connection.execute(
                "select incident_id, forgotten, at_wall, at_boot, at_monotonic from recurrences"
                " where site = ? and host = ? and check_name = ?",
                drift,
            ).fetchall():
                recurrence = _moment(*columns)
                if at.since(recurrence) > _KEPT_S:
                    connection.execute("delete from recurrences where incident_id = ?", (identity,))
                elif not forgotten:
                    counting.append(recurrence)
            return counting

        return write

    def open(self, suppression: Suppression, who: str) -> Write[None]:
        """Keep a new suppression."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "insert into suppressions values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null)",
                (
                    suppression.id, suppression.kind,
                    suppression.site, suppression.host, suppression.check,
                    *_columns(suppression.opened_at), *_columns(suppression.until),
                ),
            )  # fmt: skip
            _log(connection, suppression, "opened", who, suppression.reason, suppression.opened_at)

        return write

    def extend(self, suppression: Suppression, who: str, reason: str, at: Moment) -> Write[None]:
        """Keep its new end."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "update suppressions set until_wall = ?, until_boot = ?, until_monotonic = ?"
                " where id = ?",
                (*_columns(suppression.until), suppression.id),
            )
            _log(connection, suppression, "extended", who, reason, at)

        return write

    def end(
        self, suppression: Suppression, what: str, who: str, reason: str, at: Moment
    ) -> Write[Sequence[str]]:
        """End it, forget what is behind it, and give the incidents it held back."""

        def write(connection: sqlite3.Connection) -> Sequence[str]:
            connection.execute(
                "update suppressions set ended_at = ? where id = ?",
                (at.wall.isoformat(), suppression.id),
            )
            connection.execute(
                "update recurrences set forgotten = 1"
                " where site = ? and host = ? and check_name = ?",
                (suppression.site, suppression.host, suppression.check),
            )
            connection.execute(
                "delete from healed_drifts where site = ? and host = ? and check_name = ?",
                (suppression.site, suppression.host, suppression.check),
            )
            _log(connection, suppression, what, who, reason, at)
            return _incidents(connection, suppression.id)

        return write

    def hold(self, suppression: Suppression, incident_id: str) -> Write[None]:
        """Note that an incident is held back.  Again is fine."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "insert into suppressed_incidents values (?, ?) on conflict do nothing",
                (suppression.id, incident_id),
            )

        return write

    def pages(self, *, ended: bool = False) -> Query[Sequence[SuppressionPage]]:
        """List suppressions with their history, newest first: those that stand, or all."""
        which = "" if ended else " where ended_at is null"
        return lambda connection: [
            SuppressionPage(
                suppression,
                ended_at,
                tuple(_incidents(connection, suppression.id)),
                tuple(_history(connection, suppression.id)),
            )
            for suppression, ended_at in _found(connection, f"{which} order by id desc")
        ]


def _found(
    connection: sqlite3.Connection, which: str, *values: str
) -> Iterator[tuple[Suppression, dt.datetime | None]]:
    for row in connection.execute(_SUPPRESSIONS + which, values).fetchall():
        identity, kind, site, host, check, *moments, reason, ended_at = row
        opened, until = moments[:3], moments[3:]
        yield (
            Suppression(
                identity,
                SuppressionKind(kind),
                site,
                host,
                check,
                _moment(*opened),
                None if until[0] is None else _moment(*until),
                reason,
            ),
            None if ended_at is None else dt.datetime.fromisoformat(ended_at),
        )


def _incidents(connection: sqlite3.Connection, suppression_id: str) -> list[str]:
    rows = connection.execute(
        "select incident_id from suppressed_incidents where suppression_id = ? order by 1",
        (suppression_id,),
    )
    return [incident_id for (incident_id,) in rows]


def _history(connection: sqlite3.Connection, suppression_id: str) -> Iterator[SuppressionLine]:
    for at, what, who, reason, until in connection.execute(
        "select at, what, who, reason, until from suppression_history"
        " where suppression_id = ? order by line",
        (suppression_id,),
    ):
        ends = None if until is None else dt.datetime.fromisoformat(until)
        yield SuppressionLine(dt.datetime.fromisoformat(at), what, who, reason, ends)


def _log(  # noqa: PLR0913, PLR0917  # one row
    connection: sqlite3.Connection,
    suppression: Suppression,
    what: str,
    who: str,
    reason: str,
    at: Moment,
) -> None:
    until = None if suppression.until is None else suppression.until.wall.isoformat()
    connection.execute(
        "insert into suppression_history select ?, count(*), ?, ?, ?, ?, ?"
        " from suppression_history where suppression_id = ?",
        (suppression.id, at.wall.isoformat(), what, who, reason, until, suppression.id),
    )


def _columns(moment: Moment | None) -> tuple[str | None, str | None, float | None]:
    if moment is None:
        return None, None, None
    return moment.wall.isoformat(), moment.boot, moment.monotonic


def _moment(wall: str, boot: str, monotonic: float) -> Moment:
    return Moment(dt.datetime.fromisoformat(wall), boot, monotonic)
