"""What the journal needs remembered, beyond the ports it gives to others."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Protocol

import attrs

from actors.messages import Incident, Jump, Moment, Observation, Recorded
from actors.messages.many import one_of_many
from actors.ports import Incidents, Intents
from runtime.errors import ArightError
from runtime.store import Query, Write


class UnkeepableError(ArightError):
    """An observation says what the store cannot spell: half a character, or too large a number."""


@one_of_many
class Recording:
    """What became of one observation."""

    recorded: Recorded | None
    """None: refused, for the byte budget is nearly spent; the sender keeps it."""
    opened: Incident | None = None
    jump: Jump | None = None
    """Where its agent numbered it otherwise than by one more than the last."""


def news_in(
    heard: Sequence[Observation], recordings: Sequence[Recording]
) -> tuple[Sequence[Observation], Sequence[Jump]]:
    """Give what is kept and was not there before, and the jumps in it: what coverage counts in."""
    new = [
        observation
        for observation, recording in zip(heard, recordings, strict=True)
        if recording.recorded is not None and not recording.recorded.duplicate
    ]
    return new, [each.jump for each in recordings if each.jump is not None]


@attrs.frozen
class DeadLetterRow:
    """A message that fell three times."""

    mailbox: str
    actor: str
    attempts: int
    error: str
    message: str
    """JSON."""


class Journal(Incidents, Intents, Protocol):
    """The memory of the journal."""

    def record(
        self,
        observations: Sequence[Observation],
        new_id: Callable[[], str],
        at: Moment,
        *,
        full: bool = False,
    ) -> Write[list[Recording]]:
        """Take observations in, in order; `new_id` names the incidents that they open.

        `full` says that the disk is: then only changes of state are taken.  The write raises
        UnkeepableError, and then none of them was kept.
        """
        ...

    def settled(self) -> None:
        """Say that the last batch that was recorded is durable.

        What it taught is then known by heart; untold, the next batch asks the file again.
        """
        ...

    def due(self, now: Moment, limit: int) -> Query[list[Incident]]:
        """List incidents whose time has come."""
        ...

    def next_due(self, now: Moment) -> Query[dt.datetime | None]:
        """Give the wall clock instant, as of `now`, at which the next incident is due."""
        ...

    def postpone(self, incident: Incident, due: Moment | None) -> Write[None]:
        """Set when an incident is due next, unless it has moved on or got another instant."""
        ...

    def stalled(self) -> Write[list[Incident]]:
        """At a start: count it for every incident in an unfinished state, and list them."""
        ...

    def tell_full(self, at: Moment) -> Write[str]:
        """Open the ticket that says that no room is left; give its id."""
        ...

    def ask_again(self, reason: str, at: Moment) -> Write[int]:
        """Make all that was refused for a reason due now; give how many."""
        ...

    def bury(self, letter: DeadLetterRow, at: Moment) -> Write[None]:
        """Keep a message that fell three times."""
        ...

    def forget(self, before: dt.datetime, limit: int, proved: int | None = None) -> Write[int]:
        """Delete at most `limit` settled incidents and as many old observations; give how many.

        Where there are none any more, it is as many starts of agents of which nothing is left.
        What an open incident was opened by stays with it.  So does, with `proved`, an incident
        whose trace goes on behind that line.
        """
        ...
