"""The discrimination tree: from an event to the first rule that matches it.

A node asks one top-level field and goes on where the rules for its value stand.  What is known on
the way down is never asked again: below `status = fail` the questions about the status are gone,
and so are the rules that they exclude.  Tables hold texts only, so `1`, `1.0` and `True` never
collide.  Everything carries its *least order*: what cannot win is not visited.

Nodes never change; an updated tree shares with the old one all but the path to the change.
(A leaf that is visited often turns itself into code, see `leaf`: that changes no answer.)
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol, cast

import attrs

from actors.l1_evaluator.entries import Entry
from actors.l1_evaluator.gates import OPENS, Gate, Groups, gate, grouped
from actors.l1_evaluator.leaf_code import Find, compiled
from actors.l1_evaluator.questions import Event

NO_ORDER: Final = 1 << 200_000
"""Stands for "no rule": greater than any order, since Python reads no number of so many digits.

Comparing two integers of different size looks at their sizes only.
"""

_SMALL = 6
"""So few rules are asked one by one rather than told apart by a further field."""
_WORTHWHILE = 0.85
"""A field must leave at most this share of the rules to be worth a table."""
_TABLE_COST = 1.0
"""What looking into a table costs, in rules asked."""
_GATES_FROM = 40
_GATES_SHARE = 0.5
"""Where a table would leave no more than so many rules, or such a share, it is better."""
_HOT = 200
"""Visits after which a leaf becomes code; compiling takes some 50 µs a rule."""
_CODE_SIZE = 64
"""Rules in a leaf that may become code."""
_COPIES = 2048
"""Entries that a tree may hold twice, so that a decision goes down one path instead of two."""


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


def grown(entries: Iterable[Entry], copies: float = _COPIES) -> Node:
    """Build the tree over `entries`, of which about `copies` may stand in it twice."""
    ordered = sorted(entries, key=lambda entry: entry.order)
    field, left = _telling_field(ordered)
    if left > max(_GATES_FROM, _GATES_SHARE * len(ordered)):
        groups, rest = grouped(ordered)
        if groups and len(rest) + OPENS * (len(ordered) - len(rest)) < left:
            return _gated(groups, rest, copies)
    return _tabled(ordered, field, copies)


def _gated(groups: Groups, rest: list[Entry], copies: float) -> "Node":
    behind = tuple(
        (gate(kind, group), _tabled(group, _telling_field(group)[0], copies=0))
        for kind, group in groups.items()
    )
    return Gated(behind, _tabled(rest, _telling_field(rest)[0], copies))


def _tabled(ordered: list[Entry], field: str | None, copies: float) -> Node:
    """Build the part whose first question is a table, or a leaf where no field is worth one."""
    if field is None:
        return Leaf(tuple(ordered))
    valued, star = _parted(ordered, field)
    copied = len(star) * len(valued)
    one_path = copied <= copies
    if one_path:
        for value, group in valued.items():
            group.extend(_given(star, field, value))
        copies -= copied
    share = copies / (sum(map(len, valued.values())) + len(star) + 1)
    table = {value: grown(group, share * len(group)) for value, group in valued.items()}
    rest = grown(star, share * len(star))
    return Fork(field, table, rest, tuple(star)) if one_path else Branch(field, table, rest)


def _given(entries: Iterable[Entry], field: str, value: str) -> list[Entry]:
    """Give what remains of `entries` once `field` is known to hold `value`."""
    remaining = (entry.given(field, value) for entry in entries)
    return [entry for entry in remaining if entry is not None]


def _telling_field(entries: list[Entry]) -> tuple[str | None, float]:
    """Choose the field that leaves the fewest rules to ask, and say how many it may leave.

    None where no field is worth a table.
    """
    if len(entries) <= _SMALL:
        return None, len(entries)
    counts: dict[str, dict[str, int]] = {}
    having: dict[str, int] = {}
    for entry in entries:
        for question in entry.questions:
            if question.anchors:
                field = question.key
                having[field] = having.get(field, 0) + 1
                of_value = counts.setdefault(field, {})
                for value in question.anchors:
                    of_value[value] = of_value.get(value, 0) + 1
    best, best_left = None, _WORTHWHILE * len(entries)
    for field, of_value in counts.items():
        spread = sum(of_value.values())
        expected = sum([count * count for count in of_value.values()]) / spread
        left = len(entries) - having[field] + expected + _TABLE_COST
        if left < best_left:
            best, best_left = field, left
    return (best, best_left) if best is not None else (None, len(entries))


def _parted(entries: list[Entry], field: str) -> tuple[dict[str, list[Entry]], list[Entry]]:
    """Part rules that need a certain text in `field`, by text, from those that do not."""
    valued: dict[str, list[Entry]] = {}
    star: list[Entry] = []
    for entry in entries:
        values = entry.anchors().get(field)
        if values is None:
            star.append(entry)
            continue
        for value in values:
            below = entry.given(field, value)
            if below is not None:
                valued.setdefault(value, []).append(below)
    return valued, star


@attrs.define(eq=False)
class Leaf:
    """Rules that are asked one by one, in their order."""

    rules: tuple[Entry, ...]
    least: int = attrs.field(init=False)
    find: Find = attrs.field(init=False)
    _visits: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.least = self.rules[0].order if self.rules else NO_ORDER
        self.find = self._ask

    def _ask(self, event: Event, best: int) -> int:
        self._visits += 1
        if self._visits == _HOT and len(self.rules) <= _CODE_SIZE:
            self.find = compiled(self.rules)
        get = event.get
        for entry in self.rules:
            if entry.order >= best:
                break
            for question in entry.questions:
                if not question.holds(get(question.key)):
                    break
            else:
                if entry.further is None or entry.further(event):
                    return entry.order
        return best

    def near(self, event: Event) -> Iterator[Entry]:
        """Give the rules of the leaf: the event led here."""
        del event
        return iter(self.rules)

    def without(self, entry: Entry) -> Node:
        """Give the leaf without the rule of that order."""
        return Leaf(tuple(each for each in self.rules if each.order != entry.order))

    def added(self, entry: Entry) -> Node:
        """Give the leaf with one rule more; it may grow into more than a leaf."""
        return grown([*self.rules, entry], copies=0)


@attrs.define(eq=False)
class Fork:
    """Goes on by the text that stands in one field; one path is enough."""

    field: str
    table: Mapping[str, Node]
    """By text: the rules that need it, and those of `shared` as far as it allows them."""
    star: Node
    """The rules of `shared`, for every other event."""
    shared: tuple[Entry, ...]
    """The rules that need no certain text in the field."""
    least: int = attrs.field(init=False)
    _child_for: Callable[[object, Node], Node] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.least = _least(self.table, self.star)
        self._child_for = cast("Callable[[object, Node], Node]", self.table.get)

    def find(self, event: Event, best: int) -> int:
        """Go down the one path."""
        try:
            child = self._child_for(event.get(self.field), self.star)
        except TypeError:  # a list or a mapping stands there: no text of the table
            child = self.star
        return child.find(event, best)

    def near(self, event: Event) -> Iterator[Entry]:
        """Give what the event leads to, then the rest."""
        reached = _child(self.table, event.get(self.field)) or self.star
        yield from reached.near(event)
        for child in self.table.values():
            if child is not reached:
                yield from child.near(event)

    def without(self, entry: Entry) -> Node:
        """Give the fork without a rule; a shared one leaves every child."""
        values = entry.anchors().get(self.field)
        if values is not None:
            return Fork(self.field, _less(self.table, values, entry), self.star, self.shared)
        shared = tuple(each for each in self.shared if each.order != entry.order)
        table = _less(self.table, self.table, entry)
        return Fork(self.field, table, self.star.without(entry), shared)

    def added(self, entry: Entry) -> Node:
        """Give the fork with one rule more; a shared one comes to every child."""
        values = entry.anchors().get(self.field)
        if values is not None:
            table = _more(self.table, values, entry, self.field, self.shared)
            return Fork(self.field, table, self.star, self.shared)
        table = _more(self.table, self.table, entry, self.field, self.shared)
        return Fork(self.field, table, self.star.added(entry), (*self.shared, entry))


@attrs.define(eq=False)
class Branch:
    """Asks the rules that need the text in one field, and then those that need none."""

    field: str
    table: Mapping[str, Node]
    star: Node
    least: int = attrs.field(init=False)
    _child_for: Callable[[object], Node | None] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.least = _least(self.table, self.star)
        self._child_for = cast("Callable[[object], Node | None]", self.table.get)

    def find(self, event: Event, best: int) -> int:
        """Go down both paths, as far as they can still win."""
        try:
            child = self._child_for(event.get(self.field))
        except TypeError:
            child = None
        # The text's rules first: what they find rules out most of the others unasked.
        if child is not None and child.least < best:
            best = child.find(event, best)
        return self.star.find(event, best) if self.star.least < best else best

    def near(self, event: Event) -> Iterator[Entry]:
        """Give what the event leads to, then the rest."""
        reached = _child(self.table, event.get(self.field))
        if reached is not None:
            yield from reached.near(event)
        yield from self.star.near(event)
        for child in self.table.values():
            if child is not reached:
                yield from child.near(event)

    def without(self, entry: Entry) -> Node:
        """Give the branch without a rule."""
        values = entry.anchors().get(self.field)
        if values is None:
            return Branch(self.field, self.table, self.star.without(entry))
        return Branch(self.field, _less(self.table, values, entry), self.star)

    def added(self, entry: Entry) -> Node:
        """Give the branch with one rule more."""
        values = entry.anchors().get(self.field)
        if values is None:
            return Branch(self.field, self.table, self.star.added(entry))
        return Branch(self.field, _more(self.table, values, entry, self.field), self.star)


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


def _least(table: Mapping[str, Node], star: Node) -> int:
    return min([star.least, *(child.least for child in table.values())])


def _child(table: Mapping[str, Node], value: object) -> Node | None:
    return table.get(value) if isinstance(value, str) else None


def _less(table: Mapping[str, Node], values: Iterable[str], entry: Entry) -> dict[str, Node]:
    """Give `table` with `entry` gone from the children of `values`; emptied ones are dropped."""
    fewer = dict(table)
    for value in values:
        if value in table:
            child = fewer[value] = table[value].without(entry)
            if child.least == NO_ORDER:
                del fewer[value]
    return fewer


def _more(
    table: Mapping[str, Node],
    values: Iterable[str],
    entry: Entry,
    field: str,
    shared: tuple[Entry, ...] = (),
) -> dict[str, Node]:
    """Give `table` with `entry` in the children of `values`; a new child has `shared` as well."""
    further = dict(table)
    for value in values:
        below = entry.given(field, value)
        if below is not None:
            child = table.get(value) or grown(_given(shared, field, value), copies=0)
            further[value] = child.added(below)
    return further
