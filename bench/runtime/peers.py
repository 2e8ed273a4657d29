"""What we stand beside: the same work on a bare trio channel, on asyncio and on Pykka.

Each function sends `count` messages and gives messages a second, or the seconds of each ask.
"""

import asyncio
import selectors
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import pykka
import trio

CAPACITY = 1024
T = TypeVar("T")


def on_asyncio(work: Coroutine[Any, Any, T]) -> T:
    """Run on the selector loop, the fastest that the standard library has."""
    make = lambda: asyncio.SelectorEventLoop(selectors.DefaultSelector())  # noqa: E731
    with asyncio.Runner(loop_factory=make) as runner:
        return runner.run(work)


class Counter:
    """Counts messages and says when all have come."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.done = trio.Event()

    async def handle(self, _: int) -> None:
        self.left -= 1
        if not self.left:
            self.done.set()


async def trio_fan_in(count: int, senders: int) -> float:
    send, receive = trio.open_memory_channel[int](CAPACITY)
    counter = Counter(count)

    async def read() -> None:
        async for message in receive:
            await counter.handle(message)

    async def write() -> None:
        for number in range(count // senders):
            await send.send(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        begun = time.perf_counter()
        for _ in range(senders):
            nursery.start_soon(write)
        await counter.done.wait()
        took = time.perf_counter() - begun
        nursery.cancel_scope.cancel()
    return count / took


async def trio_pipeline(count: int, hops: int) -> float:
    ends = [trio.open_memory_channel[int](CAPACITY) for _ in range(hops)]
    counter = Counter(count)

    async def hop(place: int) -> None:
        async for message in ends[place][1]:
            if place + 1 < hops:
                await ends[place + 1][0].send(message)
            else:
                await counter.handle(message)

    async with trio.open_nursery() as nursery:
        for place in range(hops):
            nursery.start_soon(hop, place)
        begun = time.perf_counter()
        for number in range(count):
            await ends[0][0].send(number)
        await counter.done.wait()
        took = time.perf_counter() - begun
        nursery.cancel_scope.cancel()
    return count / took


async def asyncio_fan_in(count: int, senders: int) -> float:
    queue = asyncio.Queue[int](CAPACITY)
    counter = 0

    async def handle(_: int) -> None:
        nonlocal counter
        counter += 1

    async def read() -> None:
        for _ in range(count):
            await handle(await queue.get())

    async def write() -> None:
        for number in range(count // senders):
            await queue.put(number)

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        group.create_task(read())
        for _ in range(senders):
            group.create_task(write())
    return count / (time.perf_counter() - begun)


async def asyncio_pipeline(count: int, hops: int) -> float:
    queues = [asyncio.Queue[int](CAPACITY) for _ in range(hops)]

    async def hop(place: int) -> None:
        for _ in range(count):
            message = await queues[place].get()
            if place + 1 < hops:
                await queues[place + 1].put(message)

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for place in range(hops):
            group.create_task(hop(place))
        for number in range(count):
            await queues[0].put(number)
    return count / (time.perf_counter() - begun)


async def asyncio_asks(count: int, *, deadline: bool) -> list[float]:
    """Ask by a queue and a future, bare or under a deadline of its own as our asks have one."""
    queue = asyncio.Queue[tuple[int, asyncio.Future[int]]](CAPACITY)
    loop = asyncio.get_running_loop()

    async def answer() -> None:
        while True:
            number, future = await queue.get()
            future.set_result(number)

    answering = asyncio.create_task(answer())
    took: list[float] = []
    for number in range(count):
        begun = time.perf_counter()
        future = loop.create_future()
        await queue.put((number, future))
        if deadline:
            async with asyncio.timeout(60):
                await future
        else:
            await future
        took.append(time.perf_counter() - begun)
    answering.cancel()
    return took


class _PykkaHop(pykka.ThreadingActor):
    """Counts, or passes on."""

    def __init__(self, count: int, done: "Future[None]", onward: Any = None) -> None:
        super().__init__()
        self.left, self.done, self.onward = count, done, onward

    def on_receive(self, message: Any) -> Any:
        if self.onward is not None:
            self.onward.tell(message)
            return None
        self.left -= 1
        if not self.left:
            self.done.set_result(None)
        return message


def pykka_pipeline(count: int, hops: int) -> float:
    done: Future[None] = Future()
    onward: Any = None
    for _ in range(hops):
        onward = _PykkaHop.start(count, done, onward)
    begun = time.perf_counter()
    for number in range(count):
        onward.tell(number)
    done.result(timeout=60)
    took = time.perf_counter() - begun
    pykka.ActorRegistry.stop_all()
    return count / took


def pykka_fan_in(count: int, senders: int) -> float:
    done: Future[None] = Future()
    ref = _PykkaHop.start(count, done)

    def write() -> None:
        for number in range(count // senders):
            ref.tell(number)

    threads = [threading.Thread(target=write) for _ in range(senders)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    done.result(timeout=60)
    took = time.perf_counter() - begun
    pykka.ActorRegistry.stop_all()
    return count / took


def pykka_asks(count: int) -> list[float]:
    ref = _PykkaHop.start(count + 1, Future())
    took: list[float] = []
    for number in range(count):
        begun = time.perf_counter()
        ref.ask(number)
        took.append(time.perf_counter() - begun)
    pykka.ActorRegistry.stop_all()
    return took
