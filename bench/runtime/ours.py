"""The same work on Aright's mailboxes, supervised as in production."""

import contextlib
import functools
import itertools
import time
import tracemalloc
from collections.abc import AsyncIterator
from random import Random

import attrs
import trio
import trio.testing

from bench.runtime.peers import CAPACITY, Counter
from runtime.actor import Actor, actor
from runtime.delivery import Trace
from runtime.mailbox import Mailbox, Post
from runtime.request import Request
from runtime.restart import Restart
from runtime.shutdown import Shutdown
from runtime.supervisor import supervise


async def _ignore(_: object) -> None:
    """Neither a dead letter nor an actor that is down is awaited here."""


@contextlib.asynccontextmanager
async def supervised(*actors: Actor, trace: Trace | None = None) -> AsyncIterator[None]:
    shutdown = Shutdown()
    async with trio.open_nursery() as nursery:
        run = functools.partial(
            supervise,
            *actors,
            on_dead_letter=_ignore,
            on_down=_ignore,
            random=Random(1),
            shutdown=shutdown,
            trace=trace,
        )
        nursery.start_soon(run)
        yield
        shutdown.cut("measured")


async def fan_in(count: int, senders: int, trace: Trace | None = None) -> float:
    box, counter = Mailbox[int]("box", capacity=CAPACITY), Counter(count)
    post = box.post

    async def write() -> None:
        for number in range(count // senders):
            await post.send(number)

    counting = actor("a", reads=box, make=lambda: counter)
    async with supervised(counting, trace=trace), trio.open_nursery() as nursery:
        begun = time.perf_counter()
        for _ in range(senders):
            nursery.start_soon(write)
        await counter.done.wait()
        return count / (time.perf_counter() - begun)


@attrs.define
class Hop:
    """Passes on."""

    onward: Post[int]

    async def handle(self, message: int) -> None:
        await self.onward.send(message)


async def pipeline(count: int, hops: int) -> float:
    boxes = [Mailbox[int](f"box {place}", capacity=CAPACITY) for place in range(hops)]
    counter = Counter(count)
    line = [
        actor(box.name, reads=box, make=functools.partial(Hop, after.post), sends=[after])
        for box, after in itertools.pairwise(boxes)
    ]
    last = actor("last", reads=boxes[-1], make=lambda: counter)
    async with supervised(*line, last):
        begun = time.perf_counter()
        post = boxes[0].post
        for number in range(count):
            await post.send(number)
        await counter.done.wait()
        return count / (time.perf_counter() - begun)


@attrs.frozen
class Echo(Request[int]):
    """Asks for the number back."""

    number: int


class Echoing:
    """Answers at once."""

    async def handle(self, question: Echo) -> None:
        question.reply(question.number)


async def asks(count: int) -> list[float]:
    box = Mailbox[Echo]("box", capacity=CAPACITY)
    took: list[float] = []
    async with supervised(actor("a", reads=box, make=Echoing)):
        post = box.post
        with trio.fail_after(60):
            for number in range(count):
                begun = time.perf_counter()
                await Echo(number).ask(post)
                took.append(time.perf_counter() - begun)
    return took


async def lateness(handle_seconds: float, run_seconds: float) -> list[float]:
    """Give how late a ticker of 1 ms is, in seconds, while one actor is flooded."""
    box = Mailbox[int]("box", capacity=CAPACITY)
    late: list[float] = []

    class Busy:
        async def handle(self, _: int) -> None:
            until = time.perf_counter() + handle_seconds
            while time.perf_counter() < until:
                pass

    async def flood() -> None:
        post = box.post
        while True:
            await post.send(1)

    async with supervised(actor("a", reads=box, make=Busy)), trio.open_nursery() as nursery:
        nursery.start_soon(flood)
        end = trio.current_time() + run_seconds
        while (due := trio.current_time() + 0.001) < end:
            await trio.sleep_until(due)
            late.append(trio.current_time() - due)
        nursery.cancel_scope.cancel()
    return late


async def spawn(count: int) -> tuple[float, float]:
    """Give seconds and bytes for each idle actor with its mailbox, supervised."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    async with supervised(*_idle_actors(count)):
        await trio.testing.wait_all_tasks_blocked()
        size = (tracemalloc.get_traced_memory()[0] - before) / count
    tracemalloc.stop()
    begun = time.perf_counter()
    async with supervised(*_idle_actors(count)):
        await trio.testing.wait_all_tasks_blocked()
        took = (time.perf_counter() - begun) / count
    return took, size


def _idle_actors(count: int) -> list[Actor]:
    return [
        actor(f"a{n}", reads=Mailbox[Echo](f"b{n}", capacity=16), make=Echoing)
        for n in range(count)
    ]


async def crashes(count: int, falls: int) -> tuple[int, int, int]:
    """Give how many messages were lost, redelivered and counted as falls, at full load."""
    box = Mailbox[int]("box", capacity=CAPACITY)
    handled: list[int] = []
    fallen: set[int] = set()
    all_handled = trio.Event()

    class Falling:
        async def handle(self, message: int) -> None:
            if message % (count // falls) == 0 and message not in fallen:
                fallen.add(message)
                raise ValueError(message)
            handled.append(message)
            if len(handled) == count:
                all_handled.set()

    lifted = Restart(budget=10**9, first_pause=0.0)
    one = actor("a", reads=box, make=Falling, restart=lifted)
    async with supervised(one):
        for number in range(count):
            await box.post.send(number)
        with trio.move_on_after(20):
            await all_handled.wait()
    return count - len(set(handled)), box.redelivered, one.vitals.fell
