"""The certificate by which this device is known: its key is made here and never leaves."""

import datetime as dt
import os
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from runtime.errors import ArightError
from runtime.hosts.grpc_client import Tls


class CertificateError(ArightError):
    """A certificate cannot be used: it is none, or is not for our key."""


@attrs.frozen
class NewKey:
    """A key that waits for its certificate."""

    key_pem: bytes = attrs.field(repr=False)
    csr_pem: bytes

    @classmethod
    def made(cls, host: str) -> "NewKey":
        """Make a key, and a request to certify that it is the host's."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        request = x509.CertificateSigningRequestBuilder(name).add_extension(names, critical=False)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        csr = request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return cls(pem, csr)


@attrs.frozen
class DeviceCertificate:
    """The files: `authority.pem`, and `device.pem` with key and certificate, replaced as one."""

    folder: Path

    @property
    def tls(self) -> Tls:
        """Give what a client shows and trusts."""
        return Tls(self.folder / "authority.pem", self.folder / "device.pem")

    @property
    def is_there(self) -> bool:
        """Say whether this device was enrolled."""
        return (self.folder / "device.pem").exists()

    def keep(self, key: NewKey, certificate: bytes, authority: bytes | None = None) -> None:
        """Use a certificate from now on, also after a power cut.

        Raises:
            CertificateError: it is none, or is not for this key; the old one stays.
        """
        mine = serialization.load_pem_private_key(key.key_pem, None).public_key()
        if _parsed(certificate).public_key() != mine:
            raise CertificateError("the certificate is for another key")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if authority is not None:
            _parsed(authority)
            _write(self.folder / "authority.pem", authority)
        _write(self.folder / "device.pem", key.key_pem + certificate)

    def life(self) -> tuple[dt.datetime, dt.datetime]:
        """Say from when until when it is valid; raises CertificateError, OSError."""
        certificate = _parsed((self.folder / "device.pem").read_bytes())
        return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def _parsed(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise CertificateError("what the appliance gave is no certificate") from error


def _write(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    with open(fresh, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
