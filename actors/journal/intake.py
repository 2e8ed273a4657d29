"""How an observation becomes durable: known already or not, and what it does to an incident.

The hot path of the appliance: an observation that repeats a drift costs five statements.
"""

import sqlite3
from collections.abc import Callable

import attrs

from actors.journal import core
from actors.journal.change import Change
from actors.journal.core import Effect
from actors.journal.store import Recording
from actors.messages import Fact, Incident, Move, Observation, Recorded, State
from runtime.codec import to_json

_SAME = "SELECT id, incident_id FROM observations WHERE agent_id = ? AND boot_id = ? AND seq = ?"
_OPEN = (
    "SELECT id, state FROM incidents"
    " WHERE site = ? AND host = ? AND check_id = ? AND state NOT IN ('closed', 'recurred')"
)
_AGAIN = "UPDATE incidents SET count = count + 1, last_seen = ? WHERE id = ?"
_ANSWER = "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_HEARD = (
    "INSERT INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    # One that is delivered once more after a fall is here already.
    " ON CONFLICT (id) DO NOTHING"
)


@attrs.frozen
class Intake:
    """Takes observations in, within one commit."""

    change: Change
    new_id: Callable[[], str]
    """Names the incidents that they open."""
    fullness: float
    """Share of the byte budget that is used."""

    def take(self, heard: Observation) -> Recording:
        """Take one in.

        Raises:
            UnicodeEncodeError, OverflowError: SQLite cannot spell what it says.
        """
        execute = self.change.connection.execute
        if heard.seq is not None:
            identity = (heard.agent_id, heard.boot_id, heard.seq)
            if row := execute(_SAME, identity).fetchone():
                return Recording(Recorded(row[0], row[1], duplicate=True))
        row = execute(_OPEN, (heard.site, heard.host, heard.check)).fetchone()
        owner, state = (None, None) if row is None else (str(row[0]), State(row[1]))
        effect = core.effect_of(heard.status, state)
        if not core.admits(self.fullness, effect, heard.severity):
            return Recording(None)
        opened = self._follow(effect, heard, owner)
        if opened is not None:
            owner = opened.id
        self._keep(heard, effect, owner)
        return Recording(Recorded(heard.id, owner), opened)

    def _follow(self, effect: Effect, heard: Observation, owner: str | None) -> Incident | None:
        """Do to the open incident of the drift what is to be done; give the one that opens."""
        change = self.change
        match effect, owner:
            case Effect.OPEN, None:
                return self._open(core.opened(heard, self.new_id(), change.at, None), heard)
            case Effect.RECUR, str():
                follower = core.opened(heard, self.new_id(), change.at, owner)
                fact = Fact("recurred", {"as": follower.id})
                change.move(owner, Move(State.RECURRED, (State.HEALED,), fact))
                return self._open(follower, heard)
            case Effect.CLOSE, str():
                fact = Fact("passed", {"by": heard.source})
                change.move(owner, Move(State.CLOSED, core.CLOSED_BY_PASS, fact))
            case Effect.ABSORB, str():
                change.connection.execute(_AGAIN, (change.at.wall.isoformat(), owner))
            case Effect.NOTE, str():
                change.tell(owner, Fact("passed_meanwhile", {"by": heard.source}))
            case _:
                pass
        return None

    def _open(self, incident: Incident, heard: Observation) -> Incident:
        fact = Fact("drift_observed", {"source": heard.source, "check": heard.check})
        self.change.put(incident)
        self.change.tell(incident.id, fact, None, incident.state)
        return incident

    def _keep(self, heard: Observation, effect: Effect, owner: str | None) -> None:
        execute = self.change.connection.execute
        when = heard.observed_at.isoformat()
        drift = (heard.site, heard.host, heard.check)
        said = (heard.status, heard.severity, heard.absent, heard.reason, heard.source)
        execute(_ANSWER, (*drift, *said, when))
        if core.keeps_row(self.fullness, effect, heard):
            identity = (heard.agent_id, heard.boot_id, heard.seq)
            execute(
                _HEARD, (heard.id, *drift, heard.status, when, *identity, owner, to_json(heard))
            )


def fullness_of(connection: sqlite3.Connection) -> float:
    """Give the share of its byte budget that a file uses; a page that is free counts as free."""
    used, free, limit = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "max_page_count")
    )
    return float((used - free) / limit)
