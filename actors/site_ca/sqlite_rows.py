"""Rows of the site CA's tables, and what they stand for."""

import datetime as dt
import sqlite3
from collections.abc import Iterator
from typing import TypeAlias

from actors.messages import Moment
from actors.site_ca.core import Certificate, Invitation, Window
from actors.site_ca.store import Line

_Text: TypeAlias = str | None

_INVITATIONS = """
    select token_sha256, site, host, invited_at, expires_at, who, spent_at from invitations
"""
_CERTIFICATES = """
    select serial, host, agent_id, not_before, not_after, issued_at, window_id, address, revoked_at
      from certificates
"""
_WINDOWS = """
    select id, opened_wall, opened_boot, opened_monotonic,
           until_wall, until_boot, until_monotonic, who, places, network
      from enrolment_windows
"""
_NOTE = """
    insert into identity_audit (at, what, who, host, address, serial, reason, count)
    values (?, ?, ?, ?, ?, ?, ?, ?)
"""
_KEEP = """
    insert into certificates (serial, host, agent_id, not_before, not_after, issued_at, window_id,
                              address)
    values (?, ?, ?, ?, ?, ?, ?, ?)
"""


def invitations(connection: sqlite3.Connection, which: str, *values: str) -> Iterator[Invitation]:
    """Read invitations."""
    for row in connection.execute(_INVITATIONS + which, values):
        token_sha256, site, host, invited_at, expires_at, who, spent_at = row
        yield Invitation(
            token_sha256, site, host, _instant(invited_at), _instant(expires_at), who,
            _maybe(spent_at),
        )  # fmt: skip


def certificates(connection: sqlite3.Connection, which: str, *values: str) -> Iterator[Certificate]:
    """Read certificates."""
    for row in connection.execute(_CERTIFICATES + which, values):
        serial, host, agent_id, not_before, not_after, issued_at, window, address, revoked_at = row
        yield Certificate(
            serial, host, agent_id, _instant(not_before), _instant(not_after),
            _instant(issued_at), window, address, _maybe(revoked_at),
        )  # fmt: skip


def open_window(connection: sqlite3.Connection) -> Window | None:
    """Read the window that was not closed yet."""
    for row in connection.execute(_WINDOWS + " where closed_at is null"):
        identity, *times, who, places, network = row
        opened, until = _moment(*times[:3]), _moment(*times[3:])
        return Window(identity, opened, until, who, places, network)
    return None


def keep(connection: sqlite3.Connection, certificate: Certificate) -> None:
    """Add a certificate."""
    row = (
        certificate.serial, certificate.host, certificate.agent_id,
        certificate.not_before.isoformat(), certificate.not_after.isoformat(),
        certificate.issued_at.isoformat(), certificate.window, certificate.address,
    )  # fmt: skip
    connection.execute(_KEEP, row)


def note(connection: sqlite3.Connection, line: Line) -> None:
    """Add a line to the audit."""
    row = (
        line.at.isoformat(), line.what.value, line.who, line.host, line.address, line.serial,
        line.reason, line.count,
    )  # fmt: skip
    connection.execute(_NOTE, row)


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _maybe(text: _Text) -> dt.datetime | None:
    return None if text is None else _instant(text)


def _moment(wall: str, boot: str, monotonic: float) -> Moment:
    return Moment(_instant(wall), boot, monotonic)
