"""The supervisor: starts actors, starts them again when they fall, and drains them in order.

It is the one place that catches everything.  A fall is a line in the log, a counter and an event
of the trace; past its budget an actor is down, and a person hears of it.
"""

import time
from collections.abc import Awaitable, Callable
from random import Random

import attrs
import structlog
import trio

from runtime.actor import Actor, AnyMailbox
from runtime.drain import Drained, Ripple, tally
from runtime.errors import ArightError
from runtime.mailbox import MailboxRefusedError
from runtime.reader import DeadLetter, Desk, Trace
from runtime.request import Request
from runtime.restart import Budget
from runtime.shutdown import Shutdown
from runtime.vitals import State, describe, where
from runtime.wiring import Edge, Node, WiringError, check_cycles, edges_of

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@attrs.frozen
class ActorDown:
    """An actor fell more often than its budget allows and stays down for now."""

    actor: str
    vital: bool
    error: str
    again_after: float | None
    """Seconds until it is tried again; None for a vital one, which ends the process."""


class VitalActorDownError(ArightError):
    """An actor without which nothing may go on is down; everything else was drained."""

    def __init__(self, actor: str, drained: Drained) -> None:
        super().__init__(f"{actor} is vital and fell too often")
        self.actor, self.drained = actor, drained


async def supervise(  # noqa: PLR0913  # the ports of a whole process, each with one line in a role
    *actors: Actor,
    on_dead_letter: Callable[[DeadLetter], Awaitable[None]],
    on_down: Callable[[ActorDown], Awaitable[None]],
    random: Random,
    shutdown: Shutdown | None = None,
    drain_within: float = 10.0,
    slice_clock: Callable[[], float] = time.perf_counter,
    trace: Trace | None = None,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> Drained:
    """Run actors and services until a shutdown is asked for and done.

    `task_status.started()` is called when each actor has started once and the ingress is open.

    Args:
        actors: the lines of the wiring.
        on_dead_letter: keeps a message that fell three times; what it cannot keep is not dead.
        on_down: tells a person, once, that an actor is down.
        random: draws the jitter of the pauses.
        shutdown: where the end is asked for; without one only cancellation ends it.
        drain_within: seconds that a drain may take before what is left is cut.
        slice_clock: seconds, only for fairness and counters; a simulation hands in a constant.
        trace: is called with what happened, the actor and the message.
        task_status: as of `nursery.start`.

    Raises:
        WiringError: the actors do not fit together; none was started.
        VitalActorDownError: a vital actor went down.
    """
    edges = check_wiring(*actors)
    crew = _Crew(
        actors=actors,
        ripple=Ripple(actors, edges),
        on_dead_letter=on_dead_letter,
        on_down=on_down,
        random=random,
        shutdown=shutdown or Shutdown(),
        clock=slice_clock,
        trace=trace,
    )
    return await crew.run(drain_within, task_status)


def check_wiring(*actors: Actor) -> list[Edge]:
    """See to it that the actors fit together.

    Raises:
        WiringError: twins, a mailbox that nobody reads, or a cycle of blocking mailboxes.
    """
    boxes: dict[str, AnyMailbox] = {}
    for one in actors:
        for box in ((one.reads,) if one.reads else ()) + one.sends:
            if boxes.setdefault(box.name, box) is not box:
                raise WiringError(f"two mailboxes are named {box.name}")
    nodes = [
        Node(one.name, one.reads.name if one.reads else None, [box.name for box in one.sends])
        for one in actors
    ]
    edges = edges_of(nodes, {name: box.blocks for name, box in boxes.items()})
    check_cycles(edges)
    return edges


@attrs.define
class _Crew:
    """The actors of one run, and what is common to them."""

    actors: tuple[Actor, ...]
    ripple: Ripple
    on_dead_letter: Callable[[DeadLetter], Awaitable[None]]
    on_down: Callable[[ActorDown], Awaitable[None]]
    random: Random
    shutdown: Shutdown
    clock: Callable[[], float]
    trace: Trace | None
    _scopes: dict[str, trio.CancelScope] = attrs.field(init=False)
    _up: dict[str, trio.Event] = attrs.field(init=False)
    _ingress_open: trio.Event = attrs.field(factory=trio.Event, init=False)
    _vital_fall: tuple[str, Exception] | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._scopes = {one.name: trio.CancelScope() for one in self.actors}
        self._up = {one.name: trio.Event() for one in self.actors}

    async def run(self, drain_within: float, task_status: trio.TaskStatus[None]) -> Drained:
        boxes = [one.reads for one in self.actors if one.reads is not None]
        for box in boxes:
            box.clock = self.clock
        try:
            async with trio.open_nursery() as nursery:
                for one in self.actors:
                    nursery.start_soon(self._keep, one)
                opening = await nursery.start(self._open, task_status)
                await self.shutdown.draining.wait()
                opening.cancel(reason="drain")
                with trio.move_on_after(drain_within) as limit:
                    nursery.start_soon(self._cut_when_asked, limit)
                    await self._drain()
                nursery.cancel_scope.cancel(reason="drained")
        finally:
            drained = tally(boxes)
            _turn_away(boxes)
        log.info(
            "drained",
            accepted=drained.accepted,
            handled=drained.handled,
            dead=drained.dead,
            spooled=drained.spooled,
        )
        if self._vital_fall is not None:
            name, error = self._vital_fall
            raise VitalActorDownError(name, drained) from error
        return drained

    async def _open(
        self, opened: trio.TaskStatus[None], *, task_status: trio.TaskStatus[trio.CancelScope]
    ) -> None:
        """Open the ingress when each other actor has started once, or is down."""
        with trio.CancelScope() as scope:
            task_status.started(scope)
            for one in self.actors:
                if not one.ingress:
                    await self._up[one.name].wait()
            self._ingress_open.set()
        opened.started()

    async def _drain(self) -> None:
        """End the ingress, then the other sources, then the actors in the order of the flow."""
        await self._end([one for one in self.actors if one.ingress])
        await self._end([one for one in self.actors if one.reads is None and one.sends])
        await self.ripple.run()

    async def _end(self, services: list[Actor]) -> None:
        for one in services:
            self._scopes[one.name].cancel(reason="drain")
        for one in services:
            await self.ripple.ended[one.name].wait()

    async def _cut_when_asked(self, limit: trio.CancelScope) -> None:
        await self.shutdown.cutting.wait()
        limit.cancel(reason="cut")

    async def _keep(self, one: Actor) -> None:
        """Keep an actor alive until it has nothing left to do or the end has come."""
        try:
            with self._scopes[one.name]:
                if one.ingress:
                    await self._ingress_open.wait()
                await _Life(self, one).go_on()
        finally:
            one.vitals.state = State.ENDED
            self._up[one.name].set()
            if one.reads is not None and not one.reads.closed:
                one.reads.close(f"{one.name} has ended")
            self.ripple.end(one.name)

    def started(self, one: Actor) -> None:
        """Note that an actor runs, for the first time or again."""
        one.vitals.state = State.RUNNING
        if one.reads is not None and one.reads.refusal is not None and not one.reads.closed:
            one.reads.reopen()
        self._up[one.name].set()

    def down(self, one: Actor) -> None:
        """Note that an actor is down; the others do not wait for it to open the ingress."""
        one.vitals.state = State.DOWN
        self._up[one.name].set()

    def vital_fell(self, one: Actor, error: Exception) -> None:
        """Drain all, because an actor is down without which nothing may go on."""
        self._vital_fall = (one.name, error)
        self.shutdown.drain(f"{one.name} is down")


class _Life:
    """The falls and restarts of one actor."""

    def __init__(self, crew: _Crew, one: Actor) -> None:
        self.crew, self.actor = crew, one
        self.budget = one.vitals.budget = Budget(one.restart)
        # A stream of its own, so that one actor's falls do not move another's pauses.
        self.jitter = Random(f"{crew.random.random()}/{one.name}")  # noqa: S311  # no secret
        self.down_told = False
        self.started_at = trio.current_time()
        self.desk = Desk(
            one.name, one.vitals, crew.on_dead_letter, self.started, crew.clock, crew.trace
        )

    def started(self) -> None:
        self.started_at = trio.current_time()
        self.crew.started(self.actor)
        self.desk.tell("started", None)

    async def go_on(self) -> None:
        draining = self.crew.shutdown.draining
        while True:
            self.actor.vitals.state = State.STARTING
            error = await self._live()
            # No restart during a shutdown: what is queued is left over, and counted.
            if error is None or draining.is_set():
                return
            pause = await self._pause_after(error)
            if pause is None:
                return
            with trio.move_on_after(pause):
                await draining.wait()
            if draining.is_set():
                return

    async def _live(self) -> Exception | None:
        """Live once; give the error over which the actor fell."""
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

    async def _pause_after(self, error: Exception) -> float | None:
        """Give the seconds until the next start; None when there is none."""
        one, now = self.actor, trio.current_time()
        if now - self.started_at >= one.restart.within:
            self.down_told = False  # it was up for a whole window: the next time down is news
        pause = self.budget.fell(now, self.jitter.random())
        if pause is not None:
            one.vitals.state = State.PAUSED
            return pause
        self.crew.down(one)
        self._refuse_messages(error)
        await self._tell_down(error)
        if one.vital:
            self.crew.vital_fell(one, error)
            return None
        self.budget.clear()
        return one.restart.again_after

    def _refuse_messages(self, error: Exception) -> None:
        box = self.actor.reads
        if box is not None:
            box.refuse(f"{self.actor.name} is down: {describe(error)}")
            _fail_requests(box)

    async def _tell_down(self, error: Exception) -> None:
        if self.down_told:
            return
        one = self.actor
        log.error("actor_down", actor=one.name, error=describe(error))
        again_after = None if one.vital else one.restart.again_after
        try:
            await self.crew.on_down(ActorDown(one.name, one.vital, describe(error), again_after))
        except Exception as trouble:  # noqa: BLE001  # told again after the next try
            log.error(  # noqa: TRY400  # no traceback: see above
                "actor_down_not_told", actor=one.name, error=describe(trouble), **where(trouble)
            )
        else:
            self.down_told = True


def _turn_away(boxes: list[AnyMailbox]) -> None:
    for box in boxes:
        box.close("the process has ended")
        _fail_requests(box)


def _fail_requests(box: AnyMailbox) -> None:
    """Tell at once who waits for an answer that nobody will give."""
    for message in box.leftovers():
        if isinstance(message, Request):
            message.fail(MailboxRefusedError(box.name, box.refusal or "closed"))
