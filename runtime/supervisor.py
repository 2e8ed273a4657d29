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
from runtime.delivery import DeadLetter, Trace
from runtime.drain import Drained, Ripple, tally
from runtime.errors import ArightError
from runtime.life import ActorDown, Life, Surroundings, fail_requests
from runtime.shutdown import Shutdown
from runtime.wiring import Edge, Node, WiringError, check_cycles, edges_of

__all__ = [
    "ActorDown",
    "DeadLetter",
    "Drained",
    "VitalActorDownError",
    "check_wiring",
    "supervise",
]

log: structlog.stdlib.BoundLogger = structlog.get_logger()


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
    shutdown = shutdown or Shutdown()
    crew = _Crew(actors, Ripple(actors, edges), shutdown)
    around = Surroundings(
        on_dead_letter=on_dead_letter,
        on_down=on_down,
        on_vital_fall=crew.note_vital_fall,
        draining=shutdown.draining,
        clock=slice_clock,
        trace=trace,
    )
    for one in actors:
        crew.lives[one.name] = Life(one, around, seed=f"{random.random()}/{one.name}")
        if one.reads is not None:
            one.reads.arrivals.clock = slice_clock
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
    shutdown: Shutdown
    lives: dict[str, Life] = attrs.field(factory=dict[str, Life], init=False)
    _scopes: dict[str, trio.CancelScope] = attrs.field(init=False)
    _ingress_open: trio.Event = attrs.field(factory=trio.Event, init=False)
    _vital_fall: tuple[str, Exception] | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._scopes = {one.name: trio.CancelScope() for one in self.actors}

    async def run(self, drain_within: float, task_status: trio.TaskStatus[None]) -> Drained:
        boxes = [one.reads for one in self.actors if one.reads is not None]
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
        """Open the ingress when each other actor has started once, is down, or waits for room."""
        with trio.CancelScope() as scope:
            task_status.started(scope)
            for one in self.actors:
                if not one.ingress:
                    await self.lives[one.name].up.wait()
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
        life = self.lives[one.name]
        try:
            with self._scopes[one.name]:
                if one.ingress:
                    await self._ingress_open.wait()
                await life.go_on()
        finally:
            life.end()
            self.ripple.end(one.name)

    def note_vital_fall(self, one: Actor, error: Exception) -> None:
        """Drain all, because an actor is down without which nothing may go on."""
        self._vital_fall = (one.name, error)
        self.shutdown.drain(f"{one.name} is down")


def _turn_away(boxes: list[AnyMailbox]) -> None:
    for box in boxes:
        box.close("the process has ended")
        fail_requests(box)
