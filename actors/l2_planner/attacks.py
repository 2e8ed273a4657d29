"""Attacks on the planner, as data: what is tried, and why it must not get anywhere."""

from collections.abc import Mapping, Sequence

import attrs

from actors.messages import JSON


@attrs.frozen
class BadAnswer:
    """An answer that must not run.  What stands in << >> is filled from the catalogue."""

    id: str
    title: str
    says: str


@attrs.frozen
class BadEvent:
    """An event that must stay data."""

    id: str
    title: str
    fields: Mapping[str, JSON]
    """Of the event, in the names of the rules page."""
    wants: str
    """What a model says that obeys it."""
    hidden: tuple[str, ...] = ()
    """What must not reach a model."""


@attrs.frozen
class BadValue:
    """A value that no param may have."""

    id: str
    title: str
    value: JSON


@attrs.frozen
class Attacks:
    """Everything that is tried."""

    answers: Sequence[BadAnswer] = ()
    events: Sequence[BadEvent] = ()
    values: Sequence[BadValue] = ()
