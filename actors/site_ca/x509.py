"""Certificates of a site, by the library `cryptography`: the site CA, its port, its agents."""

import ipaddress
from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote

import attrs
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from typing_extensions import TypeIs

from actors.site_ca.core import Reason, Shown, Term, folded
from actors.site_ca.refusals import refused

_URI = "spiffe://aright/site/"
_RSA_BITS = (2048, 4096)
_CSR_BYTES = 8192
_COMMON_NAME = 64  # characters that X.520 allows

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


@attrs.frozen(eq=False)
class Authority:
    """The site CA: signs for its own site, and for no other authority."""

    key: PrivateKey = attrs.field(repr=False)
    certificate: x509.Certificate

    @classmethod
    def made(cls, site: str, term: Term) -> "Authority":
        """Make a new key, and sign its certificate with it."""
        key = new_key()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Aright site CA")])
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        uri = x509.UniformResourceIdentifier(_URI + quote(site, safe=""))
        builder = (
            _builder(name, name, key.public_key(), term)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectAlternativeName([uri]), critical=False)
            .add_extension(identifier, critical=False)
        )
        return cls(key, builder.sign(key, hashes.SHA256()))

    @property
    def pem(self) -> bytes:
        """Give its certificate."""
        return pem_of(self.certificate)

    @property
    def sha256(self) -> str:
        """Give the digest by which devices know it, in hexadecimal."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def for_agent(self, public_key: PublicKey, site: str, host: str, term: Term) -> bytes:
        """Issue what the agent of a host shows; PEM."""
        uri = f"{_URI}{quote(site, safe='')}/agent/{quote(host, safe='')}"
        names = [x509.DNSName(host), x509.UniformResourceIdentifier(uri)]
        usage = ExtendedKeyUsageOID.CLIENT_AUTH
        return pem_of(self._issued(public_key, host, names, usage, term))

    def for_port(self, public_key: PublicKey, names: Sequence[str], term: Term) -> x509.Certificate:
        """Issue what the ports of the appliance show, for each of the names they are called."""
        usage = ExtendedKeyUsageOID.SERVER_AUTH
        general = [_general(name) for name in names]
        return self._issued(public_key, names[0], general, usage, term)

    def issued(self, certificate: x509.Certificate) -> bool:
        """Say whether this authority signed a certificate."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def reads(self, der: bytes) -> Shown:
        """Read what a certificate says of who shows it.

        Raises:
            EnrolmentRefusedError: it is not one that this authority issued for an agent.
        """
        try:
            certificate = x509.load_der_x509_certificate(der)
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            site, host = _site_and_host(
                names.value.get_values_for_type(x509.UniformResourceIdentifier)
            )
        except (ValueError, x509.ExtensionNotFound) as error:
            raise refused(Reason.CERTIFICATE_INVALID) from error
        if not self.issued(certificate):
            raise refused(Reason.CERTIFICATE_OF_ANOTHER_SITE)
        return Shown(
            site,
            host,
            f"{certificate.serial_number:x}",
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )

    def _issued(
        self,
        public_key: PublicKey,
        called: str,
        names: Iterable[x509.GeneralName],
        usage: x509.ObjectIdentifier,
        term: Term,
    ) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called[:_COMMON_NAME])])
        ours = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ours.value)
        return (
            _builder(self.certificate.subject, subject, public_key, term)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(issuer, critical=False)
            .sign(self.key, hashes.SHA256())
        )


def _builder(
    issuer: x509.Name, subject: x509.Name, public_key: PublicKey, term: Term
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer, subject, public_key, term.serial, term.not_before, term.not_after
    )


def new_key() -> PrivateKey:
    """Make a key on the curve P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: PrivateKey) -> bytes:
    """Spell a key as PKCS #8, which whoever reads it must keep to themselves."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


_UNREADABLE = (
    ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
)  # fmt: skip
"""What the library raises for names that it does not know, or that are none."""


def certified_key(csr_pem: bytes, host: str) -> PublicKey:
    """Give the key of a request, whose sender has proved to have its other half.

    Raises:
        EnrolmentRefusedError: it cannot be read, proves nothing, has a key that is too weak, or
            names anything but the host.
    """
    request = _request(csr_pem)
    try:
        problem = _foreign_name(request, host)
    except _UNREADABLE as error:
        raise refused(Reason.CSR_INVALID, "the request has names that cannot be read") from error
    if problem:
        raise refused(Reason.CSR_FOREIGN_NAME, f"the request {problem}, and it is {host} that asks")
    key = request.public_key()
    if not _is_strong(key):
        allowed = "P-256, P-384, Ed25519, or RSA of 2048 to 4096 bits"
        raise refused(Reason.CSR_INVALID, f"the key of the request is not {allowed}")
    return key


def _request(csr_pem: bytes) -> x509.CertificateSigningRequest:
    if len(csr_pem) > _CSR_BYTES:
        raise refused(Reason.CSR_INVALID, f"the request has over {_CSR_BYTES} bytes")
    try:
        request = x509.load_pem_x509_csr(csr_pem)
        proved = request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise refused(Reason.CSR_INVALID, "it is no certificate signing request") from error
    if not proved:
        raise refused(Reason.CSR_INVALID, "the request is not signed with its own key")
    return request


def _foreign_name(request: x509.CertificateSigningRequest, host: str) -> str | None:
    """Say which name a request has that is not the host's; there must be the host's at least."""
    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    called = [
        str(each.value) for each in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    ]
    spelled = names.get_values_for_type(x509.DNSName)
    if not called and not spelled:
        return "names no host"
    for name in called:
        if name.casefold() not in (host, host[:_COMMON_NAME]):
            return f"names {name[:_COMMON_NAME]!r}"
    for name in spelled:
        if name.casefold() != host:
            return f"names {name[:_COMMON_NAME]!r}"
    if len(names) > len(spelled):
        return "has names that are not DNS names"
    return None


def _is_strong(key: object) -> TypeIs[PublicKey]:
    match key:
        case ec.EllipticCurvePublicKey():
            return isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1)
        case rsa.RSAPublicKey():
            return _RSA_BITS[0] <= key.key_size <= _RSA_BITS[1]
        case _:
            return isinstance(key, ed25519.Ed25519PublicKey)


def _site_and_host(uris: Sequence[str]) -> tuple[str, str]:
    [uri] = uris
    site, agent, host = uri.removeprefix(_URI).split("/")
    name = folded(unquote(host))
    if not uri.startswith(_URI) or agent != "agent" or name is None:
        raise ValueError(uri)
    return unquote(site), name


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def pem_of(certificate: x509.Certificate) -> bytes:
    """Spell a certificate."""
    return certificate.public_bytes(serialization.Encoding.PEM)
