"""Splitting rules by a field: which field tells them apart best, and what goes where."""

from collections.abc import Iterable

from actors.l1_evaluator.entries import Entry

SMALL = 6
"""So few rules are asked one by one rather than told apart by a further field."""
_WORTHWHILE = 0.85
"""A field must leave at most this share of the rules to be worth a table."""
_TABLE_COST = 1.0
"""What looking into a table costs, in rules asked."""


def telling_field(entries: list[Entry]) -> tuple[str | None, float]:
    """Choose the field that leaves the fewest rules to ask, and say how many it may leave.

    None where no field is worth a table.
    """
    if len(entries) <= SMALL:
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


def parted(entries: list[Entry], field: str) -> tuple[dict[str, list[Entry]], list[Entry]]:
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


def given(entries: Iterable[Entry], field: str, value: str) -> list[Entry]:
    """Give what remains of `entries` once `field` is known to hold `value`."""
    remaining = (entry.given(field, value) for entry in entries)
    return [entry for entry in remaining if entry is not None]
