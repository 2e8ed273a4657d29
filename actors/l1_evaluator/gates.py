"""Gates: one question whose "no" answers for many rules at once.

Rules that need no certain text in any field cannot stand in a table.  But those that look for
phrases in the message share the question whether *any* of the phrases is there; so do those that
look for host prefixes, or for thresholds of one metric.  A gate that opens decides nothing: its
rules are then asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, Literal, cast

import attrs

from actors.catalogue.patterns import any_search, required_text
from actors.catalogue.rules import Condition
from actors.l1_evaluator.entries import Entry
from actors.l1_evaluator.predicates import Holds, predicate, within
from actors.l1_evaluator.questions import Question

OPENS: Final = 0.1
"""The share of events for which a gate is taken to open."""

_MIN_TEXT = 4
"""Characters; a shorter text is there too often to keep a gate shut."""
_MIN_RULES = 4
"""Fewer rules behind a gate are asked faster without it."""

Kind = Literal["prefix", "text", "above", "below"]


_SHUT_BEST: Final[tuple[Kind, ...]] = ("prefix", "text", "above", "below")
"""The kinds of gates, those that let the fewest events through first."""


@attrs.frozen(order=True)
class GateKind:
    """What rules must have in common to stand behind one gate."""

    kind: Kind = attrs.field(order=_SHUT_BEST.index)
    field: str


@attrs.frozen(eq=False)
class Gate:
    """A question that must hold for any of its rules to match."""

    key: str
    """The top-level key of the event whose value is asked about."""
    opens: Holds


Groups = dict[GateKind, list[Entry]]


def grouped(entries: Iterable[Entry]) -> tuple[Groups, list[Entry]]:
    """Sort rules by the gate behind which they may stand; those that may not come second."""
    groups: defaultdict[GateKind, list[Entry]] = defaultdict(list)
    rest: list[Entry] = []
    for entry in entries:
        kinds = {kind for question in entry.questions if (kind := _kind(question)) is not None}
        if kinds:
            groups[min(kinds)].append(entry)
        else:
            rest.append(entry)
    for kind in [kind for kind, group in groups.items() if len(group) < _MIN_RULES]:
        rest.extend(groups.pop(kind))
    return dict(groups), rest


def gate(kind: GateKind, entries: Iterable[Entry]) -> Gate:
    """Make the gate for rules that `grouped` put together."""
    questions = [
        max((each for each in entry.questions if _kind(each) == kind), key=_length)
        for entry in entries
    ]
    return Gate(questions[0].key, _opens(kind, [question.condition for question in questions]))


def _length(question: Question) -> int:
    """Count the characters of what is asked for: the longer, the rarer."""
    return len(str(question.condition.value))


def _kind(question: Question) -> GateKind | None:
    """Say which gate a question allows, if any."""
    condition = question.condition
    if condition.ignore_case:
        return None
    match condition.operator:
        case "contains" | "regex" if len(_certain_text(condition)) >= _MIN_TEXT:
            return GateKind("text", condition.field)
        case "starts_with" if _length(question) >= _MIN_TEXT:
            return GateKind("prefix", condition.field)
        case "gt" | "gte":
            return GateKind("above", condition.field)
        case "lt" | "lte":
            return GateKind("below", condition.field)
        case _:
            return None


def _certain_text(condition: Condition) -> str:
    """Give a text that the field must hold, "" where there is none.

    A pattern without one asks for a shape, as of an address; such a gate would stand open.
    """
    if not isinstance(condition.value, str):
        return ""
    return required_text(condition.value) if condition.operator == "regex" else condition.value


def _opens(kind: GateKind, conditions: Sequence[Condition]) -> Holds:
    match kind.kind:
        case "text":
            return within(kind.field, _any_text(conditions))
        case "prefix":
            return within(kind.field, _any_prefix([str(each.value) for each in conditions]))
        case "above":
            limit = min(cast("float", each.value) for each in conditions)
            return predicate(Condition(kind.field, "gte", limit))
        case "below":
            limit = max(cast("float", each.value) for each in conditions)
            return predicate(Condition(kind.field, "lte", limit))


def _any_text(conditions: Sequence[Condition]) -> Holds:
    texts = [str(each.value) for each in conditions if each.operator == "contains"]
    patterns = [str(each.value) for each in conditions if each.operator == "regex"]
    search = any_search(texts, patterns)
    # A list may hold the text as a member.
    return lambda value: search(value) if isinstance(value, str) else isinstance(value, list)


def _any_prefix(prefixes: Sequence[str]) -> Holds:
    by_length: defaultdict[int, set[str]] = defaultdict(set)
    for prefix in prefixes:
        by_length[len(prefix)].add(prefix)
    tables = [(length, frozenset(found)) for length, found in by_length.items()]

    def any_prefix(value: object) -> bool:
        if isinstance(value, str):
            for length, table in tables:
                if value[:length] in table:
                    return True
        return False

    return any_prefix
