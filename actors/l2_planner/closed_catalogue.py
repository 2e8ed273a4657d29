"""What a plan may name: a closed catalogue of runbooks, and the params each of them takes.

It is made of the catalogue in force, or read from a file; the gate knows no other.
"""

import enum
from collections.abc import Mapping
from typing import Final, TypeAlias

import attrs

from actors.catalogue.patterns import WholeMatch

Scalar: TypeAlias = bool | int | float | str

ANY_PLATFORM: Final = "any"
MIN_CONFIDENCE: Final = 0.7
MAX_OUTPUT_BYTES: Final = 16_384
LONGEST_TEXT: Final = 1_024
"""Characters of a text in a param that names no other bound."""


class SlotType(enum.StrEnum):
    """What a param of a plan may hold."""

    ENUM = "enum"
    INT = "int"
    BOOL = "bool"
    STR = "str"


@attrs.frozen
class Slot:
    """A param that a plan may fill."""

    type: SlotType
    required: bool = False
    values: tuple[Scalar, ...] = ()
    """All that is allowed, where only some values are; an enum has them always."""
    min: int | None = None
    max: int | None = None
    matches: tuple[WholeMatch, ...] = ()
    """Patterns of a text; each must match all of it."""
    pattern: str = ""
    """The pattern as it was written, for the model."""
    is_free: bool = False
    """What it may be is so much that a person must see what it is."""
    max_length: int = LONGEST_TEXT


@attrs.frozen
class Choice:
    """A runbook that a plan may name."""

    platform: str
    """A platform, or `ANY_PLATFORM`."""
    checks: frozenset[str]
    """The drifts that it heals."""
    auto: bool = False
    """Whether it may run without a person's yes."""
    slots: Mapping[str, Slot] = attrs.field(factory=dict[str, Slot])
    risk: str = ""
    title: str = ""
    """What it does, for the model."""

    def fits(self, platform: str, check: str) -> bool:
        """Say whether it heals such a drift on such a host."""
        return self.platform in (ANY_PLATFORM, platform) and check in self.checks


@attrs.frozen
class ClosedCatalogue:
    """All that a plan may name, and from where on it may run."""

    choices: Mapping[str, Choice]
    min_confidence: float = MIN_CONFIDENCE
    """Below it a person is asked."""
    max_output_bytes: int = MAX_OUTPUT_BYTES
