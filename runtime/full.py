"""What happens to a message that finds its mailbox full."""

import enum
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

import attrs

from runtime.errors import ArightError

M = TypeVar("M")


class Full(enum.Enum):
    """The rules that need no more than their name."""

    WAIT = "wait"
    """The sender waits: back-pressure."""
    REFUSE = "refuse"
    """The sender gets a `MailboxFullError`: for an ingress that can answer "later"."""
    LATEST = "latest"
    """The newest message replaces the one that waits: for feedback; the capacity is 1."""


@attrs.frozen
class Coalesce(Generic[M]):
    """A waiting message is replaced, in its place, by a newer one of its key.

    A message of another key waits for room.
    """

    key: Callable[[M], Hashable]


class MailboxRefusedError(ArightError):
    """A mailbox takes no message now: its actor is down, or it drains."""

    def __init__(self, mailbox: str, reason: str) -> None:
        super().__init__(f"mailbox {mailbox} refuses: {reason}")
        self.mailbox, self.reason = mailbox, reason


class MailboxFullError(MailboxRefusedError):
    """A mailbox with the rule `REFUSE` holds as much as it may."""


@attrs.define(eq=False)
class Keyed(Generic[M]):
    """A queue like a deque in which a message takes the place of its elder of the same key."""

    key: Callable[[M], Hashable]
    _by_key: OrderedDict[Hashable, M] = attrs.field(factory=OrderedDict[Hashable, M], init=False)

    def append(self, message: M) -> None:
        """Put a message at the end, or in its elder's place."""
        self._by_key[self.key(message)] = message

    def popleft(self) -> M:
        """Take the first message out."""
        return self._by_key.popitem(last=False)[1]

    def clear(self) -> None:
        """Take all messages out."""
        self._by_key.clear()

    def __contains__(self, message: M) -> bool:
        return self.key(message) in self._by_key

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[M]:
        return iter(self._by_key.values())


def one_key(_: object) -> None:
    """Give all messages one key, so that only the latest is kept."""
    return
