"""Who gets a certificate, for how long, and who does not; pure."""

import datetime as dt
import enum
import hashlib
import ipaddress
import re
from collections.abc import Mapping

import attrs

from actors.messages import Moment

TOKEN_LIFE = dt.timedelta(hours=24)
CLOCK_TOLERANCE = dt.timedelta(minutes=10)
"""How far the clock of a device may be off; certificates begin that much before they are issued."""

OWN_KEY_LIFE = dt.timedelta(hours=24)
"""Of a device that made its own key; it renews at two thirds."""
FIELD_LIFE = dt.timedelta(days=90)
"""Of an agent in the field, whose key is made here; it renews when fewer than 30 days are left."""
SERVER_LIFE = dt.timedelta(days=365)
AUTHORITY_LIFE = dt.timedelta(days=3650)

ISSUED_PER_HOUR = 12
"""Certificates of one host: more is a fault, and would fill the disk."""
LONGEST_WINDOW_S = 24 * 3600.0
MOST_PLACES = 100_000
"""Of a window that counts."""

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")


class Reason(enum.StrEnum):
    """Why a certificate, or a caller, is refused."""

    TOKEN_UNKNOWN = "token_unknown"  # noqa: S105  these are no passwords
    TOKEN_SPENT = "token_spent"  # noqa: S105
    TOKEN_EXPIRED = "token_expired"  # noqa: S105
    TOKEN_OF_ANOTHER_SITE = "token_of_another_site"  # noqa: S105
    CSR_INVALID = "csr_invalid"
    CSR_FOREIGN_NAME = "csr_foreign_name"
    CLOCK_OFF = "clock_off"
    RATE_LIMITED = "rate_limited"
    HOSTNAME_INVALID = "hostname_invalid"
    WINDOW_CLOSED = "window_closed"
    WINDOW_ELSEWHERE = "window_elsewhere"
    """It is open for other addresses."""
    HOST_CERTIFIED = "host_certified"
    """A host that has a certificate does not get another by an open window."""
    HOST_REVOKED = "host_revoked"
    CERTIFICATE_NEEDED = "certificate_needed"
    CERTIFICATE_INVALID = "certificate_invalid"
    CERTIFICATE_OF_ANOTHER_SITE = "certificate_of_another_site"
    CERTIFICATE_OF_ANOTHER_HOST = "certificate_of_another_host"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_REVOKED = "certificate_revoked"


_WORDS: Mapping[Reason, str] = {
    Reason.TOKEN_UNKNOWN: "no invitation has this token",
    Reason.TOKEN_SPENT: "the token was used already; each invitation is for one certificate",
    Reason.TOKEN_EXPIRED: "the token has expired; ask for a new invitation",
    Reason.TOKEN_OF_ANOTHER_SITE: "the token is of another site",
    Reason.CSR_INVALID: "the certificate signing request cannot be used",
    Reason.CSR_FOREIGN_NAME: "the name is not the one that was invited",
    Reason.CLOCK_OFF: "the clock of the device is off by ten minutes or more; set it first",
    Reason.RATE_LIMITED: "too many attempts; wait a few minutes",
    Reason.HOSTNAME_INVALID: "the host name has characters that a certificate cannot carry",
    Reason.WINDOW_CLOSED: "no enrolment window is open; show a certificate, or ask an operator",
    Reason.WINDOW_ELSEWHERE: "the enrolment window is open for other addresses",
    Reason.HOST_CERTIFIED: "this host has a certificate; revoke it before it enrols anew",
    Reason.HOST_REVOKED: "this host was revoked; invite it before it enrols anew",
    Reason.CERTIFICATE_NEEDED: "this call needs a client certificate of this site",
    Reason.CERTIFICATE_INVALID: "the certificate names no agent of a site",
    Reason.CERTIFICATE_OF_ANOTHER_SITE: "the certificate is of another site",
    Reason.CERTIFICATE_OF_ANOTHER_HOST: "the certificate is of another host",
    Reason.CERTIFICATE_EXPIRED: "the certificate has expired",
    Reason.CERTIFICATE_REVOKED: "the certificate was revoked",
}


def words(reason: Reason) -> str:
    """Say what a reason means to whoever is refused."""
    return _WORDS[reason]


@attrs.frozen
class Invitation:
    """A one-time token, as it is remembered: bound to a site and a host."""

    token_sha256: str
    site: str
    host: str
    """Case-folded."""
    invited_at: dt.datetime
    expires_at: dt.datetime
    who: str
    spent_at: dt.datetime | None = None


@attrs.frozen
class Certificate:
    """What was issued for the agent of a host."""

    serial: str
    """Hexadecimal."""
    host: str
    """Case-folded."""
    agent_id: str
    not_before: dt.datetime
    not_after: dt.datetime
    issued_at: dt.datetime
    window: int | None = None
    """The enrolment window that let it in."""
    address: str = ""
    """Where it was asked for from, without the port."""
    revoked_at: dt.datetime | None = None


