"""What operators are shown of anchors; it needs none of the libraries."""

import sqlite3
from collections.abc import Sequence

import attrs

from runtime.store import Query

_STAGE = """
    case
        when sum(stage = 'verified') then 'verified'
        when sum(stage = 'anchored') then 'anchored'
        when sum(stage <> 'submitted') >= b.quorum then 'pending'
        else 'submitted'
    end
"""
"""Of a batch, by its promises."""

STAGE_OF_BATCH = f"""
    select {_STAGE} from anchor_batches b join anchor_promises using (batch) where b.batch = ?
"""  # noqa: S608  texts of ours


@attrs.frozen
class BatchRow:
    """A batch, and what its calendars said."""

    batch: str
    made_at: str
    checkpoints: int
    log: int
    size: int
    """Of the largest checkpoint of the newest log in it."""
    stage: str
    promises: int
    calendars: int
    height: int | None
    block_time: str | None
    header_source: str | None
    next_at: str | None
    errors: Sequence[str]
    """One for each calendar whose last attempt failed: its name and a code."""


def batches(limit: int) -> Query[Sequence[BatchRow]]:
    """List batches, the newest first."""
    return lambda connection: [
        _batch(connection, row) for row in connection.execute(_ROWS, [limit])
    ]


_ROWS = f"""
    select b.batch, b.made_wall,
           (select count(*) from anchor_members m where m.batch = b.batch),
           {_STAGE},
           sum(stage <> 'submitted'), count(*),
           min(height), min(block_time), max(nullif(header_source, '')),
           min(case when wanted then due_wall end)
      from (select * from anchor_batches order by number desc limit ?) b
           join anchor_promises using (batch)
     group by b.batch order by b.number desc
"""  # noqa: S608  texts of ours


def _batch(connection: sqlite3.Connection, row: Sequence[object]) -> BatchRow:
    batch, made, count, stage, promises, calendars, height, time, source, due = row
    log, size = connection.execute(
        "select log, size from anchor_members where batch = ? order by log desc, size desc limit 1",
        [batch],
    ).fetchone()
    errors = connection.execute(
        "select calendar || ': ' || error from anchor_promises"
        " where batch = ? and wanted and error <> '' order by calendar",
        [batch],
    )
    return BatchRow(
        str(batch),
        str(made),
        int(str(count)),
        int(log),
        int(size),
        str(stage),
        int(str(promises)),
        int(str(calendars)),
        None if height is None else int(str(height)),
        None if time is None else str(time),
        None if source is None else str(source),
        None if due is None else str(due),
        [error for (error,) in errors],
    )
