"""What both roles do with their rooms: supervise them, and say when all are up."""

from collections.abc import Awaitable, Callable
from random import SystemRandom

import structlog
import trio

from runtime.actor import Actor
from runtime.delivery import DeadLetter
from runtime.drain import Drained
from runtime.shutdown import Shutdown
from runtime.supervisor import ActorDown, supervise

log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def run_crew(
    *actors: Actor,
    on_dead_letter: Callable[[DeadLetter], Awaitable[None]],
    on_down: Callable[[ActorDown], Awaitable[None]],
    shutdown: Shutdown,
    drain_within: float,
) -> Drained:
    """Run until a shutdown is asked for and done; raises as `supervise` does."""
    drained: list[Drained] = []

    async def supervised(*, task_status: trio.TaskStatus[None]) -> None:
        drained.append(
            await supervise(
                *actors,
                on_dead_letter=on_dead_letter,
                on_down=on_down,
                random=SystemRandom(),
                shutdown=shutdown,
                drain_within=drain_within,
                task_status=task_status,
            )
        )

    async with trio.open_nursery() as nursery:
        await nursery.start(supervised)
        log.info("ready", count=len(actors))
    [count] = drained
    return count
