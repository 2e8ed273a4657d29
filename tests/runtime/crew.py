"""A supervised crew for a test: what it reported, and how it is ended."""

import contextlib
from collections.abc import AsyncIterator
from random import Random

import attrs
import trio

from runtime.actor import Actor
from runtime.delivery import DeadLetter
from runtime.drain import Drained
from runtime.shutdown import Shutdown
from runtime.supervisor import ActorDown, supervise


@attrs.define
class Crew:
    """What a running `supervise` said so far."""

    shutdown: Shutdown = attrs.field(factory=Shutdown)
    dead: list[DeadLetter] = attrs.field(factory=list[DeadLetter])
    down: list[ActorDown] = attrs.field(factory=list[ActorDown])
    trace: list[tuple[str, str, object]] = attrs.field(factory=list[tuple[str, str, object]])
    drained: Drained | None = None
    bury_fails: list[Exception] = attrs.field(factory=list[Exception])
    tell_fails: list[Exception] = attrs.field(factory=list[Exception])

    async def bury(self, letter: DeadLetter) -> None:
        if self.bury_fails:
            raise self.bury_fails.pop()
        self.dead.append(letter)

    async def tell(self, down: ActorDown) -> None:
        if self.tell_fails:
            raise self.tell_fails.pop()
        self.down.append(down)

    def happened(self, what: str) -> list[tuple[str, object]]:
        return [(name, message) for kind, name, message in self.trace if kind == what]

    async def run(
        self,
        *actors: Actor,
        drain_within: float = 10.0,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> Drained:
        self.drained = await supervise(
            *actors,
            on_dead_letter=self.bury,
            on_down=self.tell,
            random=Random(1),  # noqa: S311  # no secret
            shutdown=self.shutdown,
            drain_within=drain_within,
            slice_clock=trio.current_time,
            trace=lambda *event: self.trace.append(event),
            task_status=task_status,
        )
        return self.drained


@contextlib.asynccontextmanager
async def running(
    *actors: Actor,
    settle: float = 60.0,
    drain_within: float = 10.0,
    bury_fails: list[Exception] | None = None,
    tell_fails: list[Exception] | None = None,
) -> AsyncIterator[Crew]:
    """Run actors for the length of a block and `settle` seconds more; then drain them."""
    crew = Crew(bury_fails=bury_fails or [], tell_fails=tell_fails or [])
    async with trio.open_nursery() as nursery:

        async def run(task_status: trio.TaskStatus[None]) -> None:
            await crew.run(*actors, drain_within=drain_within, task_status=task_status)

        await nursery.start(run)
        yield crew
        await trio.sleep(settle)
        crew.shutdown.drain("the test is over")
    assert crew.drained is not None
    assert crew.drained.adds_up
