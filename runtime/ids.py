"""Identifiers that sort by the time they were made (the 26 characters of a ULID)."""

import secrets
from random import Random
from typing import Protocol

import attrs

from runtime.clock import Clock

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_RANDOM_BITS = 80


class Ids(Protocol):
    """Where new names come from."""

    def new(self, kind: str) -> str:
        """Make a name: the kind, an underscore, 26 characters that sort by time."""
        ...


@attrs.define
class TimeOrderedIds:
    """48 bits of milliseconds, then 80 random bits that count on within a millisecond.

    A clock that steps back does not disturb the order: the last instant is used again.
    """

    clock: Clock
    random: Random = attrs.field(factory=secrets.SystemRandom)
    _last: int = attrs.field(default=0, init=False)

    def new(self, kind: str) -> str:
        """Make a name: the kind, an underscore, 26 characters that sort by time."""
        stamp = int(self.clock.now().timestamp() * 1000) << _RANDOM_BITS
        fresh = stamp | self.random.getrandbits(_RANDOM_BITS)
        self._last = fresh if fresh >> _RANDOM_BITS > self._last >> _RANDOM_BITS else self._last + 1
        return f"{kind}_{_spelled(self._last)}"


def _spelled(number: int) -> str:
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
