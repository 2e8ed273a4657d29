"""The discrimination tree: from an event to the first rule that matches it.

A node asks one top-level field and goes on where the rules for its value stand.  What is known on
the way down is never asked again: below `status = fail` the questions about the status are gone,
and so are the rules that they exclude.  Tables hold texts only, so `1`, `1.0` and `True` never
collide.  Everything carries its *least order*: what cannot win is not visited.

Nodes never change; an updated tree shares with the old one all but the path to the change.
(A leaf that is visited often turns itself into code, see `leaf_code`: that changes no answer.)
"""

import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import cast

import attrs

from actors.catalogue.patterns import any_search
from actors.l1_evaluator.asides import Beside, Limit, Prefixes, Texts, Thresholds
from actors.l1_evaluator.entries import Entry
from actors.l1_evaluator.gates import GateKind, grouped, told_by
from actors.l1_evaluator.leaf_code import Find, compiled
from actors.l1_evaluator.nodes import NO_ORDER, Node, Part, least_of
from actors.l1_evaluator.predicates import reader
from actors.l1_evaluator.questions import Event, Question
from actors.l1_evaluator.splitting import SMALL, given, parted, telling_field

_GATES_FROM = 12
"""Rules that a table may leave before gates are thought of."""
_GATES_SHARE = 0.15
"""Where a table leaves no more than this share of the rules, gates are not thought of."""
_GATES_REST = 0.3
"""The share of the rules that may be without a gate where there are gates."""
_BY_ORDER = operator.attrgetter("order")
_LOWER = ("gt", "gte")
_UPPER = ("lt", "lte")
_HOT = 200
"""Visits after which a leaf becomes code; compiling takes some 15 to 50 µs a rule."""
_CODE_SIZE = 40
"""Rules in a leaf that may become code."""
_COPIES = 2048
"""Entries that a tree may hold twice, so that a decision goes down one path instead of two."""


def grown(entries: Iterable[Entry], copies: float = _COPIES) -> Node:
    """Build the tree over `entries`, of which about `copies` may stand in it twice."""
    ordered = sorted(entries, key=_BY_ORDER)
    if len(ordered) <= SMALL:
        return Leaf(tuple(ordered))
    field, left = telling_field(ordered)
    if left > max(_GATES_FROM, _GATES_SHARE * len(ordered)):
        groups, rest = grouped(ordered)
        if len(rest) <= _GATES_REST * len(ordered):
            asides = tuple(_aside(gate, group) for gate, group in groups.items())
            return Beside(_told_apart(rest, copies), asides)
    return _tabled(ordered, field, copies)


def _told_apart(ordered: list[Entry], copies: float = 0) -> Node:
    return _tabled(ordered, telling_field(ordered)[0], copies)


def _aside(gate: GateKind, group: list[Entry]) -> Part:
    read = reader(gate.field)
    asked = [(told_by(gate, entry), entry) for entry in group]
    match gate.kind:
        case "prefix":
            return Prefixes(read, _by_prefix(asked))
        case "threshold":
            return Thresholds(read, tuple(_limits(asked, _LOWER)), tuple(_limits(asked, _UPPER)))
        case "text":
            conditions = [question.condition for question, _ in asked]
            texts = [str(each.value) for each in conditions if each.operator == "contains"]
            patterns = [str(each.value) for each in conditions if each.operator == "regex"]
            return Texts(read, any_search(texts, patterns), _told_apart(group))


def _by_prefix(asked: list[tuple[Question, Entry]]) -> dict[str, Node]:
    by_prefix: defaultdict[str, list[Entry]] = defaultdict(list)
    for question, entry in asked:
        by_prefix[str(question.condition.value)].append(entry.answered(question))
    return {prefix: grown(group, copies=0) for prefix, group in by_prefix.items()}


def _limits(asked: list[tuple[Question, Entry]], operators: tuple[str, str]) -> Iterator[Limit]:
    """Give the least demanding limit of each metric, over the rules that ask so."""
    by_metric: defaultdict[str, list[Entry]] = defaultdict(list)
    limits: defaultdict[str, list[float]] = defaultdict(list)
    for question, entry in asked:
        if question.condition.operator in operators:
            metric = question.condition.field.rpartition(".")[2]
            by_metric[metric].append(entry)
            limits[metric].append(cast("float", question.condition.value))
    easiest = min if operators is _LOWER else max
    for metric, group in by_metric.items():
        yield Limit(metric, easiest(limits[metric]), _told_apart(group))


def _tabled(ordered: list[Entry], field: str | None, copies: float) -> Node:
    """Build the part whose first question is a table, or a leaf where no field is worth one."""
    if field is None:
        return Leaf(tuple(ordered))
    valued, star = parted(ordered, field)
    copied = len(star) * len(valued)
    one_path = copied <= copies
    if one_path:
        for value, group in valued.items():
            group.extend(given(star, field, value))
        copies -= copied
    share = copies / (sum(map(len, valued.values())) + len(star) + 1)
    table = {value: grown(group, share * len(group)) for value, group in valued.items()}
    rest = grown(star, share * len(star))
    return Fork(field, table, rest, tuple(star)) if one_path else Branch(field, table, rest)


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
        self.least = least_of([self.star, *self.table.values()])
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
        self.least = least_of([self.star, *self.table.values()])
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
            child = table.get(value) or grown(given(shared, field, value), copies=0)
            further[value] = child.added(below)
    return further
