"""Where something stands that must go."""

import attrs


@attrs.frozen(order=True)
class Span:
    """Characters `start` to `end` of the text that was given, and what they tell."""

    start: int
    end: int
    label: str
    """What it is, in snake_case: `ssn`, `name`, `phone`."""
