"""A leaf as code: the questions of a few rules written out as one Python function.

It spares the loops and most of the calls, a half of the time.  Nothing from a rule enters the
source: the source holds names only, and each name is bound to its value in the function's globals.

    def find(event, best):
        get = event.get
        v0 = get(k0)
        if v0 == c0 and best > o0 and h1(get(k1)): return o0
        if v0 in c2 and best > o1: return o1
        return best
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import cast

from actors.l1_evaluator.entries import Entry
from actors.l1_evaluator.questions import Event, Question

Find = Callable[[Event, float], float]
"""Give the order of the first rule that matches and stands before `best`, else `best`."""

_CHEAP = 1
"""Questions up to this cost are asked before the order is compared."""
_SHORT = 8
"""A tuple so short is searched faster than a text is hashed, and takes any value."""


def compiled(entries: Sequence[Entry]) -> Find:
    """Write the rules of a leaf, in their order, as one function."""
    names: dict[str, object] = {}
    keys = Counter(question.key for entry in entries for question in entry.questions)
    looked_up: dict[str, str] = {}
    lines = ["def find(event, best):", "    get = event.get"]
    for number, (key, uses) in enumerate(keys.items()):
        names[f"k{number}"] = key
        looked_up[key] = f"get(k{number})"
        if uses > 1:
            lines.append(f"    v{number} = get(k{number})")
            looked_up[key] = f"v{number}"
    for number, entry in enumerate(entries):
        names[f"o{number}"] = entry.order
        asked = [_asked(question, looked_up[question.key], names) for question in entry.questions]
        cheap = sum(question.cost <= _CHEAP for question in entry.questions)
        asked.insert(cheap, f"best > o{number}")
        if entry.further is not None:
            names[f"f{number}"] = entry.further
            asked.append(f"f{number}(event)")
        lines.append(f"    if {' and '.join(asked)}: return o{number}")
    lines.append("    return best")
    exec(compile("\n".join(lines), "<leaf>", "exec"), names)  # noqa: S102 - names alone, see above
    return cast("Find", names["find"])


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
