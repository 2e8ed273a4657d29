"""Asking a state directory for a report, whether its appliance runs or not."""

import datetime as dt
import sqlite3
from importlib.metadata import version
from typing import TypeVar

from actors.anchorer.sqlite import SqliteAnchors
from actors.coverage import SqliteCoverage
from actors.evidence_log import SqliteEvidenceReads
from actors.messages.anchor import Anchor, Stage
from runtime.clock import Clock
from runtime.errors import InvalidRequestError, NotFoundError
from runtime.roles.evidence_report.gathering import gathered
from runtime.roles.evidence_report.model import Report
from runtime.roles.views import open_journal
from runtime.settings import Settings
from runtime.store import Query

T = TypeVar("T")


def report_of(settings: Settings, since: dt.datetime, clock: Clock, site: str = "") -> Report:
    """Report on the time from `since` until now.

    Args:
        settings: of the appliance.
        since: when the time begins.
        clock: says when it ends.
        site: that the appliance must be of; empty: whichever it is of.

    Raises:
        NotFoundError: the appliance is of another site.
        InvalidRequestError: the time has not begun.
        StateDirError: there is no journal, or it cannot be read.
    """
    if site and site != settings.site_id:
        raise NotFoundError("site", site, [settings.site_id])
    now = clock.now().replace(microsecond=0)
    if since >= now:
        raise InvalidRequestError(f"{since.isoformat()} is not yet over")
    with open_journal(settings.state_path) as connection:
        connection.execute("BEGIN")  # all of it sees the same commits

        def ask(query: Query[T]) -> T:
            return query(connection)

        memory = SqliteCoverage(lambda _: None)  # a report only reads
        return gathered(
            ask,
            SqliteEvidenceReads(),
            _furthest,
            ask(memory.report(now, (now - since).total_seconds())),
            site=settings.site_id,
            since=since,
            until=now,
            version=version("aright"),
        )


def _furthest(connection: sqlite3.Connection) -> Anchor | None:
    """Look for the largest head of the last log whose anchor came as far as any."""
    head = SqliteEvidenceReads().last_head()(connection)
    if head is None:
        return None
    over = SqliteAnchors().anchor_over
    found = over(head.log, 0)(connection)
    # Whatever is over a leaf is over all before it: so the last that is verified is halved in on.
    low, high = 0, head.size
    while found is not None and found.stage is Stage.VERIFIED and low < high:
        middle = (low + high) // 2
        later = over(head.log, middle)(connection)
        if later is not None and later.stage is Stage.VERIFIED:
            found, low = later, middle + 1
        else:
            high = middle
    return found
