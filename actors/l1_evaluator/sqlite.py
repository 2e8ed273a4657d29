"""The memory of the L1 room in SQLite; tables in schema/."""

import datetime as dt
import sqlite3
from collections.abc import Sequence

from actors.l1_evaluator.cooldown import CooldownWindow
from actors.l1_evaluator.store import Claim
from actors.messages import Moment
from runtime.store import Query, Write

_CLAIM = """
INSERT INTO cooldowns VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    incident_id = excluded.incident_id, started_wall = excluded.started_wall,
    started_boot = excluded.started_boot, started_monotonic = excluded.started_monotonic,
    seconds = excluded.seconds
"""


class SqliteL1Store:
    """Keeps what `L1Store` promises."""

    def remember_rules(self, version: str, content: str, at: Moment) -> Write[None]:
        """Keep a rule set once for each version."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR IGNORE INTO rule_sets VALUES (?, ?, ?)",
                (version, content, at.wall.isoformat()),
            )

        return write

    def rules_of(self, version: str) -> Query[str | None]:
        """Give the content of a rule set, None if none of that version decided."""

        def query(connection: sqlite3.Connection) -> str | None:
            row = connection.execute(
                "SELECT content FROM rule_sets WHERE version = ?", (version,)
            ).fetchone()
            return None if row is None else str(row[0])

        return query

    def claim(self, claim: Claim) -> Write[None]:
        """Keep a cooldown, in place of an older one of the same rule and host."""
        window, started = claim.window, claim.window.started

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                _CLAIM,
                (
                    window.rule_id,
                    window.host,
                    claim.incident_id,
                    started.wall.isoformat(),
                    started.boot,
                    started.monotonic,
                    window.seconds,
                ),
            )

        return write

    def claims(self) -> Query[Sequence[Claim]]:
        """List the cooldowns that were kept."""

        def query(connection: sqlite3.Connection) -> list[Claim]:
            rows = connection.execute(
                "SELECT rule_id, host, seconds, started_wall, started_boot, started_monotonic,"
                " incident_id FROM cooldowns"
            )
            return [
                Claim(
                    CooldownWindow(
                        rule, host, Moment(dt.datetime.fromisoformat(wall), boot, mono), seconds
                    ),
                    incident_id,
                )
                for rule, host, seconds, wall, boot, mono, incident_id in rows
            ]

        return query
