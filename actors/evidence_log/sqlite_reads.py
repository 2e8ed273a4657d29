"""What others read of the evidence log: statements, heads, and proofs out of the stored tiles."""

import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeAlias, cast

from actors.evidence_log.envelope import spelled_envelope
from actors.evidence_log.tlog.hashing import SIZE
from actors.evidence_log.tlog.making import Subtree, make_consistency, make_inclusion
from actors.evidence_log.tlog.tiles import WIDTH, ReadTile, subtrees_in
from actors.messages.evidence import Head, Log, Logged, ProofKind, SigningKey
from runtime.errors import NotFoundError
from runtime.store import Query

_LOGGED = (
    "SELECT log, leaf, proves, kind, incident_id, host, check_id, at, logged_at, payload, keys,"
    " signatures FROM statements"
)
_HEADS = "SELECT log, size, root, note, signed_at FROM evidence_heads"
_SIGNATURE = 64

_Row: TypeAlias = tuple[
    int, int, str, str, str | None, str, str, str, str, bytes | None, str, bytes
]


def line_in(connection: sqlite3.Connection) -> int:
    """Give up to which line of all traces everything is proved."""
    [line] = connection.execute("SELECT line FROM evidence_state").fetchone()
    return int(line)


def logs_in(connection: sqlite3.Connection) -> list[Log]:
    """List the logs; why nothing is signed any more concerns the last."""
    [stopped] = connection.execute("SELECT stopped FROM evidence_state").fetchone()
    rows = connection.execute(
        "SELECT number, origin, size, begun_at, purged FROM evidence_logs ORDER BY number"
    ).fetchall()
    return [
        Log(
            number,
            origin,
            size,
            dt.datetime.fromisoformat(begun_at),
            purged,
            stopped if number == rows[-1][0] else "",
        )
        for number, origin, size, begun_at, purged in rows
    ]


def tiles_in(connection: sqlite3.Connection, log: int) -> ReadTile:
    """Read tiles of a log; one that is not there is empty."""

    def read(level: int, place: int) -> bytes:
        row = connection.execute(
            "SELECT data FROM evidence_tiles WHERE log = ? AND level = ? AND place = ?",
            (log, level, place),
        ).fetchone()
        return b"" if row is None else bytes(row[0])

    return read


class SqliteEvidenceReads:
    """Gives what `EvidenceReads` promises."""

    def logs(self) -> Query[Sequence[Log]]:
        """List the site's logs, the one that is being written last."""
        return logs_in

    def keys(self) -> Query[Sequence[SigningKey]]:
        """List the keys that signed, the one that signs last."""
        return lambda connection: [
            SigningKey(number, public, shown, log, leaf, dt.datetime.fromisoformat(since))
            for number, public, shown, log, leaf, since in connection.execute(
                "SELECT number, public, fingerprint, log, since_leaf, since FROM evidence_keys"
                " ORDER BY number"
            )
        ]

    def last_head(self, log: int | None = None) -> Query[Head | None]:
        """Give the newest head of a log; None: of the last log."""
        which = "(SELECT max(number) FROM evidence_logs)" if log is None else "?"
        given = () if log is None else (log,)
        return lambda connection: next(
            iter(_heads(connection, f"WHERE log = {which} ORDER BY size DESC LIMIT 1", *given)),
            None,
        )

    def head(self, log: int, size: int) -> Query[Head | None]:
        """Look a signed head up."""
        return lambda connection: next(
            iter(_heads(connection, "WHERE log = ? AND size = ?", log, size)), None
        )

    def head_over(self, log: int, leaf: int) -> Query[Head | None]:
        """Give the first head that a leaf is under; None where none was signed yet."""
        which = "WHERE log = ? AND size > ? ORDER BY size LIMIT 1"
        return lambda connection: next(iter(_heads(connection, which, log, leaf)), None)

    def heads_after(self, log: int, size: int, limit: int = 1000) -> Query[Sequence[Head]]:
        """List the heads of a log that are larger than `size`, smallest first."""
        which = "WHERE log = ? AND size > ? ORDER BY size LIMIT ?"
        return lambda connection: _heads(connection, which, log, size, limit)

    def consistency(self, log: int, old: int, new: int) -> Query[Sequence[bytes]]:
        """Prove that the log of `old` leaves is the beginning of that of `new`."""
        return _proof(log, new, lambda subtree: make_consistency(old, new, subtree))

    def inclusion(self, log: int, leaf: int, size: int) -> Query[Sequence[bytes]]:
        """Prove that a leaf stands in the log of `size` leaves."""
        return _proof(log, size, lambda subtree: make_inclusion(leaf, size, subtree))

    def statements(  # noqa: PLR0913  # what one may ask for
        self,
        *,
        incident_id: str = "",
        host: str = "",
        control: str = "",
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        before: tuple[int, int] | None = None,
        limit: int | None = None,
    ) -> Query[Sequence[Logged]]:
        """List statements in the order of the log; with a `limit` the newest of them."""
        asked: dict[str, str | int] = {}
        if incident_id:
            asked["incident_id = ?"] = incident_id
        if host:
            asked["host = ?"] = host
        if since is not None:
            asked["julianday(at) >= julianday(?)"] = since.isoformat()
        if until is not None:
            asked["julianday(at) < julianday(?)"] = until.isoformat()
        given = list(asked.values())
        which = list(asked)
        if before is not None:
            which.append("(log, leaf) < (?, ?)")
            given += before
        where = f" WHERE {' AND '.join(which)}" if which else ""
        sql = f"{_LOGGED}{where} ORDER BY log DESC, leaf DESC"

        def query(connection: sqlite3.Connection) -> Sequence[Logged]:
            read, found = _Reader(connection), list[Logged]()
            for row in connection.execute(sql, given):
                if not control or _stands_for(row, control):
                    found.append(read.logged(row))
                if len(found) == limit:
                    break
            found.reverse()
            return found

        return query

    def leaves(self, log: int, first: int, limit: int) -> Query[Sequence[Logged]]:
        """List the statements of a log from a leaf on, in its order."""
        which = " WHERE log = ? AND leaf >= ? ORDER BY leaf LIMIT ?"

        def query(connection: sqlite3.Connection) -> Sequence[Logged]:
            read = _Reader(connection)
            return [
                read.logged(row) for row in connection.execute(_LOGGED + which, (log, first, limit))
            ]

        return query

    def statement(self, log: int, leaf: int) -> Query[Logged]:
        """Look a statement up."""

        def query(connection: sqlite3.Connection) -> Logged:
            which = " WHERE log = ? AND leaf = ?"
            row = connection.execute(_LOGGED + which, (log, leaf)).fetchone()
            if row is None:
                raise NotFoundError("statement", f"{log}/{leaf}")
            return _Reader(connection).logged(row)

        return query


