"""Agents in SQLite."""

import datetime as dt
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import attrs

from actors.drift_receiver.core import Agent
from actors.drift_receiver.inventory import Inventory, RmmTool
from actors.drift_receiver.terms import Tier
from actors.messages import Platform
from runtime.errors import NotFoundError
from runtime.store import Query, Write

SCHEMA = Path(__file__).parent / "schema"

_COLUMNS = """
    agent_id, hostname, platform, version, registered_at, last_seen, drift_count, healing_count,
    told, told_tier, most
"""
_ALL = f"select {_COLUMNS} from agents order by host_key"
# ruff: noqa: S608  the names of columns are our own
_REGISTER = f"""
    insert into agents ({_COLUMNS}, host_key)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        on conflict (host_key) do update
       set hostname = excluded.hostname, platform = excluded.platform,
           version = excluded.version, last_seen = excluded.last_seen,
           told = excluded.told, told_tier = excluded.told_tier
 returning {_COLUMNS}
"""
_INVENTORY = "insert or replace into agent_inventory values (?, ?, ?, ?, ?)"
_SEEN = """
    update agents set last_seen = ?, drift_count = ?, healing_count = ?, version = ?
     where agent_id = ?
"""
_LIMIT = f"update agents set most = ? where host_key = ? returning {_COLUMNS}"
_CHANGE = "insert into agent_changes (at, host_key, most, who, reason) values (?, ?, ?, ?, ?)"
_MAY_HEAL = """
    select 1 from agents where host_key = ? and told_tier = 'self_heal' and most = 'self_heal'
"""
_FOUND = """
    insert into rmm_agents values (?, ?, ?, ?, ?, ?, ?)
        on conflict (host_key, name, service) do update
       set version = excluded.version, running = excluded.running, last_seen = excluded.last_seen
"""
_GONE = """
    delete from rmm_agents
     where host_key = ?
       and (name, service) not in (
           select json_extract(value, '$[0]'), json_extract(value, '$[1]') from json_each(?)
       )
"""

_Row: TypeAlias = tuple[str, str, str, str, str, str, int, int, str, str, str]


@attrs.frozen
class SqliteAgents:
    """The memory of the drift receiver; see `Agents` for what each method promises."""

    def all(self) -> Query[Sequence[Agent]]:
        """List the agents by hostname."""
        return lambda connection: [_agent(row) for row in connection.execute(_ALL)]

    def register(self, agent: Agent, inventory: Inventory) -> Write[Agent]:
        """Keep an agent as it is and was told, and what it says of its host."""
        key = agent.hostname.casefold()
        software = json.dumps(inventory.software, ensure_ascii=False)
        said = (key, inventory.os_version, inventory.mac_address, software, inventory.software_told)

        def write(connection: sqlite3.Connection) -> Agent:
            connection.execute(_INVENTORY, said)
            return _agent(connection.execute(_REGISTER, (*_row(agent), key)).fetchone())

        return write

    def seen(self, agent: Agent) -> Write[None]:
        """Note a heartbeat."""
        at = agent.last_seen.isoformat()
        row = (at, agent.drift_count, agent.healing_count, agent.version, agent.id)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(_SEEN, row)

        return write

    def limit(self, host: str, most: Tier, at: dt.datetime, who: str, reason: str) -> Write[Agent]:
        """Set what a person lets the agent of a host do, and keep who said so and why."""
        key = host.casefold()

        def write(connection: sqlite3.Connection) -> Agent:
            # All rows: one that is left unread keeps the statement, and so the commit, open.
            rows = connection.execute(_LIMIT, (most, key)).fetchall()
            if not rows:
                raise NotFoundError("agent", host)
            connection.execute(_CHANGE, (at.isoformat(), key, most, who, reason))
            return _agent(rows[0])

        return write

    def may_heal(self, host: str) -> Query[bool]:
        """Say whether the agent of a host was told that it may heal, and a person lets it."""
        row = (host.casefold(),)
        return lambda connection: connection.execute(_MAY_HEAL, row).fetchone() is not None

    def found(self, host: str, tools: Sequence[RmmTool], at: dt.datetime) -> Write[None]:
        """Replace the tools for remote management of a host."""
        key, seen = host.casefold(), at.isoformat()
        rows = [
            (key, tool.name, tool.service, tool.version, tool.running, seen, seen) for tool in tools
        ]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(_FOUND, rows)
            connection.execute(
                _GONE, (key, json.dumps([(tool.name, tool.service) for tool in tools]))
            )

        return write


def count_agents(connection: sqlite3.Connection) -> int:
    """Count the hosts whose agents registered."""
    count: int = connection.execute("select count(*) from agents").fetchone()[0]
    return count


def _row(agent: Agent) -> _Row:
    return (
        agent.id,
        agent.hostname,
        agent.platform.value,
        agent.version,
        agent.registered_at.isoformat(),
        agent.last_seen.isoformat(),
        agent.drift_count,
        agent.healing_count,
        agent.told,
        agent.told_tier.value,
        agent.most.value,
    )


def _agent(row: _Row) -> Agent:
    (
        agent_id, hostname, platform, version, registered_at, last_seen, drift_count,
        healing_count, told, told_tier, most,
    ) = row  # fmt: skip
    return Agent(
        id=agent_id,
        hostname=hostname,
        platform=Platform(platform),
        version=version,
        registered_at=dt.datetime.fromisoformat(registered_at),
        last_seen=dt.datetime.fromisoformat(last_seen),
        drift_count=drift_count,
        healing_count=healing_count,
        told=told,
        told_tier=Tier(told_tier),
        most=Tier(most),
    )
