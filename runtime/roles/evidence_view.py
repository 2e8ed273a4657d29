"""What operators read of the evidence log: statements, how the log stands, and what is owed."""

import base64
import datetime as dt
import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import cast

from actors.evidence_log import Note, NoteKey, SqliteEvidenceReads, verify_inclusion
from actors.messages.evidence import Head, Log, Logged, SigningKey
from runtime.errors import InvalidRequestError, NotFoundError
from runtime.roles.control import Args, limit_of

Row = dict[str, object]

_READS = SqliteEvidenceReads()


def statements(connection: sqlite3.Connection, args: Args) -> list[Row]:
    """List statements, newest last."""
    found = _READS.statements(
        incident_id=args.get("incident", ""),
        host=args.get("host", ""),
        control=args.get("control", ""),
        since=_instant(args, "since"),
        before=_place(args["before"]) if args.get("before") else None,
        limit=limit_of(args),
    )(connection)
    return [_row(each) for each in found]


def statement(connection: sqlite3.Connection, args: Args) -> Row:
    """Tell all there is about one statement, with the proof that it stands in the log."""
    if not args.get("id"):
        raise InvalidRequestError("id is missing")
    logged = _READS.statement(*_place(args["id"]))(connection)
    page = _row(logged)
    page["leaf_hash"] = logged.leaf_hash.hex()
    page["head"] = page["proof"] = page["in_log"] = None
    head = _READS.head_over(logged.log, logged.leaf)(connection)
    if head is not None:
        path = _READS.inclusion(logged.log, logged.leaf, head.size)(connection)
        page["head"] = _head(head)
        page["proof"] = [each.hex() for each in path]
        page["in_log"] = verify_inclusion(
            index=logged.leaf, size=head.size, leaf=logged.leaf_hash, path=path, root=head.root
        )
    page["statement"] = page["envelope"] = None
    if logged.envelope is not None:
        envelope = cast("Mapping[str, str]", json.loads(logged.envelope))
        page["envelope"] = envelope
        page["statement"] = json.loads(base64.b64decode(envelope["payload"]))
    return page


def status(connection: sqlite3.Connection, _args: Args) -> Row:
    """Tell how the log stands: its size, its last head, its key, and what is owed."""
    logs, keys = _READS.logs()(connection), _READS.keys()(connection)
    [owed, oldest] = connection.execute(
        "SELECT count(*), min(at) FROM (SELECT at FROM incident_events"
        " WHERE seq > (SELECT line FROM evidence_state) UNION ALL SELECT at FROM statement_due)"
    ).fetchone()
    [stopped] = connection.execute("SELECT stopped FROM evidence_state").fetchone()
    page: Row = {"owed": owed, "oldest_owed": oldest, "stopped": stopped}
    page["logs"] = [_log(each) for each in logs]
    page["log"] = page["head"] = page["key"] = None
    if logs:
        log = logs[-1]
        head = _READS.last_head(log.number)(connection)
        page["log"] = _log(log)
        page["head"] = None if head is None else _head(head)
        page["key"] = _key(log, keys[-1])
    return page


VIEWS: Mapping[str, Callable[[sqlite3.Connection, Args], object]] = {
    "list": statements,
    "show": statement,
    "status": status,
}
"""By the verb of the noun `evidence`."""


def _row(logged: Logged) -> Row:
    return {
        "id": f"{logged.log}/{logged.leaf}",
        "at": logged.at.isoformat(timespec="seconds"),
        "logged_at": logged.logged_at.isoformat(timespec="seconds"),
        "proves": logged.proves,
        "fact": logged.kind,
        "incident": logged.incident_id or None,
        "host": logged.host or None,
        "check": logged.check or None,
        "purged": logged.envelope is None,
    }


def _log(log: Log) -> Row:
    return {
        "number": log.number,
        "origin": log.origin,
        "size": log.size,
        "begun_at": log.begun_at.isoformat(timespec="seconds"),
        "purged": log.purged,
    }


def _head(head: Head) -> Row:
    return {
        "size": head.size,
        "root": head.root.hex(),
        "signed_at": head.signed_at.isoformat(timespec="seconds"),
        "signatures": len(Note.parse(head.note).signatures),
        "note": head.note.decode(),
    }


def _key(log: Log, key: SigningKey) -> Row:
    return {
        "fingerprint": key.fingerprint,
        "since": key.since.isoformat(timespec="seconds"),
        "since_leaf": key.since_leaf,
        "verifier_key": NoteKey(log.origin, key.public).spelled(),
    }


def _place(identity: str) -> tuple[int, int]:
    log, _, leaf = identity.partition("/")
    if not (log.isdecimal() and leaf.isdecimal()) or len(identity) > len("1/") + 18:
        raise NotFoundError("statement", identity)
    return int(log), int(leaf)


def _instant(args: Args, name: str) -> dt.datetime | None:
    text = args.get(name, "")
    if not text:
        return None
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequestError(f"{name} must be a date, or a date with a time") from error
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=dt.UTC)
