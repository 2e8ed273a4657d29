"""Decisions over lines: what `aright rule decide` prints, made by the live rule set."""

import json
from collections.abc import Iterable, Iterator
from typing import cast

import attrs

from actors.l1_evaluator.engine import RuleSet
from runtime.errors import ArightError


@attrs.frozen
class DecidedLine:
    """One line of output, without its newline."""

    text: str
    is_error: bool = False
    """Whether the input line was no event: the command then ends with exit 1."""


class NoEventError(ArightError):
    """A line that somebody gave is no event; its words say why."""


def quarantine_line(rule_set: RuleSet) -> str:
    """Give the line that `--quarantine` prints first."""
    return json.dumps({"quarantined": rule_set.quarantined})


def given_event(line: str | bytes) -> dict[str, object]:
    """Read a line as an event; NaN and the infinities are read.

    Raises:
        NoEventError: it is no JSON object.
    """
    try:
        event = cast("object", json.loads(line))
    except (ValueError, RecursionError) as error:
        raise NoEventError(f"not JSON: {error}") from error
    if not isinstance(event, dict):
        raise NoEventError("not a JSON object")
    return cast("dict[str, object]", event)


def decide_lines(rule_set: RuleSet, lines: Iterable[str | bytes]) -> Iterator[DecidedLine]:
    """Decide one event a line, in order.

    A line that is no JSON object gives an error line and stops nothing.  Lines may come as bytes,
    so that one which is no UTF-8 is told as that line's error.
    """
    for line in lines:
        try:
            event = given_event(line)
        except NoEventError as error:
            yield DecidedLine(json.dumps({"rule": None, "error": str(error)}), is_error=True)
        else:
            yield DecidedLine(json.dumps({"rule": rule_set.decide(event)}))
