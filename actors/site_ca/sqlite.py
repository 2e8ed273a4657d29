"""The site CA's memory in SQLite."""

import datetime as dt
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import attrs

from actors.messages import Moment
from actors.site_ca.core import (
    ISSUED_PER_HOUR,
    Certificate,
    Invitation,
    Reason,
    Window,
    newcomer_problem,
    token_problem,
    window_problem,
)
from actors.site_ca.sqlite_rows import certificates, invitations, keep, note, open_window
from actors.site_ca.store import Act, Line
from runtime.errors import NotFoundError
from runtime.store import Query, Write

SCHEMA = Path(__file__).parent / "schema"

_REMEMBERED = dt.timedelta(days=90)
"""For which an expired certificate and an expired invitation are kept."""

_OPEN = """
    insert into enrolment_windows (opened_wall, opened_boot, opened_monotonic,
        until_wall, until_boot, until_monotonic, who, places, network)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?)
 returning id
"""


@attrs.frozen
class SqliteRegister:
    """See `Register` for what each method promises."""

    def invite(self, invitation: Invitation, line: Line) -> Write[None]:
        """Keep an invitation."""
        row = (
            invitation.token_sha256, invitation.site, invitation.host,
            invitation.invited_at.isoformat(), invitation.expires_at.isoformat(), invitation.who,
        )  # fmt: skip

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "delete from invitations where expires_at < ?",
                ((invitation.invited_at - _REMEMBERED).isoformat(),),
            )
            connection.execute("insert into invitations values (?, ?, ?, ?, ?, ?, null, null)", row)
            note(connection, line)

        return write

    def invitation(self, token_sha256: str) -> Query[Invitation | None]:
        """Look an invitation up."""
        return lambda connection: _invitation(connection, token_sha256)

    def spend(
        self, token_sha256: str, site: str, certificate: Certificate, line: Line
    ) -> Write[Reason | None]:
        """Spend a token for a certificate: both, or neither, with the reason."""

        def write(connection: sqlite3.Connection) -> Reason | None:
            found = _invitation(connection, token_sha256)
            problem = token_problem(found, site=site, host=certificate.host, now=line.at)
            if problem is None:
                connection.execute(
                    "update invitations set spent_at = ?, serial = ? where token_sha256 = ?",
                    (line.at.isoformat(), certificate.serial, token_sha256),
                )
                _issue(connection, certificate, line)
            return problem

        return write

    def admit(self, certificate: Certificate, now: Moment, line: Line) -> Write[Reason | None]:
        """Take one place of the open window for a certificate: both, or neither."""
        host, address = certificate.host, certificate.address

        def write(connection: sqlite3.Connection) -> Reason | None:
            window = open_window(connection)
            problem = window_problem(window, address, now) or _too_many(connection, certificate)
            if window is None or problem is not None:
                return problem
            known = _known(connection, host, now.wall)
            problem = newcomer_problem(window, address, known, _invited_at(connection, host))
            if problem is not None:
                return problem
            _issue(connection, attrs.evolve(certificate, window=window.id), line)
            if any(each.window == window.id for each in known):
                return None  # who lost the answer asks again, in its own place
            connection.execute(
                "update enrolment_windows set places = places - 1 where id = ?", (window.id,)
            )
            if window.left == 1:
                _close(connection, window, Line(line.at, Act.CLOSED, reason="all places taken"))
            return None

        return write

    def renew(self, old_serial: str, certificate: Certificate, line: Line) -> Write[Reason | None]:
        """Keep a certificate that follows another, unless that one was revoked."""

        def write(connection: sqlite3.Connection) -> Reason | None:
            for old in certificates(connection, " where serial = ?", old_serial):
                if old.revoked_at is not None:
                    return Reason.CERTIFICATE_REVOKED
            if problem := _too_many(connection, certificate):
                return problem
            _issue(connection, certificate, line)
            return None

        return write

    def revoke(self, what: str, line: Line) -> Write[Sequence[Certificate]]:
        """Revoke a certificate by its serial, or all valid ones of a host; gives them.

        What the host was invited by before lets it in no more.
        """

        def write(connection: sqlite3.Connection) -> Sequence[Certificate]:
            valid = [
                *_known(connection, what.casefold(), line.at),
                *certificates(
                    connection, " where serial = ? and not_after > ?", what.lower(), _now(line)
                ),
            ]
            revoked = [each for each in valid if each.revoked_at is None]
            hosts = {what.casefold(), *(each.host for each in revoked)}
            withdrawn = [host for host in sorted(hosts) if _withdraw(connection, host, line)]
            if not revoked and not withdrawn:
                raise NotFoundError("valid certificate or invitation of", what)
            for host in withdrawn:
                note(connection, attrs.evolve(line, host=host))
            for each in revoked:
                connection.execute(
                    "update certificates set revoked_at = ?, revoked_by = ?, reason = ?"
                    " where serial = ?",
                    (_now(line), line.who, line.reason, each.serial),
                )
                note(connection, attrs.evolve(line, host=each.host, serial=each.serial))
            return revoked

        return write

    def revoked(self) -> Query[frozenset[str]]:
        """List the serials that were revoked."""
        # Also of those that are expired: the clock may be ahead, and be set right later.
        sql = "select serial from certificates where revoked_at is not null"
        return lambda connection: frozenset(serial for (serial,) in connection.execute(sql))

    def open(self, window: Window, line: Line) -> Write[Window]:
        """Open a window, in place of one that is open; gives it with its id."""
        opened, until = window.opened_at, window.until
        row = (
            opened.wall.isoformat(), opened.boot, opened.monotonic,
            until.wall.isoformat(), until.boot, until.monotonic,
            window.who, window.left, window.network,
        )  # fmt: skip

        def write(connection: sqlite3.Connection) -> Window:
            if former := open_window(connection):
                _close(connection, former, Line(line.at, Act.CLOSED, line.who, reason="replaced"))
            [identity] = connection.execute(_OPEN, row).fetchone()
            note(connection, line)
            return attrs.evolve(window, id=identity)

        return write

    def close(self, line: Line, window_id: int | None = None) -> Write[Window | None]:
        """Close the open window, or only that one; gives it, None where none was open."""

        def write(connection: sqlite3.Connection) -> Window | None:
            window = open_window(connection)
            if window is None or window_id not in (None, window.id):
                return None
            _close(connection, window, line)
            return window

        return write

    def standing(self) -> Query[Window | None]:
        """Give the window that was not closed yet; its time may be over."""
        return open_window

    def note(self, line: Line) -> Write[None]:
        """Append a line to the audit."""
        return lambda connection: note(connection, line)


