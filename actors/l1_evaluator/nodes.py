"""What the parts of the tree have in common, and the part that needs no growing: the gates."""

from collections.abc import Iterator
from typing import Final, Protocol

import attrs

from actors.l1_evaluator.entries import Entry
from actors.l1_evaluator.gates import Gate
from actors.l1_evaluator.leaf_code import Find
from actors.l1_evaluator.questions import Event

NO_ORDER: Final = 1 << 200_000
"""Stands for "no rule": greater than any order, since Python reads no number of so many digits.

Comparing two integers of different size looks at their sizes only.
"""


class Node(Protocol):
    """A part of the tree."""

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

    def without(self, entry: Entry) -> "Node":
        """Give this part without the rule of that order; `entry` is the whole of it."""
        ...

    def added(self, entry: Entry) -> "Node":
        """Give this part with one rule more."""
        ...


@attrs.define(eq=False)
class Gated:
    """Rules behind gates: those of a shut gate need not be asked."""

    behind: tuple[tuple[Gate, Node], ...]
    rest: Node
    """The rules without a gate; a rule that comes later stands here too."""
    least: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.least = min([self.rest.least, *(node.least for _, node in self.behind)])

    def find(self, event: Event, best: int) -> int:
        """Ask the rest, then whatever stands behind an open gate and can still win."""
        if self.rest.least < best:
            best = self.rest.find(event, best)
        for gate_, node in self.behind:
            if node.least < best and gate_.opens(event.get(gate_.key)):
                best = node.find(event, best)
        return best

    def near(self, event: Event) -> Iterator[Entry]:
        """Give the rest, then what stands behind open gates, then what does not."""
        yield from self.rest.near(event)
        shut: list[Node] = []
        for gate_, node in self.behind:
            if gate_.opens(event.get(gate_.key)):
                yield from node.near(event)
            else:
                shut.append(node)
        for node in shut:
            yield from node.near(event)

    def without(self, entry: Entry) -> Node:
        """Give the same without a rule, wherever it stands."""
        behind = tuple((gate_, node.without(entry)) for gate_, node in self.behind)
        return Gated(behind, self.rest.without(entry))

    def added(self, entry: Entry) -> Node:
        """Give the same with a rule more among the rest: the gates do not know it."""
        return Gated(self.behind, self.rest.added(entry))
