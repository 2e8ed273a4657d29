"""What follows from a conclusion: the moves of the incident, and what a person is told.  Pure."""

import attrs

from actors.messages import JSON, Fact, Incident, Moment, Move, State, Stop, StopKind
from actors.runbook_runner.core import Conclusion, Failed, Healed, NoDrift, RolledBack, Unknown

UNFINISHED = (State.ACTING, State.VERIFYING)
"""Where an incident is the runner's."""


@attrs.frozen
class Consequences:
    """Of a conclusion for one incident."""

    moves: tuple[Move, ...]
    stop: Stop | None = None


def consequences(
    incident: Incident, conclusion: Conclusion, *, watched_until: Moment
) -> Consequences:
    """Say where an incident goes.  A healed one is watched for a while before it is closed."""
    match conclusion:
        case Healed():
            fact = _fact(incident, "healed")
            return Consequences((
                Move(State.HEALED, (State.VERIFYING,), fact, due=watched_until),
            ))  # fmt: skip
        case NoDrift():
            fact = _fact(incident, "no_drift")
            return Consequences((Move(State.CLOSED, (State.ACTING,), fact, reason="no_drift"),))
        case RolledBack(reason):
            back = Move(
                State.ROLLED_BACK,
                (State.VERIFYING,),
                _fact(incident, "rolled_back", reason),
                reason=reason,
            )
            to_people = Move(
                State.ESCALATED, (State.ROLLED_BACK,), _fact(incident, "escalated"), reason=reason
            )
            return Consequences((back, to_people), Stop.of(incident, StopKind.ROLLED_BACK, reason))
        case Failed(reason):
            return _escalated(incident, "fix_failed", StopKind.FIX_FAILED, reason)
        case Unknown(reason):
            return _escalated(incident, "fix_unknown", StopKind.FIX_UNKNOWN, reason)


def _escalated(incident: Incident, kind: str, stop: StopKind, reason: str) -> Consequences:
    move = Move(State.ESCALATED, UNFINISHED, _fact(incident, kind, reason), reason=reason)
    return Consequences((move,), Stop.of(incident, stop, reason))


def _fact(incident: Incident, kind: str, reason: str = "") -> Fact:
    body: dict[str, JSON] = {"runbook_id": runbook_of(incident), "attempt": incident.attempt}
    return Fact(kind, body | {"reason": reason} if reason else body)


def runbook_of(incident: Incident) -> str:
    """Name the runbook that was decided on, empty for none."""
    return "" if incident.decision is None else incident.decision.runbook_id
