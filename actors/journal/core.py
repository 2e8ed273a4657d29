"""The life of an incident: the table of its states, and what news and time do to it.  Pure."""

import enum
from collections.abc import Mapping

import attrs

from actors.messages import (
    Decision,
    Fact,
    Incident,
    Moment,
    Move,
    Observation,
    Refusal,
    Severity,
    State,
    Status,
)
from actors.ports import IllegalMoveError, StaleMoveError

TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.OBSERVED: frozenset({State.DECIDING}),
    State.DECIDING: frozenset({
        State.ACTING, State.AWAITING_APPROVAL, State.REFUSED, State.SUPPRESSED, State.ESCALATED,
        State.CLOSED,
    }),
    State.AWAITING_APPROVAL: frozenset({State.ACTING, State.REFUSED, State.CLOSED}),
    State.ACTING: frozenset({
        State.VERIFYING, State.ROLLED_BACK, State.ESCALATED, State.CLOSED,
    }),
    State.VERIFYING: frozenset({State.HEALED, State.ROLLED_BACK, State.ESCALATED}),
    State.REFUSED: frozenset({State.DECIDING, State.CLOSED}),
    State.SUPPRESSED: frozenset({State.DECIDING, State.CLOSED}),
    State.ROLLED_BACK: frozenset({State.ESCALATED}),
    State.ESCALATED: frozenset({State.DECIDING, State.CLOSED}),
    State.HEALED: frozenset({State.CLOSED, State.RECURRED}),
    State.CLOSED: frozenset(),
    State.RECURRED: frozenset(),
}  # fmt: skip
"""Every transition there is."""

UNFINISHED = (State.OBSERVED, State.DECIDING, State.ACTING, State.VERIFYING)
"""States in which some room has work to do; after a crash it is handed out again."""

STALLED_AFTER = 60.0
"""Seconds after which unfinished work is handed out again."""

NO_ROOM_PAUSE = 5.0
"""Seconds until work for which a room had no room is offered to it again."""

STARTS_BEFORE_DEAD = 3
"""Starts in a row that may find an incident in the same unfinished state."""


def moved(incident: Incident, move: Move, at: Moment) -> Incident:
    """Take an incident to another state.

    Work that a move hands to a room is due for handing out again, whether or not the mover says so.

    Raises:
        StaleMoveError: it is not where the mover believed it to be.
        IllegalMoveError: the table does not know the transition.
    """
    if incident.state not in move.expected:
        raise StaleMoveError(
            f"incident {incident.id} is {incident.state}, not {' or '.join(move.expected)}"
        )
    if move.to not in TRANSITIONS[incident.state]:
        raise IllegalMoveError(f"incident {incident.id}: {incident.state} -> {move.to}")
    due = at.after(STALLED_AFTER) if move.to in UNFINISHED else None
    return attrs.evolve(
        incident,
        state=move.to,
        moved_at=at.wall,
        reason=move.reason,
        due=move.due or due,
        decision=move.decision or incident.decision,
        attempt=incident.attempt + move.begins_attempt,
        stalled_starts=0,
    )


def decided_again(incident: Incident, decision: Decision | None, due: Moment) -> Incident:
    """Give a deciding incident its new decision, if there is one, and when it is due.

    Raises:
        StaleMoveError: it is elsewhere.
    """
    if incident.state is not State.DECIDING:
        raise StaleMoveError(f"incident {incident.id} is {incident.state}, not deciding")
    return attrs.evolve(incident, decision=decision or incident.decision, due=due)


class Effect(enum.Enum):
    """What an observation does to the incident of its drift."""

    OPEN = "open"
    ABSORB = "absorb"
    """The same drift again: counted."""
    CLOSE = "close"
    RECUR = "recur"
    """The drift is back after a verified fix: the healed incident ends, a new one follows it."""
    NOTE = "note"
    """A pass while a fix is on its way: written down, and the fix goes on."""
    NOTHING = "nothing"


CLOSED_BY_PASS = (
    State.DECIDING, State.AWAITING_APPROVAL, State.REFUSED, State.SUPPRESSED, State.ESCALATED,
)  # fmt: skip
"""States that end when the check passes."""


def effect_of(status: Status, state: State | None, *, late: bool = False) -> Effect:
    """Say what an answer does while the incident of its drift is in `state`; None: there is none.

    Only pass and fail do anything: error and unknown are no evidence of either.  One that is older
    than the last answer, and comes `late`, is at most counted: it changes nothing of now.
    """
    return _EFFECTS[status, state, late]


