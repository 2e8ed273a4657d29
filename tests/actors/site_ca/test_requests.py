"""Certificate signing requests of devices: which are taken, and why others are not."""

import base64
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


def spelled(*sans: bytes, called: bytes = b"") -> bytes:
    """Spell a signed request with alternative names, or a common name, that no library would."""
    named = [tlv(0x30, tlv(0x06, b"\x55\x04\x03") + called)] if called else []
    extensions = [tlv(0x30, tlv(0x06, b"\x55\x1d\x11") + tlv(0x04, each)) for each in sans]
    asked = tlv(0x06, bytes.fromhex("2a864886f70d01090e")) + tlv(
        0x31, tlv(0x30, b"".join(extensions))
    )
    key = P256.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    subject = tlv(0x30, b"".join(tlv(0x31, each) for each in named))
    body = tlv(0x30, tlv(0x02, b"\0") + subject + key + tlv(0xA0, tlv(0x30, asked)))
    signature = P256.sign(body, ec.ECDSA(hashes.SHA256()))
    ecdsa_with_sha256 = tlv(0x30, tlv(0x06, bytes.fromhex("2a8648ce3d040302")))
    der = tlv(0x30, body + ecdsa_with_sha256 + tlv(0x03, b"\0" + signature))
    return b"\n".join(
        [b"-----BEGIN CERTIFICATE REQUEST-----", base64.b64encode(der),
         b"-----END CERTIFICATE REQUEST-----"]
    )  # fmt: skip


def tlv(tag: int, value: bytes) -> bytes:
    """Spell a value in DER.  Source: X.690, 8.1."""
    length = len(value)
    if length < 0x80:
        return bytes([tag, length]) + value
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + value


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


WS_7 = tlv(0x82, b"ws-7")
NAMES = tlv(0x30, WS_7)


def test_a_request_can_be_spelled_by_hand() -> None:
    pem = spelled(NAMES)

    assert certified_key(pem, "ws-7") == x509.load_pem_x509_csr(pem).public_key()


@pytest.mark.parametrize(
    "pem",
    [
        spelled(NAMES, NAMES),
        spelled(tlv(0x30, WS_7 + tlv(0xA3, tlv(0x30, b"")))),  # an X.400 address
        spelled(tlv(0x30, WS_7 + tlv(0xA5, tlv(0xA1, tlv(0x0C, b"x"))))),  # an EDI party
        spelled(tlv(0x30, WS_7 + tlv(0x87, b"\1\2\3"))),  # an address of three bytes
        spelled(tlv(0x30, tlv(0x82, b"\xff\xfe"))),
        spelled(b""),
        spelled(NAMES, called=tlv(0x0C, b"\xff\xfe")),
        spelled(NAMES, called=tlv(0x03, b"\0ws-7")),  # bits
    ],
)
def test_names_that_cannot_be_read_are_refused(pem: bytes) -> None:
    with pytest.raises(EnrolmentRefusedError) as refused:
        certified_key(pem, "ws-7")
    assert refused.value.reason in {"csr_invalid", "csr_foreign_name"}


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
