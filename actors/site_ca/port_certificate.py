"""What the ports of the appliance show: one certificate, the same across restarts, and its TLS.

Agents in the field trust it on first use and pin its digest, so it changes only when it must: at
two thirds of its year, or when the appliance is called by other names.
"""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path
from random import Random

import attrs
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from actors.site_ca.core import SERVER_LIFE, renewal_due, term
from actors.site_ca.files import kept, pair, written
from actors.site_ca.x509 import Authority, key_pem, new_key, pem_of
from runtime.clock import Clock

log: structlog.stdlib.BoundLogger = structlog.get_logger(actor="site_ca")

_FILE = "port.pem"
_SERIAL_BITS = 120
_SUITES = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2, as RFC 9113 demands of HTTP/2."""


@attrs.define
class PortCertificate:
    """The certificate in force, and a context for each way to ask for the other's."""

    folder: Path
    authority: Authority
    names: tuple[str, ...]
    """What agents call the appliance by: DNS names and addresses."""
    clock: Clock
    random: Random
    _certificate: x509.Certificate = attrs.field(init=False)
    _demanding: ssl.SSLContext = attrs.field(init=False)
    _lenient: ssl.SSLContext = attrs.field(init=False)
    _plain: ssl.SSLContext = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.refresh()

    @property
    def due(self) -> dt.datetime:
        """Say when it is renewed."""
        return renewal_due(self._certificate.not_valid_after_utc, SERVER_LIFE)

    @property
    def sha256(self) -> str:
        """Give the digest by which agents in the field pin it."""
        return self._certificate.fingerprint(hashes.SHA256()).hex()

    def refresh(self) -> None:
        """Take the kept certificate, or make a new one where that must be.

        Raises:
            InvalidFileError: the file cannot be read, or cannot be written.
        """
        content = kept(self.folder / _FILE)
        reason = "there was none" if content is None else self._unfit(content)
        if reason:
            self._renew(content, reason)
        self._demanding = self._context(ssl.CERT_REQUIRED)
        self._lenient = self._context(ssl.CERT_OPTIONAL)
        self._plain = self._context(ssl.CERT_NONE)

    def tls(self, *, strangers: bool) -> ssl.SSLContext:
        """Give the context of the agent port; `strangers` may come without a certificate."""
        return self._lenient if strangers else self._demanding

    def enrolment_tls(self) -> ssl.SSLContext:
        """Give the context of the enrolment port, which asks for no certificate."""
        return self._plain

    def _unfit(self, content: bytes) -> str:
        """Say why a kept certificate cannot be shown any more; empty where it can."""
        found = pair(content)
        if found is None:
            return "the file was damaged"
        self._certificate = certificate = found[1]
        if not self.authority.issued(certificate):
            return "it was of another authority"
        if sorted(_names_of(certificate)) != sorted(self.names):
            return f"its names were {', '.join(_names_of(certificate))}"
        return "two thirds of its time were over" if self.clock.now() >= self.due else ""

    def _renew(self, content: bytes | None, reason: str) -> None:
        key = new_key()
        made = term(self.random.getrandbits(_SERIAL_BITS) + 1, self.clock.now(), SERVER_LIFE)
        self._certificate = certificate = self.authority.for_port(
            key.public_key(), self.names, made
        )
        # The authority goes with it: a device that enrols knows it by its digest alone.
        chain = key_pem(key) + pem_of(certificate) + self.authority.pem
        written(self.folder / _FILE, content, chain)
        log.warning(
            "port_certificate_made", names=list(self.names), reason=reason, sha256=self.sha256
        )

    def _context(self, asks: ssl.VerifyMode) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_SUITES)
        # Nothing is resumed: a certificate is shown, and judged, at every connection.
        context.options |= ssl.OP_NO_TICKET
        context.num_tickets = 0
        context.load_cert_chain(self.folder / _FILE)
        if asks is not ssl.CERT_NONE:
            context.load_verify_locations(cadata=self.authority.pem.decode())
        context.verify_mode = asks
        context.set_alpn_protocols(["http/1.1"] if asks is ssl.CERT_NONE else ["h2"])
        return context


def called(names: Sequence[str], host: str) -> tuple[str, ...]:
    """Give the names of the port: the listed ones, and the address it listens on if it is one."""
    spelled = [_spelled(name) for name in (*names, host)]
    if spelled[-1] in ("0.0.0.0", "::", ""):  # noqa: S104  any address is none
        spelled.pop()
    return tuple(dict.fromkeys(spelled))


def _spelled(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower()


def _names_of(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [
        *names.get_values_for_type(x509.DNSName),
        *map(str, names.get_values_for_type(x509.IPAddress)),
    ]