def _effect_of(status: Status, state: State | None, late: bool) -> Effect:
    effect = _effect_in_time(status, state)
    return Effect.NOTHING if late and effect is not Effect.ABSORB else effect


def _effect_in_time(status: Status, state: State | None) -> Effect:
    match status, state:
        case Status.FAIL, None:
            return Effect.OPEN
        case Status.FAIL, State.HEALED:
            return Effect.RECUR
        case Status.FAIL, _:
            return Effect.ABSORB
        case Status.PASS, _ if state in CLOSED_BY_PASS:
            return Effect.CLOSE
        case Status.PASS, _ if state not in (None, State.HEALED):
            return Effect.NOTE
        case _:
            return Effect.NOTHING


_EFFECTS = {
    (status, state, late): _effect_of(status, state, late)
    for status in Status
    for state in (None, *State)
    for late in (False, True)
}
"""Of each, for every event asks."""


def opened(
    observation: Observation, incident_id: str, at: Moment, due: Moment, follows: str | None
) -> Incident:
    """Make the incident that a drift opens at `at`; it is `due` when nobody took it further."""
    return Incident(
        id=incident_id,
        site=observation.site,
        host=observation.host,
        check=observation.check,
        severity=observation.severity,
        state=State.OBSERVED,
        opened_at=at.wall,
        moved_at=at.wall,
        last_seen=at.wall,
        observation_id=observation.id,
        due=due,
        recurred_from=follows,
    )


class Task(enum.Enum):
    """What is to be done with an incident whose time has come."""

    DECIDE_AGAIN = "decide_again"
    EXPIRE = "expire"
    CLOSE = "close"
    HAND_OUT = "hand_out"
    """Work that nobody took further: its room gets it once more."""
    FORGET = "forget"
    """Nothing; the instant is cleared."""


def task_of(state: State) -> Task:
    """Say what a due instant means in a state."""
    match state:
        case State.REFUSED | State.SUPPRESSED:
            return Task.DECIDE_AGAIN
        case State.AWAITING_APPROVAL:
            return Task.EXPIRE
        case State.HEALED:
            return Task.CLOSE
        case State.OBSERVED | State.DECIDING | State.ACTING | State.VERIFYING:
            return Task.HAND_OUT
        case State.ROLLED_BACK | State.ESCALATED | State.CLOSED | State.RECURRED:
            return Task.FORGET


def is_soaking(incident: Incident, now: Moment) -> bool:
    """Say whether a fix waits for its second verify: its instant stays, whoever looks meanwhile."""
    due = incident.due
    return incident.state is State.VERIFYING and due is not None and due.since(now) > 0


def due_move(incident: Incident) -> Move:
    """Make the move of an incident that is due for `DECIDE_AGAIN`, `EXPIRE` or `CLOSE`."""
    here = (incident.state,)
    match task_of(incident.state):
        case Task.DECIDE_AGAIN:
            return Move(State.DECIDING, here, Fact("due_again", {"was": incident.reason}))
        case Task.EXPIRE:
            return Move(State.REFUSED, here, Fact("approval_expired"), reason=Refusal.EXPIRED)
        case _:
            return Move(State.CLOSED, here, Fact("stayed_healed"))


COALESCE, SPARE, CRITICAL = 0.70, 0.85, 0.95
"""Shares of the byte budget; below the first everything is kept."""

_CHANGES = (Effect.OPEN, Effect.CLOSE, Effect.RECUR)


def admits(fullness: float, effect: Effect, severity: Severity) -> bool:
    """Say whether an observation is taken at this share of the byte budget.

    Above 85 % repeats of low severity are refused, above 95 % everything but a change of state:
    the sender keeps what is refused.
    """
    if effect in _CHANGES:
        return True
    if fullness >= CRITICAL:
        return False
    return fullness < SPARE or severity is not Severity.LOW


def keeps_row(fullness: float, effect: Effect, observation: Observation) -> bool:
    """Say whether an observation gets a row of its own, beside the count and the last answer.

    What the scanner hears again and again is counted only; so is an agent's repeat above 70 %.
    What changes a state always has one: were it to come twice, it would change a later state.
    """
    if effect in _CHANGES:
        return True
    return observation.source != "scanner" and fullness < COALESCE
