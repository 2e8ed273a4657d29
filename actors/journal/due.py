"""What is due by itself: retries, expiries, the end of a flap window, and work that stalled."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TypeVar

import attrs
import structlog
import trio

from actors.journal import core
from actors.journal.core import Task
from actors.journal.no_room import tell_full
from actors.journal.store import Journal
from actors.messages import (
    ExecuteRunbook,
    Fact,
    Incident,
    IncidentToDecide,
    Moment,
    Move,
    Refusal,
    State,
    Stop,
    StopKind,
)
from actors.ports import StaleMoveError, Tickets
from runtime.clock import Clock
from runtime.errors import StoreFullError
from runtime.mailbox import Post
from runtime.store import Store, Write

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="journal")

T = TypeVar("T")

_AT_ONCE = 256


@attrs.define
class DueWork:
    """Moves what is due, and hands unfinished incidents out again: the alarm's two questions.

    At a start the same hands everything unfinished out, so that a crash and a jam mend alike.  It
    never waits for a room: an approval expires on time even while L1 is jammed.  For room on the
    disk it waits: to fall over a full one would end the process, which could nack no more.
    """

    to_l1: Post[IncidentToDecide]
    to_runner: Post[ExecuteRunbook]
    store: Store
    journal: Journal
    tickets: Tickets
    clock: Clock

    async def next_due(self) -> dt.datetime | None:
        """Give the instant at which something is due."""
        return await self.store.read(self.journal.next_due(Moment.read(self.clock)))

    async def ring(self, _due: dt.datetime) -> None:
        """Do what is due by now."""
        now = Moment.read(self.clock)
        while incidents := await self.store.read(self.journal.due(now, _AT_ONCE)):
            await self._hand_out(
                [each for each in incidents if core.task_of(each.state) is Task.HAND_OUT], now
            )
            for incident in incidents:
                await self._move_on(incident)

    async def recover(self) -> None:
        """At a start of the appliance, hand out what an earlier life left unfinished."""
        now = Moment.read(self.clock)
        [incidents] = await self._kept(lambda _: [self.journal.stalled()])
        living = list[Incident]()
        for incident in incidents:
            if incident.stalled_starts >= core.STARTS_BEFORE_DEAD:
                await self._give_up(incident)
            else:
                living.append(incident)
        for start in range(0, len(living), _AT_ONCE):
            await self._hand_out(living[start : start + _AT_ONCE], now)
        if incidents:
            log.info("incidents_taken_up", count=len(incidents))
        await self._kept(lambda at: [self._asked_again(at)])

    async def decide_audited(self) -> None:
        """Ask again about all that audit mode refused: a mode may have changed."""
        await self.store.commit(self._asked_again(Moment.read(self.clock)))

    def _asked_again(self, at: Moment) -> Write[int]:
        return self.journal.ask_again(Refusal.AUDIT, at)

    async def _move_on(self, incident: Incident) -> None:
        try:
            match core.task_of(incident.state):
                case Task.HAND_OUT:
                    pass
                case Task.FORGET:
                    await self._kept(lambda _: [self.journal.postpone(incident, None)])
                case Task.DECIDE_AGAIN:
                    [deciding] = await self._kept(lambda at: [self._moved(incident, at)])
                    await self._offer([deciding])
                case Task.EXPIRE:
                    stop = Stop.of(incident, StopKind.EXPIRED, StopKind.EXPIRED)

                    def expired(at: Moment) -> list[Write[object]]:
                        return [self._moved(incident, at), self.tickets.open(stop, at)]

                    await self._kept(expired)
                case Task.CLOSE:
                    await self._kept(lambda at: [self._moved(incident, at)])
        except StaleMoveError:
            return  # a person was faster

    def _moved(self, incident: Incident, at: Moment) -> Write[Incident]:
        return self.journal.move(incident.id, core.due_move(incident), at)

    async def _hand_out(self, incidents: Sequence[Incident], now: Moment) -> None:
        if not incidents:
            return
        taken = await self._offer(incidents)
        await self._kept(
            lambda at: [
                self.journal.postpone(
                    incident, at.after(core.STALLED_AFTER if took else core.NO_ROOM_PAUSE)
                )
                for incident, took in zip(incidents, taken, strict=True)
                if not core.is_soaking(incident, now)
            ]
        )

    async def _offer(self, incidents: Sequence[Incident]) -> list[bool]:
        """Offer each to its room, and say which of them were taken."""
        observations = await self.store.read(
            lambda connection: [
                self.journal.observation(incident.observation_id)(connection)
                for incident in incidents
            ]
        )
        return [
            self.to_l1.offer(IncidentToDecide(incident, observation))
            if incident.state in (State.OBSERVED, State.DECIDING)
            else self.to_runner.offer(ExecuteRunbook(incident))
            for incident, observation in zip(incidents, observations, strict=True)
        ]

    async def _give_up(self, incident: Incident) -> None:
        fact = Fact("dead_lettered", {"starts": incident.stalled_starts})
        moves, here = list[Move](), incident.state
        if here is State.OBSERVED:
            moves.append(Move(State.DECIDING, (here,), fact))
            here = State.DECIDING
        moves.append(Move(State.ESCALATED, (here,), fact, reason=StopKind.DEAD_LETTER))
        stop = Stop.of(incident, StopKind.DEAD_LETTER, StopKind.DEAD_LETTER)

        def given_up(at: Moment) -> list[Write[object]]:
            return [
                *(self.journal.move(incident.id, each, at) for each in moves),
                self.tickets.open(stop, at),
            ]

        try:
            await self._kept(given_up)
        except StaleMoveError:
            return  # it was settled meanwhile
        log.error("incident_dead_lettered", incident_id=incident.id, state=incident.state.value)
        if incident.state in (State.ACTING, State.VERIFYING):
            # The runner ends the intent of a fix that is no longer its to work.
            self.to_runner.offer(ExecuteRunbook(incident))

    async def _kept(self, writes: Callable[[Moment], Sequence[Write[T]]]) -> list[T]:
        """Commit as of now; where no room is left, tell a person and try again until there is.

        That may be hours later: what then happens is dated then.
        """
        while True:
            try:
                return await self.store.commit(*writes(Moment.read(self.clock)))
            except StoreFullError as error:
                log.warning("due_work_waits_for_room", error=str(error))
            await tell_full(self.store, self.journal, self.clock)
            await trio.sleep(core.NO_ROOM_PAUSE)