@attrs.frozen
class Term:
    """The number of a certificate, and from when until when it is valid."""

    serial: int
    not_before: dt.datetime
    not_after: dt.datetime

    @property
    def name(self) -> str:
        """Spell the number as lists and logs do."""
        return f"{self.serial:x}"


@attrs.frozen
class Window:
    """A time in which agents in the field may enrol without an invitation."""

    id: int
    opened_at: Moment
    until: Moment
    who: str
    left: int | None = None
    """How many more it lets in; None is any number."""
    network: str = ""
    """A CIDR block; empty lets in any address."""

    def is_open(self, now: Moment) -> bool:
        """Say whether it still lets anybody in."""
        if self.opened_at.boot != now.boot and now.wall < self.opened_at.wall:
            return False  # a clock that was set back cannot say for how long it was open
        return self.left != 0 and self.until.since(now) > 0


@attrs.frozen
class Shown:
    """What a certificate of ours says of who shows it."""

    site: str
    host: str
    """Case-folded."""
    serial: str
    not_before: dt.datetime
    not_after: dt.datetime


def folded(host: str) -> str | None:
    """Give the one spelling of a host's name; None where a certificate cannot carry it."""
    return host.casefold() if _HOST.fullmatch(host) else None


def token_problem(
    invitation: Invitation | None, *, site: str, host: str, now: dt.datetime
) -> Reason | None:
    """Say why a token does not admit a host; None if it does."""
    if invitation is None:
        return Reason.TOKEN_UNKNOWN
    if invitation.site != site:
        return Reason.TOKEN_OF_ANOTHER_SITE
    if invitation.host != host:
        return Reason.CSR_FOREIGN_NAME
    if invitation.spent_at is not None:
        return Reason.TOKEN_SPENT
    return Reason.TOKEN_EXPIRED if now >= invitation.expires_at else None


def clock_problem(told: dt.datetime, now: dt.datetime) -> Reason | None:
    """Say whether the clock of a device is too far off for certificates."""
    return Reason.CLOCK_OFF if abs(told - now) >= CLOCK_TOLERANCE else None


def window_problem(window: Window | None, address: str, now: Moment) -> Reason | None:
    """Say why nobody may enrol from an address by an open window; None if one may."""
    if window is None or not window.is_open(now):
        return Reason.WINDOW_CLOSED
    return None if _within(address, window.network) else Reason.WINDOW_ELSEWHERE


def newcomer_problem(
    window: Window, address: str, certificates: list[Certificate], invited_at: dt.datetime | None
) -> Reason | None:
    """Say why a window does not admit a host, by its valid certificates and its last invitation.

    A stranger must not take the name of a host that has a certificate, and a revoked host must
    not come back by itself: an invitation after it was revoked says that it may.  Who lost the
    answer may ask the same window again from the same address.
    """
    for each in certificates:
        if each.revoked_at is not None:
            if invited_at is None or invited_at <= each.revoked_at:
                return Reason.HOST_REVOKED
        elif (each.window, each.address) != (window.id, address):
            return Reason.HOST_CERTIFIED
    return None


def caller_problem(shown: Shown, *, site: str, now: dt.datetime, revoked: bool) -> Reason | None:
    """Say why who shows a certificate is not let in; None if it is."""
    if shown.site != site:
        return Reason.CERTIFICATE_OF_ANOTHER_SITE
    if revoked:
        return Reason.CERTIFICATE_REVOKED
    return None if now < shown.not_after else Reason.CERTIFICATE_EXPIRED


def term(serial: int, now: dt.datetime, length: dt.timedelta) -> Term:
    """Say from when until when a certificate is valid that is issued now; whole seconds."""
    now = now.replace(microsecond=0)
    return Term(serial, now - CLOCK_TOLERANCE, now + length)


def renewal_due(not_after: dt.datetime, length: dt.timedelta) -> dt.datetime:
    """Say when a certificate is renewed: when two thirds of its life are over."""
    return not_after - length / 3


def network_problem(text: str) -> str | None:
    """Say what keeps a text from being a CIDR block, if anything."""
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        return str(error)
    return None


def token_digest(token: str) -> str:
    """Give what is stored of a token; its letters may be typed in either case."""
    return hashlib.sha256(token.strip().upper().encode()).hexdigest()


def host_of(address: str) -> str:
    """Take the port off an address: `192.0.2.7:51234`, `[2001:db8::1]:51234`, `::1:51234`."""
    host, _, _ = address.rpartition(":")
    return host.strip("[]") or address


def _within(address: str, network: str) -> bool:
    if not network:
        return True
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed) in ipaddress.ip_network(network)
