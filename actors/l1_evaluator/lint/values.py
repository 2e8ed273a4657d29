"""One field, several conditions that shall hold or fail: a value for it, or the proof of none.

Values are tried on the questions that also decide.  Where none fits, the answer is `NEVER` only if
the values that were tried stand for all there are; else it is `UNKNOWN`.
"""

import enum
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias, cast

import attrs

from actors.catalogue.emission import Domain
from actors.catalogue.patterns import required_text
from actors.catalogue.rules import Condition, Scalar
from actors.l1_evaluator.lint.samples import VARIANTS, sample
from actors.l1_evaluator.predicates import on_value

Wish: TypeAlias = tuple[Condition, bool]
"""A condition, and whether it shall hold."""


@attrs.frozen
class Found:
    """A value that does what is wished; None where the field is to be missing."""

    value: object


class Unsolved(enum.Enum):
    """No value was found."""

    NEVER = "never"
    """There is none."""
    UNKNOWN = "unknown"
    """Nobody knows."""


Solution: TypeAlias = Found | Unsolved

_FRESH = "another"
_MOST_SPELLED = 10**64
"""From here on a number written out is no longer read as one."""
_MOST_WAYS = 40
"""Zeros behind a number; a text that spells one has at most 64 characters."""
_ORDER = frozenset({"gt", "gte", "lt", "lte"})
_EQUALITY = frozenset({"eq", "ne", "in", "not_in"})
_TEXT = frozenset({"contains", "starts_with", "ends_with", "regex"})
_IN_NUMBERS = frozenset("0123456789+-.eE")


def solve(wishes: Iterable[Wish], domain: Domain) -> Solution:
    """Give a value of `domain` for which each condition holds or fails as wished."""
    wished = list(wishes)
    asked = [(on_value(condition), wanted) for condition, wanted in wished]
    for value in _values(wished, domain):
        if all(holds(value) is wanted for holds, wanted in asked):
            return Found(value)
    return Unsolved.NEVER if _all_were_tried(wished, domain) else Unsolved.UNKNOWN


def default(domain: Domain) -> object:
    """Give what stands in a field of which nothing is wished; None for missing."""
    if domain.optional:
        return None
    return next(iter(_values([], domain)))


def _values(wished: list[Wish], domain: Domain) -> Iterable[object]:
    values: Iterable[object]
    match domain.kind:
        case "values":
            return domain.values
        case "mapping":
            return ({},)
        case "text":
            values = _texts(wished)
        case "number":
            values = _numbers(wished)
        case "anything":
            others: tuple[object, ...] = (True, False, {})
            values = itertools.chain(_texts(wished), _numbers(wished), _lists(wished), others)
    return itertools.chain((None,), values) if domain.optional else values


def _constants(wished: Iterable[Wish]) -> Iterator[Scalar]:
    for condition, _ in wished:
        value = condition.value
        yield from value if isinstance(value, tuple) else (value,)


def _numbers(wished: list[Wish]) -> Iterator[int | float]:
    """Give each number asked about, its neighbours, and one between and beyond them."""
    numbers = (
        each
        for each in _constants(wished)
        if isinstance(each, (int, float)) and not isinstance(each, bool)
    )
    asked = sorted(set(numbers))
    yield from asked
    for low, high in itertools.pairwise(asked):
        yield from _between(low, high)
    if asked:
        yield from _between(asked[-1], math.inf)
        yield from _between(-math.inf, asked[0])
    yield from (0, math.inf, -math.inf)


def _between(low: float, high: float) -> Iterator[int | float]:
    """Give numbers of which one lies between, if any does that JSON can write."""
    if low != -math.inf:
        yield math.floor(low) + 1
        yield from _next(low, math.inf)
    if high != math.inf:
        yield math.ceil(high) - 1
        yield from _next(high, -math.inf)


def _next(number: float, towards: float) -> Iterator[float]:
    try:
        rounded = float(number)
    except OverflowError:  # an integer that no float reaches
        return
    yield rounded
    yield math.nextafter(rounded, towards)


def _spelled(number: float, ways: int) -> Iterator[str]:
    """Spell a number in more ways than rules spell texts, so that one is none of theirs."""
    if abs(number) >= _MOST_SPELLED:
        return
    whole, mark, power = repr(number).partition("e")
    dotted = whole if "." in whole else f"{whole}.0"
    yield repr(number)
    yield from (f"{dotted}{'0' * count}{mark}{power}" for count in range(ways))


