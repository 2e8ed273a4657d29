"""What the site CA needs remembered: invitations, certificates, windows, and who did what."""

import datetime as dt
import enum
from collections.abc import Sequence
from typing import Protocol

import attrs

from actors.messages import Moment
from actors.site_ca.core import Certificate, Invitation, Reason, Window
from runtime.store import Query, Write


class Act(enum.StrEnum):
    """What a line of the audit tells."""

    INVITED = "invited"
    ISSUED = "issued"
    RENEWED = "renewed"
    REFUSED = "refused"
    REVOKED = "revoked"
    OPENED = "window_opened"
    CLOSED = "window_closed"


@attrs.frozen
class Line:
    """One line of the audit."""

    at: dt.datetime
    what: Act
    who: str = ""
    """A person; empty where a device asked."""
    host: str = ""
    address: str = ""
    serial: str = ""
    reason: str = ""
    count: int = 1


class Register(Protocol):
    """The memory.  A write that gives a reason has changed nothing."""

    def invite(self, invitation: Invitation, line: Line) -> Write[None]:
        """Keep an invitation."""
        ...

    def invitation(self, token_sha256: str) -> Query[Invitation | None]:
        """Look an invitation up."""
        ...

    def spend(
        self, token_sha256: str, site: str, certificate: Certificate, line: Line
    ) -> Write[Reason | None]:
        """Spend a token for a certificate: both, or neither, with the reason."""
        ...

    def admit(self, certificate: Certificate, now: Moment, line: Line) -> Write[Reason | None]:
        """Take one place of the open window for a certificate: both, or neither."""
        ...

    def renew(self, old_serial: str, certificate: Certificate, line: Line) -> Write[Reason | None]:
        """Keep a certificate that follows another, unless that one was revoked."""
        ...

    def revoke(self, what: str, line: Line) -> Write[Sequence[Certificate]]:
        """Revoke a certificate by its serial, or all valid ones of a host; gives them.

        What the host was invited by before lets it in no more.  The write raises NotFoundError
        where there is neither.
        """
        ...

    def revoked(self) -> Query[frozenset[str]]:
        """List the serials that were revoked."""
        ...

    def open(self, window: Window, line: Line) -> Write[Window]:
        """Open a window, in place of one that is open; gives it with its id."""
        ...

    def close(self, line: Line, window_id: int | None = None) -> Write[Window | None]:
        """Close the open window, or only that one; gives it, None where none was open."""
        ...

    def standing(self) -> Query[Window | None]:
        """Give the window that was not closed yet; its time may be over."""
        ...

    def note(self, line: Line) -> Write[None]:
        """Append a line to the audit."""
        ...
