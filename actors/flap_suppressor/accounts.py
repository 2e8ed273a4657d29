"""What the flap suppressor learns from a verdict, in the very commit that keeps the verdict."""

import sqlite3
from collections.abc import Sequence

import attrs

from actors.flap_suppressor.fight import Change, change_of
from actors.flap_suppressor.store import Flaps
from actors.messages import Incident, Moment, Stop, Verdict
from actors.ports import Incidents
from runtime.store import Query, Write


@attrs.frozen
class FlapAccounts:
    """Remembers each drift whose fix was verified."""

    flaps: Flaps
    incidents: Incidents

    def finished(self, incident: Incident, verdict: Verdict, at: Moment) -> Write[Sequence[Stop]]:
        """Remember a verified fix, and when what it healed had come about."""

        def write(connection: sqlite3.Connection) -> Sequence[Stop]:
            if verdict is Verdict.HEALED:
                change = change_behind(incident, self.incidents, self.flaps)(connection)
                self.flaps.healed(incident, change, at)(connection)
            return ()

        return write


def change_behind(incident: Incident, incidents: Incidents, flaps: Flaps) -> Query[Change]:
    """Look up how and when the setting was changed that an incident is about."""

    def query(connection: sqlite3.Connection) -> Change:
        observation = incidents.observation(incident.observation_id)(connection)
        path = observation.details.get("path")
        ours = flaps.last_fix(incident, path)(connection) if isinstance(path, str) else None
        return change_of(observation, incident.id, ours)

    return query
