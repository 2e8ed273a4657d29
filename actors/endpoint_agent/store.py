"""What an endpoint agent needs remembered, over kill -9 and power cuts."""

from collections.abc import Collection, Sequence
from typing import Protocol

import attrs

from actors.endpoint_agent.core import Given, Outcome, Report
from runtime.store import Query, Write


@attrs.frozen
class Spooled:
    """A report that waits for its ack, with its number."""

    id: int
    boot_id: str
    seq: int
    untold: int
    """Drops before it, of which it is to tell."""
    report: Report | None
    """None where the row cannot be read."""


@attrs.frozen
class Done:
    """A command that was done, of which the appliance has not taken the outcome."""

    command_id: str
    check_type: str
    outcome: Outcome


class Spool(Protocol):
    """Reports on their way to the appliance."""

    def begin(self, boot_id: str) -> Write[None]:
        """Begin a boot, in which numbers begin anew."""
        ...

    def append(self, reports: Sequence[Report]) -> Write[int]:
        """Keep reports, each with its number; give how many were dropped to stay within bounds."""
        ...

    def after(self, id: int, limit: int) -> Query[Sequence[Spooled]]:  # noqa: A002  as the field
        """Give the oldest after an id."""
        ...

    def settle(self, taken: Collection[int], lost: Collection[int] = ()) -> Write[None]:
        """Forget what is acked; and what will never be taken, which counts as dropped."""
        ...


class Commands(Protocol):
    """What this agent was told to heal."""

    def take(self, given: Given) -> Write[bool]:
        """Remember a command before it is done; False for one that is known.

        Of one that is done already the outcome is told again: the appliance asks for it.
        """
        ...

    def finish(self, command_id: str, outcome: Outcome) -> Write[None]:
        """Remember what became of it."""
        ...

    def interrupt(self) -> Write[int]:
        """Give up what an earlier life began: whether it was done, nobody knows."""
        ...

    def untold(self) -> Query[Sequence[Done]]:
        """List the outcomes that the appliance has not taken."""
        ...

    def told(self, command_id: str) -> Write[None]:
        """Note that it has."""
        ...
