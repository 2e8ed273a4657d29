"""An intent: a fix that is about to begin, so that none runs twice by accident."""

import enum

import attrs

from actors.messages.moment import Moment
from actors.messages.observation import Verdict


class IntentState(enum.StrEnum):
    """How far a fix came.  After a crash every `STARTED` one is of unknown outcome."""

    PLANNED = "planned"
    STARTED = "started"
    FINISHED = "finished"


@attrs.frozen
class Intent:
    """One fix of one incident: (incident, runbook, attempt) on a host."""

    id: str
    incident_id: str
    runbook_id: str
    attempt: int
    host: str
    params_hash: str
    deadline: Moment
    """Until when what was begun last, an act or an undo, may still be running."""
    state: IntentState = IntentState.PLANNED
    pre_state: str = ""
    """JSON of what the runbook captured before it acted; what undo needs."""
    retried: bool = False
    """The one retry that an idempotent runbook has after a crash was used."""
    verdict: Verdict | None = None
