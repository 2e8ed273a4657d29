"""Intents in SQLite: what the runner is about to do, is doing, has done."""

import sqlite3

import attrs

from actors.messages import Intent, IntentState, Moment, Verdict
from runtime.codec import from_json, to_json
from runtime.errors import NotFoundError
from runtime.store import Query, Write


@attrs.frozen
class SqliteIntents:
    """Keeps what `Intents` promises."""

    def plan(self, intent: Intent, at: Moment) -> Write[None]:
        """Keep an intent as planned."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO intents VALUES (?, ?, ?, NULL, ?, ?)",
                (
                    intent.id,
                    intent.incident_id,
                    intent.state,
                    at.wall.isoformat(),
                    to_json(intent),
                ),
            )

        return write

    def start(self, intent_id: str, pre_state: str, at: Moment) -> Write[None]:
        """Mark it started, with what undo needs."""

        def write(connection: sqlite3.Connection) -> None:
            planned = _intent(connection, intent_id)
            started = attrs.evolve(planned, state=IntentState.STARTED, pre_state=pre_state)
            _put(connection, started, at)

        return write

    def finish(self, intent_id: str, verdict: Verdict, at: Moment) -> Write[None]:
        """Mark it finished with its verdict."""

        def write(connection: sqlite3.Connection) -> None:
            begun = _intent(connection, intent_id)
            _put(connection, attrs.evolve(begun, state=IntentState.FINISHED, verdict=verdict), at)

        return write

    def runs_until(self, intent_id: str, deadline: Moment, at: Moment) -> Write[None]:
        """Set until when what was begun may still be running."""

        def write(connection: sqlite3.Connection) -> None:
            _put(connection, attrs.evolve(_intent(connection, intent_id), deadline=deadline), at)

        return write

    def retry(self, intent_id: str, at: Moment) -> Write[None]:
        """Keep that its one retry is used."""

        def write(connection: sqlite3.Connection) -> None:
            _put(connection, attrs.evolve(_intent(connection, intent_id), retried=True), at)

        return write

    def unfinished(self, incident_id: str | None = None) -> Query[list[Intent]]:
        """List intents that are planned or started, of one incident or of all, oldest first."""

        def query(connection: sqlite3.Connection) -> list[Intent]:
            rows = connection.execute(
                "SELECT body FROM intents WHERE state <> 'finished'"
                " AND incident_id = ifnull(?, incident_id) ORDER BY id",
                (incident_id,),
            )
            return [from_json(body, Intent) for (body,) in rows]

        return query


def _intent(connection: sqlite3.Connection, intent_id: str) -> Intent:
    row = connection.execute("SELECT body FROM intents WHERE id = ?", (intent_id,)).fetchone()
    if row is None:
        raise NotFoundError("intent", intent_id)
    return from_json(row[0], Intent)


def _put(connection: sqlite3.Connection, intent: Intent, at: Moment) -> None:
    connection.execute(
        "UPDATE intents SET state = ?, verdict = ?, moved_at = ?, body = ? WHERE id = ?",
        (intent.state, intent.verdict, at.wall.isoformat(), to_json(intent), intent.id),
    )
