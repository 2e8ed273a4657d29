"""Answers calls batch by batch: what arrived while the last batch was answered is the next one.

So the size of a batch follows the load, without a timer.  Every caller has an allowance of
messages a second.  One that has used it up waits, and is held by HTTP/2's window meanwhile.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Sequence

import attrs
import structlog
import trio
from google.protobuf.message import DecodeError, Message

from runtime.hosts.grpc.budget import Budget
from runtime.hosts.grpc.call import PREFIX_BYTES, Call, Ending, framed, malformed
from runtime.hosts.grpc.callers import Caller, RefusedCallError
from runtime.hosts.grpc.limits import Limits
from runtime.hosts.grpc.service import Answer

log: structlog.stdlib.BoundLogger = structlog.get_logger()

MOST = 2048
"""Messages of one batch."""
TURN = 256
"""Messages of one call in a batch, so that one that is always full leaves room to the others."""
_BYTES = 4 * 1024 * 1024
_AT_ONCE = 10
"""Messages that a caller waits for who has used up its allowance: waking it for each is dear."""


@attrs.define(eq=False)
class Batches:
    """The queue of one method, and the task that answers it."""

    answer: Answer
    limits: Limits
    hear: Callable[[], None]
    """Takes in what has arrived at the sockets: asked before each batch, so that all of it goes
    along."""
    _ready: deque[Call] = attrs.field(factory=deque[Call], init=False)
    _waiting: list[tuple[float, int, Call]] = attrs.field(
        factory=list[tuple[float, int, Call]], init=False
    )
    """Calls whose callers have used up their allowance, by when they go on."""
    _order: "itertools.count[int]" = attrs.field(factory=itertools.count, init=False)
    _allowances: dict[object, Budget] = attrs.field(factory=dict[object, Budget], init=False)
    _bell: trio.Event = attrs.field(factory=trio.Event, init=False)
    _rest: trio.Event | None = attrs.field(default=None, init=False)
    """Set when nothing is left to answer; None while nothing is."""

    def arrived(self, call: Call) -> None:
        """Queue a call that has messages, or has ended."""
        call.queued = True
        self._ready.append(call)
        self._bell.set()

    def hurry(self) -> None:
        """Make nobody wait for an allowance any more: the server closes."""
        self.limits = attrs.evolve(self.limits, events_per_s=0.0)
        self._ready.extend(call for _, _, call in self._waiting)
        self._waiting.clear()
        self._bell.set()

    def forget(self, now: float) -> None:
        """Forget the allowances that are whole again."""
        for key, allowance in list(self._allowances.items()):
            if allowance.left(now) >= allowance.capacity:
                del self._allowances[key]

    async def rest(self, longest: float) -> None:
        """Wait while there is something to answer, for so many seconds at most."""
        if self._rest is not None:
            with trio.move_on_after(longest):
                await self._rest.wait()

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            self.hear()
            now = trio.current_time()
            while self._waiting and self._waiting[0][0] <= now:
                self._ready.append(heapq.heappop(self._waiting)[2])
            if self._ready:
                if self._rest is None:
                    self._rest = trio.Event()
                await self._answer(self._take(now))
                await trio.lowlevel.checkpoint()
            else:
                if self._rest is not None:
                    self._rest.set()
                    self._rest = None
                self._bell = trio.Event()
                wait = self._waiting[0][0] - now if self._waiting else float("inf")
                with trio.move_on_after(wait):
                    await self._bell.wait()

    def _take(self, now: float) -> list["_Run"]:
        runs: list[_Run] = []
        count = size = 0
        for _ in range(len(self._ready)):
            if count >= MOST or size >= _BYTES:
                break
            call = self._ready.popleft()
            run = self._turn_of(call, now)
            if run is not None:
                runs.append(run)
                count += len(run.messages)
                size += run.size
        return runs

    def _turn_of(self, call: Call, now: float) -> "_Run | None":
        """Take a call's turn; None where it has nothing, or must wait."""
        if call.gone:
            return None
        count = min(len(call.inbox), TURN)
        if count and self.limits.events_per_s:
            allowance = self._allowance(call)
            count = min(count, int(allowance.left(now)))
            if not count:
                some = min(len(call.inbox), _AT_ONCE)
                again = now + allowance.wait_s(now, some)
                heapq.heappush(self._waiting, (again, next(self._order), call))
                return None
            allowance.spend(now, count)
        return _run_of(call, count)

    def _allowance(self, call: Call) -> Budget:
        # Without a certificate a caller is its connection.
        key = call.caller.identity or call.caller
        allowance = self._allowances.get(key)
        if allowance is None:
            limits = self.limits
            allowance = Budget(limits.burst, limits.burst / limits.events_per_s)
            self._allowances[key] = allowance
        return allowance

    async def _answer(self, runs: Sequence["_Run"]) -> None:
        messages = [message for run in runs for message in run.messages]
        callers: list[Caller] = []
        for run in runs:
            callers.extend([run.call.caller] * len(run.messages))
        try:
            answers = await self.answer(callers, messages) if messages else ()
        except RefusedCallError as refused:
            for run in runs:
                run.refused = run.refused or refused
                run.messages.clear()
            answers = ()
        at = 0
        for run in runs:
            end = at + len(run.messages)
            self._settle(run, answers[at:end])
            at = end

    def _settle(self, run: "_Run", answers: Sequence[Message]) -> None:
        """Send a call's answers, and see what it has next."""
        call = run.call
        wire = call.connection
        if answers:
            wire.send(call, framed(answers), run.size)
        elif run.size:
            wire.taken(call, run.size)
        call.queued = False
        if run.refused is not None:
            wire.finish(call, Ending(run.refused.code, run.refused.reason))
        elif call.gone or call.ending is not None:
            return
        elif call.inbox:
            self.arrived(call)
        elif call.last is not None:
            wire.finish(call, call.last)


@attrs.define(eq=False)
class _Run:
    """Messages of one call in a batch."""

    call: Call
    size: int
    """Bytes of them as they came."""
    messages: list[Message] = attrs.field(factory=list[Message], init=False)
    refused: RefusedCallError | None = attrs.field(default=None, init=False)
    """Why the call ends after them."""


def _run_of(call: Call, count: int) -> _Run:
    """Take messages out of the inbox; those before one that is malformed are still answered."""
    take = call.inbox.popleft
    bodies = [take() for _ in range(count)]
    run = _Run(call, count * PREFIX_BYTES + sum(map(len, bodies)))
    try:
        run.messages.extend(map(call.route.takes.FromString, bodies))
    except DecodeError:
        run.refused = malformed()
    return run
