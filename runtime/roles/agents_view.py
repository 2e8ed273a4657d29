"""What operators read of agents and their identities, as plain data."""

import datetime as dt
import sqlite3
from collections.abc import Mapping

from actors.drift_receiver import Agent, SqliteAgents, agent_page
from actors.messages import Moment
from actors.site_ca import HostRow, audit, hosts, window
from runtime.clock import SystemClock
from runtime.errors import InvalidRequestError, NotFoundError
from runtime.roles.control import Args, limit_of

Row = Mapping[str, object]


def agents(connection: sqlite3.Connection, _args: Args) -> list[Row]:
    """List the hosts whose agents registered, have a certificate, or were invited."""
    now = SystemClock().now()
    registered = {agent.hostname.casefold(): agent for agent in SqliteAgents().all()(connection)}
    certified = {row.host: row for row in hosts(now)(connection)}
    nothing = HostRow("")
    return [
        _agent(name, registered.get(name), certified.get(name, nothing), now)
        for name in sorted({*registered, *certified})
    ]


def _agent(name: str, agent: Agent | None, row: HostRow, now: dt.datetime) -> Row:
    return {
        "host": agent.hostname if agent else name,
        "state": row.state(now) if row.host else "no certificate",
        "expires": row.not_after or None,
        "tier": agent.told_tier if agent else None,
        "last_seen": agent.last_seen.isoformat(timespec="seconds") if agent else None,
        "serial": row.serial or None,
        "agent_id": agent.id if agent else row.agent_id or None,
        "platform": agent.platform if agent else None,
        "version": agent.version if agent else None,
        "revoked_at": row.revoked_at or None,
        "reason": row.reason or None,
        "invited_until": row.invited_until or None,
    }


def agent(connection: sqlite3.Connection, args: Args) -> Row:
    """Show the agent of a host, with its newest certificate if it has one.

    Raises:
        InvalidRequestError: no host is named.
        NotFoundError: the agent of this host has not registered.
    """
    host, now = args.get("host", ""), SystemClock().now()
    if not host:
        raise InvalidRequestError("host is missing")
    page = agent_page(host)(connection)
    if page is None:
        raise NotFoundError("agent", host)
    certified = (row for row in hosts(now)(connection) if row.host == host.casefold())
    return {**page, "certificate": next((_certificate(row, now) for row in certified), None)}


def _certificate(row: HostRow, now: dt.datetime) -> Row:
    return {"state": row.state(now), "expires": row.not_after or None, "serial": row.serial or None}


def enrolment(connection: sqlite3.Connection, _args: Args) -> Row:
    """Say whether agents in the field may enrol now."""
    found, now = window()(connection), Moment.read(SystemClock())
    if found is None or not found.is_open(now):
        return {"open": False}
    return {
        "open": True,
        "opened_at": found.opened_at.wall.isoformat(timespec="seconds"),
        "seconds_left": round(found.until.since(now)),
        "places": found.left,
        "from": found.network or None,
        "who": found.who,
    }


def identity_audit(connection: sqlite3.Connection, args: Args) -> list[Row]:
    """List who invited, issued, refused, revoked, opened and closed; the newest first."""
    return [
        {
            "at": row.at,
            "what": row.what,
            "who": row.who,
            "host": row.host,
            "address": row.address,
            "reason": row.reason,
            "count": row.count,
            "serial": row.serial,
        }
        for row in audit(args.get("host", ""), limit_of(args))(connection)
    ]
