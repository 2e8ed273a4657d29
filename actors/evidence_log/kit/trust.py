"""Whom a kit can be believed: the key that is known from outside, and those that it vouches for."""

import base64
import hashlib
import re
from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from actors.evidence_log.tlog.notes import NoteKey
from runtime.errors import EvidenceFormatError

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_RAW: Final = 32


def fingerprint_in(text: str) -> str:
    """Read the fingerprint of a key from what a site may publish.

    Args:
        text: the fingerprint itself (SHA-256 of the key's 32 bytes, in hexadecimal), a public key
            in PEM, a verifier key of signed notes (`name+id+base64`), or the 32 bytes in base 64.

    Raises:
        EvidenceFormatError: it is none of these.
    """
    words = text.strip()
    plain = words.replace(":", "").removeprefix("sha256").lower()
    if _FINGERPRINT.fullmatch(plain):
        return plain
    return hashlib.sha256(_public_in(words)).hexdigest()


def _public_in(words: str) -> bytes:
    if words.startswith("-----BEGIN"):
        return _pem(words)
    if words.count("+") > 1:
        try:
            return NoteKey.parse(words).public
        except EvidenceFormatError:
            pass  # base 64 has pluses too
    try:
        raw = base64.b64decode(words, validate=True)
    except ValueError as error:
        raise EvidenceFormatError("bad_key", "this is no fingerprint and no public key") from error
    if len(raw) != _RAW:
        raise EvidenceFormatError("bad_key", "an Ed25519 key has 32 bytes")
    return raw


def _pem(words: str) -> bytes:
    try:
        key = load_pem_public_key(words.encode())
    except ValueError as error:
        raise EvidenceFormatError("bad_key", "the PEM text is no public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise EvidenceFormatError("bad_key", "the public key is not an Ed25519 key")
    return key.public_bytes_raw()


def vouched(known: str, changes: Iterable[frozenset[str]]) -> frozenset[str]:
    """Give every key that the known one vouches for.

    Args:
        known: the fingerprint to begin with.
        changes: for each change of key that is logged, those that signed it: old and new.
    """
    trusted, waiting = {known}, list(changes)
    while linked := [keys for keys in waiting if keys & trusted]:
        waiting = [keys for keys in waiting if not keys & trusted]
        trusted |= frozenset[str]().union(*linked)
    return frozenset(trusted)
