"""Requests: questions that carry where their answer goes, and until when it is wanted."""

from typing import ClassVar, Generic, Self, TypeVar

import attrs
import trio
from outcome import Error, Outcome, Value

from runtime.mailbox import Post

R = TypeVar("R")

FALLS_TO_DEATH = 3
"""The fall of one message that makes a dead letter of it."""


class _Answer(Generic[R]):
    """Where one answer arrives: the asker's task, and what it is told."""

    __slots__ = ("asker", "deadline", "result", "wanted")

    def __init__(self) -> None:
        self.asker: trio.lowlevel.Task | None = None
        self.deadline = float("inf")
        self.result: Outcome[R] | None = None
        self.wanted = True

    def settle(self, result: Outcome[R]) -> None:
        # The first answer stands: a request that is handled again after a fall repeats it.
        if self.result is None:
            self.result = result
            if self.asker is not None:
                trio.lowlevel.reschedule(self.asker, result)
                self.asker = None

    def give_up(self, _: object) -> trio.lowlevel.Abort:
        self.wanted, self.asker = False, None
        return trio.lowlevel.Abort.SUCCEEDED


@attrs.frozen
class Request(Generic[R]):
    """A question whose answer is an `R`; asked once.

    There is no timeout parameter.  The deadline of the asker's own scope travels along, and a
    question nobody waits for any more is never started:

        with trio.fail_after(1):
            incident = await IncidentById("i-7").ask(journal.post)
    """

    falls_to_death: ClassVar[int] = FALLS_TO_DEATH
    """The fall over one of this kind that sets it aside."""

    _answer: _Answer[R] = attrs.field(init=False, eq=False, repr=False, factory=_Answer)

    async def ask(self, post: Post[Self]) -> R:
        """Send the question and wait for its answer.

        Raises:
            MailboxRefusedError: the mailbox takes no question, or its actor went down.
            Exception: whatever `fail` was called with; a `DeadLetteredError` when the question
                itself made the actor fall time and again.
        """
        answer, box = self._answer, post.mailbox
        try:
            if len(box.waiting) < box.room:
                # The short way, a microsecond less; waiting for the answer is the cancel point.
                answer.deadline = trio.current_effective_deadline()
                box.asked = True
                box.put(self)
            else:
                await self.put(post)
            return await self.answer()
        finally:
            answer.wanted = False

    async def put(self, post: Post[Self]) -> None:
        """Send the question and do not wait: so one who asks much at once keeps the order.

        Raises:
            MailboxRefusedError: the mailbox takes no question now.
        """
        self._answer.deadline = trio.current_effective_deadline()
        post.mailbox.asked = True
        await post.send(self)

    async def answer(self) -> R:
        """Wait for the answer to what was `put`; raises what `ask` raises."""
        answer = self._answer
        if answer.result is not None:
            return answer.result.unwrap()
        answer.asker = trio.lowlevel.current_task()
        value: R = await trio.lowlevel.wait_task_rescheduled(answer.give_up)
        return value

    def reply(self, value: R) -> None:
        """Answer.  Later answers are dropped."""
        self._answer.settle(Value(value))

    def fail(self, error: Exception) -> None:
        """Answer with an error, which is raised at the asker."""
        self._answer.settle(Error(error))

    @property
    def deadline(self) -> float:
        """When the asker stops waiting, on trio's clock; infinite if it does not."""
        return self._answer.deadline

    @property
    def expired(self) -> bool:
        """Whether nobody waits for the answer any more."""
        answer = self._answer
        return not answer.wanted or answer.deadline <= trio.current_time()
