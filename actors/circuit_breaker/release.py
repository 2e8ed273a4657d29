"""Setting incidents free that a breaker or a canary held, before their time."""

import sqlite3

from actors.circuit_breaker.store import GateMemory
from actors.messages import Fact, Moment, Move, Refusal, State
from actors.ports import Incidents
from runtime.store import Write

_HELD = (Refusal.BREAKER, Refusal.CANARY)


def release(
    memory: GateMemory, incidents: Incidents, on: str, fact: Fact, now: Moment
) -> Write[None]:
    """Have everything decided again that waits for this breaker or recipe: due now, so at once."""

    def write(connection: sqlite3.Connection) -> None:
        for incident_id in memory.release(on)(connection):
            incident = incidents.get(incident_id)(connection)
            # It may have been closed or decided otherwise meanwhile.
            if incident is None or incident.state is not State.REFUSED:
                continue
            if incident.reason in _HELD:
                again = Move(State.DECIDING, (State.REFUSED,), fact, reason=fact.kind, due=now)
                incidents.move(incident_id, again, now)(connection)

    return write
