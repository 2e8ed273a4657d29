"""DSSE envelopes: what is signed, how it is spelled, and who signed it.

An envelope has one spelling, so that it can be rebuilt from payload and signatures, and is one
leaf of the log.  Source: DSSE protocol version 1.0.2.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final, cast

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from runtime.errors import EvidenceFormatError

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
_HEAD: Final = b"DSSEv1 28 application/vnd.in-toto+json "
_SIGNATURE: Final = 64


def fingerprint_of(public: bytes) -> str:
    """Give the fingerprint of a public key: SHA-256 of its 32 bytes, in hexadecimal."""
    return hashlib.sha256(public).hexdigest()


@attrs.frozen
class Signer:
    """A private key of the site, with the name under which it signs."""

    private: Ed25519PrivateKey = attrs.field(repr=False)
    public: bytes
    fingerprint: str

    @classmethod
    def of(cls, private: Ed25519PrivateKey) -> "Signer":
        """Take a key."""
        public = private.public_key().public_bytes_raw()
        return cls(private, public, fingerprint_of(public))

    def sign(self, payload: bytes) -> bytes:
        """Sign a payload."""
        return self.private.sign(signed_bytes(payload))


def signed_bytes(payload: bytes) -> bytes:
    """Give what a signature is over: the payload with its type and both lengths."""
    return b"%b%d %b" % (_HEAD, len(payload), payload)


def spelled_envelope(payload: bytes, signatures: Sequence[tuple[str, bytes]]) -> bytes:
    """Spell an envelope.

    Args:
        payload: the statement.
        signatures: of it, each with the fingerprint of its key.
    """
    lines = b",".join(
        b'{"keyid":"%b","sig":"%b"}' % (keyid.encode(), base64.b64encode(signature))
        for keyid, signature in signatures
    )
    return b'{"payload":"%b","payloadType":"%b","signatures":[%b]}' % (
        base64.b64encode(payload),
        PAYLOAD_TYPE.encode(),
        lines,
    )


@attrs.frozen
class Envelope:
    """An envelope, taken apart."""

    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    @classmethod
    def parse(cls, data: bytes) -> "Envelope":
        """Take an envelope apart; that says nothing yet of its signatures.

        Raises:
            EvidenceFormatError: it is none, or not in the one spelling of this log.
        """
        try:
            envelope = cls._of(cast("object", json.loads(data)))
            again = spelled_envelope(envelope.payload, envelope.signatures)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise EvidenceFormatError("bad_envelope", "it is no envelope") from error
        if again != data:
            raise EvidenceFormatError("bad_envelope", "the envelope is not in its one spelling")
        return envelope

    @classmethod
    def _of(cls, told: object) -> "Envelope":
        fields = cast("Mapping[str, str]", told)
        lines = cast("Sequence[Mapping[str, str]]", fields["signatures"])
        signatures = tuple(
            (line["keyid"], base64.b64decode(line["sig"], validate=True)) for line in lines
        )
        return cls(base64.b64decode(fields["payload"], validate=True), signatures)

    def holds(self, keys: Mapping[str, bytes]) -> bool:
        """Say whether it is signed, and each signature holds by a key of `keys`.

        Args:
            keys: public keys by their fingerprint.
        """
        return bool(self.signatures) and all(
            keyid in keys and _holds(keys[keyid], signature, self.payload)
            for keyid, signature in self.signatures
        )


def _holds(public: bytes, signature: bytes, payload: bytes) -> bool:
    if len(signature) != _SIGNATURE:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed_bytes(payload))
    except InvalidSignature:
        return False
    return True
