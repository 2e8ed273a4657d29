"""The anchorer's memory in SQLite: what is written is verified in the transaction that does."""

import datetime as dt
import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from actors.anchorer.core import LONGEST_S, Promise, stage_of
from actors.anchorer.proof import Stamp, read_stamp
from actors.anchorer.reads import STAGE_OF_BATCH
from actors.anchorer.stamps import issue, merged
from actors.anchorer.store import Batch, Last
from actors.anchorer.tree import check
from actors.messages import Moment
from actors.messages.anchor import Anchor, Stage
from runtime.store import Query, Write

_PROMISE = """
    select batch, calendar, due_wall, due_boot, due_monotonic, promised, grown, height, header,
           header_source, attempts, error
      from anchor_promises
"""

_OVER = """
    select log, size, batch, note, path from anchor_members
     where log = ? and size > ? and batch in (select batch from anchor_promises where stage = ?)
     order by size limit 1
"""


class SqliteAnchors:
    """The anchors of one appliance; see `AnchorMemory` for what each method promises."""

    def taken(self, log: int) -> Query[int]:
        """Give the largest checkpoint of a log that a batch has; -1 where none has one."""
        query = "select coalesce(max(size), -1) from anchor_members where log = ?"
        return lambda connection: int(connection.execute(query, [log]).fetchone()[0])

    def last(self) -> Query[Last | None]:
        """Give the newest batch."""
        return _last

    def calendars(self) -> Query[Sequence[str]]:
        """List the calendars of which something is wanted still."""
        query = "select distinct calendar from anchor_promises where wanted = 1 order by calendar"
        return lambda connection: [name for (name,) in connection.execute(query)]

    def next_of(self, calendar: str) -> Query[Promise | None]:
        """Give what is due first with a calendar: a submission, or a promise to be kept."""
        which = "where calendar = ? and wanted = 1 and stage in ('submitted', 'pending')"
        return lambda connection: _first(connection, which, [calendar])

    def next_unchecked(self) -> Query[Promise | None]:
        """Give the anchored promise whose block is to be checked first."""
        which = "where wanted = 1 and stage = 'anchored'"
        return lambda connection: _first(connection, which, [])

    def anchor_over(self, log: int, leaf: int) -> Query[Anchor | None]:
        """Give the furthest anchor of a checkpoint that is over a leaf; the smallest of those."""

        def over(connection: sqlite3.Connection) -> Anchor | None:
            for stage in ("verified", "anchored", "pending", "submitted"):
                row = connection.execute(_OVER, [log, leaf, stage]).fetchone()
                if row is not None:
                    return _anchor(connection, row)
            return None

        return over

    def add(self, batch: Batch) -> Write[None]:
        """Keep a batch.  The write raises ProofError where a path does not lead to the root."""
        return lambda connection: _add(connection, batch)

    def keep(self, promise: Promise) -> Write[None]:
        """Keep what became of a promise, at the stage at which its bytes verify."""
        return lambda connection: _keep(connection, promise)

    def answered(self, batch: str, at: Moment) -> Write[None]:
        """Note that a calendar promised; what is not wanted any more is left out from now on."""
        return lambda connection: _answered(connection, batch, at)

    def hasten(self, at: Moment) -> Write[int]:
        """Make due all that is wanted; give how many."""
        query = "update anchor_promises set due_wall=?, due_boot=?, due_monotonic=? where wanted=1"
        return lambda connection: connection.execute(query, _moment(at)).rowcount

    def adopt(self, calendars: Sequence[str], at: Moment) -> Write[None]:
        """Where a batch lacks promises, ask these calendars; what the clock put off is due now."""
        lacking = """
            select b.batch from anchor_batches b left join anchor_promises p using (batch)
             group by b.batch having coalesce(sum(p.stage <> 'submitted'), 0) < b.quorum
        """

        ahead = """
            update anchor_promises set due_wall = ?, due_boot = ?, due_monotonic = ?
             where wanted = 1 and due_wall > ?
        """

        def adopt(connection: sqlite3.Connection) -> None:
            connection.execute(ahead, [*_moment(at), at.after(LONGEST_S).wall.isoformat()])
            for (batch,) in connection.execute(lacking).fetchall():
                connection.execute(
                    "update anchor_promises set wanted = 0 where batch = ? and stage = 'submitted'",
                    [batch],
                )
                _ask(connection, batch, calendars, at)

        return adopt


def _last(connection: sqlite3.Connection) -> Last | None:
    row = connection.execute(
        "select batch, made_wall, made_boot, made_monotonic,"
        " answered_wall, answered_boot, answered_monotonic"
        " from anchor_batches order by number desc limit 1"
    ).fetchone()
    if row is None:
        return None
    answered = None if row[4] is None else _read_moment(*row[4:])
    return Last(row[0], _read_moment(*row[1:4]), answered)