def _texts(wished: list[Wish]) -> Iterator[str]:
    folds = any(condition.ignore_case for condition, _ in wished)
    for each in _constants(wished):
        if isinstance(each, str):
            yield each
            if folds:
                yield from (each.upper(), each.lower(), each.swapcase(), each.casefold())
    # Longer than any text asked about, and so none of them.
    yield _FRESH
    yield _FRESH + "~" * max((len(e) for e in _constants(wished) if isinstance(e, str)), default=0)
    yield ""
    yield from _composed([condition for condition, wanted in wished if wanted])
    if any(condition.operator in _ORDER for condition, _ in wished):
        texts = sum(isinstance(each, str) for each in _constants(wished))
        for number in _numbers(wished):
            yield from _spelled(number, min(texts + 1, _MOST_WAYS))


def _composed(wanted: list[Condition]) -> Iterator[str]:
    """Put together a text of the parts that conditions ask for."""
    starts = max(_of("starts_with", wanted), key=len, default="")
    ends = max(_of("ends_with", wanted), key=len, default="")
    parts = list(_of("contains", wanted))
    patterns = list(_of("regex", wanted))
    if not (starts or ends or parts or patterns):
        return
    for variant in range(VARIANTS if patterns else 1):
        samples = [text for each in patterns if (text := sample(each, variant)) is not None]
        yield from samples
        for glue in (" ", "", "~", "0"):
            middle = glue.join([*parts, *samples])
            yield starts + middle + ends
            yield glue.join(filter(None, (starts, middle, ends)))
            yield glue.join((starts, middle, ends))


def _of(operator: str, conditions: Iterable[Condition]) -> Iterator[str]:
    for condition in conditions:
        if condition.operator == operator and isinstance(condition.value, str):
            yield condition.value


def _lists(wished: list[Wish]) -> Iterator[list[object]]:
    yield []
    held = [cast("object", c.value) for c, wanted in wished if wanted and c.operator == "contains"]
    if held:
        yield held


def _all_were_tried(wished: list[Wish], domain: Domain) -> bool:
    """Say whether the values that were tried stand for every value there is."""
    if domain.kind in ("values", "mapping", "number"):
        return True
    held = [condition for condition, wanted in wished if wanted]
    if any(condition is each for condition, wanted in wished if not wanted for each in held):
        return True
    if any(map(_pins, wished)):
        return True
    textual = [wish for wish in wished if _is_textual(wish[0])]
    if all(c.operator in _EQUALITY and c.ignore_case for c, _ in textual):
        # Among texts only what is left of case is told apart, and each such text was tried.
        others = [c for c, _ in wished if not _is_textual(c) and c.operator in _EQUALITY]
        return not textual or not any(map(_has_text, others))
    return any(map(_excluded, _text_parts(wished, domain), itertools.repeat(wished)))


def _pins(wish: Wish) -> bool:
    """Say whether only values that were tried fulfil the wish."""
    condition, wanted = wish
    if condition.operator == "exists":
        return condition.value is not wanted
    holds_for_few = condition.operator in ("eq", "in")
    return wanted and holds_for_few and not (condition.ignore_case and _has_text(condition))


def _is_textual(condition: Condition) -> bool:
    return condition.operator in _TEXT or (condition.ignore_case and _has_text(condition))


def _has_text(condition: Condition) -> bool:
    value = condition.value
    return any(isinstance(each, str) for each in (value if isinstance(value, tuple) else (value,)))


_Part: TypeAlias = tuple[str, str]
"""An operator and a text of which it is certain that it holds."""


def _text_parts(wished: list[Wish], domain: Domain) -> list[_Part]:
    """List what must be in the text, where the value must be one; else nothing is certain."""
    wanted = [c for c, wanted in wished if wanted and not c.ignore_case]
    if domain.kind != "text" and not any(
        c.operator in ("starts_with", "ends_with", "regex") for c, wanted in wished if wanted
    ):
        return []
    parts = [(c.operator, c.value) for c in wanted if c.operator in _TEXT]
    return [
        ("contains", required_text(str(value))) if operator == "regex" else (operator, str(value))
        for operator, value in parts
        if isinstance(value, str) or operator != "contains"
    ]


def _excluded(part: _Part, wished: list[Wish]) -> bool:
    """Say whether something else that is wished cannot be beside this part of a text."""
    return any(_clash(part, condition, wanted) for condition, wanted in wished)


def _clash(part: _Part, condition: Condition, wanted: bool) -> bool:
    operator, text = part
    value, other = condition.value, condition.operator
    if wanted and other in _ORDER:
        return not _IN_NUMBERS.issuperset(text)
    if condition.ignore_case or not isinstance(value, str):
        return False
    if not wanted:
        return (other == "contains" and value in text) or (
            other == operator and _AFFIX.get(other, _never)(text, value)
        )
    affix = _AFFIX.get(operator)
    return (
        other == operator and affix is not None and not (affix(text, value) or affix(value, text))
    )


def _never(_text: str, _value: str) -> bool:
    return False


_AFFIX: dict[str, Callable[[str, str], bool]] = {
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}
