"""The parts of the tree for rules without a table: each looks once and knows who may match.

A rule that comes later is never added to them but stands among the rest, beside these parts.
"""

import math
import operator
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import cast

import attrs

from actors.l1_evaluator.entries import Entry
from actors.l1_evaluator.nodes import Node, Part, least_of
from actors.l1_evaluator.predicates import number_of
from actors.l1_evaluator.questions import Event

Read = Callable[[Event], object]
"""Gives the value of one field, None where it is missing."""
Get = Callable[[str, float], float]
"""`get` of a mapping of metrics; values from outside may be no numbers all the same."""


@attrs.define(eq=False)
class Beside:
    """Parts that are all asked: the rest of the rules first, then the asides."""

    rest: Node
    asides: tuple[Part, ...]
    least: int = attrs.field(init=False)
    _parts: tuple[Part, ...] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._parts = (self.rest, *self.asides)
        self.least = least_of(self._parts)

    def find(self, event: Event, best: int) -> int:
        """Ask every part that can still win."""
        for part in self._parts:
            if part.least < best:
                best = part.find(event, best)
        return best

    def near(self, event: Event) -> Iterator[Entry]:
        """Give what stands in the parts, one after the other."""
        for part in self._parts:
            yield from part.near(event)

    def without(self, entry: Entry) -> Node:
        """Give the same without a rule, wherever it stands."""
        return Beside(self.rest.without(entry), tuple(each.without(entry) for each in self.asides))

    def added(self, entry: Entry) -> Node:
        """Give the same with a rule more among the rest: no aside knows it."""
        return Beside(self.rest.added(entry), self.asides)


@attrs.define(eq=False)
class Prefixes:
    """Rules that look for a prefix of one text.

    The prefixes of a text sort before it, and whatever stands between the longest of them and the
    text starts with that one too.  So one look for its place finds all: they are the prefix that
    sorts last before the text, and the prefixes of that one, as far as the text has them.
    """

    read: Read
    by_prefix: Mapping[str, Node]
    """The question about the prefix is answered there."""
    least: int = attrs.field(init=False)
    _sorted: list[str] = attrs.field(init=False)
    _nested: list[tuple[tuple[str, Node], ...]] = attrs.field(init=False)
    """By place among the sorted: nothing for before the first, then each with its own prefixes."""

    def __attrs_post_init__(self) -> None:
        self.least = least_of(self.by_prefix.values())
        self._sorted = sorted(self.by_prefix)
        self._nested = [()]
        for prefix in self._sorted:
            above = [each for each in self._nested[-1] if prefix.startswith(each[0])]
            self._nested.append((*above, (prefix, self.by_prefix[prefix])))

    def find(self, event: Event, best: int) -> int:
        """Ask the rules whose prefix the text has."""
        text = self.read(event)
        if isinstance(text, str):
            for prefix, node in self._nested[bisect_right(self._sorted, text)]:
                if node.least < best and text.startswith(prefix):
                    best = node.find(event, best)
        return best

    def near(self, event: Event) -> Iterator[Entry]:
        """Give the rules whose prefix the text has, then the others."""
        text = self.read(event)
        for has_it in (True, False):
            for prefix, node in self.by_prefix.items():
                if (isinstance(text, str) and text.startswith(prefix)) is has_it:
                    yield from node.near(event)

    def without(self, entry: Entry) -> Part:
        """Give the same without a rule."""
        return Prefixes(
            self.read, {prefix: node.without(entry) for prefix, node in self.by_prefix.items()}
        )


@attrs.frozen(eq=False)
class Limit:
    """The rules that need a metric on one side of a limit; most values stand on the other."""

    key: str
    limit: float
    """The limit that is met most easily; the limit itself meets it."""
    node: Node


@attrs.define(eq=False)
class Thresholds:
    """Rules with thresholds of the metrics in one mapping."""

    read: Read
    """Gives the mapping."""
    lower: tuple[Limit, ...]
    """Met by what is at least the limit."""
    upper: tuple[Limit, ...]
    """Met by what is at most the limit."""
    least: int = attrs.field(init=False)
    _lower: tuple[tuple[str, float, Node], ...] = attrs.field(init=False)
    _upper: tuple[tuple[str, float, Node], ...] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.least = least_of(each.node for each in (*self.lower, *self.upper))
        self._lower = tuple((each.key, each.limit, each.node) for each in self.lower)
        self._upper = tuple((each.key, each.limit, each.node) for each in self.upper)

    def find(self, event: Event, best: int) -> int:
        """Ask the rules about the values that meet a limit."""
        mapping = self.read(event)
        if not isinstance(mapping, (dict, Mapping)):
            return best
        get = cast("Get", mapping.get)
        try:
            # Nothing is on either side of NaN; a bool is, but then its rules say no.
            for key, limit, node in self._lower:
                if get(key, math.nan) >= limit and node.least < best:
                    best = node.find(event, best)
            for key, limit, node in self._upper:
                if get(key, math.nan) <= limit and node.least < best:
                    best = node.find(event, best)
        except TypeError:  # no number stands there, maybe a text that spells one
            return self._find_spelled(event, best, get)
        return best

    def near(self, event: Event) -> Iterator[Entry]:
        """Give the rules, metric by metric."""
        for each in (*self.lower, *self.upper):
            yield from each.node.near(event)

    def without(self, entry: Entry) -> Part:
        """Give the same without a rule."""
        lower, upper = (
            tuple(attrs.evolve(each, node=each.node.without(entry)) for each in limits)
            for limits in (self.lower, self.upper)
        )
        return Thresholds(self.read, lower, upper)

    def _find_spelled(self, event: Event, best: int, get: Get) -> int:
        for limits, meets in ((self._lower, operator.ge), (self._upper, operator.le)):
            for key, limit, node in limits:
                number = number_of(get(key, math.nan))
                if number is not None and meets(number, limit) and node.least < best:
                    best = node.find(event, best)
        return best


@attrs.define(eq=False)
class Texts:
    """Rules that look for phrases in one text: asked only where any of the phrases is."""

    read: Read
    search: Callable[[str], bool]
    """Only its "no" is certain."""
    node: Node
    least: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.least = self.node.least

    def find(self, event: Event, best: int) -> int:
        """Ask the rules if any of the phrases may be there."""
        # A list may hold a phrase as a member.
        value = self.read(event)
        found = self.search(value) if isinstance(value, str) else isinstance(value, list)
        return self.node.find(event, best) if found else best

    def near(self, event: Event) -> Iterator[Entry]:
        """Give the rules."""
        return self.node.near(event)

    def without(self, entry: Entry) -> Part:
        """Give the same without a rule."""
        return Texts(self.read, self.search, self.node.without(entry))
