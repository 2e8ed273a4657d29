"""Certificate signing requests of devices: which are taken, and why others are not."""

import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from actors.ports import EnrolmentRefusedError
from actors.site_ca.x509 import certified_key

P256 = ec.generate_private_key(ec.SECP256R1())
OURS = x509.DNSName("ws-7")


def csr(
    *names: x509.GeneralName,
    called: str = "",
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey = P256,
) -> bytes:
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, called)] if called else []
    builder = x509.CertificateSigningRequestBuilder(x509.Name(subject))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(serialization.Encoding.PEM)


def forged() -> bytes:
    """Give a request whose signature is of something else."""
    der = bytearray(x509.load_pem_x509_csr(csr(OURS)).public_bytes(serialization.Encoding.DER))
    at = der.index(b"ws-7")
    der[at : at + 4] = b"ws-8"
    text = x509.load_der_x509_csr(bytes(der)).public_bytes(serialization.Encoding.PEM)
    assert b"REQUEST" in text
    return text


@pytest.mark.parametrize(
    "pem",
    [
        csr(OURS),
        csr(called="WS-7"),
        csr(x509.DNSName("WS-7"), called="ws-7"),
        csr(OURS, key=ed25519.Ed25519PrivateKey.generate()),
        csr(OURS, key=rsa.generate_private_key(65537, 2048)),
    ],
)
def test_a_request_in_the_name_of_the_host_alone_is_taken(pem: bytes) -> None:
    assert certified_key(pem, "ws-7") == x509.load_pem_x509_csr(pem).public_key()


@pytest.mark.parametrize(
    "pem",
    [
        csr(),
        csr(x509.DNSName("dc-1")),
        csr(OURS, x509.DNSName("dc-1")),
        csr(OURS, called="dc-1"),
        csr(x509.DNSName("*.ws-7")),
        csr(OURS, x509.IPAddress(ipaddress.ip_address("192.0.2.1"))),
        csr(OURS, x509.UniformResourceIdentifier("spiffe://aright/site/clinic/agent/dc-1")),
    ],
)
def test_a_request_with_another_name_or_none_is_refused(pem: bytes) -> None:
    with pytest.raises(EnrolmentRefusedError) as refused:
        certified_key(pem, "ws-7")
    assert refused.value.reason == "csr_foreign_name"


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"no request",
        csr(OURS)[:-60],
        b"x" * 9000,
        forged(),
        csr(OURS, key=rsa.generate_private_key(65537, 1024)),  # noqa: S505  as is tested
        csr(OURS, key=ec.generate_private_key(ec.SECP521R1())),
    ],
)
def test_a_request_that_proves_nothing_or_is_weak_is_refused(pem: bytes) -> None:
    with pytest.raises(EnrolmentRefusedError) as refused:
        certified_key(pem, "ws-8" if pem == forged() else "ws-7")
    assert refused.value.reason == "csr_invalid"
