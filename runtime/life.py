"""The life of one actor: started, fallen, paused, started again, or down."""

import functools
import math
from collections.abc import Awaitable, Callable
from random import Random
from typing import cast

import attrs
import structlog
import trio

from runtime.actor import Actor, AnyMailbox
from runtime.delivery import DeadLetter, Desk, Trace
from runtime.errors import StoreFullError
from runtime.mailbox import MailboxRefusedError
from runtime.request import Request
from runtime.restart import Budget
from runtime.vitals import State, describe, where

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@attrs.frozen
class ActorDown:
    """An actor fell more often than its budget allows and stays down for now."""

    actor: str
    vital: bool
    error: str
    again_after: float | None
    """Seconds until it is tried again; None for a vital one, which ends the process."""


@attrs.frozen
class Surroundings:
    """What the lives of one run have in common."""

    on_dead_letter: Callable[[DeadLetter], Awaitable[None]]
    on_down: Callable[[ActorDown], Awaitable[None]]
    on_vital_fall: Callable[[Actor, Exception], None]
    draining: trio.Event
    clock: Callable[[], float]
    trace: Trace | None


class Life:
    """The falls and restarts of one actor."""

    def __init__(self, one: Actor, around: Surroundings, seed: str) -> None:
        """Prepare a life; `seed` is that of its pauses' jitter."""
        self.actor, self.around, self.seed = one, around, seed
        self.up = trio.Event()
        """Set when the actor has started once, is down, waits for room, or has ended."""
        self.budget = one.vitals.budget = Budget(one.restart)
        self.down_told = False
        self.started_at = math.inf
        """When this life was up; infinite until it is."""
        self.desk = Desk(
            one.name, one.vitals, around.on_dead_letter, self._started, around.clock, around.trace
        )

    async def go_on(self) -> None:
        """Live until there is nothing left to do, or until no restart is due any more."""
        draining = self.around.draining
        while True:
            self.actor.vitals.state = State.STARTING
            error = await self._live()
            # No restart during a shutdown: what is queued is left over, and counted.
            if error is None or draining.is_set():
                return
            pause = await self._pause_after(error)
            with trio.move_on_after(pause):
                await draining.wait()
            if draining.is_set():
                return

    def end(self) -> None:
        """Note that the actor has ended; what is still sent to it is refused."""
        self.actor.vitals.state = State.ENDED
        self.up.set()
        box = self.actor.reads
        if box is not None and not box.closed:
            box.close(f"{self.actor.name} has ended")

    def _started(self) -> None:
        self.started_at = trio.current_time()
        self.actor.vitals.state = State.RUNNING
        self.up.set()
        box = self.actor.reads
        if box is not None and not box.closed:
            box.reopen()
        self.desk.tell("started", None)

    async def _live(self) -> Exception | None:
        """Live once; give the error over which the actor fell."""
        self.started_at = math.inf
        try:
            await self.actor.live(self.desk)
        except Exception as error:  # noqa: BLE001  # the supervisor is who catches everything
            self._note(error)
            return error
        except BaseExceptionGroup as group:
            # Cut while it fell: the cut goes on its way, the errors stop here.
            errors, cut = group.split(Exception)
            if errors is not None:
                self._note(errors)
            if cut is not None:
                raise cut from None
        return None

    def _note(self, error: Exception) -> None:
        vitals = self.actor.vitals
        vitals.fell += 1
        vitals.last_error = describe(error)
        self.desk.tell("crashed", error)
        # Where, but no traceback: one with locals would show the message.
        log.warning("actor_fell", actor=self.actor.name, error=vitals.last_error, **where(error))

    async def _pause_after(self, error: Exception) -> float:
        """Give the seconds until the next start."""
        one, now = self.actor, trio.current_time()
        if now - self.started_at >= one.restart.within:
            self.down_told = False  # it was up for a whole window: the next time down is news
        pause = self.budget.fell(now, self._jitter.random())
        if pause is None and _found_no_room(error):
            # Down it would stay so for minutes after there is room, and until then nobody hears it.
            pause = one.restart.longest_pause
            self.up.set()  # nor must it keep the ingress shut until then
        if pause is not None:
            one.vitals.state = State.PAUSED
            return pause
        one.vitals.state = State.DOWN
        self.up.set()
        self._refuse_messages(error)
        if one.vital:
            self.around.on_vital_fall(one, error)
        await self._tell_down(error)
        self.budget.clear()
        return one.restart.again_after

    @functools.cached_property
    def _jitter(self) -> Random:
        # A stream of its own, so that one actor's falls do not move another's pauses; made only
        # when it falls, for seeding takes longer than starting.
        return Random(self.seed)  # noqa: S311  # no secret

    def _refuse_messages(self, error: Exception) -> None:
        box = self.actor.reads
        if box is not None:
            box.refuse(f"{self.actor.name} is down: {describe(error)}")
            fail_requests(box)

    async def _tell_down(self, error: Exception) -> None:
        if self.down_told:
            return
        one = self.actor
        log.error("actor_down", actor=one.name, error=describe(error))
        again_after = None if one.vital else one.restart.again_after
        try:
            await self.around.on_down(ActorDown(one.name, one.vital, describe(error), again_after))
        except Exception as trouble:  # noqa: BLE001  # told again after the next try
            log.error(  # noqa: TRY400  # no traceback: see above
                "actor_down_not_told", actor=one.name, error=describe(trouble), **where(trouble)
            )
        else:
            self.down_told = True


def _found_no_room(error: Exception) -> bool:
    if isinstance(error, ExceptionGroup):
        group = cast("ExceptionGroup[Exception]", error)
        return all(_found_no_room(each) for each in group.exceptions)
    return isinstance(error, StoreFullError)


def fail_requests(box: AnyMailbox) -> None:
    """Tell at once who waits for an answer that nobody will give."""
    for message in box.leftovers():
        if isinstance(message, Request):
            message.fail(MailboxRefusedError(box.name, box.refusal or "closed"))
