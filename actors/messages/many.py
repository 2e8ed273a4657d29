"""How a message is declared of which there is one for each event.

What the interpreter keeps frozen takes five times as long to make, and four times to read without
slots.  These are frozen to the type checkers, which read all of this project, and to them alone.
"""

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from attrs import frozen as one_of_many
else:
    one_of_many = attrs.define(unsafe_hash=True, on_setattr=attrs.setters.NO_OP)
    """Equal and hashed by its fields."""

__all__ = ["one_of_many"]
