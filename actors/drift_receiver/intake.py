"""Events of agents on their way to the disk, by the batch: one question to the journal for all.

An event is acked when the journal has it on disk, not when it is healed.
"""

from collections.abc import Sequence

import attrs
import structlog

from actors.drift_receiver.calls import commands
from actors.drift_receiver.core import NAME_CHARS, Vocabulary, observation_of
from actors.drift_receiver.fleet import Fleet
from actors.drift_receiver.heal_orders import HealOrders
from actors.messages import Moment, Observation, Platform, Recorded, Status
from actors.requests import NotKept, RecordObservations, RecordSuspect
from protos.compliance_pb2 import DriftAck, DriftEvent
from runtime.clock import Clock
from runtime.delivery import DeadLetteredError
from runtime.errors import ArightError, StoreError, StoreFullError
from runtime.hosts.grpc import Caller
from runtime.ids import Ids
from runtime.mailbox import MailboxRefusedError, Post

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="drift_receiver")

_FAIL = Status.FAIL


@attrs.define
class DriftIntake:
    """Has the journal keep events, and acks each as soon as all of a batch are durable."""

    fleet: Fleet
    vocabulary: Vocabulary
    journal: Post[RecordObservations]
    clock: Clock
    ids: Ids
    orders: HealOrders

    async def answer(
        self, callers: Sequence[Caller], events: Sequence[DriftEvent]
    ) -> Sequence[DriftAck]:
        """Ack each event once it is durable, or say why it is not."""
        heard = self.hear(callers, events)
        observations = [each for each in heard if not isinstance(each, str)]
        if not observations:
            return [_refused(each) for each in heard if isinstance(each, str)]
        answers = iter(await self._recorded(RecordObservations(observations)))
        return [
            _refused(each) if isinstance(each, str) else self.ack(each, next(answers))
            for each in heard
        ]

    def hear(
        self, callers: Sequence[Caller], events: Sequence[DriftEvent]
    ) -> Sequence[Observation | str]:
        """Put events into our words; give the reason where one will not be taken."""
        arrived = self.clock.now()
        ids = self.ids.several("observation", len(events))
        site, platform, vocabulary = self.fleet.settings.site, self._platform, self.vocabulary
        heard = [
            observation_of(event, id_, site, platform, vocabulary, arrived)
            for event, id_ in zip(events, ids, strict=True)
        ]
        return [
            self._taken(caller, event, each) if caller.identity or isinstance(each, str) else each
            for caller, event, each in zip(callers, events, heard, strict=True)
        ]

    def _taken(
        self, caller: Caller, event: DriftEvent, heard: Observation | str
    ) -> Observation | str:
        """Give what was heard if the caller may say it; else the reason."""
        if isinstance(heard, str):
            problem = heard
        elif (foreign := self.fleet.foreign(caller, heard.agent_id, heard.host)) is not None:
            problem = foreign
        else:
            host = self.fleet.called(caller.identity)
            return heard if heard.host == host else attrs.evolve(heard, host=host)
        log.debug("event_refused", agent_id=event.agent_id[:NAME_CHARS], reason=problem)
        return problem

    def _platform(self, agent_id: str, host: str) -> Platform:
        agent = self.fleet.agent(agent_id)
        return agent.platform if agent else self.vocabulary.platform(host)

    async def _recorded(self, request: RecordObservations) -> Sequence[Recorded | NotKept]:
        heard = request.observations
        try:
            return await request.ask(self.journal)
        except MailboxRefusedError as error:
            return [NotKept(error)] * len(heard)
        except DeadLetteredError as error:  # a person was told
            if len(heard) == 1:  # once more would only fell the journal again
                return [NotKept(error)]
            # Only one of them may be poison.
            suspects = (RecordSuspect([each]) for each in heard)
            return [answer for each in suspects for answer in await self._recorded(each)]

    def ack(self, heard: Observation, answer: Recorded | NotKept) -> DriftAck:
        """Tell an agent what became of its event, and what it is to heal."""
        if isinstance(answer, NotKept):
            return _refused(_reason(answer.error))
        # What was heard before, or put off until now, says nothing of a fix since.
        if not (answer.duplicate or answer.late):
            self.orders.hear(heard.host, heard.check, passed=heard.status is not _FAIL)
        ack = DriftAck(event_id=answer.observation_id, received=True)
        if heard.status is _FAIL and (orders := self.orders.orders_for(heard.host)):
            [command] = commands(orders[:1], Moment.read(self.clock))
            ack.heal_command.CopyFrom(command)
        return ack


def _refused(reason: str) -> DriftAck:
    return DriftAck(received=False, error=reason)


def _reason(error: ArightError) -> str:
    match error:
        case StoreFullError():
            return "store full, keep it"
        case StoreError():
            return "not stored, keep it"
        case MailboxRefusedError():
            return "not taken now, keep it"
        case _:
            return "the event was set aside"