def _add(connection: sqlite3.Connection, batch: Batch) -> None:
    name = batch.root.hex()
    connection.execute(
        "insert into anchor_batches values (null, ?, ?, ?, ?, ?, null, null, null)",
        [name, batch.quorum, *_moment(batch.made)],
    )
    digests = [hashlib.sha256(member.head.note).digest() for member in batch.members]
    check(digests, [member.path for member in batch.members], batch.root)
    for member in batch.members:
        head = member.head
        connection.execute(
            "insert into anchor_members values (?, ?, ?, ?, ?)",
            [head.log, head.size, name, head.note, member.path],
        )
    _ask(connection, name, batch.calendars, batch.made)


def _ask(connection: sqlite3.Connection, batch: str, calendars: Iterable[str], at: Moment) -> None:
    connection.executemany(
        "insert into anchor_promises values"
        " (?, ?, 'submitted', 1, null, null, null, null, null, '', 0, ?, ?, ?, '')"
        " on conflict do update set wanted = 1 where stage = 'submitted'",
        [[batch, calendar, *_moment(at)] for calendar in calendars],
    )


def _keep(connection: sqlite3.Connection, promise: Promise) -> None:
    stage = stage_of(promise)
    header = promise.checked() if stage is Stage.VERIFIED else None
    connection.execute(
        "update anchor_promises set stage = ?, promised = ?, grown = ?, height = ?,"
        " block_time = ?, header = ?, header_source = ?, attempts = ?,"
        " due_wall = ?, due_boot = ?, due_monotonic = ?, error = ?"
        " where batch = ? and calendar = ?",
        [
            stage, promise.promised, promise.grown, promise.height if header else None,
            header.time.isoformat() if header else None, header.raw if header else None,
            promise.header_source if header else "", promise.attempts,
            *_moment(promise.due), promise.error, promise.batch, promise.calendar,
        ],
    )  # fmt: skip
    if header:
        connection.execute("update anchor_promises set wanted = 0 where batch = ?", [promise.batch])


def _answered(connection: sqlite3.Connection, batch: str, at: Moment) -> None:
    connection.execute(
        "update anchor_batches set answered_wall = ?, answered_boot = ?, answered_monotonic = ?"
        " where batch = ? and answered_wall is null",
        [*_moment(at), batch],
    )
    connection.execute(
        "update anchor_promises set wanted = 0 where batch = ? and stage = 'submitted'"
        " and (select count(*) from anchor_promises p where p.batch = ? and p.stage <> 'submitted')"
        " >= (select quorum from anchor_batches b where b.batch = ?)",
        [batch, batch, batch],
    )


def _first(connection: sqlite3.Connection, which: str, given: list[str]) -> Promise | None:
    row = connection.execute(f"{_PROMISE} {which} order by due_wall, batch limit 1", given)
    return next((_promise(each) for each in row), None)


def _promise(row: tuple[Any, ...]) -> Promise:  # Any: a row of the query above, in its order
    batch, calendar, wall, boot, monotonic, promised, grown, height, header, source, n, error = row
    due = _read_moment(wall, boot, monotonic)
    return Promise(batch, calendar, due, promised, grown, height, header, source, n, error)


def _anchor(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Anchor:  # Any: as above
    log, size, batch, note, path = row
    given = connection.execute(f"{_PROMISE} where batch = ? order by calendar", [batch])
    promises = [_promise(each) for each in given]
    verified = next((each for each in promises if each.header), None)
    header = verified.checked() if verified else None
    stamps = list(_stamps(promises))
    proof = issue(hashlib.sha256(note).digest(), path, merged(stamps)) if stamps else None
    return Anchor(
        log,
        size,
        note,
        Stage(connection.execute(STAGE_OF_BATCH, [batch]).fetchone()[0]),
        None if proof is None else proof.data,
        verified.height if verified else None,
        header.time if header else None,
        header.raw if header else None,
        verified.header_source if verified else "",
    )


def _stamps(promises: Sequence[Promise]) -> Iterable[Stamp]:
    """Give what goes into a proof: beside a verified block no block that was not checked."""
    any_verified = any(each.header for each in promises)
    for each in promises:
        data = each.promised if any_verified and not each.header else each.kept
        if data is not None:
            yield read_stamp(each.root, data)


def _moment(moment: Moment) -> tuple[str, str, float]:
    return moment.wall.isoformat(), moment.boot, moment.monotonic


def _read_moment(wall: str, boot: str, monotonic: float) -> Moment:
    return Moment(dt.datetime.fromisoformat(wall), boot, monotonic)
