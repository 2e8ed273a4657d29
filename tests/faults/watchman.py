"""What must be true of the journal and of the hosts at every moment.

Written against DESIGN, not against the code: the table of states stands here once more.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence

import attrs
import trio

from tests.faults.host import Wire
from tests.faults.power import Trace
from tests.faults.virtual_time import wall

MOVES: Mapping[str | None, str] = {
    None: "observed",
    "observed": "deciding",
    "deciding": "acting awaiting_approval refused suppressed escalated closed",
    "awaiting_approval": "acting refused closed",
    "acting": "verifying rolled_back escalated closed",
    "verifying": "healed rolled_back escalated",
    "refused": "deciding closed",
    "suppressed": "deciding closed",
    "rolled_back": "escalated",
    "escalated": "deciding closed",
    "healed": "closed recurred",
}
"""DESIGN 5."""

_OF_REASON = {"flap": "flap", "operator": "suppressed"}
_ESCALATED = (
    "no_rule", "rule_escalates", "fix_failed", "fix_unknown", "rolled_back", "dead_letter",
)  # fmt: skip
_ONE_INCIDENT = (*_ESCALATED, "approval", "rejected", "expired")
"""Kinds of stop whose ticket is about one incident."""

Blame = Callable[[str], None]


@attrs.define(eq=False)
class Watchman:
    """Looks at every commit and at every change of a host."""

    connection: sqlite3.Connection
    trace: Trace
    blame: Blame
    flap_limit: int
    flap_window_s: float
    _seen: int = attrs.field(default=0, init=False)
    _states: dict[str, str] = attrs.field(factory=dict[str, str], init=False)

    def wake(self) -> None:
        """Begin a life: what is durable now is all that there ever was."""
        self._seen = self._count("SELECT ifnull(max(seq), 0) FROM incident_events")
        self._states = dict(self.connection.execute("SELECT id, state FROM incidents"))

    def committed(self) -> None:
        """Look at the moves of a commit."""
        rows = self.connection.execute(
            "SELECT seq, incident_id, kind, from_state, to_state FROM incident_events"
            " WHERE seq > ? ORDER BY seq",
            (self._seen,),
        ).fetchall()
        moved: dict[str, None] = {}
        for seq, incident_id, kind, before, after in rows:
            self._seen = seq
            self.trace.note(kind, incident_id, before, after)
            if after is None:
                continue
            moved[incident_id] = None
            if before != self._states.get(incident_id) or after not in MOVES[before].split():
                was = self._states.get(incident_id)
                self.blame(f"{incident_id} was {was} and moved from {before} to {after}")
            self._states[incident_id] = after
        for incident_id in moved:
            self._look_at(incident_id)

    def _look_at(self, incident_id: str) -> None:
        state, reason = self.connection.execute(
            "SELECT state, reason FROM incidents WHERE id = ?", (incident_id,)
        ).fetchone()
        if state != self._states[incident_id]:
            self.blame(f"{incident_id} is {state}, and its trace ends in {self._states}")
        if state == "acting":
            self._flaps(incident_id)
        wanted = {
            "refused": (reason,),
            "suppressed": (_OF_REASON[reason],) if reason in _OF_REASON else (),
            "awaiting_approval": ("approval",),
            "escalated": _ESCALATED,
        }.get(state, ())
        if wanted and reason != "cooldown":
            self._tickets(incident_id, state, wanted)

    def _tickets(self, incident_id: str, state: str, wanted: Sequence[str]) -> None:
        """A stop has its ticket in the very commit that stops."""
        rows = self.connection.execute(
            "SELECT kind, count(*) FROM tickets JOIN ticket_incidents ON ticket_id = id"
            " WHERE incident_id = ? AND state <> 'resolved' GROUP BY kind",
            (incident_id,),
        )
        found: dict[str, int] = dict(rows.fetchall())
        if not any(found.get(kind) for kind in wanted):
            self.blame(f"{incident_id} is {state}, and nobody is told: {found}")
        for kind in _ONE_INCIDENT:
            if found.get(kind, 0) > 1:
                self.blame(f"{incident_id} has {found[kind]} tickets of kind {kind}")

    def _flaps(self, incident_id: str) -> None:
        """A drift that came back too often is left alone, whatever was restarted meanwhile."""
        drift = self.connection.execute(
            "SELECT site, host, check_id FROM incidents WHERE id = ? AND recurred_from IS NOT NULL",
            (incident_id,),
        ).fetchone()
        if drift is None:
            return
        [lifted] = self.connection.execute(
            "SELECT ifnull(max(ended_at), '') FROM suppressions"
            " WHERE site = ? AND host = ? AND check_name = ?",
            drift,
        ).fetchone()
        since = max(lifted, wall(trio.current_time() - self.flap_window_s).isoformat())
        count = self._count(
            "SELECT count(*) FROM incidents WHERE site = ? AND host = ? AND check_id = ?"
            " AND recurred_from IS NOT NULL AND attempt > 0 AND opened_at > ?",
            *drift,
            since,
        )
        if count >= self.flap_limit:
            self.blame(f"{drift[1]} is healed of {drift[2]} though it came back {count} times")

    def changing(self, wire: Wire) -> None:
        """Look at a host that is about to be changed."""
        name = wire.host.name
        if not wire.looked:
            self.blame(f"{name} is changed, and nobody looked at it before")
        if wire.host.working:
            self.blame(f"{name} is changed twice at the same time")
        states = self.connection.execute(
            "SELECT incidents.state FROM intents JOIN incidents ON incidents.id = incident_id"
            " WHERE intents.state = 'started' AND host = ?",
            (name,),
        ).fetchall()
        # One that is verified leaves the host to others as long as it soaks.
        if not states or states.count(("acting",)) > 1:
            self.blame(f"{name} is changed, and the intents begun there are {states}")

    def _count(self, sql: str, *cells: object) -> int:
        return int(self.connection.execute(sql, cells).fetchone()[0])
