"""Gates: what rules without a table have in common, so that one look answers for many of them.

Rules that need no certain text in any field cannot stand in a table.  But a host prefix can be
looked up; rules that look for phrases in the message share the question whether *any* of the
phrases is there; and values that no threshold is about shut out all thresholds of a metric.
Here it is decided which rule stands behind which gate; `asides` has the gates themselves.
"""

from collections import defaultdict
from collections.abc import Iterable
from operator import attrgetter
from typing import Final, Literal

import attrs

from actors.catalogue.patterns import required_text
from actors.l1_evaluator.entries import Entry
from actors.l1_evaluator.questions import Question

_MIN_PHRASE = 10
"""Characters; a single word is there too often to keep a gate shut."""
_MIN_CERTAIN = 4
"""Characters that a pattern or a prefix must be sure of."""

Kind = Literal["prefix", "threshold", "text"]
_SHUT_BEST: Final[tuple[Kind, ...]] = ("prefix", "text", "threshold")
"""The kinds of gates, those that let the fewest events through first."""
_MIN_RULES: Final[dict[Kind, int]] = {"prefix": 3, "text": 8, "threshold": 3}
"""Fewer rules behind a gate are asked faster without it."""


@attrs.frozen(order=True)
class GateKind:
    """What rules must have in common to stand behind one gate."""

    kind: Kind = attrs.field(order=_SHUT_BEST.index)
    field: str
    """Dotted; for thresholds the mapping in which the metrics stand, "" for the event itself."""


Groups = dict[GateKind, list[Entry]]


def grouped(entries: Iterable[Entry]) -> tuple[Groups, list[Entry]]:
    """Sort rules by the gate behind which they may stand; those that may not come second.

    Both keep the order in which the rules came: a leaf asks them so.
    """
    groups: defaultdict[GateKind, list[Entry]] = defaultdict(list)
    rest: list[Entry] = []
    for entry in entries:
        kinds = {kind for question in entry.questions if (kind := _kind(question)) is not None}
        if kinds:
            groups[min(kinds)].append(entry)
        else:
            rest.append(entry)
    for gate in [gate for gate, group in groups.items() if len(group) < _MIN_RULES[gate.kind]]:
        rest.extend(groups.pop(gate))
    rest.sort(key=attrgetter("order"))  # what came back stands where it stood
    return dict(groups), rest


def told_by(gate: GateKind, entry: Entry) -> Question:
    """Give the question for which the rule stands behind the gate."""
    return max((each for each in entry.questions if _kind(each) == gate), key=_length)


def _length(question: Question) -> int:
    """Count the characters of what is asked for: the longer, the rarer."""
    return len(str(question.condition.value))


def _kind(question: Question) -> GateKind | None:
    """Say which gate a question allows, if any."""
    condition, value = question.condition, question.condition.value
    if condition.ignore_case:
        return None
    match condition.operator:
        case "contains" if isinstance(value, str) and len(value) >= _MIN_PHRASE:
            return GateKind("text", condition.field)
        # A pattern sure of no text asks for a shape, as of an address: its gate would stand open.
        case "regex" if len(required_text(str(value))) >= _MIN_CERTAIN:
            return GateKind("text", condition.field)
        case "starts_with" if len(str(value)) >= _MIN_CERTAIN:
            return GateKind("prefix", condition.field)
        case "gt" | "gte" | "lt" | "lte":
            return GateKind("threshold", condition.field.rpartition(".")[0])
        case _:
            return None
