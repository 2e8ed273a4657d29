"""Actors and services as the wiring declares them.

An actor is an object with `handle` (or `handle_batch`), made anew by a factory after each fall.
`Actor` has no type parameter: the types of mailbox and handler meet in the call of `actor`, where
both type checkers see a wrong wiring.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import attrs

from runtime.delivery import Desk
from runtime.mailbox import Full, Mailbox
from runtime.reader import BatchHandler, Handler, Reader
from runtime.restart import Restart
from runtime.vitals import Vitals

M = TypeVar("M")

DEFAULT_RESTART = Restart()

# The messages of an actor's mailboxes are nobody's business once `actor` has checked them.
AnyMailbox = Mailbox[Any]


@runtime_checkable
class Started(Protocol):
    """An actor with work to do each time it was made, before its first message: recovery."""

    async def started(self) -> None:
        """Take up what an earlier life left behind."""


@attrs.frozen(eq=False)
class Actor:
    """One line of the wiring.  `actor` and `service` make it, `supervise` runs it."""

    name: str
    live: Callable[[Desk], Awaitable[None]] = attrs.field(repr=False)
    """One life: returns when there is nothing left to do, raises when it falls."""
    reads: AnyMailbox | None = None
    sends: tuple[AnyMailbox, ...] = ()
    restart: Restart = DEFAULT_RESTART
    vital: bool = False
    ingress: bool = False
    vitals: Vitals = attrs.field(factory=Vitals, init=False, repr=False)


def actor(  # noqa: PLR0913  # one line of the wiring says all there is to say
    name: str,
    *,
    reads: Mailbox[M],
    make: Callable[[], Handler[M] | BatchHandler[M]],
    sends: Sequence[AnyMailbox] = (),
    restart: Restart = DEFAULT_RESTART,
    lanes: int = 1,
    lane_of: Callable[[M], Hashable] | None = None,
    vital: bool = False,
) -> Actor:
    """Declare an actor.

    Args:
        name: what logs, health and tickets call it.
        reads: its mailbox; each mailbox has one reader.
        make: makes the handler, at the start and after each fall.
        sends: the mailboxes it sends to.  They stay open until it has ended.
        restart: its budget of falls.
        lanes: how many messages it works on at once.
        lane_of: what must stay in order: messages of one key are handled one after the other.
        vital: whether the process ends when it is down.
    """
    if lanes < 1:
        raise ValueError(f"actor {name}: {lanes} lanes are not at least 1")
    if lanes > 1 and reads.full not in (Full.WAIT, Full.REFUSE):
        raise ValueError(f"actor {name}: lanes do not read a mailbox that replaces messages")
    reader = Reader(reads, lanes=lanes, lane_of=lane_of)

    async def live(desk: Desk) -> None:
        handler = make()
        if isinstance(handler, Started):
            await handler.started()
        desk.running()
        await reader.read(handler, desk)

    return Actor(name, live, reads, tuple(sends), restart, vital)


def service(  # noqa: PLR0913  # as above
    name: str,
    run: Callable[[], Awaitable[None]],
    *,
    sends: Sequence[AnyMailbox] = (),
    restart: Restart = DEFAULT_RESTART,
    vital: bool = False,
    ingress: bool = False,
) -> Actor:
    """Declare a task that reads no mailbox: a server, an alarm, the scanner's loop.

    It ends by being cancelled, or by returning.  At a drain the ingress services end first, then
    those that send, and the others when all actors have ended.
    """

    async def live(desk: Desk) -> None:
        desk.running()
        await run()

    return Actor(name, live, None, tuple(sends), restart, vital, ingress)
