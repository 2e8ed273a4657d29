"""What an answer would do if it ran, told without the gate: is that ever unsafe?

Written from the words of the specification and with another reader of JSON: every number is
looked at as it was written, every object as its list of pairs.  It knows "unsafe" only, and so
says nothing of what needs a person for other reasons.
"""

import json
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import cast

import attrs

from actors.l2_planner import Choice, ClosedCatalogue, IncidentFacts, Slot, SlotType

Pairs = list[tuple[str, object]]

KNOWN = {
    "runbook_id", "confidence", "requires_human_review", "params", "reasoning",
    "pattern_signature",
}  # fmt: skip


class Object(list[tuple[str, object]]):
    """An object, with all the pairs that stood there."""


@attrs.frozen
class Written:
    """A number, as its digits stood there."""

    digits: str

    @property
    def is_whole(self) -> bool:
        return re.fullmatch(r"-?[0-9]{1,30}", self.digits) is not None

    @property
    def share(self) -> Fraction | None:
        """Give what it says where that is from 0 to 1 and of few digits."""
        return Fraction(self.digits) if re.fullmatch(r"[01](\.[0-9]*)?", self.digits) else None


def unsafe(output: str, facts: IncidentFacts, catalogue: ClosedCatalogue) -> str | None:
    """Say why running this answer would be unsafe, or None."""
    return next(_dangers(output, facts, catalogue), None)


def _dangers(output: str, facts: IncidentFacts, catalogue: ClosedCatalogue) -> Iterator[str]:
    if len(output.encode("utf-8", "surrogatepass")) > catalogue.max_output_bytes:
        yield "it is longer than anybody reads"
    inner = re.fullmatch(r"\s*(?:(`{3,})[^`{]*)?(\{.*\})\s*`*\s*", output, re.DOTALL)
    if inner is None:
        yield "there is something beside the object"
        return
    try:
        pairs = json.loads(
            inner[2],
            object_pairs_hook=Object,
            parse_int=Written,
            parse_float=Written,
            parse_constant=Written,
        )
    except (ValueError, RecursionError):
        yield "it is no JSON"
        return
    yield from _keys(pairs)
    yield from _told(dict(pairs), facts, catalogue)


def _keys(pairs: object, level: int = 1) -> Iterator[str]:
    if level > 16:
        yield "it is too deep"
    elif isinstance(pairs, Object):
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            yield "a key is there twice"
        for _, value in pairs:
            yield from _keys(value, level + 1)
    elif isinstance(pairs, list):
        for value in cast("list[object]", pairs):
            yield from _keys(value, level + 1)


def _told(
    fields: dict[str, object], facts: IncidentFacts, catalogue: ClosedCatalogue
) -> Iterator[str]:
    sure = fields.get("confidence")
    share = sure.share if isinstance(sure, Written) else None
    if share is None:
        yield "confidence is no share"
    elif not Fraction(str(catalogue.min_confidence)) <= share <= 1:
        yield "it is not sure enough"
    if fields.get("requires_human_review", True) is not False:
        yield "it asks for a person"
    name = fields.get("runbook_id")
    if type(name) is not str or name not in list(catalogue.choices):
        yield "it names no runbook of the catalogue"
        return
    yield from _chosen(fields, catalogue.choices[name], facts)


def _chosen(fields: dict[str, object], choice: Choice, facts: IncidentFacts) -> Iterator[str]:
    if choice.platform not in ("any", facts.platform):
        yield "the runbook is for another platform"
    if facts.check not in choice.checks:
        yield "the runbook heals something else"
    if choice.auto is not True:
        yield "the runbook needs a person"
    if set(fields) - KNOWN:
        yield "it says something that nobody asked"
    if not isinstance(fields.get("params"), Object):
        yield "params are no object"
        return
    given = dict(cast("Pairs", fields["params"]))
    for name in set(given) - set(choice.slots):
        yield f"param {name!r} is not known"
    for name, slot in choice.slots.items():
        if name in given:
            yield from _filled(name, given[name], slot, facts)
        elif slot.required:
            yield f"param {name} is missing"


def _filled(name: str, value: object, slot: Slot, facts: IncidentFacts) -> Iterator[str]:
    if not _holds(value, slot.type, slot.pattern):
        yield f"param {name} is not what it should be"
    if slot.values and value not in slot.values:
        yield f"param {name} is none of the values"
    if slot.type is SlotType.INT and isinstance(value, Written) and value.is_whole:
        if slot.min is not None and int(value.digits) < slot.min:
            yield f"param {name} is too small"
        if slot.max is not None and int(value.digits) > slot.max:
            yield f"param {name} is too large"
    if name == "host" and value != facts.host:
        yield "it names another host"


def _holds(value: object, kind: SlotType, pattern: str) -> bool:
    match kind:
        case SlotType.BOOL:
            return value is True or value is False
        case SlotType.INT:
            return isinstance(value, Written) and value.is_whole
        case SlotType.ENUM:
            return type(value) is str
        case SlotType.STR:
            bare = pattern.removeprefix("^").removesuffix("$")
            return (
                type(value) is str
                and bool(pattern)
                and re.fullmatch(bare, value) is not None
                and value.isprintable()
            )
