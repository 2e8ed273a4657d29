"""The evidence log of an appliance: its files, its scrubber, and the services that edges make."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import attrs

from actors.evidence_log import SqliteEvidence
from actors.evidence_log.actor import EvidenceLog, Wish
from actors.evidence_log.appender import Desk
from actors.evidence_log.files import HEADS, HeadsFile, KeyFiles
from actors.evidence_log.retention import PayloadRetention
from actors.evidence_log.scrubbing import scrub_with
from actors.journal import SqliteFacts
from runtime.actor import Actor, actor, service
from runtime.clock import Clock
from runtime.mailbox import Full, Mailbox
from runtime.roles.line import Line
from runtime.scrub_key import site_scrubber
from runtime.settings import Settings
from runtime.store import Store


@attrs.define(eq=False)
class Evidence:
    """The evidence log, to be wired."""

    desk: Desk
    head_every_s: float
    retention_days: int
    wishes: Mailbox[Wish] = attrs.field(
        factory=lambda: Mailbox[Wish]("evidence", capacity=4, full=Full.REFUSE)
    )
    _room: EvidenceLog | None = attrs.field(default=None, init=False)

    @property
    def edges(self) -> Sequence[Callable[[Line], Actor]]:
        """Give what makes its services and its actor."""
        return [self._log, self._obeying, self._purging]

    def committed(self) -> None:
        """Say that something may be owed."""
        if self._room is not None:
            self._room.committed()

    def _in(self, line: Line) -> EvidenceLog:
        if self._room is None:
            self._room = EvidenceLog(
                self.desk, line.tickets, self.head_every_s, lambda: line.heard.unsettled > 0
            )
        return self._room

    def _log(self, line: Line) -> Actor:
        return service("evidence_log", self._in(line).run, vital=True)

    def _obeying(self, line: Line) -> Actor:
        return actor("evidence_wishes", reads=self.wishes, make=lambda: self._in(line))

    def _purging(self, _line: Line) -> Actor:
        desk = self.desk
        purging = PayloadRetention(
            desk.site, desk.store, desk.memory, desk.clock, self.retention_days
        )
        return service("evidence_retention", purging.run)


def evidence_of(settings: Settings, state_dir: Path, store: Store, clock: Clock) -> Evidence:
    """Make the evidence log of an appliance.

    Raises:
        InvalidFileError: the key of its scrubber's tags cannot be read or made.
    """
    scrubber = site_scrubber(settings)
    desk = Desk(
        settings.site_id,
        version("aright"),
        store,
        SqliteEvidence(SqliteFacts()),
        KeyFiles(state_dir),
        HeadsFile(state_dir / HEADS),
        scrub_with(scrubber.document),
        clock,
    )
    return Evidence(desk, settings.evidence.head_every, settings.retention.evidence_days)
