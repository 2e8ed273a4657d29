"""A site CA with a port and an agent, as files, for tests that need no appliance."""

import datetime as dt
import ssl
from pathlib import Path

import attrs
from cryptography.hazmat.primitives import serialization

from actors.site_ca.core import term
from actors.site_ca.x509 import Authority, certified_key, key_pem, new_key
from runtime.hosts.device_certificate import DeviceCertificate, NewKey

NOW = dt.datetime.now(dt.UTC)  # noqa: TID251  TLS asks the machine's own clock


@attrs.frozen
class Pki:
    """An authority, and what it issued."""

    folder: Path
    authority: Authority = attrs.field(
        factory=lambda: Authority.made("clinic", term(1, NOW, dt.timedelta(days=2)))
    )

    def port(self, name: str = "127.0.0.1", *, asks: ssl.VerifyMode) -> ssl.SSLContext:
        """Give the context of a server of that name; it shows the authority too."""
        key, file = new_key(), self.folder / f"{name}.pem"
        issued = self.authority.for_port(
            key.public_key(), [name], term(2, NOW, dt.timedelta(days=1))
        )
        certificate = issued.public_bytes(serialization.Encoding.PEM)
        file.write_bytes(key_pem(key) + certificate + self.authority.pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        context.load_verify_locations(cadata=self.authority.pem.decode())
        context.verify_mode = asks
        return context

    def issued(self, key: NewKey, host: str = "ws-7") -> bytes:
        """Certify a device's key, as an appliance does."""
        public_key = certified_key(key.csr_pem, host)
        times = term(3, NOW, dt.timedelta(hours=24))
        return self.authority.for_agent(public_key, "clinic", host, times)

    def device(self, host: str = "ws-7") -> DeviceCertificate:
        """Enrol a device."""
        device, key = DeviceCertificate(self.folder / host), NewKey.made(host)
        device.keep(key, self.issued(key, host), self.authority.pem)
        return device
