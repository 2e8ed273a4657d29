"""What operators read of identities: hosts with their certificates, the window, the audit."""

import datetime as dt
import sqlite3
from collections.abc import Iterator

import attrs

from actors.site_ca.core import Window
from actors.site_ca.sqlite_rows import open_window
from runtime.store import Query

_HOSTS = """
    select host, serial, agent_id, not_after, revoked_at, reason,
           -- The columns are those of the newest, if one is valid of the newest valid one.
           max((revoked_at is null and not_after > ?) || issued_at || serial)
      from certificates group by host order by host
"""
_INVITED = """
    select host, max(expires_at) from invitations
     where spent_at is null and expires_at > ? group by host order by host
"""
_AUDIT = """
    select at, what, who, host, address, serial, reason, count from identity_audit
     where ? in ('', host) order by line desc limit ?
"""


@attrs.frozen
class HostRow:
    """A host by its newest valid certificate, its newest one, or an invitation that waits."""

    host: str
    serial: str = ""
    agent_id: str = ""
    not_after: str = ""
    revoked_at: str = ""
    reason: str = ""
    """Why it was revoked."""
    invited_until: str = ""

    def state(self, now: dt.datetime) -> str:
        """Say how it stands."""
        if self.revoked_at:
            return "revoked"
        if not self.serial:
            return "invited"
        return "valid" if now < dt.datetime.fromisoformat(self.not_after) else "expired"


@attrs.frozen
class AuditRow:
    """A line of the audit, as text."""

    at: str
    what: str
    who: str
    host: str
    address: str
    serial: str
    reason: str
    count: int


def hosts(now: dt.datetime) -> Query[list[HostRow]]:
    """List the hosts that have or had a certificate, or may fetch one."""

    def query(connection: sqlite3.Connection) -> list[HostRow]:
        return sorted(_hosts(connection, now.isoformat()), key=lambda row: row.host)

    return query


def window() -> Query[Window | None]:
    """Give the enrolment window that was not closed yet; its time may be over."""
    return open_window


def audit(host: str, limit: int) -> Query[list[AuditRow]]:
    """List the newest lines of the audit, of one host or of all."""
    row = (host.casefold(), limit)
    return lambda connection: [AuditRow(*each) for each in connection.execute(_AUDIT, row)]


def _hosts(connection: sqlite3.Connection, now: str) -> Iterator[HostRow]:
    invited: dict[str, str] = dict(connection.execute(_INVITED, (now,)).fetchall())
    newest = connection.execute(_HOSTS, (now,))
    for host, serial, agent_id, not_after, revoked_at, reason, _ in newest:
        yield HostRow(
            host, serial, agent_id, not_after, revoked_at or "", reason or "",
            invited.pop(host, ""),
        )  # fmt: skip
    for host, until in invited.items():
        yield HostRow(host, invited_until=until)
