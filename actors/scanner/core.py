"""Which check is due on which host.  Times are seconds on one monotonic clock."""

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence

import attrs

from actors.catalogue.checks import Check
from actors.catalogue.target import Target
from actors.messages import Platform
from runtime.errors import NotFoundError

RETRY_S = 30.0
"""Until a question whose answer could not be recorded is asked again."""


@attrs.frozen
class Watch:
    """A host that the scanner asks by itself."""

    site: str
    host: str
    platform: Platform
    target: Target
    checks: tuple[str, ...] | None = None
    """Ids of the checks to ask; None for every check of its platform."""
    interval_s: float | None = None
    """Seconds between two looks, instead of what each check says."""


@attrs.frozen
class Question:
    """One check of one host, and how often it is asked."""

    host: str
    check: Check
    interval_s: float


def check_of(watch: Watch, name: str, checks: Mapping[str, Check]) -> Check:
    """Find a check that can be asked of a host.

    Raises:
        NotFoundError: there is none of that name, or it is for another platform.
    """
    check = checks.get(name)
    if check is None or check.platform is not watch.platform:
        raise NotFoundError(f"check for {watch.platform}", name)
    return check


def checks_of(watch: Watch, checks: Mapping[str, Check]) -> Sequence[Check]:
    """List what is asked of a host; raises NotFoundError for a name that it should not have."""
    if watch.checks is not None:
        return [check_of(watch, name, checks) for name in dict.fromkeys(watch.checks)]
    return [
        check
        for check in checks.values()
        if check.platform is watch.platform and not check.is_reported
    ]


def interval_of(watch: Watch, check: Check, default_interval_s: float) -> float:
    """Give the seconds between two looks: the host's own, else the check's, else the default."""
    return watch.interval_s or check.interval_s or default_interval_s


def questions(
    watches: Iterable[Watch], checks: Mapping[str, Check], default_interval_s: float
) -> Sequence[Question]:
    """List every question to every host; raises NotFoundError as `checks_of` does."""
    return [
        Question(watch.host, check, interval_of(watch, check, default_interval_s))
        for watch in watches
        for check in checks_of(watch, checks)
    ]


@attrs.define
class Schedule:
    """When each question is asked next.

    A question that is being asked is not due.  It keeps its beat: one that took long or was late
    is due at the next multiple of its interval, never twice in a row to catch up.
    """

    _waiting: list[tuple[float, int]] = attrs.field(factory=list[tuple[float, int]])
    """A heap of (due, position in `_questions`)."""
    _questions: Sequence[Question] = ()
    _asked: dict[Question, tuple[float, int]] = attrs.field(
        factory=dict[Question, tuple[float, int]], init=False
    )

    @classmethod
    def spread(cls, asked: Sequence[Question], now: float, spread_s: float) -> "Schedule":
        """Begin now: the first round is spread over `spread_s`, or an interval where shorter."""
        first = [
            (now + min(spread_s, question.interval_s) * position / len(asked), position)
            for position, question in enumerate(asked)
        ]
        heapq.heapify(first)
        return cls(first, asked)

    @property
    def next_due(self) -> float:
        """Say when the next question is due; infinite where none waits."""
        return self._waiting[0][0] if self._waiting else math.inf

    def take(self, now: float) -> Question | None:
        """Take the question that is due the longest, if any is."""
        if self.next_due > now:
            return None
        entry = heapq.heappop(self._waiting)
        question = self._questions[entry[1]]
        self._asked[question] = entry
        return question

    def settle(self, question: Question, now: float) -> None:
        """The answer is recorded: ask again at the next beat."""
        due, position = self._asked.pop(question)
        beats = math.floor(max(0.0, now - due) / question.interval_s) + 1
        heapq.heappush(self._waiting, (due + beats * question.interval_s, position))

    def retry(self, question: Question, now: float) -> None:
        """The answer could not be recorded: ask again soon."""
        _, position = self._asked.pop(question)
        heapq.heappush(self._waiting, (now + min(RETRY_S, question.interval_s), position))
