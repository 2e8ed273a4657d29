"""The evidence log in SQLite: what is owed, the leaves, their tree and its heads."""

import datetime as dt
import itertools
import sqlite3
from collections.abc import Sequence

import attrs

from actors.evidence_log.sqlite_reads import SqliteEvidenceReads, line_in, logs_in, tiles_in
from actors.evidence_log.store import Growth, Leaf, Owed, Standing
from actors.evidence_log.tlog.tiles import ReadTile
from actors.messages import Fact, Moment
from actors.messages.evidence import (
    FactSource,
    Head,
    Log,
    OwedFact,
    ProofKind,
    SigningKey,
)
from actors.ports import Facts
from runtime.codec import to_json
from runtime.errors import ConflictError
from runtime.store import Query, Write

_LEAF = "INSERT INTO statements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TILE = (
    "INSERT INTO evidence_tiles VALUES (?, ?, ?, ?)"
    " ON CONFLICT (log, level, place) DO UPDATE SET data = excluded.data"
)
_OWE = (
    "INSERT INTO statement_due (after, at, proves, kind, body, site, host, check_id) VALUES"
    " (ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'incident_events'), 0),"
    " ?, ?, ?, ?, ?, ?, ?)"
)
_DUE = (
    "SELECT seq, after, at, proves, kind, body, site, host, check_id, was, now, severity"
    " FROM statement_due"
    " ORDER BY seq LIMIT ?"
)


class LogMovedError(ConflictError):
    """The log in the file is not as long as whoever appends believed; nothing was appended."""