def _invitation(connection: sqlite3.Connection, token_sha256: str) -> Invitation | None:
    return next(invitations(connection, " where token_sha256 = ?", token_sha256), None)


def _invited_at(connection: sqlite3.Connection, host: str) -> dt.datetime | None:
    last = " where host = ? order by invited_at desc limit 1"
    return next((each.invited_at for each in invitations(connection, last, host)), None)


def _withdraw(connection: sqlite3.Connection, host: str, line: Line) -> bool:
    """End what a host was invited by and has not come by; say whether there was any."""
    ended = connection.execute(
        "update invitations set expires_at = ?1"
        " where host = ?2 and spent_at is null and expires_at > ?1",
        (_now(line), host),
    )
    return ended.rowcount > 0


def _known(connection: sqlite3.Connection, host: str, now: dt.datetime) -> list[Certificate]:
    """List the certificates of a host that are not expired, and those that were revoked."""
    which = " where host = ? and (not_after > ? or revoked_at is not null)"
    return list(certificates(connection, which, host, now.isoformat()))


def _too_many(connection: sqlite3.Connection, certificate: Certificate) -> Reason | None:
    since = (certificate.issued_at - dt.timedelta(hours=1)).isoformat()
    lately = certificates(connection, " where host = ? and issued_at > ?", certificate.host, since)
    return Reason.RATE_LIMITED if len(list(lately)) >= ISSUED_PER_HOUR else None


def _issue(connection: sqlite3.Connection, certificate: Certificate, line: Line) -> None:
    connection.execute(
        "delete from certificates where host = ? and not_after < ?",
        (certificate.host, (line.at - _REMEMBERED).isoformat()),
    )
    keep(connection, certificate)
    note(connection, line)


def _close(connection: sqlite3.Connection, window: Window, line: Line) -> None:
    connection.execute(
        "update enrolment_windows set closed_at = ?, closed_by = ? where id = ?",
        (_now(line), line.who or line.reason, window.id),
    )
    note(connection, line)


def _now(line: Line) -> str:
    return line.at.isoformat()
