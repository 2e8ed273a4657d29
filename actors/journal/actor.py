"""The journal as an actor: what was heard becomes durable, then known to the rooms behind."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence

import attrs
import structlog

from actors.journal.no_room import tell_full
from actors.journal.store import Journal, Recording, UnkeepableError, news_in
from actors.messages import (
    Fact,
    Incident,
    IncidentToDecide,
    Moment,
    Move,
    Observation,
    Recorded,
    State,
)
from actors.ports import Coverage
from actors.requests import NotKept, RecordObservation, RecordObservations, ReopenIncident
from runtime.clock import Clock
from runtime.errors import ConflictError, NotFoundError, StoreError, StoreFullError
from runtime.ids import Ids
from runtime.mailbox import Post
from runtime.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="journal")

Heard = RecordObservation | RecordObservations | ReopenIncident

_AT_ONCE = 1024
"""Observations of one commit at most: on a busy machine it holds the others up for some 90 ms."""

_TOLD = 10
"""Incidents that the log names of one commit."""


@attrs.define
class JournalActor:
    """Takes in what queued up, answers, and hands new incidents to L1.

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
        """Take what queued up: as one commit, unless it is very much."""
        heard = list[Observation]()
        for message in messages:
            match message:
                case RecordObservation():
                    heard.append(message.observation)
                case RecordObservations():
                    heard.extend(message.observations)
                case ReopenIncident():
                    pass
        answers = list[Recorded | NotKept]()
        for first in range(0, len(heard), _AT_ONCE):
            answers += await self._record(heard[first : first + _AT_ONCE])
        answered = 0
        for message in messages:
            match message:
                case RecordObservation():
                    _answer(message, answers[answered])
                    answered += 1
                case RecordObservations():
                    message.reply(answers[answered : answered + len(message.observations)])
                    answered += len(message.observations)
                case ReopenIncident():
                    await self._reopen(message)

    async def _record(self, heard: Sequence[Observation]) -> Sequence[Recorded | NotKept]:
        record = self.journal.record(
            heard,
            iter(self.ids.several("inc", len(heard))).__next__,
            Moment.read(self.clock),
            full=self.disk_is_full(),
        )

        def write(connection: sqlite3.Connection) -> list[Recording]:
            recordings = record(connection)
            self.coverage.heard(*news_in(heard, recordings))(connection)
            return recordings

        try:
            [recordings] = await self.store.commit(write)
        except UnkeepableError as error:
            if len(heard) > 1:  # it must not cost the others
                return [answer for each in heard for answer in await self._record([each])]
            log.warning("observation_unkeepable", error=str(error))
            return [NotKept(error)]
        except StoreError as error:
            log.warning("observations_not_kept", count=len(heard), error=str(error))
            if isinstance(error, StoreFullError):
                await tell_full(
                    self.store, self.journal, self.clock
                )  # first: the room of the reserve may soon be used up
            return [NotKept(error)] * len(heard)
        self.journal.settled()
        self.coverage.settled()
        self._hand_out(heard, recordings)
        if any(recording.recorded is None for recording in recordings):
            await tell_full(self.store, self.journal, self.clock)
        return [recording.recorded or _no_room() for recording in recordings]

    def _hand_out(self, heard: Iterable[Observation], recordings: Iterable[Recording]) -> None:
        opened = [
            IncidentToDecide(recording.opened, observation)
            for observation, recording in zip(heard, recordings, strict=True)
            if recording.opened is not None
        ]
        for each in opened[:_TOLD]:
            incident = each.incident
            log.info(
                "incident_opened",
                incident_id=incident.id,
                host=incident.host,
                check=incident.check,
            )
        if len(opened) > _TOLD:  # a line costs as much as the incident
            log.info("more_incidents_opened", count=len(opened) - _TOLD)
        for each in opened:
            self.to_l1.offer(each)

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


def _no_room() -> NotKept:
    return NotKept(
        StoreFullError("the byte budget is nearly spent; only changes of state are kept")
    )


def _answer(each: RecordObservation, answer: Recorded | NotKept) -> None:
    if isinstance(answer, NotKept):
        each.fail(answer.error)
    else:
        each.reply(answer)
