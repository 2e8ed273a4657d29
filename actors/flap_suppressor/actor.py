"""The flap suppressor as an actor: each question and each command is one commit at most."""

import sqlite3
from collections.abc import Mapping
from typing import assert_never

import attrs
import structlog

from actors.catalogue.target import Target
from actors.flap_suppressor.accounts import change_behind
from actors.flap_suppressor.core import (
    FlapSettings,
    extended,
    flap_of,
    is_suspected,
    stop_reason,
    within_window,
)
from actors.flap_suppressor.fight import Partner, beat_of
from actors.flap_suppressor.store import Flaps
from actors.flap_suppressor.suspects import named_in
from actors.messages import JSON, Fact, Incident, Moment, Move, State
from actors.messages.evidence import ProofKind
from actors.messages.suppression import Suppression, SuppressionKind
from actors.ports import Incidents, Proofs
from actors.requests import ExtendSuppression, LiftSuppression, Suppress, SuppressionOf
from runtime.clock import Clock
from runtime.errors import ConflictError, NotFoundError
from runtime.ids import Ids
from runtime.store import Store, Write
from runtime.writers import Writers

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="flap_suppressor")

_WATCHED_AGAIN = 64
"""Files, after a start."""

ARIGHT = "aright"
"""Who acted when no person did."""

Command = Suppress | LiftSuppression | ExtendSuppression


