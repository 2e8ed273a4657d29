"""Where something stands that must go."""

from typing import NamedTuple


class Span(NamedTuple):
    """Characters `start` to `end` of the text that was given, and what they tell."""

    start: int
    end: int
    label: str
    """What it is, in snake_case: `ssn`, `name`, `phone`."""
