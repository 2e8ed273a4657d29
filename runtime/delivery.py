"""How one message is delivered and settled: handled, put back, or among the dead."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TypeVar

import attrs

from runtime.errors import ArightError
from runtime.mailbox import Letter, Mailbox
from runtime.request import FALLS_TO_DEATH, Request
from runtime.vitals import Vitals, chain_of

M = TypeVar("M")

_attempt: ContextVar[int] = ContextVar("attempt", default=1)


def attempt() -> int:
    """Say how often the message in hand was delivered, this time included.  For handlers."""
    return _attempt.get()


@attrs.frozen
class DeadLetter:
    """A message that made its actor fall time and again."""

    mailbox: str
    actor: str
    message: object
    attempts: int
    error: Exception
    reasons: tuple[str, ...]
    """The error and what it came from, a short line each."""


class DeadLetteredError(ArightError):
    """A request made its actor fall time and again, and was set aside."""

    def __init__(self, letter: DeadLetter) -> None:
        super().__init__(f"{letter.actor} fell {letter.attempts} times over it: {letter.error}")
        self.letter = letter


Trace = Callable[[str, str, object], None]
"""Called with what happened (`handle`, `fell`, `dead`), the actor's name and the message."""


@attrs.define
class Desk:
    """What the supervisor lays out for an actor: its counters, and where dead letters go."""

    actor: str
    vitals: Vitals
    on_dead_letter: Callable[[DeadLetter], Awaitable[None]]
    running: Callable[[], None]
    clock: Callable[[], float]
    trace: Trace | None

    def tell(self, what: str, message: object) -> None:
        """Tell the trace hook, if there is one."""
        if self.trace is not None:
            self.trace(what, self.actor, message)


async def deliver(
    box: Mailbox[M], letter: Letter[M], handle: Callable[[M], Awaitable[None]], desk: Desk
) -> None:
    """Handle a message outside the hot loop: in a lane, or once more."""
    message = letter.message
    box.redelivered += bool(letter.falls)
    if is_expired(message):
        box.drop_expired()
        return
    desk.tell("handle", message)
    token = _attempt.set(letter.falls + 1)
    started = desk.clock()
    try:
        await handle(message)
    except BaseException as error:
        await fell(box, Letter(message, letter.falls + 1), error, desk)
        raise
    finally:
        _attempt.reset(token)
    box.handled += 1
    desk.vitals.took.note(desk.clock() - started)


async def fell(box: Mailbox[M], letter: Letter[M], error: BaseException, desk: Desk) -> None:
    """Put a message back, or among the dead when it made its actor fall too often."""
    message = letter.message
    if not isinstance(error, Exception):  # cancelled: no fault of the message
        box.returned.insert(0, Letter(message, letter.falls - 1))
        return
    desk.tell("fell", message)
    if letter.falls < _falls_to_death(message):
        box.returned.insert(0, letter)
        return
    reasons = chain_of(error)
    dead = DeadLetter(box.name, desk.actor, message, letter.falls, error, reasons)
    try:
        await desk.on_dead_letter(dead)
    except BaseException:
        box.returned.insert(0, letter)  # not kept anywhere, so it is not dead
        raise
    box.dead += 1
    desk.tell("dead", message)
    if isinstance(message, Request):
        message.fail(DeadLetteredError(dead))


def is_expired(message: object) -> bool:
    """Say whether a message is a request that nobody waits for any more."""
    return isinstance(message, Request) and message.expired


def _falls_to_death(message: object) -> int:
    return message.falls_to_death if isinstance(message, Request) else FALLS_TO_DEATH
