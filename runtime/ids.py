"""Identifiers that sort by the time they were made (the 26 characters of a ULID)."""

import secrets
from collections.abc import Iterator, Sequence
from random import Random
from typing import Protocol

import attrs

from runtime.clock import Clock

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_RANDOM_BITS = 80

_PAIRS = tuple(one + two for one in _ALPHABET for two in _ALPHABET)
_PAIR_BITS = 10
_PAIR_MASK = 1023
_SHIFTS = range(115, -1, -5)


class Ids(Protocol):
    """Where new names come from."""

    def new(self, kind: str) -> str:
        """Make a name: the kind, an underscore, 26 characters that sort by time."""
        ...

    def several(self, kind: str, count: int) -> Sequence[str]:
        """Make names for what arrived together, in their order."""
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
        return self.several(kind, 1)[0]

    def several(self, kind: str, count: int) -> Sequence[str]:
        """Make names for what arrived together: they count on from the first."""
        stamp = int(self.clock.now().timestamp() * 1000) << _RANDOM_BITS
        fresh = stamp | self.random.getrandbits(_RANDOM_BITS)
        first = fresh if fresh >> _RANDOM_BITS > self._last >> _RANDOM_BITS else self._last + 1
        self._last = first + count - 1
        return list(_spelled(kind, first, count))


def _spelled(kind: str, first: int, count: int) -> Iterator[str]:
    # Most of them differ in their last two characters only.
    high = -1
    head = ""
    for number in range(first, first + count):
        if number >> _PAIR_BITS != high:
            high = number >> _PAIR_BITS
            head = f"{kind}_" + "".join(_ALPHABET[high >> shift & 31] for shift in _SHIFTS)
        yield head + _PAIRS[number & _PAIR_MASK]
