"""Agents in SQLite."""

import datetime as dt
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import attrs

from actors.drift_receiver.core import Agent
from actors.messages import Platform
from runtime.store import Query, Write

SCHEMA = Path(__file__).parent / "schema"

_ALL = """
    select agent_id, hostname, platform, version, registered_at, last_seen, drift_count
      from agents order by host_key
"""
_REGISTER = """
    insert into agents values (?, ?, ?, ?, ?, ?, ?, ?)
        on conflict (host_key) do update
       set hostname = excluded.hostname, platform = excluded.platform,
           version = excluded.version, last_seen = excluded.last_seen
 returning agent_id, hostname, platform, version, registered_at, last_seen, drift_count
"""
_SEEN = "update agents set last_seen = ?, drift_count = ? where agent_id = ?"

_Row: TypeAlias = tuple[str, str, str, str, str, str, int]


@attrs.frozen
class SqliteAgents:
    """The memory of the drift receiver; see `Agents` for what each method promises."""

    def all(self) -> Query[Sequence[Agent]]:
        """List the agents by hostname."""
        return lambda connection: [_agent(row) for row in connection.execute(_ALL)]

    def register(self, agent: Agent) -> Write[Agent]:
        """Keep an agent; one whose host is known keeps its id and the time it registered first."""
        row = (
            agent.id,
            agent.hostname,
            agent.hostname.casefold(),
            agent.platform.value,
            agent.version,
            agent.registered_at.isoformat(),
            agent.last_seen.isoformat(),
            agent.drift_count,
        )

        def write(connection: sqlite3.Connection) -> Agent:
            return _agent(connection.execute(_REGISTER, row).fetchone())

        return write

    def seen(self, agent_id: str, at: dt.datetime, drift_count: int) -> Write[None]:
        """Note a heartbeat."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(_SEEN, (at.isoformat(), drift_count, agent_id))

        return write


def count_agents(connection: sqlite3.Connection) -> int:
    """Count the hosts whose agents registered."""
    count: int = connection.execute("select count(*) from agents").fetchone()[0]
    return count


def knows_agent(host: str) -> Query[bool]:
    """Say whether the agent of a host registered."""
    row, sql = (host.casefold(),), "select 1 from agents where host_key = ?"
    return lambda connection: connection.execute(sql, row).fetchone() is not None


def _agent(row: _Row) -> Agent:
    agent_id, hostname, platform, version, registered_at, last_seen, drift_count = row
    return Agent(
        id=agent_id,
        hostname=hostname,
        platform=Platform(platform),
        version=version,
        registered_at=dt.datetime.fromisoformat(registered_at),
        last_seen=dt.datetime.fromisoformat(last_seen),
        drift_count=drift_count,
    )