@attrs.frozen
class SqliteEvidence(SqliteEvidenceReads):
    """Keeps what `EvidenceMemory` promises."""

    facts: Facts

    # The port that others have.

    def owe(  # noqa: PLR0913  # a fact with where it belongs
        self,
        proves: ProofKind,
        fact: Fact,
        at: Moment,
        *,
        site: str,
        host: str = "",
        check: str = "",
    ) -> Write[None]:
        """Owe a statement, in the commit of the fact itself."""
        told = (at.wall.isoformat(), proves, fact.kind, to_json(fact.body), site, host, check)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(_OWE, told)

        return write

    def proved(self) -> Query[int]:
        """Give up to which line of all traces everything is proved."""
        return line_in

    # What the room itself needs.

    def standing(self) -> Query[Standing]:
        """Give how the log stands."""

        def query(connection: sqlite3.Connection) -> Standing:
            log, key = logs_in(connection)[-1:], self.keys()(connection)[-1:]
            row = connection.execute("SELECT max(log) FROM evidence_heads").fetchone()
            head = None if row[0] is None else self.last_head(row[0])(connection)
            return Standing(log[0] if log else None, key[0] if key else None, head)

        return query

    def owed(self, limit: int) -> Query[Owed]:
        """List facts that are not proved yet, in their order."""

        def query(connection: sqlite3.Connection) -> Owed:
            line = line_in(connection)
            found = [*self.facts.facts_after(line, limit)(connection), *_due(connection, limit)]
            # Of each list the first `limit` are here, so that the first `limit` of all are, too.
            facts = sorted(found, key=lambda fact: fact.order)[:limit]
            last = {fact.source: fact.seq for fact in facts}
            return Owed(facts, last.get(FactSource.TRACE, line), last.get(FactSource.OWED, 0))

        return query

    def tiles(self, log: int) -> Query[ReadTile]:
        """Give what reads tiles of a log, on the connection of the query alone."""
        return lambda connection: tiles_in(connection, log)

    def begin(self, log: Log) -> Write[None]:
        """Begin a log; what stopped the one before is over."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO evidence_logs VALUES (?, ?, ?, ?, 0)",
                (log.number, log.origin, log.begun_at.isoformat(), log.size),
            )
            connection.execute("UPDATE evidence_state SET stopped = ''")

        return write

    def keep_key(self, key: SigningKey) -> Write[None]:
        """Keep the key that signs from now on."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO evidence_keys VALUES (?, ?, ?, ?, ?, ?)",
                (
                    key.number, key.public, key.fingerprint,
                    key.log, key.since_leaf, key.since.isoformat(),
                ),
            )  # fmt: skip

        return write

    def grow(self, growth: Growth) -> Write[None]:
        """Add leaves."""
        log, first, at = growth.log, growth.size, growth.at.isoformat()

        def write(connection: sqlite3.Connection) -> None:
            grown = connection.execute(
                "UPDATE evidence_logs SET size = ? WHERE number = ? AND size = ?",
                (first + len(growth.leaves), log, first),
            )
            if grown.rowcount != 1:
                raise LogMovedError(f"log {log} has not {first} leaves")
            connection.executemany(
                _LEAF,
                [_cells(log, place, leaf, at) for place, leaf in enumerate(growth.leaves, first)],
            )
            connection.executemany(
                _TILE, [(log, tile.level, tile.index, tile.data) for tile in growth.tiles]
            )

        return write

    def prove(self, owed: Owed) -> Write[None]:
        """Note that facts are proved."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE evidence_state SET line = ?", (owed.line,))
            connection.execute("DELETE FROM statement_due WHERE seq <= ?", (owed.last_due,))

        return write

    def keep_head(self, head: Head) -> Write[None]:
        """Keep a head that was signed; the same once more is fine."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO evidence_heads VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (head.log, head.size, head.root, head.note, head.signed_at.isoformat()),
            )

        return write

    def stop(self, reason: str) -> Write[None]:
        """Keep why nothing is signed any more."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE evidence_state SET stopped = ?", (reason,))

        return write

    def purge(self, before: dt.datetime, limit: int) -> Write[Sequence[tuple[Log, int]]]:
        """Drop payloads that were logged before an instant; the leaves stay."""

        def write(connection: sqlite3.Connection) -> Sequence[tuple[Log, int]]:
            purged = list[tuple[Log, int]]()
            for log in logs_in(connection):
                leaves = connection.execute(
                    "SELECT leaf, logged_at < ? FROM statements"
                    " WHERE log = ? AND leaf >= ? AND proves <> ? ORDER BY leaf LIMIT ?",
                    (before.isoformat(), log.number, log.purged, ProofKind.LOG, limit),
                ).fetchall()
                old = [leaf for leaf, _ in itertools.takewhile(lambda each: each[1], leaves)]
                if not old:
                    continue
                end = old[-1] + 1
                connection.execute(
                    "UPDATE statements SET payload = NULL"
                    " WHERE log = ? AND leaf >= ? AND leaf < ? AND proves <> ?",
                    (log.number, log.purged, end, ProofKind.LOG),
                )
                connection.execute(
                    "UPDATE evidence_logs SET purged = ? WHERE number = ?", (end, log.number)
                )
                purged.append((log, end))
            return purged

        return write


def _cells(log: int, place: int, leaf: Leaf, at: str) -> tuple[object, ...]:
    keys = " ".join(str(key.number) for key, _ in leaf.signatures)
    signatures = b"".join(signature for _, signature in leaf.signatures)
    return (
        log, place, leaf.proves, leaf.kind, leaf.incident_id or None, leaf.host, leaf.check,
        leaf.at, at, leaf.payload, keys, signatures,
    )  # fmt: skip


def _due(connection: sqlite3.Connection, limit: int) -> Sequence[OwedFact]:
    return [_owed(row) for row in connection.execute(_DUE, (limit,))]


def _owed(row: tuple[str, ...]) -> OwedFact:
    seq, after, at, proves, kind, body, site, host, check, was, now, severity = row
    return OwedFact(
        source=FactSource.OWED,
        seq=int(seq),
        after=int(after),
        at=at,
        kind=kind,
        body=body,
        site=site,
        host=host,
        check=check,
        before=was,
        now=now,
        severity=severity,
        proves=ProofKind(proves),
    )
