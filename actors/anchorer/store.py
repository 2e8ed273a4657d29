"""What the anchorer needs remembered."""

from collections.abc import Sequence
from typing import Protocol

import attrs

from actors.anchorer.core import Promise
from actors.messages import Moment
from actors.messages.anchor import Anchor
from actors.messages.evidence import Head
from runtime.store import Query, Write


@attrs.frozen
class Member:
    """A signed head in a batch, and the operations from its checkpoint to the root."""

    head: Head
    path: bytes = attrs.field(repr=False)


@attrs.frozen
class Batch:
    """Checkpoints under one root."""

    root: bytes
    members: Sequence[Member] = attrs.field(repr=False)
    calendars: Sequence[str]
    quorum: int
    made: Moment


@attrs.frozen
class Last:
    """The newest batch."""

    batch: str
    made: Moment
    answered: Moment | None
    """When the first calendar promised; None: none did yet."""


class AnchorMemory(Protocol):
    """The memory of the anchorer."""

    def taken(self, log: int) -> Query[int]:
        """Give the largest checkpoint of a log that a batch has; -1 where none has one."""
        ...

    def last(self) -> Query[Last | None]:
        """Give the newest batch."""
        ...

    def calendars(self) -> Query[Sequence[str]]:
        """List the calendars of which something is wanted still."""
        ...

    def next_of(self, calendar: str) -> Query[Promise | None]:
        """Give what is due first with a calendar: a submission, or a promise to be kept."""
        ...

    def next_unchecked(self) -> Query[Promise | None]:
        """Give the anchored promise whose block is to be checked first."""
        ...

    def anchor_over(self, log: int, leaf: int) -> Query[Anchor | None]:
        """Give the furthest anchor of a checkpoint that is over a leaf; the smallest of those."""
        ...

    def add(self, batch: Batch) -> Write[None]:
        """Keep a batch.  The write raises ProofError where a path does not lead to the root."""
        ...

    def keep(self, promise: Promise) -> Write[None]:
        """Keep what became of a promise, at the stage at which its bytes verify.

        The write raises ProofError where they do not.
        """
        ...

    def answered(self, batch: str, at: Moment) -> Write[None]:
        """Note that a calendar promised; what is not wanted any more is left out from now on."""
        ...

    def hasten(self, at: Moment) -> Write[int]:
        """Make due all that is wanted; give how many."""
        ...

    def adopt(self, calendars: Sequence[str], at: Moment) -> Write[None]:
        """Where a batch lacks promises, ask these calendars for them, and no others.

        What is put off for longer than anything is put off is due now: the clock was ahead.
        """
        ...