@attrs.define
class FlapSuppressorActor:
    """Says what holds healing back, and lets people hold it back or let it go."""

    store: Store
    flaps: Flaps
    incidents: Incidents
    clock: Clock
    ids: Ids
    settings: FlapSettings
    targets: Mapping[str, Target] = attrs.field(factory=dict[str, Target])
    """The hosts that can be asked who changes a setting back."""
    writers: Writers | None = None
    """None where nobody can say who writes a file."""
    proofs: Proofs | None = None
    """Proves what is held back, and what no more; None where nothing is proved."""

    async def started(self) -> None:
        """Have the files watched that something changed back before."""
        if self.writers is None:
            return
        for host, path in await self.store.read(self.flaps.changed_files(_WATCHED_AGAIN)):
            await self._watch(host, path)

    async def handle(self, message: SuppressionOf | Command) -> None:
        """Answer one question, or obey one command."""
        now = Moment.read(self.clock)
        match message:
            case SuppressionOf():
                message.reply(await self._holding(message.incident, now))
            case Suppress():
                await self._obey(message, self._suppress(message, now))
            case LiftSuppression():
                await self._obey(message, self._lift(message, now))
            case ExtendSuppression():
                await self._obey(message, self._extend(message, now))
            case _:
                assert_never(message)

    async def _holding(self, incident: Incident, now: Moment) -> Suppression | None:
        def stands(connection: sqlite3.Connection) -> bool:
            return any(query(connection) for query in self._standing(incident))

        partner = None
        if not await self.store.read(stands):
            partner = await self._partner(incident)
            # Most drifts never recurred and nobody holds them back: that needs no commit.
            if incident.recurred_from is None and (partner is None or partner.beat is None):
                return None
        [holding] = await self.store.commit(self._judge(incident, partner, now))
        return holding

    async def _partner(self, incident: Incident) -> Partner | None:
        """Find out who changes the setting back, where it came back after a verified fix."""

        def known(connection: sqlite3.Connection) -> Partner | None:
            before = self.flaps.changes(incident)(connection)
            if not before:
                return None
            behind = change_behind(incident, self.incidents, self.flaps)
            changes = (*before, behind(connection))
            return Partner(changes, beat_of(changes))

        partner, target = await self.store.read(known), self.targets.get(incident.host)
        if partner is None or target is None or not partner.path:
            return partner
        await self._watch(incident.host, partner.path)
        if not is_suspected(partner, self.settings):
            return partner
        partner = attrs.evolve(partner, named_in=await named_in(target, partner.path))
        # The change that stands is not ours, so no fix of ours can be named for it.
        at = partner.changes[-1].at
        writers = self.writers
        writer = None if writers is None else writers.of(target.root, partner.path, at)
        if writer is None:
            return partner
        return attrs.evolve(partner, writer=writer.name, writer_seen=writer.seen)

    async def _watch(self, host: str, path: str) -> None:
        target = self.targets.get(host)
        if target is not None and self.writers is not None:
            await self.writers.watch(target.root, path)

    def _standing(self, incident: Incident) -> list[Write[Suppression | None]]:
        return [
            self.flaps.standing(incident.site, incident.host, check)
            for check in (incident.check, "")
        ]

    def _judge(
        self, incident: Incident, partner: Partner | None, now: Moment
    ) -> Write[Suppression | None]:
        fresh = self.ids.new("suppression")

        def write(connection: sqlite3.Connection) -> Suppression | None:
            holding = None
            for query in self._standing(incident):
                standing = query(connection)
                if standing is not None and standing.remaining(now) == 0:
                    self._ended(standing, "expired", ARIGHT, "its time is over", now)(connection)
                else:
                    holding = holding or standing
            count = 0
            if incident.recurred_from is not None:
                recurrences = self.flaps.recurred(incident, now)(connection)
                count = within_window(recurrences, now, self.settings)
            reason = stop_reason(count, partner, self.settings)
            if holding is None and reason:
                holding = flap_of(incident, fresh, now, self.settings, reason)
                self.flaps.open(holding, ARIGHT)(connection)
                self._prove(holding, "opened", ARIGHT, reason, now)(connection)
                if partner is not None:
                    fact = Fact("partner_named", partner.facts())
                    self.incidents.note(incident.id, fact, now)(connection)
            if holding is not None:
                self.flaps.hold(holding, incident.id)(connection)
            return holding

        return write

    async def _obey(self, command: Command, write: Write[Suppression]) -> None:
        try:
            [suppression] = await self.store.commit(write)
        except (ConflictError, NotFoundError) as refusal:
            command.fail(refusal)
        else:
            log.info(
                "suppression_changed",
                kind=type(command).__name__,
                host=suppression.host,
                check=suppression.check,
            )
            command.reply(suppression)

    def _suppress(self, command: Suppress, now: Moment) -> Write[Suppression]:
        until = None if command.seconds is None else now.after(command.seconds)
        suppression = Suppression(
            self.ids.new("suppression"),
            SuppressionKind.OPERATOR,
            command.site,
            command.host,
            command.check,
            now,
            until,
            command.reason,
        )

        def write(connection: sqlite3.Connection) -> Suppression:
            standing = self.flaps.standing(command.site, command.host, command.check)(connection)
            if standing is not None and standing.remaining(now) != 0:
                raise ConflictError(f"suppression {standing.id} stands already; extend it")
            if standing is not None:
                self._ended(standing, "expired", ARIGHT, "its time is over", now)(connection)
            self.flaps.open(suppression, command.who)(connection)
            self._prove(suppression, "opened", command.who, command.reason, now)(connection)
            return suppression

        return write

    def _lift(self, command: LiftSuppression, now: Moment) -> Write[Suppression]:
        def write(connection: sqlite3.Connection) -> Suppression:
            suppression = self.flaps.get(command.suppression_id)(connection)
            self._ended(suppression, "lifted", command.who, command.reason, now)(connection)
            return suppression

        return write

    def _extend(self, command: ExtendSuppression, now: Moment) -> Write[Suppression]:
        def write(connection: sqlite3.Connection) -> Suppression:
            before = self.flaps.get(command.suppression_id)(connection)
            after = extended(before, command.seconds, now)
            self.flaps.extend(after, command.who, command.reason, now)(connection)
            self._prove(after, "extended", command.who, command.reason, now)(connection)
            return after

        return write

    def _ended(
        self, suppression: Suppression, what: str, who: str, reason: str, now: Moment
    ) -> Write[None]:
        """End a suppression, and have what it held back decided again: due now, so at once."""

        def write(connection: sqlite3.Connection) -> None:
            self._prove(suppression, what, who, reason, now)(connection)
            for incident_id in self.flaps.end(suppression, what, who, reason, now)(connection):
                incident = self.incidents.get(incident_id)(connection)
                # It may have been closed meanwhile, or be held back by a cooldown.
                if incident is None or (incident.state, incident.reason) != (
                    State.SUPPRESSED,
                    suppression.kind,
                ):
                    continue
                body = {"suppression": suppression.id, "who": who, "why": reason}
                fact = Fact(f"suppression_{what}", body)
                again = Move(State.DECIDING, (State.SUPPRESSED,), fact, reason=what, due=now)
                self.incidents.move(incident_id, again, now)(connection)

        return write

    def _prove(
        self, suppression: Suppression, what: str, who: str, reason: str, now: Moment
    ) -> Write[None]:
        """Owe the proof of what happened to a suppression."""
        if self.proofs is None:
            return lambda _: None
        body: dict[str, JSON] = {
            "suppression": suppression.id,
            "kind": suppression.kind,
            "until": None if suppression.until is None else suppression.until.wall.isoformat(),
            "who": who,
            "reason": reason,
        }
        return self.proofs.owe(
            ProofKind.SUPPRESSION,
            Fact(f"suppression_{what}", body),
            now,
            site=suppression.site,
            host=suppression.host,
            check=suppression.check,
        )