class _Reader:
    """Makes statements of rows, within one query."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        keys = connection.execute("SELECT number, fingerprint FROM evidence_keys")
        self._fingerprints: dict[int, str] = dict(keys)
        self._connection = connection
        self._tile: tuple[tuple[int, int], bytes] = ((0, -1), b"")

    def logged(self, row: _Row) -> Logged:
        log, leaf, proves, kind, incident_id, host, check, at, logged_at, payload, keys, signed = (
            row
        )
        return Logged(
            log,
            leaf,
            self._leaf_hash(log, leaf),
            ProofKind(proves),
            kind,
            incident_id or "",
            host,
            check,
            dt.datetime.fromisoformat(at),
            dt.datetime.fromisoformat(logged_at),
            None if payload is None else self._envelope(payload, keys, signed),
        )

    def _leaf_hash(self, log: int, leaf: int) -> bytes:
        place, start = (log, leaf // WIDTH), leaf % WIDTH * SIZE
        if self._tile[0] != place:  # neighbours are asked for one after the other
            self._tile = (place, tiles_in(self._connection, log)(0, place[1]))
        return self._tile[1][start : start + SIZE]

    def _envelope(self, payload: bytes, keys: str, signed: bytes) -> bytes:
        signatures = [
            (self._fingerprints[int(key)], signed[at * _SIGNATURE : (at + 1) * _SIGNATURE])
            for at, key in enumerate(keys.split())
        ]
        return spelled_envelope(payload, signatures)


def _stands_for(row: _Row, control: str) -> bool:
    """Say whether a statement is about a check that stands for a control.

    One may be named without its framework: `164.312(b)` for `hipaa:164.312(b)`.
    """
    payload = row[9]
    if payload is None:
        return False
    statement = cast("dict[str, dict[str, dict[str, list[str]]]]", json.loads(payload))
    controls = statement["predicate"].get("check", {}).get("controls", [])
    return any(control in (each, each.partition(":")[2]) for each in controls)


def _heads(connection: sqlite3.Connection, which: str, *given: int) -> list[Head]:
    return [
        Head(log, size, root, note, dt.datetime.fromisoformat(signed_at))
        for log, size, root, note, signed_at in connection.execute(f"{_HEADS} {which}", given)
    ]


def _proof(log: int, leaves: int, make: Callable[[Subtree], list[bytes]]) -> Query[Sequence[bytes]]:
    def query(connection: sqlite3.Connection) -> Sequence[bytes]:
        row = connection.execute(
            "SELECT size FROM evidence_logs WHERE number = ?", (log,)
        ).fetchone()
        if row is None or row[0] < leaves:
            raise NotFoundError("log", f"{log} of {leaves} leaves")
        try:
            return make(subtrees_in(tiles_in(connection, log)))
        except ValueError as error:
            raise NotFoundError("proof", str(error)) from error

    return query
