"""What came of asking: a value, absent, or no answer and why.  No answer is never a pass."""

from typing import TypeAlias

import attrs

Scalar: TypeAlias = str | int | float
Shown: TypeAlias = Scalar | tuple[str, ...]


@attrs.frozen
class Value:
    """The host answered."""

    value: Shown


@attrs.frozen
class Absent:
    """The host answered: what is asked about is not there."""


@attrs.frozen
class Unanswerable:
    """The host cannot be asked; `reason` is a code: no_rights, not_answerable_in_root, others."""

    reason: str


@attrs.frozen
class Failed:
    """Asking went wrong; `reason` is a code: timeout, exit_code, output_truncated, others."""

    reason: str


Reading: TypeAlias = Value | Absent | Unanswerable | Failed
