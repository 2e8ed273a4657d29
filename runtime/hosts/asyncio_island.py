"""The asyncio island: the one file that speaks asyncio, for libraries that know nothing else.

An island is an asyncio loop that runs as trio tasks.  Code on it is asyncio-flavoured, all else is
trio-flavoured, and the two meet in `in_asyncio` and `in_trio`.  Such a hop costs about 100 us, so
cross with a batch, never with each message.

An error that nobody awaits is logged and counted.  trio-asyncio by itself would end the process
over it, and a stranger can cause one with a single malformed frame.
"""

# trio_asyncio has no types; each value that comes from it is named with its type here.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Generic, ParamSpec, TypeVar, TypeVarTuple

import attrs
import structlog
import trio
import trio_asyncio

T = TypeVar("T")
P = ParamSpec("P")
Ts = TypeVarTuple("Ts")

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@attrs.define
class Island:
    """A running loop, and what went wrong on it without anybody waiting for it."""

    name: str
    failures: int = 0

    def note_failure(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """Log and count an error that escaped a callback or a task nobody awaits."""
        self.failures += 1
        error = context.get("exception")
        # The message of a foreign error may quote what a stranger sent: only its type is said.
        log.warning("island_callback_failed", actor=self.name, error=type(error).__name__)


@asynccontextmanager
async def open_island(name: str) -> AsyncGenerator[Island, None]:
    """Run an asyncio loop for the tasks started within; `name` is said in its log lines.

    Leaving hangs up all connections, cancels what still runs on the loop and waits for it.
    """
    island = Island(name)
    async with trio_asyncio.open_loop() as loop:
        loop.set_exception_handler(island.note_failure)
        try:
            yield island
        finally:
            with trio.CancelScope(shield=True):
                await in_asyncio(_hang_up, loop)


async def in_asyncio(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call an asyncio-flavoured function from trio, within an open island."""
    result: T = await trio_asyncio.aio_as_trio(function)(*args, **kwargs)
    return result


async def in_trio(function: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
    """Call a trio-flavoured function from asyncio; cancelling the caller cancels it."""
    result: T = await trio_asyncio.trio_as_aio(function)(*args)
    return result


async def _hang_up(loop: asyncio.AbstractEventLoop) -> None:
    """Close what was closed and waits: TLS gives its peer 30 s to say goodbye, the loop does not.

    asyncio lists its transports in no public place.
    """
    transports: Mapping[int, asyncio.WriteTransport] = loop._transports  # type: ignore[attr-defined]  # noqa: SLF001
    for transport in [*transports.values()]:
        transport.abort()
    await asyncio.sleep(0)  # they close a turn later


class ReadAhead(Generic[T]):
    """Reads a source ahead of its consumer and hands over, as one batch, what came meanwhile.

    Made and used in asyncio-flavoured code; `stop` may be called from anywhere.
    """

    def __init__(self, source: AsyncIterator[T], *, window: int) -> None:
        self._source, self._window = source, window
        self._waiting: list[T] = []
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._ended = False
        self._reading = asyncio.create_task(self._read())

    async def batch(self) -> list[T]:
        """Wait for items; give all that came, `window` at most, none once the source has ended.

        Raises:
            Exception: what the source raised, after all that came before it was given.
        """
        await self._news.wait()
        batch, self._waiting = self._waiting, []
        self._room.set()
        if self._ended and not batch:
            await asyncio.wait({self._reading})
            if not self._reading.cancelled():
                self._reading.result()
        elif not self._ended:
            self._news.clear()
        return batch

    def stop(self) -> None:
        """Read no further; what was read is still handed over."""
        self._reading.cancel()
        self._end()

    async def _read(self) -> None:
        try:
            async for item in self._source:
                self._waiting.append(item)
                self._news.set()
                if len(self._waiting) >= self._window:
                    self._room.clear()
                    await self._room.wait()
        finally:
            self._end()

    def _end(self) -> None:
        self._ended = True
        self._news.set()
