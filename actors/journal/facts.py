"""What the journal owes a proof: each line of a trace.

The list is the trace itself, read from a line on: what is acked pays nothing for it.
"""

from collections.abc import Sequence

import attrs

from actors.messages.evidence import FactSource, OwedFact
from runtime.store import Query

_BODY_OF_LAST = (
    "(SELECT body FROM incident_events AS earlier WHERE earlier.incident_id = told.incident_id"
    " AND earlier.seq <= told.seq AND earlier.kind = '{}' ORDER BY earlier.seq DESC LIMIT 1)"
)
_TOLD = (
    "SELECT told.seq, told.incident_id, told.at, told.kind, told.from_state, told.to_state,"  # noqa: S608  our own words
    " told.body, ifnull(incidents.site, ''), ifnull(incidents.host, ''),"
    " ifnull(incidents.check_id, ''), ifnull(incidents.severity, ''),"
    " ifnull(incidents.opened_at, ''), ifnull(incidents.observation_id, ''),"
    " ifnull(incidents.recurred_from, ''),"
    " ifnull(observations.body -> 'controls', '[]'),"
    # A drift that was just observed is not decided yet: most facts are of this kind.
    f" CASE WHEN told.kind <> 'drift_observed' THEN {_BODY_OF_LAST.format('rule_matched')} END,"
    f" CASE WHEN told.kind <> 'drift_observed' THEN {_BODY_OF_LAST.format('fix_allowed')} END"
    " FROM incident_events AS told"
    " LEFT JOIN incidents ON incidents.id = told.incident_id"
    " LEFT JOIN observations ON observations.id = incidents.observation_id"
    " WHERE told.seq > ? ORDER BY told.seq LIMIT ?"
)


@attrs.frozen
class SqliteFacts:
    """Keeps what `Facts` promises."""

    def facts_after(self, line: int, limit: int) -> Query[Sequence[OwedFact]]:
        """List what follows a line of all traces."""
        return lambda connection: [_told(row) for row in connection.execute(_TOLD, (line, limit))]


def _told(row: tuple[str, ...]) -> OwedFact:
    seq, incident_id, at, kind, before, now, body, *known = row
    site, host, check, severity, opened_at, observation, recurred, controls, decided, allowed = (
        known
    )
    return OwedFact(
        source=FactSource.TRACE,
        seq=int(seq),
        after=int(seq),
        at=at,
        kind=kind,
        body=body,
        site=site,
        host=host,
        check=check,
        before=before,
        now=now,
        incident_id=incident_id,
        severity=severity,
        opened_at=opened_at,
        observation_id=observation,
        recurred_from=recurred,
        controls=controls,
        decided=decided or "",
        allowed=allowed or "",
    )
