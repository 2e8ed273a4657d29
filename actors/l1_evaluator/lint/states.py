"""What is wished of an event, key by key, and the event that does it."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import attrs

from actors.catalogue.emission import MAPPING, Domain, Shape
from actors.l1_evaluator.lint.values import Found, Solution, Unsolved, default, solve
from actors.l1_evaluator.questions import Question

Wish: TypeAlias = tuple[Question, bool]
"""A question, and whether it shall be answered with yes."""
Wishes: TypeAlias = Mapping[str, frozenset[Wish]]
"""By the top-level key under which the fields stand: keys are independent of each other."""


@attrs.frozen
class State:
    """An event in the making: what it shall fulfil, and with which values it does."""

    wishes: Wishes
    values: Mapping[str, object]
    """By top-level key; None where it is missing."""


_Part: TypeAlias = frozenset[tuple[str, Domain]]


@attrs.define
class Solutions:
    """What was solved before: kinds of events that say the same of a key share the answers."""

    solved: dict[tuple[str, _Part, frozenset[Wish]], Solution] = attrs.field(
        factory=dict[tuple[str, _Part, frozenset[Wish]], Solution], init=False
    )
    _parts: dict[_Part, _Part] = attrs.field(factory=dict[_Part, _Part], init=False)

    def part(self, shape: Shape, key: str) -> _Part:
        """Give what a shape says of a key; the same object where another one says the same."""
        part = shape.below(key)
        return self._parts.setdefault(part, part)


@attrs.frozen(eq=False)
class Stage:
    """One kind of event on which states are played through."""

    shape: Shape
    _known: Solutions
    _bare: Mapping[str, object] = attrs.field(init=False)
    _parts: dict[str, _Part] = attrs.field(factory=dict[str, _Part], init=False)

    def __attrs_post_init__(self) -> None:
        bare = {key: _default(self.shape, key) for key in self.shape.top_fields}
        object.__setattr__(
            self, "_bare", {key: value for key, value in bare.items() if value is not None}
        )

    def event(self, state: State) -> Mapping[str, object]:
        """Give the event of a state."""
        event = {**self._bare, **state.values}
        for key, value in state.values.items():
            if value is None:
                del event[key]
        return event

    def begin(self, wishes: Iterable[Wish]) -> State | Unsolved:
        """Give the state that fulfils these wishes."""
        return self.further(State({}, {}), wishes)

    def further(self, state: State, wishes: Iterable[Wish]) -> State | Unsolved:
        """Give the state that fulfils these wishes as well."""
        grown = dict(state.wishes)
        touched: dict[str, None] = {}
        for wish in wishes:
            key = wish[0].key
            grown[key] = grown.get(key, _NONE) | {wish}
            touched[key] = None
        values = dict(state.values)
        unsure = False
        for key in touched:
            solution = self.solve(key, grown[key])
            if isinstance(solution, Found):
                values[key] = solution.value
            elif solution is Unsolved.NEVER:
                return solution
            else:
                unsure = True
        return Unsolved.UNKNOWN if unsure else State(grown, values)

    def solve(self, key: str, wishes: frozenset[Wish]) -> Solution:
        """Find what stands under a top-level key so that the wishes about it are fulfilled."""
        part = self._parts.get(key)
        if part is None:
            part = self._parts[key] = self._known.part(self.shape, key)
        solved, asked = self._known.solved, (key, part, wishes)
        solution = solved.get(asked)
        if solution is None:
            solution = solved[asked] = _solve_below(self.shape, key, list(wishes))
        return solution


_NONE: frozenset[Wish] = frozenset()


def _default(shape: Shape, key: str) -> object:
    """Give what stands in a field of which nothing is wished."""
    domain = shape.domain(key)
    return _default_below(shape, key) if domain.kind == "mapping" else default(domain)


def _default_below(shape: Shape, path: str) -> dict[str, object]:
    below = f"{path}."
    names = (f[len(below) :].partition(".")[0] for f in shape.fields if f.startswith(below))
    values = {name: _default(shape, below + name) for name in dict.fromkeys(names) if name != "*"}
    return {name: value for name, value in values.items() if value is not None}


def _solve_below(shape: Shape, path: str, wishes: list[Wish]) -> Solution:
    own = [wish for wish in wishes if wish[0].condition.field == path]
    below = [wish for wish in wishes if wish[0].condition.field != path]
    domain = shape.domain(path)
    answers: list[Solution] = []
    if domain.kind in ("mapping", "anything") and (below or domain.kind == "mapping"):
        answers.append(_as_mapping(shape, path, own, below))
    if domain.kind != "mapping" and all(map(_content_with_missing, below)):
        answers.append(_solved(own, domain))
    found = next((answer for answer in answers if isinstance(answer, Found)), None)
    if found is None:
        return Unsolved.UNKNOWN if Unsolved.UNKNOWN in answers else Unsolved.NEVER
    return found


def _as_mapping(shape: Shape, path: str, own: list[Wish], below: list[Wish]) -> Solution:
    inner = _default_below(shape, path)
    # Whatever a mapping holds, to the conditions about itself it is the same.
    if not isinstance(_solved(own, MAPPING), Found):
        return Unsolved.NEVER
    by_name: dict[str, list[Wish]] = {}
    for wish in below:
        name = wish[0].condition.field[len(path) + 1 :].partition(".")[0]
        by_name.setdefault(name, []).append(wish)
    unsure = False
    for name, wishes in by_name.items():
        solution = _solve_below(shape, f"{path}.{name}", wishes)
        if solution is Unsolved.NEVER:
            return solution
        if isinstance(solution, Found):
            inner[name] = solution.value
        else:
            unsure = True
    if unsure:
        return Unsolved.UNKNOWN
    return Found({name: value for name, value in inner.items() if value is not None})


def _solved(wishes: list[Wish], domain: Domain) -> Solution:
    return solve([(question.condition, wanted) for question, wanted in wishes], domain)


def _content_with_missing(wish: Wish) -> bool:
    condition, wanted = wish[0].condition, wish[1]
    return (condition.operator == "exists" and condition.value is False) is wanted
