"""What the parts of the tree have in common."""

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from actors.l1_evaluator.entries import Entry
from actors.l1_evaluator.leaf_code import Find
from actors.l1_evaluator.questions import Event

NO_ORDER: Final = 1 << 200_000
"""Stands for "no rule": greater than any order, since Python reads no number of so many digits.

Comparing two integers of different size looks at their sizes only.
"""


class Part(Protocol):
    """Some rules, and the way to the first of them that matches."""

    @property
    def least(self) -> int:
        """The least order below, `NO_ORDER` where nothing stands."""
        ...

    @property
    def find(self) -> Find:
        """Give the order of the first rule below that matches, if it stands before `best`."""
        ...

    def near(self, event: Event) -> Iterator[Entry]:
        """Give what stands below, what the event leads to first."""
        ...

    def without(self, entry: Entry) -> "Part":
        """Give this part without the rule of that order; `entry` is the whole of it."""
        ...


class Node(Part, Protocol):
    """A part that takes any rule."""

    def without(self, entry: Entry) -> "Node":
        """Give this part without the rule of that order; `entry` is the whole of it."""
        ...

    def added(self, entry: Entry) -> "Node":
        """Give this part with one rule more."""
        ...


def least_of(parts: Iterable[Part]) -> int:
    """Give the least order in `parts`."""
    return min((part.least for part in parts), default=NO_ORDER)
