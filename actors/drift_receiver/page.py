"""All that is known of the agent of one host, for a person to read."""

import json
import sqlite3
from collections.abc import Mapping

from runtime.store import Query

_AGENT = """
    select agent_id, hostname, platform, version, registered_at, last_seen, drift_count,
           healing_count, told_tier, most, os_version, mac_address, software, software_told
      from agents left join agent_inventory using (host_key) where host_key = ?
"""
_TOOLS = """
    select name, service, version, running, first_seen, last_seen
      from rmm_agents where host_key = ? order by name, service
"""
_CHANGES = "select at, most, who, reason from agent_changes where host_key = ? order by id"


def agent_page(host: str) -> Query[Mapping[str, object] | None]:
    """Give the agent of a host, its inventory and tools, and who changed what it may do.

    None where none registered.  The tier is the one that it was told.
    """
    key = (host.casefold(),)

    def query(connection: sqlite3.Connection) -> Mapping[str, object] | None:
        row = connection.execute(_AGENT, key).fetchone()
        if row is None:
            return None
        (
            agent_id, hostname, platform, version, registered_at, last_seen, drifts, healings,
            tier, most, os_version, mac_address, software, software_told,
        ) = row  # fmt: skip
        return {
            "host": hostname,
            "agent_id": agent_id,
            "platform": platform,
            "version": version,
            "registered_at": registered_at,
            "last_seen": last_seen,
            "drift_count": drifts,
            "healing_count": healings,
            "tier": tier,
            "most": most,
            "os_version": os_version or "",
            "mac_address": mac_address or "",
            "software": json.loads(software) if software else [],
            "software_told": software_told or 0,
            "rmm": _listed(connection, _TOOLS, key),
            "changes": _listed(connection, _CHANGES, key),
        }

    return query


def _listed(connection: sqlite3.Connection, sql: str, key: tuple[str]) -> list[dict[str, object]]:
    cursor = connection.execute(sql, key)
    names = [name for name, *_ in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
