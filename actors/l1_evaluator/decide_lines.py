"""Decisions over lines: what `aright rule decide` prints, made by the live rule set."""

import json
from collections.abc import Iterable, Iterator
from typing import cast

import attrs

from actors.l1_evaluator.engine import RuleSet


@attrs.frozen
class DecidedLine:
    """One line of output, without its newline."""

    text: str
    is_error: bool = False
    """Whether the input line was no event: the command then ends with exit 1."""


def quarantine_line(rule_set: RuleSet) -> str:
    """Give the line that `--quarantine` prints first."""
    return json.dumps({"quarantined": rule_set.quarantined})


def decide_lines(rule_set: RuleSet, lines: Iterable[str | bytes]) -> Iterator[DecidedLine]:
    """Decide one event a line, in order; NaN and the infinities are read.

    A line that is no JSON object gives an error line and stops nothing.  Lines may come as bytes,
    so that one which is no UTF-8 is told as that line's error.
    """
    for line in lines:
        try:
            event = cast("object", json.loads(line))
        except (ValueError, RecursionError) as error:
            yield _refused(f"not JSON: {error}")
            continue
        if isinstance(event, dict):
            decided = rule_set.decide(cast("dict[str, object]", event))
            yield DecidedLine(json.dumps({"rule": decided}))
        else:
            yield _refused("not a JSON object")


def _refused(problem: str) -> DecidedLine:
    return DecidedLine(json.dumps({"rule": None, "error": problem}), is_error=True)
