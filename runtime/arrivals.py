"""When the messages of a mailbox came, and when its senders should let others run."""

import math
import time
from collections import deque
from collections.abc import Callable

import attrs

SLICE_MESSAGES = 64
"""How many messages pass before a sender or a reader lets other tasks run."""

_HURRY = 0.001  # seconds between two marks under which their distance doubles


@attrs.define(eq=False)
class Arrivals:
    """Marks on the line of messages: the number of a message, and when it came.

    Reading the clock for each message would cost a tenth of the throughput.  A mailbox at leisure
    marks each message; one in a hurry each second, fourth, ... sixty-fourth.
    """

    clock: Callable[[], float] = time.perf_counter
    next_mark: int = 0
    """The number of the message that is marked next."""
    _marks: deque[tuple[int, float]] = attrs.field(factory=deque[tuple[int, float]], init=False)
    _last_number: int = attrs.field(default=0, init=False)
    _last_time: float = attrs.field(default=-math.inf, init=False)
    _stride: int = attrs.field(default=1, init=False)
    _since_yield: int = attrs.field(default=0, init=False)

    def mark(self, number: int, settled: int) -> bool:
        """Note when message `number` comes, and say whether others should run first.

        `settled` is how many messages are done with; their marks are forgotten.
        """
        now = self.clock()
        in_hurry = now - self._last_time < _HURRY
        self._stride = min(2 * self._stride, SLICE_MESSAGES) if in_hurry else 1
        self._since_yield += number - self._last_number
        self._last_number, self._last_time = number, now
        if self._marks:
            self._forget(settled)
        self._marks.append((number, now))
        self.next_mark = number + self._stride
        if self._since_yield < SLICE_MESSAGES:
            return False
        self._since_yield = 0
        return True

    def rest(self, number: int) -> None:
        """Forget all marks, for all is settled; message `number` is marked again."""
        self.next_mark = number
        self._marks.clear()

    def oldest_age(self, settled: int) -> float:
        """Give the seconds, at most, since the first message came that is not settled."""
        self._forget(settled)
        return self.clock() - self._marks[0][1]

    def _forget(self, settled: int) -> None:
        while len(self._marks) > 1 and self._marks[1][0] <= settled:
            self._marks.popleft()
