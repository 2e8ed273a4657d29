"""Anchoring in an appliance, as its settings want it, and what operators do and see of it."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import attrs

from actors.anchorer import batches
from actors.evidence_log import SqliteEvidenceReads
from runtime.actor import Actor, service
from runtime.allowance import Allowance
from runtime.anchor_settings import Anchor
from runtime.clock import Clock
from runtime.destination import Destination
from runtime.errors import ConflictError, InvalidFileError
from runtime.hosts.http_client import HttpClient
from runtime.outbound import Outbound
from runtime.roles.control import Body, Change
from runtime.roles.line import Line
from runtime.settings import Settings
from runtime.store import Store

if TYPE_CHECKING:  # see the room's `__init__`: only an appliance that anchors pays for it
    from actors.anchorer.anchorer import Anchorer
    from actors.anchorer.headers import HeadersFile

_A_MINUTE = 600  # requests in all; each server has its own pace of one a second


@attrs.define(eq=False)
class Anchors:
    """Anchoring, to be wired; does nothing where the settings do not want it."""

    settings: Anchor
    store: Store
    clock: Clock
    random: Random
    pinned: "HeadersFile | None"
    _running: "Anchorer | None" = attrs.field(default=None, init=False)

    @property
    def edges(self) -> Sequence[Callable[[Line], Actor]]:
        """Give what makes its service, where it is wanted."""
        return [self._service] if self.settings.enabled else []

    def changes(self) -> Mapping[tuple[str, str], Change]:
        """Map noun and verb to what they do."""
        return {("evidence", "anchor"): self._hasten}

    async def _hasten(self, _body: Body) -> dict[str, object]:
        if self._running is None:
            raise ConflictError("nothing is anchored here: set anchor.enabled")
        return {"due": await self._running.hasten()}

    def _service(self, line: Line) -> Actor:
        async def run() -> None:
            self._running = self._anchorer(line)
            await self._running.run()

        return service("anchorer", run)

    def _anchorer(self, line: Line) -> "Anchorer":
        from actors.anchorer.anchorer import Anchorer, AnchorSettings
        from actors.anchorer.calendar import HttpCalendars
        from actors.anchorer.desk import Desk
        from actors.anchorer.pace import Pace
        from actors.anchorer.sources import Sources
        from actors.anchorer.sqlite import SqliteAnchors

        told, pace = self.settings, Pace(self.clock)
        asked = {*told.calendars, *told.allowed}
        outbound = Outbound(
            HttpClient(),
            frozenset(Destination.of(url) for url in (*asked, *told.esplora)),
            self.clock,
            self.random,
            Allowance(_A_MINUTE),
        )
        desk = Desk(self.store, SqliteAnchors(), line.tickets, self.clock, self.random, asked)
        return Anchorer(
            desk,
            SqliteEvidenceReads(),
            HttpCalendars(outbound, told.calendars, asked, pace),
            Sources(self.pinned, told.esplora, outbound, pace),
            AnchorSettings(told.calendars, told.quorum, told.interval),
        )


def anchors_of(settings: Settings, store: Store, clock: Clock, random: Random) -> Anchors:
    """Make the anchoring of an appliance.

    Raises:
        InvalidFileError: the file of pinned headers cannot be read.
    """
    told = settings.anchor
    pinned = _pinned(told.headers) if told.enabled and told.headers else None
    return Anchors(told, store, clock, random, pinned)


def _pinned(path: Path) -> "HeadersFile":
    from actors.anchorer.headers import MAX_HEADERS_FILE, read_headers

    try:
        with path.open("rb") as file:
            data = file.read(MAX_HEADERS_FILE + 1)
    except OSError as error:
        raise InvalidFileError(str(path), error.strerror or str(error)) from error
    return read_headers(str(path), data)


def anchors(connection: sqlite3.Connection, limit: int) -> dict[str, object]:
    """List the last batches of checkpoints, and how far the log is anchored."""
    rows = batches(limit)(connection)
    reads = SqliteEvidenceReads()
    head = reads.last_head()(connection)
    furthest = next((row for row in rows if row.stage == "verified"), None)
    return {
        "head": None if head is None else {"log": head.log, "size": head.size},
        "verified": None if furthest is None else {"log": furthest.log, "size": furthest.size},
        "batches": [attrs.asdict(row) for row in rows],
    }
