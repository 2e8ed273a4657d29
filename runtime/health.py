"""How the actors are: one snapshot behind `/health`, `/ready`, `/metrics` and `aright top`."""

from collections.abc import Sequence

import attrs

from runtime.actor import Actor, AnyMailbox
from runtime.vitals import State


@attrs.frozen
class MailboxHealth:
    """The counters of a mailbox, since the process started."""

    name: str
    capacity: int
    depth: int
    """Messages that wait, those that came back included."""
    in_hand: int
    high_water: int
    oldest_age: float
    """Seconds since the oldest message came that is not settled."""
    accepted: int
    handled: int
    dead: int
    expired: int
    """Of the handled: requests that nobody waited for any more, never started."""
    waits: int
    refused: int
    coalesced: int
    redelivered: int


@attrs.frozen
class ActorHealth:
    """The state of an actor or a service."""

    name: str
    state: str
    vital: bool
    fell: int
    falls_in_window: int
    last_error: str | None
    handle_p50: float
    """Seconds, rounded up to the next of 16, 32, 64 us and so on."""
    handle_p99: float
    mailbox: MailboxHealth | None


@attrs.frozen
class Health:
    """The state of all; `attrs.asdict` makes plain data of it."""

    healthy: bool
    """No actor is down."""
    ready: bool
    """Each actor has started and none is down or has ended."""
    actors: tuple[ActorHealth, ...]


def snapshot(actors: Sequence[Actor], *, now: float) -> Health:
    """Take a snapshot.  `now` is seconds on trio's clock."""
    up = (State.RUNNING, State.PAUSED)
    return Health(
        healthy=all(one.vitals.state is not State.DOWN for one in actors),
        ready=all(
            one.vitals.state in up or (one.reads is None and one.vitals.state is State.ENDED)
            for one in actors
        ),
        actors=tuple(_of_actor(one, now) for one in actors),
    )


def _of_actor(one: Actor, now: float) -> ActorHealth:
    vitals = one.vitals
    return ActorHealth(
        name=one.name,
        state=vitals.state.value,
        vital=one.vital,
        fell=vitals.fell,
        falls_in_window=vitals.budget.in_window(now) if vitals.budget else 0,
        last_error=vitals.last_error,
        handle_p50=vitals.took.quantile(0.5),
        handle_p99=vitals.took.quantile(0.99),
        mailbox=_of_mailbox(one.reads) if one.reads else None,
    )


def _of_mailbox(box: AnyMailbox) -> MailboxHealth:
    box.note_depth()
    return MailboxHealth(
        name=box.name,
        capacity=box.capacity,
        depth=len(box.waiting) + len(box.returned),
        in_hand=box.in_hand,
        high_water=box.high_water,
        oldest_age=box.oldest_age(),
        accepted=box.accepted,
        handled=box.handled,
        dead=box.dead,
        expired=box.expired,
        waits=box.waits,
        refused=box.refused,
        coalesced=box.coalesced,
        redelivered=box.redelivered,
    )
