"""The journal as an actor: what was heard becomes durable, then known to the rooms behind."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence

import attrs
import structlog

from actors.journal.store import Journal, Recording, UnkeepableError
from actors.messages import Fact, Incident, IncidentToDecide, Moment, Move, Observation, State
from actors.ports import Coverage
from actors.requests import RecordObservation, ReopenIncident
from runtime.clock import Clock
from runtime.errors import ConflictError, NotFoundError, StoreError, StoreFullError
from runtime.ids import Ids
from runtime.mailbox import Post
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="journal")

Heard = RecordObservation | ReopenIncident


@attrs.define
class JournalActor:
    """Takes in what queued up as one commit, answers, and hands new incidents to L1.

    It never waits for L1.  An incident that finds no room there is due in a minute, and the alarm
    hands it out then: a jam behind must not stop what agents report.
    """

    to_l1: Post[IncidentToDecide]
    store: Store
    journal: Journal
    coverage: Coverage
    clock: Clock
    ids: Ids
    disk_is_full: Callable[[], bool] = lambda: False

    async def handle_batch(self, messages: list[Heard]) -> None:
        """Take what queued up."""
        heard = [message for message in messages if isinstance(message, RecordObservation)]
        if heard:
            await self._record(heard)
        for message in messages:
            if isinstance(message, ReopenIncident):
                await self._reopen(message)

    async def _record(self, heard: list[RecordObservation]) -> None:
        observations = [each.observation for each in heard]
        record = self.journal.record(
            observations,
            lambda: self.ids.new("inc"),
            Moment.read(self.clock),
            full=self.disk_is_full(),
        )

        def write(connection: sqlite3.Connection) -> list[Recording]:
            recordings = record(connection)
            self.coverage.heard(_new(observations, recordings))(connection)
            return recordings

        try:
            [recordings] = await self.store.commit(write)
        except UnkeepableError as error:
            if len(heard) > 1:  # it must not cost the others
                for each in heard:
                    await self._record([each])
            else:
                log.warning("observation_unkeepable", error=str(error))
                heard[0].fail(error)
            return
        except StoreError as error:
            log.warning("observations_not_kept", count=len(heard), error=str(error))
            if isinstance(error, StoreFullError):
                await self._tell_full()  # first: the room of the reserve may soon be used up
            for each in heard:
                each.fail(error)
            return
        for each, recording in zip(heard, recordings, strict=True):
            _answer(each, recording)
        self._hand_out(heard, recordings)
        if any(recording.recorded is None for recording in recordings):
            await self._tell_full()

    async def _tell_full(self) -> None:
        """Tell a person that there is no room; the reserve has room for the ticket."""
        try:
            await self.store.commit(self.journal.tell_full(Moment.read(self.clock)))
        except StoreError as error:
            log.error("store_full_untold", error=str(error))  # noqa: TRY400  the log is all there is

    def _hand_out(
        self, heard: Iterable[RecordObservation], recordings: Iterable[Recording]
    ) -> None:
        for each, recording in zip(heard, recordings, strict=True):
            if recording.opened is None:
                continue
            log.info(
                "incident_opened",
                incident_id=recording.opened.id,
                host=recording.opened.host,
                check=recording.opened.check,
            )
            self.to_l1.offer(IncidentToDecide(recording.opened, each.observation))

    async def _reopen(self, wish: ReopenIncident) -> None:
        now = Moment.read(self.clock)
        fact = Fact("reopened", {"who": wish.who, "reason": wish.reason})
        move = Move(State.DECIDING, (State.ESCALATED,), fact)
        try:
            [incident] = await self.store.commit(self.journal.move(wish.incident_id, move, now))
        except (ConflictError, NotFoundError, StoreError) as error:
            wish.fail(error)
            return
        wish.reply(incident)
        await self._offer(incident)

    async def _offer(self, incident: Incident) -> None:
        observation = await self.store.read(self.journal.observation(incident.observation_id))
        self.to_l1.offer(IncidentToDecide(incident, observation))


def _new(
    observations: Sequence[Observation], recordings: Sequence[Recording]
) -> Sequence[Observation]:
    """Give those that are kept, and were not there before."""
    return [
        observation
        for observation, recording in zip(observations, recordings, strict=True)
        if recording.recorded is not None and not recording.recorded.duplicate
    ]


def _answer(each: RecordObservation, recording: Recording) -> None:
    if recording.recorded is None:
        each.fail(StoreFullError("the byte budget is nearly spent; only changes of state are kept"))
    else:
        each.reply(recording.recorded)
