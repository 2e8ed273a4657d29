"""A leaf as code: the questions of a few rules written out as one Python function.

It spares the loops and most of the calls, a half of the time.  Nothing from a rule enters the
source: the source holds names only, and each name is bound to its value in the function's globals.

    def find(event, best):
        get = event.get
        if (v0 := get(k0)) == c2 and best > o0 and c4(get(k1)): return o0
        if v0 in c7 and best > o1: return o1
        return best
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import cast

from actors.l1_evaluator.entries import Entry
from actors.l1_evaluator.questions import Event, Question

Find = Callable[[Event, int], int]
"""Give the order of the first rule that matches and stands before `best`, else `best`."""

_CHEAP = 1
"""Questions up to this cost are asked before the order is compared."""
_SHORT = 8
"""A tuple so short is searched faster than a text is hashed, and takes any value."""


def compiled(entries: Sequence[Entry]) -> Find:
    """Write the rules of a leaf, in their order, as one function."""
    names: dict[str, object] = {}
    lines = ["def find(event, best):", "    get = event.get"]
    read = _Reads(entries, names)
    for number, entry in enumerate(entries):
        names[f"o{number}"] = entry.order
        cheap = sum(question.cost <= _CHEAP for question in entry.questions)
        asked = [
            _asked(question, read.value(question.key, certain=not place and cheap > 0), names)
            for place, question in enumerate(entry.questions)
        ]
        asked.insert(cheap, f"best > o{number}")
        if entry.further is not None:
            names[f"f{number}"] = entry.further
            asked.append(f"f{number}(event)")
        lines.append(f"    if {' and '.join(asked)}: return o{number}")
    lines.append("    return best")
    exec(compile("\n".join(lines), "<leaf>", "exec"), names)  # noqa: S102 - names alone, see above
    return cast("Find", names["find"])


class _Reads:
    """Writes how the value of a key is read; one that is needed again is kept in a variable."""

    def __init__(self, entries: Sequence[Entry], names: dict[str, object]) -> None:
        self._uses = Counter(question.key for entry in entries for question in entry.questions)
        self._numbers = {key: number for number, key in enumerate(self._uses)}
        self._kept: set[str] = set()
        names.update({f"k{number}": key for key, number in self._numbers.items()})

    def value(self, key: str, *, certain: bool) -> str:
        """Write the value of `key`; `certain` where this place is reached whenever later ones are.

        Only there a variable can be set: the question after an `and` may never be asked.
        """
        number = self._numbers[key]
        if key in self._kept:
            return f"v{number}"
        if certain and self._uses[key] > 1:
            self._kept.add(key)
            return f"(v{number} := get(k{number}))"
        return f"get(k{number})"


def _asked(question: Question, value: str, names: dict[str, object]) -> str:
    """Write one question about the expression `value`."""
    condition, name = question.condition, f"c{len(names)}"
    plain = "." not in condition.field and not condition.ignore_case
    if plain and condition.operator == "eq" and isinstance(condition.value, str):
        names[name] = condition.value
        return f"{value} == {name}"
    if plain and condition.operator == "eq" and isinstance(condition.value, bool):
        names[name] = condition.value
        return f"{value} is {name}"
    if question.anchors and len(question.anchors) <= _SHORT:
        names[name] = question.anchors
        return f"{value} in {name}"
    names[name] = question.holds
    return f"{name}({value})"
